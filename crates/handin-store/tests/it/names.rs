//! Keys of every shape: none leaves the folder, each is its own object.

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use handin_s3::Expiry;
use handin_s3::ops::ListObjectsV2;
use http::Method;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::net::TcpStream;

use crate::support::{TestStore, call, files};

fn key() -> impl Strategy<Value = String> {
    let nasty = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just("%2e%2e".to_owned()),
        Just("..%2f".to_owned()),
        Just("\0".to_owned()),
        Just("\\".to_owned()),
        Just("CON".to_owned()),
        Just("é".to_owned()),
        Just("e\u{301}".to_owned()),
        Just("a".repeat(250)),
        Just("A".to_owned()),
        Just("a.".to_owned()),
        Just("a ".to_owned()),
        "[a-z]{0,3}",
        any::<String>().prop_map(|text| text.chars().take(20).collect()),
    ];
    vec(nasty, 1..5)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("1 to 1024 bytes", |key| !key.is_empty() && key.len() <= 1024)
}

#[test]
fn no_key_leaves_the_folder_and_every_key_is_its_own() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let keys = btree_map(key(), vec(any::<u8>(), 0..40), 1..12);
    runner.run(&keys, |objects| runtime.block_on(check(objects))).unwrap();
}

async fn check(objects: BTreeMap<String, Vec<u8>>) -> Result<(), TestCaseError> {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("one/two/store");
    fs::create_dir_all(&folder).unwrap();
    let store = TestStore::over(&folder).await;
    for (key, content) in &objects {
        let (status, body) = send(&store, Method::PUT, key, content).await;
        prop_assert_eq!(status, 200, "{:?}: {}", key, String::from_utf8_lossy(&body));
    }
    for (key, content) in &objects {
        let (status, body) = send(&store, Method::GET, key, b"").await;
        prop_assert_eq!((status, &body), (200, content), "{:?}", key);
    }
    let listed = store.ask(&ListObjectsV2::default()).await.unwrap();
    let seen: Vec<String> = listed.objects.into_iter().map(|object| object.key).collect();
    let expected: Vec<String> = objects.keys().cloned().collect();
    prop_assert_eq!(seen, expected);
    for path in files(outside.path()) {
        prop_assert!(path.starts_with(&folder), "{} left the folder", path.display());
    }
    store.stop().await;
    Ok(())
}

/// Sends a request as it is written. The other client, like browsers, resolves `..` in paths.
async fn send(store: &TestStore, method: Method, key: &str, content: &[u8]) -> (u16, Vec<u8>) {
    let url = call(method.clone(), key).presign(&store.signer(), store.now(), Expiry::MAX);
    let target = url.split_once(&store.address.to_string()).unwrap().1;
    let request =
        http::Request::builder().method(method).uri(target).header("host", store.address.to_string());
    let request = request.body(Full::new(Bytes::copy_from_slice(content))).unwrap();
    let stream = TokioIo::new(TcpStream::connect(store.address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    drop(sender);
    connection.await.unwrap().unwrap();
    (status, body)
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let store = TestStore::start().await;
    let put = handin_s3::ops::PutObject { key: &"a".repeat(1025), ..Default::default() };
    let refused = store.give(&put, b"x").await.unwrap_err();
    assert_eq!((refused.status, refused.code.name()), (400, "KeyTooLongError"));
}
