//! `handin doctor` against the embedded store: before the first start, while it is served, and once it is mended.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::upload::exam::{Exam, HANDIN};

fn doctor(data: &Path, more: &[&str]) -> Output {
    // Not the usual port: whoever serves there on this machine is not meant.
    let mut command = Command::new(HANDIN);
    command.env("HANDIN_STORE_LISTEN", "127.0.0.1:0");
    command.args(["doctor", "--data"]).arg(data).args(more).output().unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn failed(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 38);
    checks
        .iter()
        .filter(|check| check["passed"] == false)
        .map(|check| check["check"].as_str().unwrap())
        .collect()
}

#[test]
fn a_folder_that_was_never_served_lacks_only_its_rules_and_fix_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let new = doctor(folder.path(), &["--json"]);
    assert_eq!((new.status.code(), failed(&report(&new))), (Some(1), vec!["cors", "lifecycle"]));
    let table = String::from_utf8(doctor(folder.path(), &[]).stdout).unwrap();
    assert!(table.contains("\nFAIL  cors ") && table.contains("`handin doctor --fix` writes"), "{table}");

    let mended = doctor(folder.path(), &["--fix", "--json"]);
    assert_eq!((mended.status.code(), failed(&report(&mended))), (Some(0), vec![]));
    let again = doctor(folder.path(), &[]);
    let table = String::from_utf8(again.stdout).unwrap();
    assert_eq!(again.status.code(), Some(0), "{table}");
    assert!(
        table.ends_with("Everything essential is as it should be.\n") && !table.contains("FAIL"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_being_served_is_sound() {
    let exam = Exam::start().await;
    let served = exam.command("doctor").arg("--json").output().unwrap();
    assert_eq!((served.status.code(), failed(&report(&served))), (Some(0), vec![]));
    assert!(exam.store.count("put_part") > 0, "parts are sent as browsers send them, by the public address");
}
