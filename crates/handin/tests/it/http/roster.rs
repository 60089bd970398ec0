//! `/v1/exams/{exam}/roster`.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;
use crate::call::Answer;

async fn put(app: &TestApp, content_type: &str, body: &str) -> Answer {
    let call = app.platform(Method::PUT, "/v1/exams/spring/roster");
    call.body(content_type, body.to_owned()).send().await
}

#[tokio::test]
async fn a_roster_comes_as_an_array_as_lines_or_from_a_spreadsheet() {
    let app = TestApp::start().await;
    app.exam().await;
    let array = r#"[{"candidate":"c1","name":"Kim"},{"candidate":"c2","subjects":["coding"]}]"#;
    assert_eq!(put(&app, "application/json", array).await.expect(200), json!({ "added": 2, "updated": 0 }));
    let lines = "{\"candidate\":\"c1\",\"name\":\"Lee\"}\n\n{\"candidate\":\"c3\"}\n";
    assert_eq!(
        put(&app, "application/x-ndjson", lines).await.expect(200),
        json!({ "added": 1, "updated": 1 })
    );
    let sheet = "\u{feff}candidate,name,subjects\r\nc4,\"Park, J\",coding\r\n";
    assert_eq!(
        put(&app, "text/csv; charset=utf-8", sheet).await.expect(200),
        json!({ "added": 1, "updated": 0 })
    );
    let sittings = app.platform(Method::GET, "/v1/exams/spring/sittings").send().await.expect(200);
    let names: Vec<_> =
        sittings["items"].as_array().unwrap().iter().map(|it| (&it["candidate"], &it["name"])).collect();
    assert_json_snapshot!(names, @r#"
    [
      [
        "c1",
        "Lee"
      ],
      [
        "c2",
        null
      ],
      [
        "c3",
        null
      ],
      [
        "c4",
        "Park, J"
      ]
    ]
    "#);
}

#[tokio::test]
async fn a_bad_entry_is_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    app.exam().await;
    let cases = [
        ("application/json", r#"[{"candidate":"c1"},{"candidate":"a@b"}]"#, "[1].candidate"),
        ("application/json", r#"[{"candidate":"c1","subjects":["none"]}]"#, "[0].subjects"),
        ("application/json", r#"[{"candidate":"c1","mail":"a@b"}]"#, "[0].mail"),
        ("application/x-ndjson", "{\"candidate\":\"c1\"}\n{\"candidate\":7}", "[1].candidate"),
        ("text/csv", "candidate\nc1\na b", "[1].candidate"),
    ];
    for (content_type, body, field) in cases {
        let problem = put(&app, content_type, body).await.problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
    put(&app, "text/csv", "candidate,mail\nc1,x").await.problem(422, "invalid");
    put(&app, "text/csv", "candidate\n\"c1").await.problem(422, "invalid");
    put(&app, "application/x-ndjson", "{\"candidate\":").await.problem(400, "bad_json");
    put(&app, "application/xml", "<roster/>").await.problem(415, "unsupported_media_type");
    let status = app.platform(Method::GET, "/v1/exams/spring/status").send().await.expect(200);
    assert_eq!(status["subjects"][0]["expected"], 0);
}

#[tokio::test]
async fn a_roster_may_be_longer_than_any_other_body_but_not_endless() {
    let app = TestApp::builder().config(|config| config.server.max_roster_bytes = 3 << 20).start().await;
    app.exam().await;
    let name = "n".repeat(200);
    let entry = |number: usize| format!("{{\"candidate\":\"c{number}\",\"name\":\"{name}\"}}\n");
    let lines: String = (0..5_000).map(entry).collect();
    assert!(lines.len() > 1 << 20);
    assert_eq!(put(&app, "application/x-ndjson", &lines).await.expect(200)["added"], 5_000);
    put(&app, "application/x-ndjson", &lines.repeat(3)).await.problem(413, "body_too_large");
}
