//! What follows from several recordings, or from silence: sittings that are complete, sittings at risk.

use std::time::Duration;

use serde_json::json;

use super::with_receiver;
use crate::caller::claim;

#[tokio::test]
async fn a_sitting_is_complete_once_when_its_last_track_is_sealed() {
    let (app, receiver, _) = with_receiver(&["sitting.complete", "recording.sealed"]).await;
    let token = app.token("c1").await;
    let (webcam, _) = app.sealed(&token).await;
    app.run_jobs().await;
    assert_eq!(receiver.kinds(), ["recording.sealed"]);
    let screen = json!({ "track": "screen", "upload": "stream", "content_type": "video/webm" });
    for expected in [vec!["recording.sealed", "sitting.complete"], vec!["recording.sealed"]] {
        let open = app.open_as(&token, &screen).await;
        app.send(&open, 1, b"a screen").await;
        app.on(&open, "seal").json(&claim(&open, &[b"a screen"])).send().await.expect(200);
        app.run_jobs().await;
        let told = receiver.told();
        assert_eq!(told.iter().map(|told| told.kind()).collect::<Vec<_>>(), expected);
        if let Some(complete) = told.get(1) {
            let data = &complete.body["data"];
            assert_eq!((&data["exam"], &data["candidate"]), (&json!("spring"), &json!("c1")));
            assert_eq!(data["recordings"].as_array().unwrap().len(), 2);
            assert!(data["recordings"].as_array().unwrap().contains(&json!(webcam.id)));
        }
    }
}

#[tokio::test]
async fn a_sitting_is_at_risk_once_when_a_recording_goes_silent() {
    let (app, receiver, _) = with_receiver(&["sitting.at_risk"]).await;
    let silent = app.open(&app.token("c1").await).await;
    let done = app.sealed(&app.token("c2").await).await;
    app.advance(Duration::from_secs(500));
    app.open(&app.token("c3").await).await;
    app.run_jobs().await;
    assert!(receiver.kinds().is_empty());
    app.advance(Duration::from_secs(150));
    app.run_jobs().await;
    let told = receiver.told();
    assert_eq!(told.len(), 1, "not {} and not c3, which was heard of since", done.0.id);
    let data = &told[0].body["data"];
    assert_eq!((&data["candidate"], &data["recording"]), (&json!("c1"), &json!(silent.id)));
    app.advance(Duration::from_secs(150));
    app.run_jobs().await;
    assert!(receiver.kinds().is_empty());
}
