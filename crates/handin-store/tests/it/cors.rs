//! What browsers are told.

use handin_s3::Expiry;
use handin_s3::ops::{CorsRule, GetBucketCors, PutBucketCors};
use http::Method;

use crate::support::{BUCKET, Reply, TestStore, call, reply};

const ORIGIN: &str = "https://exam.test";

async fn store_with_rules() -> TestStore {
    let store = TestStore::start().await;
    let rules = [CorsRule {
        id: Some("candidates".to_owned()),
        origins: vec!["https://*.test".to_owned()],
        methods: vec!["PUT".to_owned(), "GET".to_owned()],
        headers: vec!["content-*".to_owned(), "x-amz-*".to_owned()],
        expose: vec!["ETag".to_owned()],
        max_age_s: Some(600),
    }];
    store.ask(&PutBucketCors { rules: &rules }).await.unwrap();
    assert_eq!(store.ask(&GetBucketCors).await.unwrap(), rules);
    store
}

async fn preflight(store: &TestStore, origin: &str, method: &str, headers: &str) -> Reply {
    let request = store
        .client
        .request(Method::OPTIONS, store.url(&format!("/{BUCKET}/some/key")))
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    reply(request).await
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_rules_and_needs_no_signature() {
    let store = store_with_rules().await;
    let allowed = preflight(&store, ORIGIN, "PUT", "Content-Type, X-Amz-Checksum-Sha256").await;
    assert_eq!(allowed.status.as_u16(), 200);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(allowed.header("access-control-allow-methods"), "PUT, GET");
    assert_eq!(allowed.header("access-control-allow-headers"), "content-type, x-amz-checksum-sha256");
    assert_eq!(allowed.header("access-control-max-age"), "600");
    assert!(allowed.header("vary").contains("Origin"));

    for (origin, method, headers) in
        [("https://evil.example", "PUT", ""), (ORIGIN, "DELETE", ""), (ORIGIN, "PUT", "authorization")]
    {
        let refused = preflight(&store, origin, method, headers).await;
        refused.expect(403, "AccessForbidden");
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn answers_carry_the_headers_errors_too() {
    let store = store_with_rules().await;
    let put = call(Method::PUT, "a");
    let url = put.presign(&store.signer(), store.now(), Expiry::MAX);
    let from = |url: &str, origin: &str| store.client.put(url).header("origin", origin).body("content");
    let stored = reply(from(&url, ORIGIN)).await;
    assert_eq!(stored.status.as_u16(), 200);
    assert_eq!(stored.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(stored.header("access-control-expose-headers"), "ETag");
    let refused = reply(from(&format!("{url}0"), ORIGIN)).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
    let foreign = reply(from(&url, "https://evil.example")).await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn without_rules_no_page_is_allowed() {
    let store = TestStore::start().await;
    preflight(&store, ORIGIN, "PUT", "").await.expect(403, "AccessForbidden");
    assert_eq!(store.ask(&GetBucketCors).await.unwrap_err().code.name(), "NoSuchCORSConfiguration");
}

#[tokio::test]
async fn rules_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let rules =
        [CorsRule { origins: vec!["*".to_owned()], methods: vec!["PUT".to_owned()], ..Default::default() }];
    let store = TestStore::over(folder.path()).await;
    store.ask(&PutBucketCors { rules: &rules }).await.unwrap();
    store.stop().await;
    let store = TestStore::over(folder.path()).await;
    assert_eq!(store.ask(&GetBucketCors).await.unwrap(), rules);
    assert_eq!(preflight(&store, "null", "PUT", "").await.header("access-control-allow-origin"), "*");
    store.stop().await;
}
