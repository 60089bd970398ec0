//! Rules that delete by age, with a clock that is moved.

use std::time::Duration;

use handin_s3::ops::{
    GetBucketLifecycle, LifecycleRule, ListMultipartUploads, PrefixRule, PutBucketLifecycle,
};
use handin_store::Swept;

use crate::support::TestStore;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn rule(
    id: &str,
    prefix: &str,
    expire_days: Option<u32>,
    abort_incomplete_days: Option<u32>,
) -> LifecycleRule {
    let (id, prefix) = (id.to_owned(), prefix.to_owned());
    LifecycleRule::Prefix(PrefixRule { id, enabled: true, prefix, expire_days, abort_incomplete_days })
}

#[tokio::test]
async fn objects_expire_and_uploads_are_aborted_by_prefix_and_age() {
    let store = TestStore::start().await;
    let rules = [rule("short", "webcam/", Some(1), None), rule("dead", "", None, Some(2))];
    store.ask(&PutBucketLifecycle { rules: &rules }).await.unwrap();
    assert_eq!(store.ask(&GetBucketLifecycle).await.unwrap(), rules);

    store.put("webcam/old", b"x").await;
    store.put("screen/old", b"x").await;
    store.begin("webcam/upload").await;
    assert_eq!(store.store.lifecycle_tick(store.now() * 1000).await, Swept::default());

    store.advance(DAY * 2);
    store.put("webcam/new", b"x").await;
    let swept = store.store.lifecycle_tick(store.now() * 1000).await;
    assert_eq!(swept, Swept { objects: 1, uploads: 0 });
    store.get("webcam/old").await.expect(404, "NoSuchKey");
    assert_eq!(store.get("webcam/new").await.body, b"x");
    assert_eq!(store.get("screen/old").await.body, b"x");

    store.advance(DAY);
    let swept = store.store.lifecycle_tick(store.now() * 1000).await;
    assert_eq!(swept, Swept { objects: 0, uploads: 1 });
    assert!(store.ask(&ListMultipartUploads::default()).await.unwrap().uploads.is_empty());
}

#[tokio::test]
async fn rules_that_would_be_ignored_are_refused() {
    let store = TestStore::start().await;
    let none = store.ask(&GetBucketLifecycle).await.unwrap_err();
    assert_eq!(none.code.name(), "NoSuchLifecycleConfiguration");
    let idle = [rule("idle", "", None, None)];
    assert_eq!(store.ask(&PutBucketLifecycle { rules: &idle }).await.unwrap_err().status, 400);
    let zero = [rule("zero", "", Some(0), None)];
    assert_eq!(store.ask(&PutBucketLifecycle { rules: &zero }).await.unwrap_err().status, 400);
}
