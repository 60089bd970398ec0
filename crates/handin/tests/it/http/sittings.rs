//! `/v1/exams/{exam}/status` and `/sittings`.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;

/// `c1` has a sealed webcam and an open screen, `c2` nothing.
async fn half_way() -> TestApp {
    let app = TestApp::start().await;
    app.exam().await;
    let roster = json!([{ "candidate": "c1", "name": "Kim" }, { "candidate": "c2" }]);
    app.platform(Method::PUT, "/v1/exams/spring/roster").json(&roster).send().await.expect(200);
    let token = app.token("c1").await;
    app.sealed(&token).await;
    let screen = json!({ "track": "screen", "upload": "stream", "content_type": "video/webm" });
    app.open_as(&token, &screen).await;
    app
}

#[tokio::test]
async fn the_status_counts_sittings() {
    let app = half_way().await;
    let status = app.platform(Method::GET, "/v1/exams/spring/status").send().await.expect(200);
    assert_json_snapshot!(status, @r#"
    {
      "subjects": [
        {
          "at_risk_s": 0,
          "bytes": 17,
          "complete": 0,
          "expected": 2,
          "missing": 1,
          "partial": 0,
          "recording": 1,
          "subject": "coding"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn sittings_show_their_tracks() {
    let app = half_way().await;
    let sittings = app.platform(Method::GET, "/v1/exams/spring/sittings").send().await.expect(200);
    let takes = ".items[].tracks[].takes";
    assert_json_snapshot!(sittings, { takes => insta::dynamic_redaction(|takes, _| {
        u64::try_from(takes.as_slice().unwrap().len()).unwrap()
    }) }, @r#"
    {
      "items": [
        {
          "at_risk_s": 0,
          "bytes": 17,
          "candidate": "c1",
          "name": "Kim",
          "state": "recording",
          "subject": "coding",
          "tracks": [
            {
              "state": "complete",
              "takes": 1,
              "track": "webcam"
            },
            {
              "state": "recording",
              "takes": 1,
              "track": "screen"
            }
          ]
        },
        {
          "at_risk_s": 0,
          "bytes": 0,
          "candidate": "c2",
          "state": "missing",
          "subject": "coding",
          "tracks": [
            {
              "state": "missing",
              "takes": 0,
              "track": "webcam"
            },
            {
              "state": "missing",
              "takes": 0,
              "track": "screen"
            }
          ]
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn sittings_are_filtered_and_paged() {
    let app = half_way().await;
    let candidates = async |query: &str| {
        let call = app.platform(Method::GET, &format!("/v1/exams/spring/sittings{query}"));
        let page = call.send().await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        let ids: Vec<String> = items.iter().map(|it| it["candidate"].as_str().unwrap().to_owned()).collect();
        (ids, page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(candidates("?state=recording").await.0, ["c1"]);
    assert_eq!(candidates("?state=missing").await.0, ["c2"]);
    assert_eq!(candidates("?candidate=c2&subject=coding").await.0, ["c2"]);
    let (first, next) = candidates("?limit=1").await;
    let (second, _) = candidates(&format!("?limit=1&cursor={}", next.unwrap())).await;
    assert_eq!((first, second), (vec!["c1".to_owned()], vec!["c2".to_owned()]));
}
