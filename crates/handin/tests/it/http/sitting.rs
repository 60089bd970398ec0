//! `/v1/sitting`.

use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::call::Answer;

async fn sitting(app: &TestApp, token: &str) -> Answer {
    app.call(Method::GET, "/v1/sitting").bearer(token).send().await
}

fn ids(sitting: &Value) -> Vec<&str> {
    sitting["recordings"].as_array().unwrap().iter().map(|take| take["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_candidate_sees_what_to_record_and_what_is_there() {
    let app = TestApp::start().await;
    let exam = json!({
        "id": "spring", "title": "Engineers, spring", "tracks": ["webcam", "screen"], "retention": { "days": 30 },
        "subjects": [{ "id": "essay" }, { "id": "coding", "title": "Coding", "ends_at": "2026-11-22T06:00:00Z" }]
    });
    app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    let token = app.token("c1").await;
    let (_, receipt) = app.sealed(&token).await;
    app.open(&token).await;
    app.advance(Duration::from_millis(1_500));
    let seen = sitting(&app, &token).await.expect(200);
    assert_eq!(seen["recordings"][0]["receipt"], json!(receipt));
    assert_json_snapshot!(seen, { ".recordings[].id" => "[id]", ".recordings[].receipt" => "[receipt]" }, @r#"
    {
      "after_crash": "next_take",
      "candidate": "c1",
      "exam": {
        "id": "spring",
        "title": "Engineers, spring"
      },
      "notice": {},
      "recordings": [
        {
          "id": "[id]",
          "receipt": "[receipt]",
          "state": "sealed",
          "take": 1,
          "track": "webcam"
        },
        {
          "id": "[id]",
          "state": "open",
          "take": 2,
          "track": "webcam"
        }
      ],
      "retention_days": 38,
      "salvage_at": "2026-11-23T06:00:00Z",
      "server_time": "2026-11-22T05:00:01.5Z",
      "subject": {
        "ends_at": "2026-11-22T06:00:00Z",
        "id": "coding",
        "title": "Coding"
      },
      "tracks": [
        {
          "capture": {
            "audio_bits_per_second": 32000,
            "frame_rate": 15,
            "height": 480,
            "video_bits_per_second": 500000,
            "whole_monitor": false,
            "width": 640
          },
          "track": "webcam"
        },
        {
          "capture": {
            "frame_rate": 5,
            "height": 720,
            "video_bits_per_second": 300000,
            "whole_monitor": true,
            "width": 1280
          },
          "track": "screen"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn nobody_sees_another_sitting() {
    let app = TestApp::start().await;
    let subjects = json!([{ "id": "coding" }, { "id": "essay" }]);
    for id in ["spring", "autumn"] {
        let exam = json!({ "id": id, "title": id, "subjects": subjects });
        app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    }
    let mine = app.token("c1").await;
    let (open, _) = app.sealed(&mine).await;
    let essay = json!({ "candidate": "c1", "subject": "essay" });
    let essay = app.platform(Method::POST, "/v1/exams/spring/tokens").json(&essay).send().await.expect(201);
    let others = [app.token("c2").await, app.token_for("autumn", "c1").await];
    for token in others.iter().map(String::as_str).chain(essay["token"].as_str()) {
        assert!(ids(&sitting(&app, token).await.expect(200)).is_empty());
    }
    assert_eq!(ids(&sitting(&app, &mine).await.expect(200)), [open.id]);
}

#[tokio::test]
async fn opened_after_the_bell_a_recording_gets_its_grace_too() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    app.advance(Duration::from_secs(2 * 3_600));
    let seen = sitting(&app, &token).await.expect(200);
    assert_eq!(seen["salvage_at"], "2026-11-23T07:00:00Z");
    assert_eq!(app.show(&app.open(&token).await.id).await["salvage_at"], seen["salvage_at"]);
}
