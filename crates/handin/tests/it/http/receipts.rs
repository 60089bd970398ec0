//! `/v1/receipts/{id}` and the keys.

use handin::service::receipts::verify;
use insta::assert_json_snapshot;
use reqwest::Method;

use crate::app::TestApp;

#[tokio::test]
async fn a_receipt_is_verified_without_asking_anybody() {
    let app = TestApp::start().await;
    app.exam().await;
    let (open, receipt) = app.sealed(&app.token("c1").await).await;
    let fetched = app.call(Method::GET, &format!("/v1/receipts/{}", open.id)).send().await.expect(200);
    assert_eq!(fetched["receipt"].as_str(), Some(receipt.as_str()));
    let keys = app.call(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
    let keys = serde_json::from_value(keys).unwrap();
    let stated = verify(&receipt, &keys).unwrap();
    assert_json_snapshot!(stated, { ".id" => "[id]", ".key" => "[key]" }, @r#"
    {
      "id": "[id]",
      "exam": "spring",
      "subject": "coding",
      "candidate": "c1",
      "track": "webcam",
      "take": 1,
      "key": "[key]",
      "size": 17,
      "sha256_parts": "f674905074015347124cf1cd8fa1d09241c07afc48dbf273542eed4b0edceef2",
      "parts": 1,
      "state": "sealed",
      "sealed_at": "2026-11-22T05:00:00Z",
      "duration_ms": 1000
    }
    "#);
    let (rest, signature) = receipt.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    assert!(verify(&format!("{rest}.{flipped}{}", &signature[1..]), &keys).is_none());
}

#[tokio::test]
async fn there_is_no_receipt_before_the_seal() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.call(Method::GET, &format!("/v1/receipts/{}", open.id)).send().await.problem(404, "not_found");
}
