//! `/v1/exams`.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

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
      "created_at": "2026-11-22T05:00:00Z",
      "id": "spring",
      "limits": {
        "max_bytes": 1000000
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
