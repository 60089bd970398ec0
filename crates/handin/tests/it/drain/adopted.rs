//! `handin import` as its users run it, over loopback.

use std::process::Command;

use serde_json::Value;

use super::*;
use crate::upload::exam::{HANDIN, run};

const MAP: &str = "{track}/{candidate}/{subject}.webm";

fn file(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

async fn import(app: &TestApp, from: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let ready = &app.node.ready;
    let mut import = Command::new(HANDIN);
    import.args(["import", "--exam", "spring", "--map", MAP, "--json", "--from"]).arg(from).args(more);
    import.arg("--data").arg(&ready.data).arg("--state").arg(from.with_extension("state"));
    import.env("HANDIN_SERVER", ready.api.as_deref().unwrap());
    import.env("HANDIN_API_KEY", ready.api_key.as_deref().unwrap());
    let ended = run(import).await;
    let value = serde_json::from_str(&ended.printed).unwrap_or_else(|_| panic!("{ended:#?}"));
    (ended.code, value)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_a_folder_is_adopted_once() {
    let app = TestApp::start().await;
    app.exam().await;
    let old = tempfile::tempdir().unwrap();
    let folder = old.path().join("old");
    file(&folder, "webcam/c1/coding.webm", b"one");
    file(&folder, "webcam/c2/coding.webm", b"another");
    let (code, would) = import(&app, &folder, &[]).await;
    assert_eq!(code, Some(0), "{would}");
    assert_eq!(would["fits"], json!(["webcam/c1/coding.webm", "webcam/c2/coding.webm"]));
    assert_eq!(app.recordings().await.len(), 0, "a dry run changes nothing");

    let (code, adopted) = import(&app, &folder, &["--confirm"]).await;
    assert_eq!((code, adopted["adopted"].as_array().unwrap().len()), (Some(0), 2), "{adopted}");
    for (recording, bytes) in app.recordings().await.iter().zip([&b"one"[..], b"another"]) {
        assert_eq!(recording["state"], "sealed");
        assert_eq!(app.download(recording["id"].as_str().unwrap()).await, bytes);
    }
    let (code, again) = import(&app, &folder, &["--confirm"]).await;
    assert_eq!((code, &again["fits"]), (Some(0), &json!([])), "{again}");
    assert_eq!(again["known"].as_array().unwrap().len(), 2);
    assert_eq!(app.recordings().await.len(), 2);

    file(&folder, "notes.txt", b"no recording");
    file(&folder, "webcam/c1/coding.webm", b"two");
    let (code, left) = import(&app, &folder, &[]).await;
    assert_eq!((code, &left["unmapped"]), (Some(1), &json!(["notes.txt"])));
    assert_eq!(
        left["fits"],
        json!(["webcam/c1/coding.webm"]),
        "other bytes of the same length are another take"
    );
}
