//! `/v1/recordings`: open, look up, list, link, discard.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, digest};

fn stream() -> Value {
    json!({ "track": "webcam", "upload": "stream", "content_type": "video/webm;codecs=vp9",
        "started_at": "2026-11-22T04:59:58Z" })
}

#[tokio::test]
async fn a_recording_is_opened() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open_as(&app.token("c1").await, &stream()).await;
    assert_json_snapshot!(open.answer, { ".id" => "[id]", ".handle" => "[handle]", ".key" => "[key]" }, @r#"
    {
      "expires_at": "2026-11-23T06:00:00Z",
      "handle": "[handle]",
      "id": "[id]",
      "key": "[key]",
      "max_parts": 820,
      "part_size": 5242880,
      "state": "open",
      "take": 1
    }
    "#);
    let key = open.answer["key"].as_str().unwrap();
    assert!(
        key.starts_with("webcam/")
            && key.ends_with(&format!("/2026-11-22/spring/coding/c1/{}.webm", open.id)),
        "{key}"
    );
}

#[tokio::test]
async fn a_put_comes_with_its_url() {
    let app = TestApp::start().await;
    app.exam().await;
    let wanted = json!({ "track": "webcam", "upload": "put", "content_type": "video/webm", "size": 3, "sha256": digest(b"abc") });
    let open = app.open_as(&app.token("c1").await, &wanted).await;
    let put = &open.answer["put"];
    assert_json_snapshot!(put, { ".url" => "[url]", ".headers[\"x-amz-meta-handin-write\"]" => "[token]" }, @r#"
    {
      "expires_at": "2026-11-22T05:10:00Z",
      "headers": {
        "content-type": "video/webm",
        "if-none-match": "*",
        "x-amz-checksum-sha256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "x-amz-meta-handin-write": "[token]"
      },
      "url": "[url]"
    }
    "#);
    assert_eq!(app.put(put, b"abcd").await, 403, "the length is signed in");
    assert_eq!(app.put(put, b"abd").await, 400, "the digest is signed in");
    assert_eq!(app.put(put, b"abc").await, 200);
    assert_eq!(app.put(put, b"abc").await, 412, "a key is written once");
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_recording() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let open = async |key: &str, wanted: &Value| {
        let call = app.call(Method::POST, "/v1/recordings").bearer(&token).header("idempotency-key", key);
        call.json(wanted).send().await
    };
    let first = open("k1", &stream()).await.expect(201);
    assert_eq!(open("k1", &stream()).await.expect(201)["id"], first["id"]);
    let second = open("k2", &stream()).await.expect(201);
    assert_eq!((&first["take"], &second["take"]), (&json!(1), &json!(2)));
    let mut other = stream();
    other["content_type"] = "video/mp4".into();
    open("k1", &other).await.problem(409, "idempotency_key_reused");
    open(&"k".repeat(129), &stream()).await.problem(422, "invalid");
}

#[tokio::test]
async fn takes_are_bounded() {
    let app = TestApp::builder().config(|config| config.uploads.most_takes = 1).start().await;
    app.exam().await;
    let token = app.token("c1").await;
    app.open(&token).await;
    let call = app.call(Method::POST, "/v1/recordings").bearer(&token).json(&stream());
    call.send().await.problem(429, "too_many_takes");
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_by_name() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let cases = [
        (json!({ "track": "room" }), 403, "forbidden", Value::Null),
        (json!({ "track": "Web Cam" }), 422, "invalid", json!("track")),
        (json!({ "upload": "fax" }), 422, "invalid", json!("upload")),
        (json!({ "content_type": "" }), 422, "invalid", json!("content_type")),
        (json!({ "content_type": "video/webm\n" }), 422, "invalid", json!("content_type")),
        (json!({ "size": 10 }), 422, "invalid", json!("size")),
        (json!({ "upload": "put" }), 422, "invalid", json!("size")),
        (json!({ "upload": "file", "size": 0 }), 422, "invalid", json!("size")),
        (json!({ "upload": "file", "size": 5_u64 << 30 }), 422, "invalid", json!("size")),
        (json!({ "sha256": "ab" }), 422, "invalid", json!("sha256")),
        (json!({ "checksum": "md5" }), 422, "invalid", json!("checksum")),
        (json!({ "started_at": "yesterday" }), 422, "invalid", json!("started_at")),
        (json!({ "colour": "red" }), 422, "invalid", json!("colour")),
    ];
    for (change, status, code, field) in cases {
        let mut wanted = stream();
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let call = app.call(Method::POST, "/v1/recordings").bearer(&token).json(&wanted);
        let problem = call.send().await.problem(status, code);
        assert_eq!(problem["field"], field, "{change}: {problem}");
    }
}

#[tokio::test]
async fn a_recording_shows_what_has_arrived() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"first").await;
    app.send(&open, 3, b"third").await;
    let shown = app
        .call(Method::GET, &format!("/v1/recordings/{}", open.id))
        .bearer(&open.token)
        .send()
        .await
        .expect(200);
    assert_json_snapshot!(shown, { ".id" => "[id]", ".key" => "[key]" }, @r#"
    {
      "candidate": "c1",
      "content_type": "video/webm",
      "contiguous_bytes": 5,
      "ends_at": "2026-11-22T06:00:00Z",
      "exam": "spring",
      "id": "[id]",
      "key": "[key]",
      "max_bytes": 4294967296,
      "max_parts": 820,
      "opened_at": "2026-11-22T05:00:00Z",
      "part_size": 5242880,
      "parts": [
        {
          "number": 1,
          "sha256": "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e",
          "size": 5
        },
        {
          "number": 3,
          "sha256": "b1e99324505bd32da0e1f85dcf5e19a09db0481e8a15f62c41eb320304a8e927",
          "size": 5
        }
      ],
      "pending_bytes": 0,
      "recorded_ms": 0,
      "salvage_at": "2026-11-23T06:00:00Z",
      "state": "open",
      "storage_class": "STANDARD",
      "subject": "coding",
      "take": 1,
      "track": "webcam",
      "upload": "stream"
    }
    "#);
}

#[tokio::test]
async fn recordings_are_listed_filtered_and_paged() {
    let app = TestApp::start().await;
    app.exam().await;
    let (one, two) = (app.token("c1").await, app.token("c2").await);
    let (sealed, _) = app.sealed(&one).await;
    let open = app.open(&two).await;
    let ids = async |query: &str| {
        let page = app
            .platform(Method::GET, &format!("/v1/exams/spring/recordings{query}"))
            .send()
            .await
            .expect(200);
        let ids = page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(ids("?state=sealed").await.0, std::slice::from_ref(&sealed.id));
    assert_eq!(ids("?candidate=c2&track=webcam&subject=coding").await.0, std::slice::from_ref(&open.id));
    assert_eq!(ids("?track=screen").await.0, Vec::<String>::new());
    let (first, next) = ids("?limit=1").await;
    let (second, _) = ids(&format!("?limit=1&cursor={}", next.unwrap())).await;
    let mut both = [first, second].concat();
    both.sort();
    let mut expected = vec![sealed.id, open.id];
    expected.sort();
    assert_eq!(both, expected);
}

#[tokio::test]
async fn only_a_finished_recording_can_be_watched() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let open = app.open(&token).await;
    let link = async |id: &str, wanted: Value| {
        app.platform(Method::POST, &format!("/v1/recordings/{id}/link")).json(&wanted).send().await
    };
    assert_eq!(link(&open.id, json!({})).await.problem(409, "wrong_state")["state"], "open");
    let (sealed, _) = app.sealed(&token).await;
    let answer = link(&sealed.id, json!({ "ttl_s": 60, "download": true })).await.expect(200);
    assert_eq!(answer["expires_at"], "2026-11-22T05:01:00Z");
    let got = app.client.get(answer["url"].as_str().unwrap()).send().await.unwrap();
    let name = got.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(name, "attachment; filename*=UTF-8''coding-c1-webcam-2.webm");
    assert_eq!(got.bytes().await.unwrap(), "a short recording");
    for ttl in [0, 43_201] {
        link(&sealed.id, json!({ "ttl_s": ttl })).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_candidate_discards_an_open_recording_the_platform_a_sealed_one() {
    let app = TestApp::start().await;
    app.exam().await;
    let token = app.token("c1").await;
    let open = app.open(&token).await;
    let discard = async |id: &str, credential: Option<&str>| {
        let path = format!("/v1/recordings/{id}");
        let call = match credential {
            Some(token) => app.call(Method::DELETE, &path).bearer(token),
            None => app.platform(Method::DELETE, &path),
        };
        call.send().await
    };
    let ended = discard(&open.id, Some(&token)).await.expect(200);
    assert_eq!((&ended["state"], &ended["reason"]), (&json!("abandoned"), &json!("discarded_by_candidate")));
    assert_eq!(
        discard(&open.id, Some(&token)).await.expect(200)["state"],
        "abandoned",
        "repeating changes nothing"
    );
    let (sealed, _) = app.sealed(&token).await;
    discard(&sealed.id, Some(&token)).await.problem(409, "wrong_state");
    assert_eq!(discard(&sealed.id, None).await.expect(200)["state"], "deleted");
    app.run_jobs().await;
    let key = app.show(&sealed.id).await["key"].as_str().unwrap().to_owned();
    assert!(app.node.app.objects.head(&key).await.unwrap().is_none(), "the object is gone");
}
