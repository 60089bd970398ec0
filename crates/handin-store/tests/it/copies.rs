//! Parts that are copied from an object: what comes out, and who may ask for it.

use handin_s3::ops::{
    ByteRange, ChecksumAlgorithm, CreateMultipart, DeleteObject, ListParts, PutObject, StoredPart,
    UploadPart, UploadPartCopy,
};
use handin_s3::{Call, Digest, Error, ErrorCode, Expiry, Operation};
use http::Method;

use crate::support::{BUCKET, PART, Reply, TestStore, bytes, call, completed, files, read, reply};

const SOURCE: &str = "screen/é/take 1.webm";
const KEY: &str = "mended";

/// Sends a call that is signed by headers, as copies must be.
async fn send_signed(store: &TestStore, call: &Call<'_>) -> Reply {
    let (url, headers) = call.authorize(&store.signer(), store.now());
    let mut request = store.client.request(call.method.clone(), url).body(call.body.clone());
    for (name, value) in &call.headers {
        request = request.header(name.as_ref(), value.as_ref());
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    reply(request).await
}

async fn ask_signed(store: &TestStore, copy: &UploadPartCopy<'_>) -> Result<StoredPart, Error> {
    read(copy, &send_signed(store, &copy.call()).await)
}

fn copy(upload_id: &str, number: u16, range: Option<(u64, u64)>) -> UploadPartCopy<'_> {
    let range = range.map(|(first, last)| ByteRange { first, last: Some(last) });
    UploadPartCopy { key: KEY, upload_id, number, source_bucket: BUCKET, source: SOURCE, range }
}

/// An upload that shows SHA-256.
async fn begin(store: &TestStore) -> String {
    let checksum = Some(ChecksumAlgorithm::Sha256);
    store.ask(&CreateMultipart { key: KEY, checksum, ..Default::default() }).await.unwrap().upload_id
}

#[tokio::test]
async fn a_new_beginning_and_the_copied_rest_become_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    let parts = [bytes(PART, 1), bytes(PART, 2), bytes(1234, 3)];
    store.complete_of(SOURCE, &parts).await;
    let upload_id = begin(&store).await;
    let beginning = bytes(PART, 4);
    let size = PART as u64;
    let sent = UploadPart { key: KEY, upload_id: &upload_id, number: 1, size, sha256: None };
    let mut made = vec![completed(1, &store.give(&sent, &beginning).await.unwrap())];
    for (number, range) in [(2, (size, 2 * size - 1)), (3, (2 * size, 2 * size + 1233))] {
        let copied = ask_signed(&store, &copy(&upload_id, number, Some(range))).await.unwrap();
        assert_eq!(copied.sha256, Some(Digest::of(&parts[usize::from(number) - 1])));
        made.push(completed(number, &copied));
    }
    store.stop().await;

    // What was answered is on the disk, whatever becomes of the source.
    let store = TestStore::over(folder.path()).await;
    store.ask(&DeleteObject { key: SOURCE }).await.unwrap();
    let list = ListParts { key: KEY, upload_id: &upload_id, ..Default::default() };
    let listed = store.ask(&list).await.unwrap().parts;
    let seen: Vec<_> =
        listed.into_iter().map(|part| (part.number, part.size, part.etag, part.sha256)).collect();
    let expected: Vec<_> = [PART, PART, 1234].iter().zip(made.clone()).collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(size, part)| (part.number, *size as u64, part.etag, part.sha256))
        .collect();
    assert_eq!(seen, expected);
    store.complete(KEY, &upload_id, &made).await.unwrap();
    assert!(store.get(KEY).await.body == [&beginning[..], &parts[1], &parts[2]].concat());
}

#[tokio::test]
async fn a_range_may_cross_parts_and_no_range_is_the_whole() {
    let store = TestStore::start().await;
    let parts = [bytes(PART, 1), bytes(77, 2)];
    store.complete_of(SOURCE, &parts).await;
    let whole = parts.concat();
    let upload_id = begin(&store).await;
    let size = whole.len() as u64;
    for (range, expected) in [
        (None, &whole[..]),
        (Some((size - 100, size - 1)), &whole[whole.len() - 100..]),
        (Some((0, 0)), &whole[..1]),
    ] {
        let copied = ask_signed(&store, &copy(&upload_id, 1, range)).await.unwrap();
        assert_eq!(copied.sha256, Some(Digest::of(expected)), "{range:?}");
    }
    store.put(SOURCE, b"").await;
    let nothing = ask_signed(&store, &copy(&upload_id, 1, None)).await.unwrap();
    assert_eq!(nothing.sha256, Some(Digest::of(b"")));
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let store = TestStore::start().await;
    store.put(SOURCE, b"0123456789").await;
    store.store.ensure_bucket("another").await.unwrap();
    let upload_id = begin(&store).await;
    let refuse = async |copy: UploadPartCopy<'_>| ask_signed(&store, &copy).await.unwrap_err().code;
    let good = copy(&upload_id, 1, None);
    assert_eq!(refuse(copy(&upload_id, 0, None)).await, ErrorCode::InvalidArgument);
    for range in [(0, 10), (5, 4), (10, 10)] {
        assert_eq!(refuse(copy(&upload_id, 1, Some(range))).await, ErrorCode::InvalidArgument, "{range:?}");
    }
    let open_end = ByteRange { first: 2, last: None };
    assert_eq!(refuse(UploadPartCopy { range: Some(open_end), ..good }).await, ErrorCode::InvalidArgument);
    assert_eq!(refuse(UploadPartCopy { source: "nothing", ..good }).await, ErrorCode::NoSuchKey);
    assert_eq!(refuse(UploadPartCopy { upload_id: "nothing", ..good }).await, ErrorCode::NoSuchUpload);
    let another = UploadPartCopy { source_bucket: "another", ..good };
    assert_eq!(refuse(another).await.name(), "NotImplemented");
    for (condition, value, status) in [
        ("x-amz-copy-source-if-match", "\"another\"", 412),
        ("x-amz-copy-source-if-none-match", "*", 412),
        ("x-amz-copy-source-if-match", "\"781e5e245d69b566979b86e28d23f2c7\"", 200),
        ("x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256", 501),
    ] {
        let mut asked = good.call();
        asked.headers.push((condition.into(), value.into()));
        let reply = send_signed(&store, &asked).await;
        assert_eq!(reply.status.as_u16(), status, "{condition}: {}", reply.text());
    }
}

/// A URL is handed to somebody who may send one part; it must not let them read what others recorded.
#[tokio::test]
async fn no_url_copies_whatever_was_signed_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    store.put(SOURCE, b"of somebody else").await;
    let upload_id = begin(&store).await;
    let ten_minutes = Expiry::from_secs(600).unwrap();
    let copy = copy(&upload_id, 1, None);
    let asked = copy.call();

    let signed = store.send(&asked, "").await;
    signed.expect(501, "NotImplemented");
    let mut hoisted = asked.clone();
    for (_, value) in hoisted.headers.drain(..) {
        hoisted.query.push(("x-amz-copy-source", value));
    }
    store.send(&hoisted, "").await.expect(501, "NotImplemented");
    let mut plain = asked.clone();
    plain.headers.clear();
    let url = plain.presign(&store.signer(), store.now(), ten_minutes);
    let smuggled = store.client.put(url).header("x-amz-copy-source", format!("/{BUCKET}/{SOURCE}"));
    reply(smuggled.body("")).await.expect(403, "AccessDenied");

    let list = ListParts { key: KEY, upload_id: &upload_id, ..Default::default() };
    assert_eq!(store.ask(&list).await.unwrap().parts, []);
    // The source and the intent: nothing was left behind on the disk.
    assert_eq!(files(&folder.path().join("buckets").join(BUCKET).join("data")).len(), 1);
}

#[tokio::test]
async fn a_source_beside_the_signature_or_outside_of_an_upload_is_refused() {
    let store = TestStore::start().await;
    store.put(SOURCE, b"of somebody else").await;
    let upload_id = begin(&store).await;
    let copy = copy(&upload_id, 1, None);
    let asked = copy.call();
    let mut unsigned = asked.clone();
    unsigned.headers.clear();
    let (url, headers) = unsigned.authorize(&store.signer(), store.now());
    let mut request = store.client.put(url).body("").header("x-amz-copy-source", format!("/{BUCKET}/a"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    reply(request).await.expect(403, "AccessDenied");

    let mut object = asked.clone();
    object.query.clear();
    send_signed(&store, &object).await.expect(501, "NotImplemented");
    let mut half = asked;
    half.query.retain(|(name, _)| *name == "partNumber");
    send_signed(&store, &half).await.expect(501, "NotImplemented");
    store.get(KEY).await.expect(404, "NoSuchKey");
    let put = PutObject { key: KEY, ..Default::default() };
    assert_eq!(send_signed(&store, &put.call()).await.status.as_u16(), 200, "signing by headers works");
    assert_eq!(store.send(&call(Method::HEAD, KEY), "").await.status.as_u16(), 200);
}
