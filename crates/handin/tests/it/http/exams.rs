//! `/v1/exams`.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn an_exam_is_created_once_and_found_again() {
    let app = TestApp::start().await;
    let exam = json!({
        "id": "spring", "title": "Engineers, spring", "tracks": ["webcam"],
        "subjects": [{ "id": "coding", "title": "Coding", "ends_at": "2026-11-22T06:00:00Z" }, { "id": "essay" }],
        "limits": { "max_bytes": 1_000_000 }, "retention": { "days": 30 }
    });
    let created = app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    assert_json_snapshot!(created, @r#"
    {
      "after_crash": "next_take",
      "capture": {
        "webcam": {
          "audio_bits_per_second": 32000,
          "frame_rate": 15,
          "height": 480,
          "video_bits_per_second": 500000,
          "whole_monitor": false,
          "width": 640
        }
      },
      "created_at": "2026-11-22T05:00:00Z",
      "id": "spring",
      "limits": {
        "max_bytes": 1000000
      },
      "notice": {},
      "pace": {
        "group_by": "none"
      },
      "retention": {
        "days": 30
      },
      "subjects": [
        {
          "ends_at": "2026-11-22T06:00:00Z",
          "id": "coding",
          "title": "Coding"
        },
        {
          "id": "essay"
        }
      ],
      "title": "Engineers, spring",
      "tracks": [
        "webcam"
      ]
    }
    "#);
    let again = app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    assert_eq!(again, created);
    let found = app.platform(Method::GET, "/v1/exams/spring").send().await.expect(200);
    assert_eq!(found, created);
}

#[tokio::test]
async fn an_exam_without_an_id_or_tracks_gets_both() {
    let app = TestApp::start().await;
    let exam = json!({ "title": "Quick", "subjects": [{ "id": "one" }] });
    let created = app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    assert!(created["id"].as_str().unwrap().starts_with("exam-"), "{created}");
    assert_eq!(created["tracks"], json!(["webcam", "screen"]));
}

/// An exam that says what recorders are to do.
fn choosy() -> Value {
    json!({
        "id": "choosy", "title": "Choosy", "subjects": [{ "id": "one" }],
        "capture": {
            "webcam": { "width": 1_280, "height": 720, "audio_bits_per_second": 0 },
            "screen": { "frame_rate": 2, "whole_monitor": false }
        },
        "notice": { "ko": "채용 담당자가 봅니다.\n30일 뒤에 지웁니다.", "en": "Seen by reviewers." }, "after_crash": "seal"
    })
}

#[tokio::test]
async fn an_exam_says_how_tracks_are_captured_and_candidates_learn_it() {
    let app = TestApp::start().await;
    let created = app.platform(Method::POST, "/v1/exams").json(&choosy()).send().await.expect(201);
    assert_eq!(created["notice"], choosy()["notice"]);
    assert_eq!(created["after_crash"], "seal");
    let wanted = json!({ "candidate": "c1", "subject": "one" });
    let minted = app.platform(Method::POST, "/v1/exams/choosy/tokens").json(&wanted).send().await.expect(201);
    let sitting = app.call(Method::GET, "/v1/sitting").bearer(minted["token"].as_str().unwrap());
    let sitting = sitting.send().await.expect(200);
    assert_eq!((&sitting["notice"], &sitting["after_crash"]), (&created["notice"], &created["after_crash"]));
    assert_json_snapshot!(sitting["tracks"], @r#"
    [
      {
        "capture": {
          "frame_rate": 15,
          "height": 720,
          "video_bits_per_second": 500000,
          "whole_monitor": false,
          "width": 1280
        },
        "track": "webcam"
      },
      {
        "capture": {
          "frame_rate": 2,
          "height": 720,
          "video_bits_per_second": 300000,
          "whole_monitor": false,
          "width": 1280
        },
        "track": "screen"
      }
    ]
    "#);
}

#[tokio::test]
async fn what_is_shown_of_an_exam_creates_the_same_one_again() {
    let app = TestApp::start().await;
    let create = async |exam: &Value| app.platform(Method::POST, "/v1/exams").json(exam).send().await;
    let created = create(&choosy()).await.expect(201);
    assert_eq!(create(&choosy()).await.expect(201), created);
    let mut shown = created.clone();
    shown.as_object_mut().unwrap().remove("created_at");
    assert_eq!(create(&shown).await.expect(201), created);
    let others = [
        ("capture", json!({ "webcam": { "width": 1_281 } })),
        ("capture", json!({})),
        ("notice", json!({ "en": "Seen by reviewers." })),
        ("after_crash", json!("next_take")),
    ];
    for (field, value) in others {
        let mut other = choosy();
        other[field] = value;
        create(&other).await.problem(409, "exists");
    }
}

#[tokio::test]
async fn what_recorders_cannot_do_is_refused_by_name() {
    let app = TestApp::start().await;
    let long = "가".repeat(4_001);
    let cases = [
        ("capture.webcam.width", json!({ "capture": { "webcam": { "width": 100_000 } } })),
        ("capture.screen.frame_rate", json!({ "capture": { "screen": { "frame_rate": 0 } } })),
        (
            "capture.webcam.audio_bits_per_second",
            json!({ "capture": { "webcam": { "audio_bits_per_second": 1 } } }),
        ),
        ("capture.webcam.depth", json!({ "capture": { "webcam": { "depth": 1 } } })),
        ("capture.phone", json!({ "capture": { "phone": {} } })),
        ("capture.No", json!({ "capture": { "No": {} } })),
        ("notice.korean", json!({ "notice": { "korean": "x" } })),
        ("notice.ko", json!({ "notice": { "ko": long } })),
        ("notice.ko", json!({ "notice": { "ko": " " } })),
        ("notice.ko", json!({ "notice": { "ko": "a\u{0}b" } })),
        ("after_crash", json!({ "after_crash": "give_up" })),
    ];
    for (field, more) in cases {
        let mut exam = json!({ "title": "T", "subjects": [{ "id": "one" }] });
        exam.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = app.platform(Method::POST, "/v1/exams").json(&exam).send().await;
        assert_eq!(refused.problem(422, "invalid")["field"], field);
    }
}

#[tokio::test]
async fn another_exam_may_not_take_the_id() {
    let app = TestApp::start().await;
    app.exam().await;
    let other = json!({ "id": "spring", "title": "Other", "subjects": [{ "id": "coding" }] });
    let problem = app.platform(Method::POST, "/v1/exams").json(&other).send().await.problem(409, "exists");
    assert_json_snapshot!(problem, @r#"
    {
      "detail": "exam \"spring\" exists already"
    }
    "#);
}

#[tokio::test]
async fn exams_are_listed_page_by_page() {
    let app = TestApp::start().await;
    for id in ["a", "b", "c"] {
        app.exam_called(id).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/exams?limit=2".to_owned();
    loop {
        let page = app.platform(Method::GET, &path).send().await.expect(200);
        let ids =
            page["items"].as_array().unwrap().iter().map(|exam| exam["id"].as_str().unwrap().to_owned());
        seen.push(ids.collect::<Vec<_>>());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/exams?limit=2&cursor={next}");
    }
    assert_eq!(seen, [vec!["a", "b"], vec!["c"]]);
}
