//! Put, get, head, delete.

use handin_s3::ops::{DeleteObject, DeleteObjects, GetObject, HeadObject, PutObject};
use handin_s3::{Digest, ErrorCode, Operation};
use http::Method;

use crate::support::{TestStore, bytes, call, reply};

#[tokio::test]
async fn an_object_comes_back_with_what_was_said_about_it() {
    let store = TestStore::start().await;
    let content = bytes(300_000, 1);
    let put = PutObject {
        key: "webcam/a b+c%2F한글🎥.webm",
        content_type: Some("video/webm"),
        sha256: Some(Digest::of(&content)),
        storage_class: Some("GLACIER_IR"),
        metadata: &[("write-token", "abc"), ("take", "2")],
        ..Default::default()
    };
    let stored = store.give(&put, &content).await.unwrap();
    assert_eq!(stored.checksums.sha256.unwrap(), Digest::of(&content).to_base64());

    let head = store.ask(&HeadObject { key: put.key, checksums: true }).await.unwrap();
    assert_eq!(head.size, 300_000);
    assert_eq!(head.etag, Some(stored.etag));
    assert_eq!(head.content_type.as_deref(), Some("video/webm"));
    assert_eq!(head.storage_class.as_deref(), Some("GLACIER_IR"));
    assert_eq!(head.modified, Some(store.now()));
    assert_eq!(head.metadata["write-token"], "abc");
    assert_eq!(head.checksums.sha256, Some(Digest::of(&content).to_base64()));

    assert_eq!(store.get(put.key).await.body, content);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    store.put("a", b"one").await;
    store.put("a/b", b"two").await;
    store.stop().await;

    let store = TestStore::over(folder.path()).await;
    assert_eq!(store.get("a").await.body, b"one");
    assert_eq!(store.get("a/b").await.body, b"two");
    store.stop().await;
}

#[tokio::test]
async fn two_stores_cannot_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    let config = handin_store::Config::new(folder.path(), "r", Vec::new());
    let second = handin_store::Store::open(config).await;
    assert!(matches!(second, Err(handin_store::OpenError::InUse(_))), "{second:?}");
    store.stop().await;
}

#[tokio::test]
async fn ranges_are_those_of_the_object() {
    let store = TestStore::start().await;
    store.put("a", b"0123456789").await;
    let get = GetObject { key: "a", ..Default::default() };
    for (range, body, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=3-5", "345", "bytes 3-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=5-99", "56789", "bytes 5-9/10"),
    ] {
        let mut call = get.call();
        call.headers.push(("range".into(), range.into()));
        let reply = store.send(&call, "").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (206, body), "{range}");
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-length"), body.len().to_string());
    }
    let mut call = get.call();
    call.headers.push(("range".into(), "bytes=10-".into()));
    store.send(&call, "").await.expect(416, "InvalidRange");
}

#[tokio::test]
async fn a_get_can_be_conditional() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    let etag = store.get("a").await.header("etag").to_owned();
    let status = |name: &'static str, value: String| {
        let store = &store;
        async move {
            let mut asked = call(Method::GET, "a");
            asked.headers.push((name.into(), value.clone().into()));
            store.send(&asked, "").await.status.as_u16()
        }
    };
    assert_eq!(status("if-match", etag.clone()).await, 200);
    assert_eq!(status("if-match", "\"other\"".into()).await, 412);
    assert_eq!(status("if-none-match", etag).await, 304);
    assert_eq!(status("if-none-match", "\"other\"".into()).await, 200);
    assert_eq!(status("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT".into()).await, 200);
    assert_eq!(status("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT".into()).await, 412);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let store = TestStore::start().await;
    store.put("empty", b"").await;
    let reply = store.get("empty").await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    assert_eq!(store.ask(&HeadObject { key: "empty", checksums: false }).await.unwrap().size, 0);
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_deleting_again_is_no_error() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    for _ in 0..2 {
        store.ask(&DeleteObject { key: "a" }).await.unwrap();
    }
    store.get("a").await.expect(404, "NoSuchKey");
    let head = store.ask(&HeadObject { key: "a", checksums: false }).await.unwrap_err();
    assert_eq!(head.code, ErrorCode::NoSuchKey);
}

#[tokio::test]
async fn many_keys_are_deleted_in_one_call() {
    let store = TestStore::start().await;
    let keys: Vec<String> = (0..40).map(|n| format!("k/{n}")).collect();
    for key in &keys {
        store.put(key, key.as_bytes()).await;
    }
    let asked: Vec<&str> = keys.iter().map(String::as_str).chain(["never/there"]).collect();
    let deleted = store.ask(&DeleteObjects { keys: &asked }).await.unwrap();
    assert!(deleted.failed.is_empty(), "{deleted:?}");
    for key in &keys {
        store.get(key).await.expect(404, "NoSuchKey");
    }
}

#[tokio::test]
async fn a_wrong_checksum_stores_nothing() {
    let store = TestStore::start().await;
    let wrong = Some(Digest::of(b"something else"));
    let put = PutObject { key: "a", sha256: wrong, ..Default::default() };
    let refused = store.give(&put, b"content").await.unwrap_err();
    assert_eq!((refused.status, refused.code.name()), (400, "BadDigest"));
    store.get("a").await.expect(404, "NoSuchKey");
}

#[tokio::test]
async fn every_kind_of_checksum_is_verified_and_kept() {
    let store = TestStore::start().await;
    let sha256 = Digest::of(b"123456789").to_base64();
    // The check values of the catalogue of parametrised CRC algorithms.
    for (name, value) in [
        ("x-amz-checksum-crc32", "y/Q5Jg=="),
        ("x-amz-checksum-crc32c", "4waSgw=="),
        ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ("x-amz-checksum-sha256", sha256.as_str()),
    ] {
        let mut put = call(Method::PUT, name);
        put.headers.push((name.into(), value.into()));
        let reply = store.send(&put, "123456789").await;
        assert_eq!((reply.status.as_u16(), reply.header(name)), (200, value), "{}", reply.text());
        let head = store.send(&HeadObject { key: name, checksums: true }.call(), "").await;
        assert_eq!(head.header(name), value);
        assert_eq!(head.header("x-amz-checksum-type"), "FULL_OBJECT");

        store.send(&put, "123456780").await.expect(400, "BadDigest");
        assert_eq!(store.get(name).await.text(), "123456789");
        put.headers[0].1 = "AAAA".into();
        store.send(&put, "123456789").await.expect(400, "InvalidRequest");
    }
}

#[tokio::test]
async fn options_the_store_does_not_have_are_refused_by_name() {
    let store = TestStore::start().await;
    for (name, value, code) in [
        ("x-amz-copy-source", "/recordings/other", "NotImplemented"),
        ("x-amz-server-side-encryption", "AES256", "NotImplemented"),
        ("x-amz-object-lock-mode", "GOVERNANCE", "NotImplemented"),
        ("x-amz-tagging", "a=b", "NotImplemented"),
        ("x-amz-checksum-md17", "AAAA", "NotImplemented"),
        ("x-amz-acl", "public-read", "AccessControlListNotSupported"),
        ("x-amz-storage-class", "FLOPPY", "InvalidStorageClass"),
        ("x-amz-expected-bucket-owner", "123456789012", "AccessDenied"),
    ] {
        let mut asked = call(Method::PUT, "a");
        asked.headers.push((name.into(), value.into()));
        let reply = store.send(&asked, "content").await;
        assert_eq!(reply.code(), code, "{name}: {}", reply.text());
    }
    store.get("a").await.expect(404, "NoSuchKey");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused() {
    let store = TestStore::start().await;
    let asked = call(Method::PUT, "a");
    let url = asked.presign(&store.signer(), store.now(), handin_s3::Expiry::MAX);
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("content")]);
    let request = store.client.request(Method::PUT, url).body(reqwest::Body::wrap_stream(chunks));
    reply(request).await.expect(411, "MissingContentLength");
}

#[tokio::test]
async fn a_deletion_waits_for_its_readers() {
    let store = TestStore::start().await;
    let content = bytes(20 << 20, 3);
    store.put("a", &content).await;
    let url = call(Method::GET, "a");
    let url = url.presign(&store.signer(), store.now(), handin_s3::Expiry::MAX);
    let mut reading = store.client.get(url).send().await.unwrap();
    let mut read = reading.chunk().await.unwrap().unwrap().to_vec();
    store.ask(&DeleteObject { key: "a" }).await.unwrap();
    while let Some(chunk) = reading.chunk().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert!(read == content);
}
