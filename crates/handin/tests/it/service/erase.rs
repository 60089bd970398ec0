//! Nothing is deleted unless somebody decided so: what turns up after salvage found nothing stays where it is.

use std::time::Duration;

use handin::service;
use handin_core::RecordingId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Open, TestApp, digest, part};

const LATE: &[u8] = b"a part that was on its way";

/// From just before the last URL is signed to just after salvage is due.
const TO_THE_END: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_comes_after_salvage_is_kept() {
    let (app, open, signed) = late_url(&json!({ "track": "webcam", "upload": "stream",
        "content_type": "video/webm" }))
    .await;
    give_up(&app, &open).await;
    assert_eq!(app.put(&signed["parts"][0], LATE).await, 200, "its URL outlives the recording");
    app.run_jobs().await;
    let recording = handin::db::recordings::get(&app.node.app.db, &id(&open)).await.unwrap().unwrap();
    let parts = app.node.app.objects.list_parts(&recording.key, &recording.upload_id.unwrap()).await.unwrap();
    assert_eq!(parts.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(), [(1, 26)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_parts_is_ended() {
    let (app, open, signed) = late_url(&json!({ "track": "webcam", "upload": "stream",
        "content_type": "video/webm" }))
    .await;
    give_up(&app, &open).await;
    app.run_jobs().await;
    assert_eq!(app.put(&signed["parts"][0], LATE).await, 404, "NoSuchUpload");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_comes_after_salvage_is_kept() {
    let (app, open, signed) = late_url(&json!({ "track": "webcam", "upload": "put",
        "content_type": "video/webm", "size": LATE.len(), "sha256": digest(LATE) }))
    .await;
    give_up(&app, &open).await;
    assert_eq!(app.put(&signed["put"], LATE).await, 200);
    app.run_jobs().await;
    let key = open.answer["key"].as_str().unwrap();
    assert_eq!(app.node.app.objects.head(key).await.unwrap().unwrap().size, LATE.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_candidate_discards_goes_with_all_its_parts() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, LATE).await;
    let discard = app.call(Method::DELETE, &format!("/v1/recordings/{}", open.id)).bearer(&open.token);
    assert_eq!(discard.send().await.expect(200)["state"], "abandoned");
    app.run_jobs().await;
    let recording = handin::db::recordings::get(&app.node.app.db, &id(&open)).await.unwrap().unwrap();
    let gone = app.node.app.objects.list_parts(&recording.key, &recording.upload_id.unwrap()).await;
    assert!(gone.unwrap_err().is_no_such_upload());
}

/// A recording that is about to be salvaged, and a URL of it that lives on.
async fn late_url(wanted: &Value) -> (TestApp, Open, Value) {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open_as(&app.token("c1").await, wanted).await;
    let due: jiff::Timestamp = open.answer["expires_at"].as_str().unwrap().parse().unwrap();
    let left = due.duration_since(app.node.app.clock.now()).unsigned_abs();
    app.advance(left - Duration::from_secs(1));
    let mut ask = json!({ "handle": open.handle });
    if wanted["upload"] == "stream" {
        ask["parts"] = json!([part(1, LATE)]);
    }
    let signed = app.on(&open, "sign").json(&ask).send().await.expect(200);
    app.advance(TO_THE_END);
    (app, open, signed)
}

/// Runs its salvage alone, not the jobs that it causes.
async fn give_up(app: &TestApp, open: &Open) {
    service::salvage::salvage(&app.node.app, &id(open)).await.unwrap();
    let given_up = app.show(&open.id).await;
    assert_eq!((&given_up["state"], &given_up["reason"]), (&json!("abandoned"), &json!("nothing_arrived")));
}

fn id(open: &Open) -> RecordingId {
    open.id.parse().unwrap()
}
