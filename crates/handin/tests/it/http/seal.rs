//! `POST /v1/recordings/{id}/seal`.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Open, PART, TestApp, claim, part};
use crate::caller::{claim_of_put, put};

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
async fn claims_beside_the_plan_are_refused() {
    let app = TestApp::start().await;
    // Two parts fit, the second of at most ten bytes.
    let exam = json!({ "id": "spring", "title": "Spring", "subjects": [{ "id": "coding" }],
        "limits": { "max_bytes": PART + 10 } });
    app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"sent").await;
    let part = |number: u64, size: u64| json!({ "number": number, "size": size });
    let whole = PART as u64;
    let cases: [(Value, u64, &str); 9] = [
        (json!([part(0, 4)]), 4, "parts_invalid"),
        (json!([part(10_001, 4)]), 4, "parts_invalid"),
        (json!([part(1, 4)]), 3, "size_mismatch"),
        (json!([part(1, 4)]), 5, "size_mismatch"),
        (json!([part(1, 0)]), 0, "part_size"),
        (json!([part(1, whole + 1)]), whole + 1, "part_size"),
        (json!([part(1, whole - 1), part(2, 1)]), whole, "part_size"),
        (json!([part(1, whole), part(2, 11)]), whole + 11, "beyond_budget"),
        (json!([part(1, whole), part(2, whole), part(3, 1)]), 2 * whole + 1, "beyond_budget"),
    ];
    for (parts, size, code) in cases {
        let claim = json!({ "handle": open.handle, "size": size, "parts": parts });
        let answer = app.on(&open, "seal").json(&claim).send().await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some(code)), "{}", answer.text);
        assert_eq!(app.show(&open.id).await["state"], "open", "{claim}: nothing was touched");
    }
    assert_eq!(app.seal(&open, &[b"sent"]).await.expect(200)["state"], "sealed");
}

#[tokio::test]
async fn what_the_store_holds_must_be_exactly_what_is_claimed() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let (first, last) = (vec![1; PART], b"the end");
    app.send(&open, 1, &first).await;
    app.send(&open, 2, last).await;
    let refused =
        async |parts: &[&[u8]], code: &str| app.seal(&open, parts).await.problem(422, code)["parts"].clone();
    assert_eq!(refused(&[&first, b"the en"], "size_mismatch").await, json!([2]));
    assert_eq!(refused(&[&first, b"the end!"], "size_mismatch").await, json!([2]));
    assert_eq!(refused(&[&first], "size_mismatch").await, json!([2]), "a part that nobody claims");
    assert_eq!(refused(&[&first, b"the eNd"], "checksum_mismatch").await, json!([2]));
    assert_eq!(app.bucket().objects().await, []);
    let sealed = app.seal(&open, &[&first, last]).await.expect(200);
    assert_eq!(refused(&[&first, b"the end!"], "size_mismatch").await, Value::Null, "it is sealed already");
    assert_eq!(app.show(&open.id).await["receipt"], sealed["receipt"]);
    assert_eq!(app.bucket().objects().await, [(open.key().to_owned(), (PART + last.len()) as u64)]);
}

#[tokio::test]
async fn a_put_and_a_file_are_held_to_what_was_announced() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open_as(&app.token("c1").await, &put(b"announced")).await;
    let seal = async |open: &Open, claim: &Value| app.on(open, "seal").json(claim).send().await;
    let of_put = claim_of_put(&open, b"announced");
    assert_eq!(seal(&open, &of_put).await.problem(409, "parts_missing")["parts"], json!([1]));
    assert_eq!(app.put(&open.answer["put"], b"announced").await, 200);
    for wrong in [&b"announce"[..], b"announced!"] {
        seal(&open, &claim_of_put(&open, wrong)).await.problem(422, "size_mismatch");
    }
    let other = claim_of_put(&open, b"ANNOUNCED");
    assert_eq!(seal(&open, &other).await.problem(422, "checksum_mismatch")["parts"], json!([1]));
    assert_eq!(seal(&open, &of_put).await.expect(200)["state"], "sealed");

    let wanted = json!({ "track": "screen", "upload": "file", "content_type": "video/mp4", "size": 5 });
    let file = app.open_as(&app.token("c1").await, &wanted).await;
    app.send(&file, 1, b"12345").await;
    for wrong in [&b"1234"[..], b"123456"] {
        app.seal(&file, &[wrong]).await.problem(422, "size_mismatch");
    }
    assert_eq!(app.seal(&file, &[b"12345"]).await.expect(200)["state"], "sealed");
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

/// A claim with a manifest that has about `bytes` bytes.
fn with_manifest(claim: Value, bytes: usize) -> Value {
    let mut claim = claim;
    claim["manifest"] =
        json!({ "version": 1, "gaps": [{ "reason": "asleep", "from_ms": 1 }], "ended": "a".repeat(bytes) });
    claim
}

#[tokio::test]
async fn a_manifest_is_kept_with_the_claim_that_was_sealed() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    let seal = async |claim: &Value| app.on(&open, "seal").json(claim).send().await;
    let claim = claim(&open, &[b"recorded"]);
    seal(&with_manifest(claim.clone(), 9)).await.problem(409, "parts_missing");
    assert_eq!(app.show(&open.id).await["manifest"], Value::Null, "a refused claim leaves none");

    app.send(&open, 1, b"recorded").await;
    let first = with_manifest(claim.clone(), 7);
    let sealed = seal(&first).await.expect(200);
    assert_eq!(app.show(&open.id).await["manifest"], first["manifest"]);
    assert_eq!(app.recordings().await[0].get("manifest"), None, "lists leave it out");
    for again in [with_manifest(claim.clone(), 8), claim] {
        assert_eq!(seal(&again).await.expect(200), sealed);
    }
    assert_eq!(app.show(&open.id).await["manifest"], first["manifest"], "the first stands");
}

#[tokio::test]
async fn a_manifest_is_an_object_of_at_most_64_kib() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"recorded").await;
    let claim = claim(&open, &[b"recorded"]);
    let seal = async |claim: &Value| app.on(&open, "seal").json(claim).send().await;
    for bad in [json!([]), json!("gaps"), json!(1)] {
        let mut claim = claim.clone();
        claim["manifest"] = bad;
        assert_eq!(seal(&claim).await.problem(422, "invalid")["field"], "manifest");
    }
    let rest = with_manifest(json!({}), 0)["manifest"].to_string().len();
    let most = 65_536 - rest;
    let refused = seal(&with_manifest(claim.clone(), most + 1)).await.problem(422, "invalid");
    assert_eq!(refused["detail"], "manifest: use at most 65536 bytes of JSON, not 65537");
    assert_eq!(app.show(&open.id).await["state"], "open", "nothing was touched");
    seal(&with_manifest(claim, most)).await.expect(200);
}
