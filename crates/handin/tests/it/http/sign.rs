//! `POST /v1/recordings/{id}/sign`.

use std::time::Duration;

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::app::{PART, TestApp, part};

#[tokio::test]
async fn parts_are_signed_with_length_and_digest() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let wanted =
        json!({ "handle": open.handle, "parts": [part(1, b"abc")], "recorded_ms": 100, "pending_bytes": 3 });
    let answer = app.on(&open, "sign").json(&wanted).send().await;
    assert_eq!(
        (answer.headers["cache-control"].as_str(), answer.headers["referrer-policy"].as_str()),
        ("no-store", "no-referrer")
    );
    let signed = answer.expect(200);
    assert_json_snapshot!(signed, { ".parts[].url" => "[url]" }, @r#"
    {
      "parts": [
        {
          "expires_at": "2026-11-22T05:10:00Z",
          "headers": {
            "x-amz-checksum-sha256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
          },
          "number": 1,
          "url": "[url]"
        }
      ]
    }
    "#);
    let url = &signed["parts"][0];
    assert_eq!(app.put(url, b"abcd").await, 403, "the length is signed in");
    assert_eq!(app.put(url, b"abd").await, 400, "the digest is signed in");
    assert_eq!(app.put(url, b"abc").await, 200);
    app.advance(Duration::from_secs(601));
    assert_eq!(app.put(url, b"abc").await, 403, "the URL has expired");
}

#[tokio::test]
async fn the_head_of_a_recording_may_be_sent_again() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"head").await;
    app.send(&open, 1, b"new head").await;
    app.seal(&open, &[b"new head"]).await.expect(200);
    assert_eq!(app.download(&open.id).await, b"new head");
}

#[tokio::test]
async fn an_empty_call_is_a_heartbeat() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let heartbeat = json!({ "handle": open.handle, "recorded_ms": 5_000, "pending_bytes": 1_000 });
    assert_eq!(app.on(&open, "sign").json(&heartbeat).send().await.expect(200), json!({ "parts": [] }));
    let metrics = app.call(reqwest::Method::GET, "/metrics").send().await.text;
    assert!(metrics.contains("handin_at_risk_bytes"), "{metrics}");
}

#[tokio::test]
async fn a_pace_that_is_set_reaches_every_sender() {
    let app = TestApp::builder().config(|config| config.uploads.parallel = Some(2)).start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    assert_eq!(open.answer["pace"], json!({ "parallel": 2 }));
    let signed = app.on(&open, "sign").json(&json!({ "handle": open.handle })).send().await.expect(200);
    assert_eq!(signed["pace"], json!({ "parallel": 2 }));
}

#[tokio::test]
async fn where_many_record_each_is_heard_of_less_often() {
    let app = TestApp::start().await;
    app.exam().await;
    let (node, now) = (&app.node.app, app.node.app.clock.now());
    for _ in 0..7_500 {
        node.progress.expect(&node.ids.row(now).parse().unwrap(), now);
    }
    let open = app.open(&app.token("c1").await).await;
    assert_eq!(open.answer["pace"], json!({ "heartbeat_s": 16 }));
    let heartbeat = app.on(&open, "sign").json(&json!({ "handle": open.handle })).send().await.expect(200);
    assert_eq!(heartbeat["pace"], json!({ "heartbeat_s": 16 }));
}

#[tokio::test]
async fn parts_outside_the_plan_are_refused() {
    let app = TestApp::builder().config(|config| config.uploads.sign_ahead = 2).start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let stream = app.open(&token).await;
    let size = PART + 10;
    let file = json!({ "track": "screen", "upload": "file", "content_type": "video/mp4", "size": size });
    let file = app.open_as(&token, &file).await;
    let put = json!({ "track": "screen", "upload": "put", "content_type": "video/webm", "size": 3 });
    let put = app.open_as(&token, &put).await;
    let (part, three) = (
        |number: u64, size: u64| json!({ "number": number, "size": size }),
        vec![json!({ "number": 1, "size": 1 }); 3],
    );
    let cases: [(_, Value, _); 9] = [
        (&stream, json!([part(0, 1)]), "part_number"),
        (&stream, json!([part(10_001, 1)]), "part_number"),
        (&stream, json!([part(1, 0)]), "part_size"),
        (&stream, json!([part(1, PART as u64 + 1)]), "part_size"),
        (&stream, json!([part(820, PART as u64)]), "beyond_budget"),
        (&file, json!([part(3, 1)]), "part_number"),
        (&file, json!([part(2, 11)]), "part_size"),
        (&stream, json!(three), "invalid"),
        (&put, json!([part(1, 3)]), "invalid"),
    ];
    for (open, parts, code) in cases {
        let wanted = json!({ "handle": open.handle, "parts": parts });
        let problem = app.on(open, "sign").json(&wanted).send().await;
        assert_eq!(
            (problem.status, problem.body["code"].as_str()),
            (422, Some(code)),
            "{parts}: {}",
            problem.text
        );
    }
}

#[tokio::test]
async fn handles_are_good_for_their_recording_and_owner_only() {
    let app = TestApp::start().await;
    app.exam().await;
    let (mine, theirs) = (app.open(&app.token("c1").await).await, app.open(&app.token("c2").await).await);
    let other = app.open(&mine.token).await;
    let sign = async |handle: &str| app.on(&mine, "sign").json(&json!({ "handle": handle })).send().await;
    sign(&other.handle).await.problem(403, "bad_handle");
    sign(&theirs.handle).await.problem(404, "not_found");
    sign("").await.problem(403, "bad_handle");
    let (head, tail) = mine.handle.split_at(mine.handle.len() / 2);
    let flipped = if tail.starts_with('A') { 'B' } else { 'A' };
    sign(&format!("{head}{flipped}{}", &tail[1..])).await.problem(403, "bad_handle");
    app.advance(Duration::from_secs(30 * 86_400));
    let fresh = app.token("c1").await;
    let call = app.call(reqwest::Method::POST, &format!("/v1/recordings/{}/sign", mine.id)).bearer(&fresh);
    call.json(&json!({ "handle": mine.handle })).send().await.problem(401, "expired");
}
