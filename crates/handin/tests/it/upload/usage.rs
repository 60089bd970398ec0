//! Wrong usage, wrong files, wrong tokens: what is said, and which exit code it ends with.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::exam::{Exam, HANDIN, run, text};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_2_before_anything_is_sent() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", b"film");
    for (line, said) in [
        ("", "--track"),
        ("--track webcam", "2 values"),
        ("--track webcam FILE --track webcam FILE", "each track is given once"),
        ("--track webcam - --track screen -", "only one track can come from standard input"),
        ("--track Web!cam FILE", "track"),
        ("--upload mail --track webcam FILE", "mail"),
        ("--parallel 0 --track webcam FILE", "--parallel"),
        ("--finish --track webcam FILE", "--finish"),
        ("--token-file /nowhere --track webcam FILE", "--token-file"),
        ("--server exam.example.com --track webcam FILE", "the server exam.example.com is not a URL"),
        ("--server localhost:8780 --track webcam FILE", "the server localhost:8780 is not an http:// or"),
    ] {
        let words = line.replace("FILE", text(&path));
        let mut upload = Command::new(HANDIN);
        upload.args(["upload", "--token", &exam.token, "--state"]).arg(exam.state());
        if !line.contains("--server") {
            upload.args(["--server", &exam.api.endpoint()]);
        }
        upload.args(words.split_whitespace());
        let ended = run(upload).await;
        assert_eq!((ended.code, ended.printed.as_str()), (Some(2), ""), "{line}: {ended:#?}");
        assert!(ended.said.contains(said), "{line}: {ended:#?}");
    }
    assert_eq!(exam.api.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_none_is_wrong_usage_and_never_repeated() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", b"film");
    let surrounded = format!("token {}\nuntil tomorrow", exam.token);
    for token in ["hk_secret", "a.b.c", "", &surrounded] {
        let mut upload = exam.upload_as(token);
        upload.args(["--track", "webcam", text(&path)]);
        let ended = run(upload).await;
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.said.contains("the token") && !ended.said.contains("hk_secret"), "{ended:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_ends_with_1_and_the_reason() {
    let exam = Exam::start().await;
    let film = exam.file("film.webm", b"film");
    let empty = exam.file("empty.webm", b"");
    for (track, file, said) in [
        ("webcam", "/nowhere/film.webm", "/nowhere/film.webm cannot be read: No such file"),
        ("webcam", "/", "/ is not a file"),
        ("webcam", text(&empty), "empty.webm is empty"),
        ("webcam", "-", "standard input ended before a single byte came"),
        ("microphone", text(&film), "no recording could be opened: the server says forbidden"),
    ] {
        let mut upload = exam.upload();
        upload.args(["--track", track, file]);
        let failure = run(upload).await.failure();
        assert!(failure.contains(said), "{track} {file}: {failure}");
    }
    assert_eq!(exam.recordings().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_somebody_changed_opens_nothing() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", b"film");
    let mut words: Vec<&str> = exam.token.split('.').collect();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(words[1]).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["candidate"] = json!("somebody-else");
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    words[1] = &claims;
    let mut upload = exam.upload_as(&words.join("."));
    upload.args(["--json", "--track", "webcam", text(&path)]);
    let failure = run(upload).await.failure();
    assert!(
        failure.starts_with("no recording could be opened: the server says unauthenticated"),
        "{failure}"
    );
    assert_eq!((exam.api.seen().len(), exam.recordings().await.len()), (1, 0), "it is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_exam_is_another_recording() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", b"film");
    let mut sealed = Vec::new();
    for candidate in ["c", "d"] {
        let mut upload = exam.upload_as(&exam.token_of(candidate).await);
        upload.args(["--json", "--track", "webcam", text(&path)]);
        let one = run(upload).await.one();
        assert_eq!((&one["candidate"], &one["take"]), (&json!(candidate), &json!(1)));
        sealed.push(one["id"].clone());
    }
    assert_ne!(sealed[0], sealed[1]);
}
