//! `POST /v1/rehearsal`.

use std::time::Duration;

use handin_core::RehearsalKey;
use handin_store::{Store, Swept};
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, digest};
use crate::call::Answer;

/// A rule of one day deletes at the midnight after it.
const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 3_600);

async fn rehearse(app: &TestApp, token: &str, trial: &Value) -> Answer {
    app.call(Method::POST, "/v1/rehearsal").bearer(token).json(trial).send().await
}

async fn read(app: &TestApp, signed: &Value) -> (u16, Vec<u8>) {
    let answer = app.client.get(signed["get"]["url"].as_str().unwrap()).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_trial_goes_to_the_store_and_back_as_often_as_wanted() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let signed = rehearse(&app, &token, &json!({ "size": 5, "sha256": digest(b"trial") })).await.expect(200);
    assert_json_snapshot!(signed, { ".put.url" => "[url]", ".get.url" => "[url]" }, @r#"
    {
      "get": {
        "expires_at": "2026-11-22T05:10:00Z",
        "url": "[url]"
      },
      "put": {
        "expires_at": "2026-11-22T05:10:00Z",
        "headers": {
          "content-type": "application/octet-stream",
          "x-amz-checksum-sha256": "eYkemAdH/70h5pApc5Tv52T6Vtfjd1D4AIefuy00Vxo="
        },
        "url": "[url]"
      }
    }
    "#);
    assert_eq!(read(&app, &signed).await.0, 404, "nothing was sent yet");
    assert_eq!(app.put(&signed["put"], b"trial!").await, 403, "the length is signed in");
    assert_eq!(app.put(&signed["put"], b"Trial").await, 400, "the digest is signed in");
    assert_eq!(app.put(&signed["put"], b"trial").await, 200);
    assert_eq!(app.put(&signed["put"], b"trial").await, 200);
    let other = rehearse(&app, &token, &json!({ "size": 5 })).await.expect(200);
    assert_eq!(app.put(&other["put"], b"other").await, 200);
    assert_eq!(read(&app, &signed).await, (200, b"other".to_vec()));
    assert_eq!(app.bucket().objects().await.len(), 1);
    assert_eq!(app.recordings().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_candidate_reaches_no_trial_but_the_own_one() {
    let app = TestApp::start().await;
    app.exam().await;
    app.exam_called("autumn").await;
    let trial = json!({ "size": 2 });
    let tokens = [app.token("c1").await, app.token("c2").await, app.token_for("autumn", "c1").await];
    let mut signed = Vec::new();
    for (token, bytes) in tokens.iter().zip([b"c1", b"c2", b"au"]) {
        signed.push(rehearse(&app, token, &trial).await.expect(200));
        assert_eq!(app.put(&signed.last().unwrap()["put"], bytes).await, 200);
    }
    for (signed, bytes) in signed.iter().zip([b"c1", b"c2", b"au"]) {
        assert_eq!(read(&app, signed).await, (200, bytes.to_vec()));
    }
    let own = RehearsalKey {
        exam: "spring".parse().unwrap(),
        subject: "coding".parse().unwrap(),
        candidate: "c1".parse().unwrap(),
    };
    let path = format!("/{own}?");
    assert!(signed[0]["put"]["url"].as_str().unwrap().contains(&path) && path.starts_with("/_rehearsal/"));
}

#[tokio::test]
async fn a_trial_has_1_byte_to_5_mib() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    for size in [0, 5_242_881] {
        let refused = rehearse(&app, &token, &json!({ "size": size })).await.problem(422, "invalid");
        assert_eq!(refused["field"], "size");
    }
    let signed = rehearse(&app, &token, &json!({ "size": 5_242_880 })).await.expect(200);
    assert_eq!(app.put(&signed["put"], &vec![7; 5_242_880]).await, 200);
}

#[tokio::test]
async fn the_store_deletes_a_trial_after_a_day_and_no_recording() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let signed = rehearse(&app, &token, &json!({ "size": 5 })).await.expect(200);
    app.put(&signed["put"], b"trial").await;
    let (open, _) = app.sealed(&token).await;
    assert_eq!(app.bucket().objects().await.len(), 2);
    // The store's own round comes by the hour; after a stop it can be made by hand.
    let (place, two_days_on) =
        (app.node.app.config.data().join("store"), app.node.app.clock.now() + TWO_DAYS);
    let app = app.restart_after(async || {
        let store = Store::open(handin_store::Config::new(place, "us-east-1", Vec::new())).await.unwrap();
        let swept = store.lifecycle_tick(two_days_on.as_millisecond()).await;
        assert_eq!(swept, Swept { objects: 1, uploads: 0 });
    });
    assert_eq!(app.await.bucket().objects().await, [(open.key().to_owned(), 17)]);
}
