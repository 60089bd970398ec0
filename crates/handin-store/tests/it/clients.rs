//! Clients as they come: boto3 and aws-cli, unmodified.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::{BUCKET, REGION, TestStore};

fn python() -> String {
    std::env::var("HANDIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

async fn run(script: &str) {
    // These clients sign by the machine's clock.
    let folder = tempfile::tempdir().unwrap();
    let real = handin_store::Config::new("", "", Vec::new()).clock;
    let store = TestStore::with(folder.path(), |config| config.clock = real).await;
    let path = format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python())
        .arg(&path)
        .args([&store.url(""), BUCKET, REGION])
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap_or_else(|error| panic!("{} cannot be run ({error}); set HANDIN_TEST_PYTHON", python()));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{path} failed:\n{out}\n{err}");
    assert!(out.trim_end().ends_with("done"), "{path} did not come to its end:\n{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_works_unmodified() {
    run("boto3_suite.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_cli_works_unmodified() {
    run("aws_cli_suite.py").await;
}
