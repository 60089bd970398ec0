//! The signing secret is rotated while tokens, handles and receipts that it signed are alive.

use handin::clock::Ids;
use handin::config::Secrets;
use serde_json::json;

use crate::app::{Open, TestApp};
use crate::caller::stream;

/// Puts a new secret in front of the others and starts anew, as the operator does.
async fn rotate(app: TestApp) -> TestApp {
    let ids = Ids::system();
    Secrets::rotate(&app.node.app.config.secrets_path(), || ids.bytes()).unwrap();
    app.restart().await
}

/// Takes every secret but the newest out of the file and starts anew.
async fn forget_older(app: TestApp) -> TestApp {
    let path = app.node.app.config.secrets_path();
    let mut secrets: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    secrets["signing"].as_array_mut().unwrap().truncate(1);
    std::fs::write(&path, toml::to_string(&secrets).unwrap()).unwrap();
    app.restart().await
}

fn key_id(jws: &str) -> String {
    jsonwebtoken::decode_header(jws).unwrap().kid.unwrap()
}

async fn sent() -> (TestApp, Open, String) {
    let app = TestApp::start().await;
    app.exam().await;
    let (_, receipt) = app.sealed(&app.token("c1").await).await;
    let token = app.token("c2").await;
    let opening = app.opening(&token, &stream()).header("idempotency-key", "k1");
    let open = Open::from(&token, opening.send().await.expect(201));
    app.send(&open, 1, b"before").await;
    (app, open, receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_secret_signed_lives_on() {
    let (app, open, receipt) = sent().await;
    let signed = app.sign(&open, 1, b"signed before").await;
    let app = rotate(app).await;
    assert_eq!(app.verified(&receipt).await.unwrap().candidate, "c1");
    assert_eq!(app.put(&signed, b"signed before").await, 200, "URLs are the store's matter");
    app.send(&open, 1, b"after").await;
    let sealed = app.seal(&open, &[b"after"]).await.expect(200);
    let fresh = sealed["receipt"].as_str().unwrap();
    assert_ne!(key_id(fresh), key_id(&receipt), "the new secret signs");
    assert_eq!(app.verified(fresh).await.unwrap().candidate, "c2");
    assert_ne!(key_id(&app.token("c3").await), key_id(&open.token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_gone_takes_handles_and_tokens_along_but_no_recording() {
    let (app, open, receipt) = sent().await;
    let app = forget_older(rotate(app).await).await;
    app.on(&open, "sign")
        .json(&json!({ "handle": open.handle }))
        .send()
        .await
        .problem(401, "unauthenticated");
    let token = app.token("c2").await;
    let stale = Open { token: token.clone(), ..open.clone() };
    app.on(&stale, "sign").json(&json!({ "handle": open.handle })).send().await.problem(403, "bad_handle");
    app.seal(&stale, &[b"before"]).await.problem(403, "bad_handle");
    assert_eq!(app.verified(&receipt).await, None, "keep a secret as long as its receipts are shown");

    // The same key brings the recording back, with a handle of the new secret.
    let opening = app.opening(&token, &stream()).header("idempotency-key", "k1");
    let again = Open::from(&token, opening.send().await.expect(201));
    assert_eq!(again.id, open.id);
    assert_eq!(app.seal(&again, &[b"before"]).await.expect(200)["state"], "sealed");
    assert_eq!(app.download(&open.id).await, b"before");
}
