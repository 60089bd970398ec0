//! `/v1/exams/{exam}/tokens`.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_token_lets_a_candidate_in_until_it_ends() {
    let app = TestApp::start().await;
    app.exam().await;
    let wanted = json!({ "candidate": "c1", "subject": "coding", "ttl_s": 600 });
    let minted = app.platform(Method::POST, "/v1/exams/spring/tokens").json(&wanted).send().await.expect(201);
    assert_eq!(minted["expires_at"], "2026-11-22T05:10:00Z");
    let (token, base) = (minted["token"].as_str().unwrap(), app.node.ready.api.as_ref().unwrap());
    assert_eq!(minted["page_url"], json!(format!("{base}/record#token={token}")));
    let open = app.open(token).await;
    app.advance(Duration::from_secs(600));
    let heartbeat = json!({ "handle": open.handle });
    app.on(&open, "sign").json(&heartbeat).send().await.problem(401, "expired");
}

#[tokio::test]
async fn without_a_wish_a_token_lives_as_long_as_its_recordings_can_be_finished() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let last_moment = Duration::from_secs(25 * 3_600 - 1);
    app.advance(last_moment);
    let heartbeat = json!({ "handle": open.handle });
    app.on(&open, "sign").json(&heartbeat).send().await.expect(200);
    app.advance(Duration::from_secs(1));
    app.on(&open, "sign").json(&heartbeat).send().await.problem(401, "expired");
}

#[tokio::test]
async fn tokens_are_refused_for_what_is_not_there_or_too_long() {
    let app = TestApp::start().await;
    app.exam().await;
    let cases = [
        ("spring", json!({ "candidate": "c1", "subject": "none" }), 404, "not_found"),
        ("autumn", json!({ "candidate": "c1", "subject": "coding" }), 404, "not_found"),
        ("spring", json!({ "candidate": "a b", "subject": "coding" }), 422, "invalid"),
        ("spring", json!({ "candidate": "c1", "subject": "coding", "ttl_s": 0 }), 422, "invalid"),
        ("spring", json!({ "candidate": "c1", "subject": "coding", "ttl_s": 99_999_999 }), 422, "invalid"),
    ];
    for (exam, wanted, status, code) in cases {
        let call = app.platform(Method::POST, &format!("/v1/exams/{exam}/tokens")).json(&wanted);
        call.send().await.problem(status, code);
    }
}
