//! Who may do what, for how long, and with which headers.

use std::time::Duration;

use handin_s3::ops::{PutObject, UploadPart};
use handin_s3::{Bucket, Call, Credentials, Expiry, Operation, Payload, Request, Signer, Style};
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{BUCKET, REGION, Reply, TestStore, call, reply};

fn ten_minutes() -> Expiry {
    Expiry::from_secs(600).unwrap()
}

async fn get(store: &TestStore, url: &str) -> Reply {
    reply(store.client.get(url)).await
}

fn get_url(store: &TestStore, signer: &Signer) -> String {
    call(Method::GET, "a").presign(signer, store.now(), ten_minutes())
}

#[tokio::test]
async fn a_url_works_until_it_expires() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    let url = get_url(&store, &store.signer());
    assert_eq!(get(&store, &url).await.body, b"content");
    store.advance(Duration::from_secs(600));
    assert_eq!(get(&store, &url).await.body, b"content");
    store.advance(Duration::from_secs(1));
    let expired = get(&store, &url).await;
    expired.expect(403, "AccessDenied");
    assert!(expired.text().contains("Request has expired"), "{}", expired.text());
}

#[tokio::test]
async fn a_url_of_the_future_or_of_more_than_a_week_is_refused() {
    let store = TestStore::start().await;
    let asked = call(Method::GET, "a");
    let future = asked.presign(&store.signer(), store.now() + 16 * 60, ten_minutes());
    get(&store, &future).await.expect(403, "RequestTimeTooSkewed");
    let week = asked.presign(&store.signer(), store.now(), Expiry::MAX);
    get(&store, &week).await.expect(404, "NoSuchKey");
    let longer = week.replace("X-Amz-Expires=604800", "X-Amz-Expires=604801");
    get(&store, &longer).await.expect(400, "AuthorizationQueryParametersError");
}

#[tokio::test]
async fn whatever_is_changed_in_a_url_breaks_it() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    store.put("b", b"other").await;
    let url = get_url(&store, &store.signer());
    for (part, other) in [
        (format!("/{BUCKET}/a?"), format!("/{BUCKET}/b?")),
        ("X-Amz-Expires=600".into(), "X-Amz-Expires=6000".into()),
        ("X-Amz-Signature=".into(), "versionId=null&X-Amz-Signature=".into()),
    ] {
        let changed = url.replace(&part, &other);
        assert_ne!(changed, url);
        get(&store, &changed).await.expect(403, "SignatureDoesNotMatch");
    }
    reply(store.client.put(&url).body("mine now")).await.expect(403, "SignatureDoesNotMatch");
    assert_eq!(get(&store, &url).await.body, b"content");
}

#[tokio::test]
async fn foreign_keys_regions_and_tokens_are_refused() {
    let store = TestStore::start().await;
    let bucket = |region| Bucket::new(&store.url(""), region, BUCKET, Style::Path).unwrap();
    for (credentials, region, status, code) in [
        (Credentials::new("nobody", "secret"), REGION, 403, "InvalidAccessKeyId"),
        (Credentials::new("id", "wrong"), REGION, 403, "SignatureDoesNotMatch"),
        (Credentials::new("id", "secret"), "eu-west-1", 400, "AuthorizationHeaderMalformed"),
        (Credentials::new("id", "secret").with_session_token("token"), REGION, 400, "InvalidToken"),
    ] {
        let signer = Signer::new(credentials, bucket(region));
        get(&store, &get_url(&store, &signer)).await.expect(status, code);
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_signature_or_with_an_old_one() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    let url = store.url(&format!("/{BUCKET}/a"));
    get(&store, &url).await.expect(403, "AccessDenied");
    reply(store.client.put(&url).body("mine now")).await.expect(403, "AccessDenied");
    let version_2 = format!("{url}?AWSAccessKeyId=id&Expires=9999999999&Signature=c2lnbmF0dXJl");
    get(&store, &version_2).await.expect(400, "InvalidRequest");
    let header = store.client.get(&url).header("authorization", "AWS id:c2lnbmF0dXJl");
    reply(header).await.expect(400, "InvalidRequest");
    let both =
        store.client.get(get_url(&store, &store.signer())).header("authorization", "AWS4-HMAC-SHA256 x");
    reply(both).await.expect(400, "AuthorizationHeaderMalformed");
}

#[tokio::test]
async fn headers_that_nobody_signed_are_refused() {
    let store = TestStore::start().await;
    let put = call(Method::PUT, "a");
    let url = put.presign(&store.signer(), store.now(), ten_minutes());
    for (name, value) in [
        ("x-amz-meta-role", "admin"),
        ("x-amz-acl", "private"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    ] {
        let refused = reply(store.client.put(&url).header(name, value).body("content")).await;
        refused.expect(403, "AccessDenied");
        assert!(refused.text().contains("headers present in the request which were not signed"), "{name}");
    }
    store.get("a").await.expect(404, "NoSuchKey");
    let plain = store.client.put(&url).header("content-type", "text/plain").body("content");
    assert_eq!(reply(plain).await.status.as_u16(), 200);
}

#[tokio::test]
async fn copying_by_an_unsigned_header_is_refused() {
    let store = TestStore::start().await;
    store.put("secret", b"of somebody else").await;
    let url = call(Method::PUT, "mine");
    let url = url.presign(&store.signer(), store.now(), ten_minutes());
    let source = format!("/{BUCKET}/secret");
    let refused = reply(store.client.put(&url).header("x-amz-copy-source", source).body("")).await;
    assert!(refused.status.is_client_error() || refused.status.as_u16() == 501, "{refused:?}");
    store.get("mine").await.expect(404, "NoSuchKey");
}

#[tokio::test]
async fn a_signed_length_binds_to_the_byte() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    let part = UploadPart { key: "a", upload_id: &upload_id, number: 1, size: 1000, sha256: None };
    for length in [0, 999, 1001] {
        store.send(&part.call(), vec![7; length]).await.expect(403, "SignatureDoesNotMatch");
    }
    let put = PutObject { key: "b", size: Some(5), ..Default::default() };
    store.send(&put.call(), "123456").await.expect(403, "SignatureDoesNotMatch");
    assert_eq!(store.send(&put.call(), "12345").await.status.as_u16(), 200);
    assert_eq!(store.send(&part.call(), vec![7; 1000]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn the_signed_length_of_nothing_need_not_be_said() {
    let store = TestStore::start().await;
    let put = PutObject { key: "a", size: Some(0), ..Default::default() };
    let url = put.call().presign(&store.signer(), store.now(), ten_minutes());
    let path = url.split_once(&store.address.to_string()).unwrap().1;
    let request = format!("PUT {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", store.address);
    let mut stream = TcpStream::connect(store.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(store.get("a").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_signed_type_binds() {
    let store = TestStore::start().await;
    let put = PutObject { key: "a", content_type: Some("video/webm"), ..Default::default() };
    let url = put.call().presign(&store.signer(), store.now(), ten_minutes());
    let html = store.client.put(&url).header("content-type", "text/html").body("content");
    reply(html).await.expect(403, "SignatureDoesNotMatch");
    reply(store.client.put(&url).body("content")).await.expect(403, "SignatureDoesNotMatch");
    let webm = store.client.put(&url).header("content-type", "video/webm").body("content");
    assert_eq!(reply(webm).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_body_that_ends_early_stores_nothing() {
    let store = TestStore::start().await;
    let put = call(Method::PUT, "a");
    let url = put.presign(&store.signer(), store.now(), ten_minutes());
    let path = url.split_once(&store.address.to_string()).unwrap().1.to_owned();
    let mut stream = TcpStream::connect(store.address).await.unwrap();
    let head = format!("PUT {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: 100000\r\n\r\n", store.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[1; 50_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    store.get("a").await.expect(404, "NoSuchKey");
}

/// Signs by the `Authorization` header, as clients with keys do.
async fn send_signed(
    store: &TestStore,
    call: &Call<'_>,
    payload: Payload<'_>,
    body: &[u8],
    at: i64,
) -> Reply {
    let query: Vec<_> = call.query.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let headers: Vec<_> = call.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    let request = Request { method: call.method.clone(), key: &call.key, query: &query, headers: &headers };
    let mut sent = store.client.request(call.method.clone(), store.url(&format!("/{BUCKET}/{}", call.key)));
    for (name, value) in store.signer().authorize(&request, payload, at) {
        sent = sent.header(name, value);
    }
    for (name, value) in &headers {
        sent = sent.header(*name, *value);
    }
    reply(sent.query(&query).body(body.to_vec())).await
}

#[tokio::test]
async fn a_signed_header_must_be_of_now() {
    let store = TestStore::start().await;
    store.put("a", b"content").await;
    let asked = call(Method::GET, "a");
    for (offset, status) in [(0, 200), (-14 * 60, 200), (14 * 60, 200), (-16 * 60, 403), (16 * 60, 403)] {
        let reply = send_signed(&store, &asked, Payload::Unsigned, b"", store.now() + offset).await;
        assert_eq!(reply.status.as_u16(), status, "{offset}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_signed_payload_must_be_the_one_that_was_signed() {
    let store = TestStore::start().await;
    let put = call(Method::PUT, "a");
    let other = send_signed(&store, &put, Payload::Bytes(b"signed"), b"sent!!", store.now()).await;
    other.expect(400, "XAmzContentSHA256Mismatch");
    store.get("a").await.expect(404, "NoSuchKey");
    let same = send_signed(&store, &put, Payload::Bytes(b"signed"), b"signed", store.now()).await;
    assert_eq!(same.status.as_u16(), 200, "{}", same.text());
}

#[tokio::test]
async fn an_unsigned_header_beside_a_signed_authorization_is_refused() {
    let store = TestStore::start().await;
    let asked = call(Method::PUT, "a");
    let request = Request { method: Method::PUT, key: "a", query: &[], headers: &[] };
    let mut sent = store.client.put(store.url(&format!("/{BUCKET}/{}", asked.key))).body("x");
    for (name, value) in store.signer().authorize(&request, Payload::Unsigned, store.now()) {
        sent = sent.header(name, value);
    }
    reply(sent.header("x-amz-meta-role", "admin")).await.expect(403, "AccessDenied");
}
