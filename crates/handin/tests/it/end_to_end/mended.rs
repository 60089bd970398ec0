//! Recordings whose senders had no time to finish the head: they become seekable near the store, and the object that was
//! sealed goes last.

use std::path::Path;
use std::time::Duration;

use handin::service::head::{Outcome, mend};
use handin::service::receipts::{Receipt, Replaced};
use handin::service::{checks, revisions};
use handin_core::RecordingId;
use reqwest::Method;
use serde_json::json;

use super::{Place, everywhere, everywhere_with};
use crate::app::{Open, TestApp, digest};
use crate::unfinished::{Unfinished, film};
use crate::upload::films;

/// Longer than any link lives.
const A_DAY: Duration = Duration::from_secs(86_400);

async fn sent(app: &TestApp, film: &Unfinished, candidate: &str) -> Open {
    let open = app.open(&app.token(candidate).await).await;
    for (number, part) in (1..).zip(film.parts()) {
        app.send(&open, number, part).await;
    }
    open
}

async fn link(app: &TestApp, id: &str) -> String {
    let call =
        app.platform(Method::POST, &format!("/v1/recordings/{id}/link")).json(&json!({ "ttl_s": 600 }));
    call.send().await.expect(200)["url"].as_str().unwrap().to_owned()
}

async fn fetch(app: &TestApp, url: &str) -> Vec<u8> {
    app.client.get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
}

fn id(open: &Open) -> RecordingId {
    open.id.parse().unwrap()
}

fn sha256_parts(bytes: &[u8]) -> String {
    let digests: Vec<u8> =
        bytes.chunks(crate::app::PART).flat_map(|part| hex::decode(digest(part)).unwrap()).collect();
    digest(&digests)
}

/// The same facts about another object.
fn assert_reissued(before: &Receipt, after: &Receipt) {
    let replaces = Replaced { key: before.key.clone(), sha256_parts: before.sha256_parts.clone() };
    let expected = Receipt {
        key: after.key.clone(),
        sha256_parts: after.sha256_parts.clone(),
        replaces: Some(replaces),
        ..before.clone()
    };
    assert_eq!(*after, expected);
    assert_eq!(after.key, before.key.replace(".webm", ".1.webm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_left_is_finished_and_nothing_else_changes() {
    everywhere(mended).await;
}

async fn mended(place: Place) {
    let (app, store, film) = (&place.app, place.store, film());
    app.exam().await;
    let open = sent(app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    let (before, old_link) = (app.receipt(&open.id).await, link(app, &open.id).await);
    app.run_jobs().await;

    let after = app.receipt(&open.id).await;
    assert_reissued(&before, &after);
    let bytes = app.download(&open.id).await;
    film.assert_mended(&bytes);
    assert_eq!(after.sha256_parts, Some(sha256_parts(&bytes)), "{store:?}");
    assert_eq!(app.show(&open.id).await["key"], json!(after.key), "{store:?}");
    let again = app.seal(&open, &film.parts()).await.expect(200);
    assert_eq!(app.verified(again["receipt"].as_str().unwrap()).await, Some(after.clone()), "{store:?}");
    assert_eq!(mend(&app.node.app, &id(&open)).await.unwrap(), Outcome::Finished, "{store:?}");
    assert!(checks::verify(&app.node.app, &id(&open), 0).await.unwrap(), "{store:?}");
    assert_eq!(checks::reconcile(&app.node.app).await.unwrap().strangers, [], "{store:?}");

    let size = film.bytes.len() as u64;
    let mut both = [(before.key.clone(), size), (after.key.clone(), size)];
    both.sort();
    assert_eq!(app.bucket().objects().await, both, "{store:?}: a link may have been handed out");
    assert!(fetch(app, &old_link).await == film.bytes, "{store:?}");
    revisions::retire(&app.node.app, &id(&open), 0).await.unwrap();
    revisions::retire(&app.node.app, &id(&open), 0).await.unwrap();
    revisions::retire(&app.node.app, &id(&open), 1).await.unwrap();
    assert_eq!(app.bucket().objects().await, [(after.key, size)], "{store:?}");
    assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "{store:?}");
    film.assert_mended(&app.download(&open.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_salvaged_becomes_seekable_up_to_its_hole() {
    everywhere_with(|config| config.uploads.salvage_grace_s = 60, salvaged).await;
}

async fn salvaged(place: Place) {
    let (app, store, film) = (&place.app, place.store, film());
    app.exam_with_bell("spring", app.node.app.clock.now() + Duration::from_secs(60)).await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, film.parts()[0]).await;
    app.send(&open, 3, film.parts()[2]).await;
    app.advance(Duration::from_secs(121));
    app.run_jobs().await;

    let stated = app.receipt(&open.id).await;
    assert_eq!((stated.state.as_str(), stated.missing.unwrap().from_part), ("partial", 2), "{store:?}");
    assert_eq!(stated.key, open.key().replace(".webm", ".1.webm"), "{store:?}");
    let kept = if place.does(handin::objects::capabilities::Capability::LeavesPartsOut) { 1 } else { 2 };
    let kept = [film.parts()[0], film.parts()[2]][..kept].concat();
    let bytes = app.download(&open.id).await;
    assert!(bytes[film.head..] == kept[film.head..], "{store:?}");
    assert_eq!(handin_core::container::head_state(&bytes), handin_core::container::HeadState::Finished);
    assert_eq!(stated.sha256_parts, Some(sha256_parts(&bytes)), "{store:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn players_find_their_way_in_it() {
    if !films::can_record() {
        return;
    }
    let (app, film) = (TestApp::start().await, film());
    app.exam().await;
    let open = sent(&app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    let before = link(&app, &open.id).await;
    assert_eq!(films::announced(Path::new(&before)), None, "as it was sent");
    app.run_jobs().await;
    let after = link(&app, &open.id).await;
    assert_eq!(films::announced(Path::new(&after)), Some(film.seconds));
    // The key frame before the place, and not the beginning.
    let shown = films::first_picture_from(Path::new(&after), 5.0);
    assert!((4.0..=5.0).contains(&shown), "{shown}");
    let (sent, mended) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(sent.path(), &film.bytes).unwrap();
    std::fs::write(mended.path(), app.download(&open.id).await).unwrap();
    assert_eq!(films::watch(mended.path()), films::watch(sent.path()), "every picture is there, at its time");
    assert_eq!(app.bucket().objects().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealed_object_goes_when_no_link_can_lead_to_it() {
    let (app, film) = (TestApp::start().await, film());
    app.exam().await;
    let open = sent(&app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    app.run_jobs().await;
    app.advance(Duration::from_secs(12 * 3_600 + 60));
    app.run_jobs().await;
    assert_eq!(app.bucket().objects().await.len(), 2, "a link may have been made a moment before");
    app.advance(A_DAY);
    app.run_jobs().await;
    let after = app.receipt(&open.id).await.key;
    assert_eq!(app.bucket().objects().await, [(after, film.bytes.len() as u64)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealed_object_stays_while_the_new_one_is_not_whole() {
    let (app, film) = (TestApp::start().await, film());
    app.exam().await;
    let open = sent(&app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    app.run_jobs().await;
    let after = app.receipt(&open.id).await.key;
    app.node.app.objects.delete(&after).await.unwrap();
    app.advance(A_DAY);
    app.run_jobs().await;
    revisions::retire(&app.node.app, &id(&open), 0).await.unwrap_err();
    assert_eq!(app.bucket().objects().await, [(open.key().to_owned(), film.bytes.len() as u64)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_recording_takes_all_its_objects_along() {
    everywhere(async |place| {
        let (app, store, film) = (&place.app, place.store, film());
        app.exam().await;
        let open = sent(app, &film, "c1").await;
        app.seal(&open, &film.parts()).await.expect(200);
        app.run_jobs().await;
        assert_eq!(app.bucket().objects().await.len(), 2, "{store:?}");
        app.platform(Method::DELETE, &format!("/v1/recordings/{}", open.id)).send().await.expect(200);
        app.run_jobs().await;
        assert_eq!(app.bucket().objects().await, [], "{store:?}");
        for number in [0, 1] {
            revisions::retire(&app.node.app, &id(&open), number).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_from_the_store_while_everybody_seals() {
    let app = TestApp::builder().config(|config| config.jobs.mend_after_s = 900).start().await;
    let film = film();
    app.exam().await;
    let open = sent(&app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    app.advance(Duration::from_secs(899));
    app.run_jobs().await;
    assert!(app.download(&open.id).await == film.bytes);
    app.advance(Duration::from_secs(902));
    app.run_jobs().await;
    assert!(app.download(&open.id).await != film.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_left_alone_where_that_is_configured() {
    let app = TestApp::builder().config(|config| config.jobs.mend_heads = false).start().await;
    let film = film();
    app.exam().await;
    let open = sent(&app, &film, "c1").await;
    app.seal(&open, &film.parts()).await.expect(200);
    app.run_jobs().await;
    assert!(app.download(&open.id).await == film.bytes);
}
