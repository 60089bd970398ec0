//! `POST /v1/recordings/{id}/seal`.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::app::{PART, TestApp, claim, part};

#[tokio::test]
async fn missing_parts_are_named_and_the_recording_stays_open() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let whole = vec![1; PART];
    app.send(&open, 1, &whole).await;
    let problem = app.seal(&open, &[&whole, &whole, b"end"]).await.problem(409, "parts_missing");
    assert_json_snapshot!(problem, @r#"
    {
      "detail": "the store does not hold parts [2, 3]",
      "parts": [
        2,
        3
      ]
    }
    "#);
    assert_eq!(app.show(&open.id).await["state"], "open");
    app.send(&open, 2, &whole).await;
    app.send(&open, 3, b"end").await;
    assert_eq!(app.seal(&open, &[&whole, &whole, b"end"]).await.expect(200)["state"], "sealed");
}

#[tokio::test]
async fn other_bytes_than_those_recorded_are_refused() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"sent").await;
    let longer = app.seal(&open, &[b"sent and more"]).await.problem(422, "size_mismatch");
    assert_eq!(longer["parts"], json!([1]));
    let other = app.seal(&open, &[b"gone"]).await.problem(422, "checksum_mismatch");
    assert_eq!(other["parts"], json!([1]));
    assert_eq!(app.seal(&open, &[b"sent"]).await.expect(200)["state"], "sealed");
}

#[tokio::test]
async fn claims_that_contradict_themselves_are_refused() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"one").await;
    let (one, two) = (part(1, b"one"), part(2, b"two"));
    let cases: [(Value, u64, &str); 5] = [
        (json!([two, one]), 6, "parts_invalid"),
        (json!([one, one]), 6, "parts_invalid"),
        (json!([one, part(3, b"3")]), 4, "parts_invalid"),
        (json!([one]), 4, "size_mismatch"),
        (json!([one, two]), 6, "part_size"),
    ];
    for (parts, size, code) in cases {
        let claim = json!({ "handle": open.handle, "size": size, "parts": parts });
        let answer = app.on(&open, "seal").json(&claim).send().await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (422, Some(code)),
            "{parts}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn sealing_from_many_places_at_once_gives_one_receipt() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"once").await;
    let calls = (0..8).map(|_| app.on(&open, "seal").json(&claim(&open, &[b"once"])).send());
    let answers = futures_util::future::join_all(calls).await;
    let receipts: Vec<&Value> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| &answer.body["receipt"]).collect();
    assert!(!receipts.is_empty());
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        assert!(answer.headers.contains_key("retry-after"));
        answer.problem(409, "sealing");
    }
}

#[tokio::test]
async fn an_abandoned_recording_cannot_be_sealed() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let path = format!("/v1/recordings/{}", open.id);
    app.call(reqwest::Method::DELETE, &path).bearer(&open.token).send().await.expect(200);
    assert_eq!(app.seal(&open, &[b"late"]).await.problem(409, "wrong_state")["state"], "abandoned");
}
