//! Mending a head while the store fails, another node does the same, or the recording goes.

use futures_util::future::join;
use handin::service::checks;
use handin::service::head::{Outcome, mend};
use handin_core::RecordingId;
use reqwest::Method;

use super::scene::Scene;
use crate::app::Open;
use crate::proxy::{Action, Answer, Rule};
use crate::unfinished::{Unfinished, film};

/// A sealed recording whose head was left; its job has not run.
async fn sealed(scene: &Scene, film: &Unfinished) -> Open {
    let app = &scene.app;
    let open = app.open(&app.token("c1").await).await;
    for (number, part) in (1..).zip(film.parts()) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &film.parts()).await.expect(200);
    open
}

fn id(open: &Open) -> RecordingId {
    open.id.parse().unwrap()
}

/// Nothing but the sealed object is in the store, and the ledger says so.
async fn assert_untouched(scene: &Scene, open: &Open, film: &Unfinished) {
    assert_eq!(scene.bucket().objects().await, [(open.key().to_owned(), film.bytes.len() as u64)]);
    assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
    let stated = scene.app.receipt(&open.id).await;
    assert_eq!((stated.key.as_str(), stated.replaces), (open.key(), None));
    assert!(scene.app.download(&open.id).await == film.bytes);
}

async fn assert_mended(scene: &Scene, open: &Open, film: &Unfinished) {
    film.assert_mended(&scene.app.download(&open.id).await);
    let stated = scene.app.receipt(&open.id).await;
    assert_eq!(stated.replaces.map(|former| former.key).as_deref(), Some(open.key()));
    assert!(checks::verify(&scene.app.node.app, &id(open), 0).await.unwrap());
    let mut expected = vec![open.key().to_owned(), stated.key];
    expected.sort();
    let stored: Vec<String> = scene.bucket().objects().await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(stored, expected);
    assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_lost_answers_are_got_over() {
    let (scene, film) = (Scene::start().await, film());
    let open = sealed(&scene, &film).await;
    let busy = || Action::Answer(Answer::error(503, "SlowDown"));
    for call in ["get", "create_upload", "put_part", "copy_part", "list_parts", "head"] {
        scene.proxy.script(Rule::on(call, busy()).once());
        scene.proxy.script(Rule::on(call, Action::DropAnswer).times(1..2));
    }
    scene.proxy.script(Rule::on("complete_upload", Action::DropAnswer).once());
    assert_eq!(mend(&scene.app.node.app, &id(&open)).await.unwrap(), Outcome::Mended);
    let (uploads, keys) = (scene.proxy.count("complete_upload"), scene.bucket().objects().await.len());
    assert_eq!((uploads, keys), (2, 2), "one to seal, one to mend");
    scene.proxy.heal();
    film.assert_mended(&scene.app.download(&open.id).await);
}

/// A store that gives up in the middle, wherever that is, leaves the sealed recording as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_does_not_finish_is_taken_back() {
    let (scene, film) = (Scene::start().await, film());
    let open = sealed(&scene, &film).await;
    for call in ["get", "create_upload", "put_part", "copy_part", "list_parts", "complete_upload"] {
        scene.proxy.script(Rule::on(call, Action::Answer(Answer::error(403, "AccessDenied"))));
        mend(&scene.app.node.app, &id(&open)).await.unwrap_err();
        scene.proxy.heal();
        assert_untouched(&scene, &open, &film).await;
    }
    let unknown = Action::Answer(Answer::error(501, "NotImplemented"));
    scene.proxy.script(Rule::on("copy_part", unknown));
    assert_eq!(mend(&scene.app.node.app, &id(&open)).await.unwrap(), Outcome::Unsupported);
    scene.proxy.heal();
    assert_untouched(&scene, &open, &film).await;
    assert_eq!(mend(&scene.app.node.app, &id(&open)).await.unwrap(), Outcome::Mended);
    assert_mended(&scene, &open, &film).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_at_once_one_mends() {
    let (scene, film) = (Scene::start().await, film());
    let open = sealed(&scene, &film).await;
    let other = scene.app.beside().await;
    let id = id(&open);
    let outcomes = join(mend(&scene.app.node.app, &id), mend(&other.node.app, &id)).await;
    let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Mended).count(), 1, "{outcomes:?}");
    assert_mended(&scene, &open, &film).await;
}

/// The first is held up until the second is done, as a node is whose lease ran out.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_overtaken_takes_its_object_back() {
    for call in ["create_upload", "put_part", "copy_part", "list_parts", "complete_upload", "head"] {
        let (scene, film) = (Scene::start().await, film());
        let open = sealed(&scene, &film).await;
        let mut gate = scene.hold_after(call);
        let (app, id) = (scene.app.node.app.clone(), id(&open));
        let late = tokio::spawn(async move { mend(&app, &id).await });
        gate.reached(1).await;
        assert_eq!(mend(&scene.app.node.app, &self::id(&open)).await.unwrap(), Outcome::Mended, "{call}");
        gate.open();
        assert_eq!(late.await.unwrap().unwrap(), Outcome::Overtaken, "{call}");
        assert_mended(&scene, &open, &film).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_deleted_meanwhile_is_gone_for_good() {
    for call in ["get", "create_upload", "copy_part", "complete_upload"] {
        let (scene, film) = (Scene::start().await, film());
        let open = sealed(&scene, &film).await;
        let mut gate = scene.hold_before(call);
        let (app, id) = (scene.app.node.app.clone(), id(&open));
        let late = tokio::spawn(async move { mend(&app, &id).await });
        gate.reached(1).await;
        let delete = scene.app.platform(Method::DELETE, &format!("/v1/recordings/{}", open.id));
        assert_eq!(delete.send().await.expect(200)["state"], "deleted");
        handin::service::discard::erase(&scene.app.node.app, &self::id(&open)).await.unwrap();
        gate.open();
        if let Ok(outcome) = late.await.unwrap() {
            assert_ne!(outcome, Outcome::Mended, "{call}");
        }
        assert_eq!(scene.bucket().objects().await, [], "{call}");
        assert_eq!(scene.bucket().uploads().await, Vec::<String>::new(), "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_the_sealed_one_is_left_for_a_person() {
    let (scene, film) = (Scene::start().await, film());
    let open = sealed(&scene, &film).await;
    // Somebody who writes past us, with the same length.
    let mut other = film.bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    scene.overwrite(open.key(), &other).await;
    assert_eq!(mend(&scene.app.node.app, &id(&open)).await.unwrap(), Outcome::Differs);
    assert_eq!(scene.bucket().objects().await.len(), 1);
    assert!(scene.app.download(&open.id).await == other);
}
