//! Changing a storage class while the store fails or does not have it, another node does the same, or a hold comes.

use std::time::Duration;

use futures_util::future::join;
use handin::service::checks;
use handin::service::retention::tier::{Outcome, tier};
use handin_core::{RecordingId, StorageClass};
use reqwest::Method;
use serde_json::json;

use super::scene::Scene;
use crate::app::{Open, PART};
use crate::proxy::{Action, Answer, Rule};

/// A sealed recording of two parts that is to go to an archive.
async fn sealed(scene: &Scene) -> (Open, Vec<u8>) {
    let app = &scene.app;
    app.exam_with_bell("past", app.node.app.clock.now() - Duration::from_secs(40 * 86_400)).await;
    let open = app.open(&app.token_for("past", "c1").await).await;
    let bytes: Vec<u8> = (0..PART + 3).map(|at| (at % 251) as u8).collect();
    let parts: Vec<&[u8]> = bytes.chunks(PART).collect();
    for (number, part) in (1..).zip(&parts) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &parts).await.expect(200);
    let policy = json!({ "rules": ["tier:GLACIER 1 day after bell", "delete 90 days after bell"] });
    app.platform(Method::PUT, "/v1/exams/past/retention").json(&policy).send().await.expect(200);
    (open, bytes)
}

fn id(open: &Open) -> RecordingId {
    open.id.parse().unwrap()
}

async fn to_glacier(scene: &Scene, open: &Open) -> Result<Outcome, handin::service::Error> {
    tier(&scene.app.node.app, &id(open), StorageClass::Glacier).await
}

async fn assert_untouched(scene: &Scene, open: &Open, bytes: &[u8]) {
    assert_eq!(scene.bucket().classes().await, [(open.key().to_owned(), "STANDARD".to_owned())]);
    assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
    assert!(scene.app.download(&open.id).await == bytes);
}

async fn assert_tiered(scene: &Scene, open: &Open) {
    let stated = scene.app.receipt(&open.id).await;
    assert_eq!(stated.replaces.map(|former| former.key).as_deref(), Some(open.key()));
    assert!(checks::verify(&scene.app.node.app, &id(open), 0).await.unwrap());
    let mut expected = [(open.key().to_owned(), "STANDARD".to_owned()), (stated.key, "GLACIER".to_owned())];
    expected.sort();
    assert_eq!(scene.bucket().classes().await, expected);
    assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_does_not_finish_is_taken_back_and_done_later() {
    let scene = Scene::start().await;
    let (open, bytes) = sealed(&scene).await;
    for call in ["create_upload", "copy_part", "list_parts", "complete_upload"] {
        scene.proxy.script(Rule::on(call, Action::Answer(Answer::error(403, "AccessDenied"))));
        to_glacier(&scene, &open).await.unwrap_err();
        scene.proxy.heal();
        assert_untouched(&scene, &open, &bytes).await;
    }
    for (call, status, code) in
        [("create_upload", 400, "InvalidStorageClass"), ("copy_part", 501, "NotImplemented")]
    {
        scene.proxy.script(Rule::on(call, Action::Answer(Answer::error(status, code))));
        assert_eq!(to_glacier(&scene, &open).await.unwrap(), Outcome::Unsupported);
        scene.proxy.heal();
        assert_untouched(&scene, &open, &bytes).await;
    }
    let busy = || Action::Answer(Answer::error(503, "SlowDown"));
    for call in ["create_upload", "copy_part", "list_parts", "head"] {
        scene.proxy.script(Rule::on(call, busy()).once());
    }
    scene.proxy.script(Rule::on("complete_upload", Action::DropAnswer).once());
    assert_eq!(to_glacier(&scene, &open).await.unwrap(), Outcome::Tiered);
    scene.proxy.heal();
    assert_tiered(&scene, &open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_the_class_keeps_nobody_from_recording() {
    let scene = Scene::start().await;
    let put = |rules: &'static [&'static str]| {
        let policy = json!({ "rules": rules, "storage_class": "STANDARD_IA" });
        scene.app.platform(Method::PUT, "/v1/exams/spring/retention").json(&policy).send()
    };
    put(&["delete 30 days after bell"]).await.expect(200);
    let refuse = Action::Answer(Answer::error(400, "InvalidStorageClass"));
    scene.proxy.script(Rule::on("create_upload", refuse.clone()).once());
    let refused = put(&["delete 20 days after bell"]).await.problem(422, "invalid");
    assert_eq!(refused["field"], "storage_class");
    scene.proxy.script(Rule::on("create_upload", refuse).once());
    let open = scene.sent("c1").await;
    assert_eq!(scene.app.show(&open.id).await["storage_class"], "STANDARD");
    assert_eq!(scene.app.seal(&open, &[b"c1"]).await.expect(200)["state"], "sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_at_once_one_moves_it() {
    let scene = Scene::start().await;
    let (open, _) = sealed(&scene).await;
    let other = scene.app.beside().await;
    let (id, to) = (id(&open), StorageClass::Glacier);
    let outcomes = Box::pin(join(tier(&scene.app.node.app, &id, to), tier(&other.node.app, &id, to))).await;
    let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Tiered).count(), 1, "{outcomes:?}");
    assert_tiered(&scene, &open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_comes_at_the_last_moment_keeps_it_readable() {
    let scene = Scene::start().await;
    let (open, bytes) = sealed(&scene).await;
    for call in ["create_upload", "complete_upload"] {
        let mut gate = scene.hold_after(call);
        let (app, id) = (scene.app.node.app.clone(), id(&open));
        let late = tokio::spawn(async move { tier(&app, &id, StorageClass::Glacier).await });
        gate.reached(1).await;
        let hold = json!({ "recording": open.id, "reason": "appeal" });
        let hold = scene.app.platform(Method::POST, "/v1/holds").json(&hold).send().await.expect(201);
        gate.open();
        assert_eq!(late.await.unwrap().unwrap(), Outcome::Overtaken, "{call}");
        assert_untouched(&scene, &open, &bytes).await;
        let release = format!("/v1/holds/{}", hold["id"].as_str().unwrap());
        scene.app.platform(Method::DELETE, &release).send().await.expect(200);
    }
    assert_eq!(to_glacier(&scene, &open).await.unwrap(), Outcome::Tiered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_the_sealed_one_is_left_for_a_person() {
    let scene = Scene::start().await;
    let (open, bytes) = sealed(&scene).await;
    scene.overwrite(open.key(), &bytes[1..]).await;
    assert_eq!(to_glacier(&scene, &open).await.unwrap(), Outcome::Differs);
    assert_eq!(scene.bucket().objects().await.len(), 1);
}
