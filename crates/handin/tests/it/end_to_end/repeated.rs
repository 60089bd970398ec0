//! Trying again: after parts were found missing, and after an answer got lost.

use serde_json::json;

use super::everywhere;
use crate::app::{PART, TestApp};
use crate::proxy::{Action, Proxy, Rule};
use crate::stores::TestStore;

#[tokio::test(flavor = "multi_thread")]
async fn missing_parts_are_sent_and_the_seal_is_repeated() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let open = app.open(&app.token("c1").await).await;
        let first = vec![1; PART];
        app.send(&open, 2, b"the end").await;
        let problem = app.seal(&open, &[&first, b"the end"]).await.problem(409, "parts_missing");
        assert_eq!(problem["parts"], json!([1]), "{store:?}");
        app.send(&open, 1, &first[1..]).await;
        let problem = app.seal(&open, &[&first, b"the end"]).await.problem(422, "size_mismatch");
        assert_eq!(problem["parts"], json!([1]), "{store:?}");
        assert_eq!(app.bucket().objects().await, [], "{store:?}: nothing is completed on the way");
        app.send(&open, 1, &first).await;
        assert_eq!(app.seal(&open, &[&first, b"the end"]).await.expect(200)["state"], "sealed", "{store:?}");
        assert_eq!(app.download(&open.id).await, [&first, &b"the end"[..]].concat(), "{store:?}");
    })
    .await;
}

/// Every answer to the server is lost once, and one to the browser.
#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_lose_nothing() {
    for store in TestStore::all().await {
        let (proxy, name) = (Proxy::start(store.address()).await, store.name.as_str());
        let app = TestApp::builder().store(&store.reached_at(proxy.endpoint())).start().await;
        app.exam().await;
        for call in ["create_upload", "list_parts", "complete_upload", "head", "put_part"] {
            proxy.script(Rule::on(call, Action::DropAnswer).once());
        }
        let open = app.open(&app.token("c1").await).await;
        let signed = app.sign(&open, 1, b"recorded").await;
        let checksum = signed["headers"]["x-amz-checksum-sha256"].as_str().unwrap();
        let lost = app.client.put(signed["url"].as_str().unwrap()).header("x-amz-checksum-sha256", checksum);
        assert!(
            lost.body("recorded").send().await.is_err(),
            "{name}: the browser cannot know that it arrived"
        );
        app.send(&open, 1, b"recorded").await;
        assert_eq!(app.seal(&open, &[b"recorded"]).await.expect(200)["state"], "sealed", "{name}");
        assert_eq!(proxy.count("complete_upload"), 1, "{name}");
        assert_eq!(app.bucket().objects().await, [(open.key().to_owned(), 8)], "{name}");
        assert_eq!(app.download(&open.id).await, b"recorded", "{name}");
    }
}
