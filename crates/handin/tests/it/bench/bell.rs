//! A small bell against a real server: nothing is lost although the server is killed, and what is lost is noticed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::proxy::{Action, Hook, Rule};
use crate::upload::exam::{Ended, Exam, HANDIN, run, text};

fn bell(flags: &[&str]) -> Command {
    let mut command = Command::new(HANDIN);
    command.args(["bench", "bell"]).args(flags).stdin(Stdio::null());
    command
}

fn figures(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn calls<'a>(figures: &'a Value, kind: &str) -> &'a Value {
    let calls = figures["calls"].as_array().unwrap();
    calls.iter().find(|calls| calls["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {calls:#?}"))
}

fn sum(of: &Value) -> u64 {
    of.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_after_the_bell_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (json, html) = (folder.path().join("bell.json"), folder.path().join("bell.html"));
    let mut command = bell(&["--candidates", "20", "--bitrates", "16M,300k", "--time-scale", "900"]);
    command.args(["--ramp", "2s", "--outages", "1/h", "--kill-at", "bell+1s", "--data", text(folder.path())]);
    command.args(["--json", text(&json), "--html", text(&html)]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.printed.contains("40 of 40 receipts verified, 40 objects compared, 0 problems"),
        "{ended:#?}"
    );
    let figures = figures(&json);
    assert_eq!(figures["whole"], true);
    assert_eq!(
        figures["verdict"],
        json!({
            "expected": 40, "receipts_verified": 40, "objects_same": 40, "problems": []
        })
    );
    assert_eq!(figures["bytes"]["stored"], figures["bytes"]["recorded"]);
    assert!(figures["bytes"]["api_per_stored"].as_f64().unwrap() < 0.01, "{}", figures["bytes"]);
    for (kind, least) in [("open", 40), ("seal", 40), ("sign", 60), ("put", 60)] {
        assert!(calls(&figures, kind)["ok"].as_u64().unwrap() >= least, "{kind}: {figures:#}");
    }
    let interrupted: u64 =
        ["sign", "put", "seal"].iter().map(|kind| sum(&calls(&figures, kind)["failed"])).sum();
    assert!(interrupted > 0, "the kill came while nobody was at work: {figures:#}");
    assert_eq!(figures["submit_to_receipt_s"]["count"], 20);
    let samples = figures["samples"].as_array().unwrap();
    let (first, last) = (&samples[0], samples.last().unwrap());
    assert!(first["at_s"].as_f64().unwrap() < 0.0 && last["done"].as_u64().unwrap() <= 40);
    assert!(figures["server"]["rss_bytes"].as_u64().unwrap() > 1 << 20, "{}", figures["server"]);
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("40 of 40") && !page.contains("http://"), "{page}");
    let left: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "the server's folder is gone: {left:?}");
}

/// Flips the last byte of one file of the store's data and takes another away.
fn damage(data: &Path) {
    let mut files = files(data);
    files.sort();
    let mut bytes = std::fs::read(&files[0]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    std::fs::remove_file(&files[1]).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    [files, folders.iter().flat_map(|folder| self::files(folder)).collect()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_behind_its_back_is_noticed_and_named() {
    let exam = Exam::start().await;
    let data = exam.state().with_file_name("data").join("store/buckets/handin/data");
    let done = Arc::new(OnceCell::new());
    // Nobody reads before the damage is done.
    let hook: Hook = Arc::new(move || {
        let (done, data) = (done.clone(), data.clone());
        async move { *done.get_or_init(async || damage(&data)).await }.boxed()
    });
    exam.store.script(Rule::on("get", Action::Before(hook)));
    let server = exam.api.endpoint();
    let mut command = bell(&["--server", &server, "--api-key", exam.api_key(), "--candidates", "4"]);
    command.args(["--tracks", "webcam", "--bitrates", "500k", "--time-scale", "3600", "--ramp", "500ms"]);
    command.args(["--json", "-"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let verdict = printed(&ended)["verdict"].clone();
    assert_eq!(
        (&verdict["receipts_verified"], &verdict["objects_same"]),
        (&json!(4), &json!(2)),
        "{verdict:#}"
    );
    let problems = verdict["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{verdict:#}");
    for problem in problems {
        let problem = problem.as_str().unwrap();
        assert!(problem.starts_with("C-00000") && problem.contains(" webcam ("), "{problem}");
        assert!(ended.said.contains(problem), "{}", ended.said);
    }
    assert!(ended.said.contains("differs from what was sent"), "{}", ended.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_ways_are_judged_like_the_new_one() {
    for mode in ["at-end", "proxy"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command =
            bell(&["--mode", mode, "--candidates", "5", "--time-scale", "3600", "--ramp", "500ms"]);
        command.args(["--json", "-", "--data", text(folder.path())]);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{mode}: {ended:#?}");
        let figures = printed(&ended);
        assert_eq!(figures["verdict"]["objects_same"], 10, "{mode}: {figures:#}");
        let proxied = if mode == "proxy" { &figures["bytes"]["recorded"] } else { &json!(0) };
        assert_eq!(&figures["bytes"]["proxied"], proxied, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_alone_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bell(&["--sign-only", "--candidates", "50", "--time-scale", "1800", "--ramp", "500ms"]);
    command.args(["--data", text(folder.path()), "--json", "-"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let figures = printed(&ended);
    assert!(figures["left_out"].as_str().unwrap().contains("only opening and signing"), "{figures:#}");
    assert_eq!((&figures["verdict"], &figures["failed"]), (&Value::Null, &json!([])));
    assert_eq!(calls(&figures, "sign")["ok"], 100);
    assert!(figures["calls"].as_array().unwrap().iter().all(|calls| calls["kind"] != "put"), "{figures:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_rung_at() {
    let ended = run(bell(&["--server", "http://192.0.2.1", "--api-key", "k"])).await;
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.said.contains("--i-own-this-host"), "{}", ended.said);
}

fn printed(ended: &Ended) -> Value {
    serde_json::from_str(&ended.printed).unwrap_or_else(|_| panic!("{ended:#?}"))
}
