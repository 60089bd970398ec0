//! The main job: open, sign, send, seal, and the bytes come back as they went.

use serde_json::json;

use super::everywhere;
use crate::app::{PART, TestApp, digest, part};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_comes_back_byte_by_byte() {
    everywhere(async |place| {
        let app = &place.app;
        app.exam().await;
        stream(app).await;
        file(app).await;
        put(app).await;
        let status = app.platform(reqwest::Method::GET, "/v1/exams/spring/status").send().await.expect(200);
        assert_eq!(status["subjects"][0]["partial"], 3, "{:?}: each has one of two tracks", place.store);
        assert_eq!(app.bucket().objects().await.len(), 3, "{:?}", place.store);
        assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "{:?}", place.store);
    })
    .await;
}

async fn stream(app: &TestApp) {
    let open = app.open(&app.token("c1").await).await;
    let (first, last) = (vec![7; PART], b"the end".to_vec());
    // Out of order, and the last part twice: what arrived is what counts.
    app.send(&open, 2, b"not yet").await;
    app.send(&open, 1, &first).await;
    app.send(&open, 2, &last).await;
    let sealed = app.seal(&open, &[&first, &last]).await.expect(200);
    assert_eq!(sealed["state"], "sealed");
    assert_eq!(
        app.seal(&open, &[&first, &last]).await.expect(200),
        sealed,
        "sealing again gives the same receipt"
    );
    assert_eq!(digest(&app.download(&open.id).await), digest(&[first, last].concat()));
}

async fn file(app: &TestApp) {
    let bytes = vec![3; PART + 1];
    let wanted =
        json!({ "track": "webcam", "upload": "file", "content_type": "video/mp4", "size": bytes.len() });
    let open = app.open_as(&app.token("c2").await, &wanted).await;
    assert_eq!(open.answer["max_parts"], 2);
    app.send(&open, 1, &bytes[..PART]).await;
    app.send(&open, 2, &bytes[PART..]).await;
    app.seal(&open, &[&bytes[..PART], &bytes[PART..]]).await.expect(200);
    assert_eq!(digest(&app.download(&open.id).await), digest(&bytes));
}

async fn put(app: &TestApp) {
    let bytes = b"one request".to_vec();
    let wanted = json!({ "track": "screen", "upload": "put", "content_type": "video/webm",
        "size": bytes.len(), "sha256": digest(&bytes) });
    let open = app.open_as(&app.token("c3").await, &wanted).await;
    assert_eq!(app.put(&open.answer["put"], &bytes).await, 200);
    let claim = json!({ "handle": open.handle, "size": bytes.len(), "sha256": part(1, &bytes)["sha256"] });
    let sealed = app.on(&open, "seal").json(&claim).send().await.expect(200);
    assert_eq!(sealed["state"], "sealed");
    assert_eq!(app.download(&open.id).await, bytes);
}
