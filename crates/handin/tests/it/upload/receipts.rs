//! Only a receipt that holds counts, whoever says what.

use handin::service::receipts::verify;
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

use super::exam::{Ended, Exam, PART, noise, route, run, text};
use crate::proxy::{Action, Answer};

async fn upload(exam: &Exam, name: &str, film: &[u8]) -> Ended {
    let path = exam.file(name, film);
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&path)]);
    run(upload).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_holds_when_the_server_is_gone() {
    let exam = Exam::start().await;
    let one = upload(&exam, "film.webm", &noise(PART + 3)).await.one();
    let keys = exam.platform("GET", "/.well-known/jwks.json", None).await;
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    drop(exam);
    let stated = json!(verify(one["receipt"].as_str().unwrap(), &keys).unwrap());
    for name in
        ["id", "exam", "subject", "candidate", "track", "take", "key", "size", "parts", "sha256_parts"]
    {
        assert_eq!(stated[name], one[name], "{name}");
    }
    assert_eq!((&stated["size"], &stated["state"]), (&json!(PART + 3), &json!("sealed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_a_line_and_the_receipt_of_each_track() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", &noise(2_048));
    let mut upload = exam.upload_as(&exam.token);
    upload.args(["--track", "webcam", text(&path), "--track", "screen", "/nowhere/screen.webm"]);
    let ended = run(upload).await;
    assert_eq!(ended.code, Some(1), "one of two is not sealed");
    let recording = exam.recordings().await[0].clone();
    let id = recording["id"].as_str().unwrap();
    let view = exam.platform("GET", &format!("/v1/recordings/{id}"), None).await;
    let receipt = view["receipt"].as_str().unwrap();
    let line = format!("webcam: sealed {id}, 2.0 KiB in 1 part, receipt verified:\n{receipt}\n");
    assert_eq!(ended.printed, line);
    let said = "screen: failed: /nowhere/screen.webm cannot be read: No such file or directory";
    assert!(ended.said.contains(said), "{ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_does_not_hold_is_no_receipt() {
    let exam = Exam::start().await;
    let first = upload(&exam, "first.webm", b"the first film").await.one();
    let another = first["receipt"].as_str().unwrap();
    let (rest, signature) = another.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{rest}.{flipped}{}", &signature[1..]);
    for (name, receipt, complaint) in [
        ("another.webm", another, "the receipt is for recording"),
        ("forged.webm", forged.as_str(), "the receipt's signature is wrong"),
        ("rubbish.webm", "rubbish", "the receipt is not a JWS"),
    ] {
        let lie: Value = json!({ "state": "sealed", "receipt": receipt });
        exam.api.script(route("/seal", Action::Replace(Answer::json(200, &lie))));
        let failure = upload(&exam, name, name.as_bytes()).await.failure();
        assert!(failure.contains(complaint), "{name}: {failure}");
        exam.api.heal();
        let one = upload_again(&exam, name).await.one();
        assert!(exam.object(&one).await == name.as_bytes(), "a later run gets the true one");
    }
}

async fn upload_again(exam: &Exam, name: &str) -> Ended {
    let path = exam.state().with_file_name(name);
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&path)]);
    run(upload).await
}
