//! Legal holds: what has one stays, as it is, whoever asks.

use std::time::Duration;

use handin_s3::ops::{
    CreateBucket, DeleteObject, DeleteObjects, GetLegalHold, GetObjectLock, LifecycleRule, PrefixRule,
    PutBucketLifecycle, PutLegalHold, PutObject,
};
use handin_s3::{ErrorCode, Expiry, Operation};
use http::Method;

use crate::support::{TestStore, call, completed};

const ENABLED: &str =
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

async fn enable(store: &TestStore, configuration: &str) -> crate::support::Reply {
    let call = handin_s3::Call { method: Method::PUT, ..GetObjectLock.call() };
    store.send(&call, configuration.to_owned()).await
}

async fn hold(store: &TestStore, key: &str, on: bool) {
    store.ask(&PutLegalHold { key, version_id: None, on }).await.unwrap();
}

#[tokio::test]
async fn what_is_held_is_neither_deleted_nor_replaced_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    assert_eq!(enable(&store, ENABLED).await.status, 200);
    store.put("a", b"one").await;
    store.put("b", b"two").await;
    assert!(!store.ask(&GetLegalHold { key: "a", version_id: None }).await.unwrap());
    hold(&store, "a", true).await;
    hold(&store, "a", true).await;
    store.stop().await;

    let store = TestStore::over(folder.path()).await;
    assert!(store.ask(&GetObjectLock).await.unwrap());
    assert!(store.ask(&GetLegalHold { key: "a", version_id: None }).await.unwrap(), "after a restart");
    let refused = store.ask(&DeleteObject { key: "a" }).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (403, ErrorCode::AccessDenied));
    let outcome = store.ask(&DeleteObjects { keys: &["a", "b"] }).await.unwrap();
    assert_eq!((outcome.deleted, outcome.failed.len()), (vec!["b".to_owned()], 1));
    assert_eq!(outcome.failed[0].code, ErrorCode::AccessDenied);
    let other = store.give(&PutObject { key: "a", ..Default::default() }, b"other").await;
    assert_eq!(other.unwrap_err().code, ErrorCode::AccessDenied);
    let upload = store.begin("a").await.upload_id;
    let part = store.part("a", &upload, 1, b"other").await;
    let complete = handin_s3::ops::CompleteMultipart {
        key: "a",
        upload_id: &upload,
        parts: &[completed(1, &part)],
        object_size: None,
        if_none_match: false,
    };
    assert_eq!(store.ask(&complete).await.unwrap_err().code, ErrorCode::AccessDenied);
    assert_eq!(store.get("a").await.body, b"one");

    hold(&store, "a", false).await;
    store.ask(&DeleteObject { key: "a" }).await.unwrap();
    assert_eq!(store.get("a").await.code(), "NoSuchKey");
    store.stop().await;
}

#[tokio::test]
async fn a_rule_of_the_bucket_leaves_what_is_held() {
    let store = TestStore::start().await;
    enable(&store, ENABLED).await;
    store.put("a", b"one").await;
    store.put("b", b"two").await;
    hold(&store, "a", true).await;
    let rule = PrefixRule { id: "r".to_owned(), enabled: true, expire_days: Some(1), ..Default::default() };
    store.ask(&PutBucketLifecycle { rules: &[LifecycleRule::Prefix(rule)] }).await.unwrap();
    store.advance(Duration::from_secs(3 * 86_400));
    let swept = store.store.lifecycle_tick(store.now() * 1000).await;
    assert_eq!(swept.objects, 1);
    assert_eq!(
        (store.get("a").await.body, store.get("b").await.code()),
        (b"one".to_vec(), "NoSuchKey".to_owned())
    );
}

#[tokio::test]
async fn a_bucket_has_object_lock_only_when_it_was_asked_for() {
    let store = TestStore::start().await;
    assert!(!store.ask(&GetObjectLock).await.unwrap());
    store.put("a", b"one").await;
    let refused = store.ask(&PutLegalHold { key: "a", version_id: None, on: true }).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Other("ObjectLockConfigurationNotFoundError".to_owned()));
    let periods = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                   <Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    enable(&store, periods).await.expect(501, "NotImplemented");
    assert_eq!(enable(&store, ENABLED).await.status, 200);
    let missing = store.ask(&PutLegalHold { key: "b", version_id: None, on: true }).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NoSuchKey);

    let create = CreateBucket { object_lock: true, ..Default::default() };
    let signer = store.signer_for("another");
    let expiry = Expiry::from_secs(600).unwrap();
    let url = create.call().presign(&signer, store.now(), expiry);
    assert_eq!(store.send_to(&url, &create.call(), "").await.status, 200);
    let url = GetObjectLock.call().presign(&signer, store.now(), expiry);
    let said = store.send_to(&url, &call(Method::GET, ""), "").await;
    assert!(said.text().contains("<ObjectLockEnabled>Enabled<"), "{}", said.text());
}
