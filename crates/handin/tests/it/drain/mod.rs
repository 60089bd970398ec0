//! Draining from the outside: recordings go to an archive, play from there, and leave where they were.

mod faults;
mod ways;
mod adopted;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use handin::config::{Archive, Config, Store};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Builder, Open, TestApp};
use crate::call::Answer;
use crate::onlooker::Onlooker;

const A_DAY: Duration = Duration::from_secs(86_400);
/// What [`crate::caller::Caller::sealed`] records.
const BYTES: &[u8] = b"a short recording";

/// An archive `nas` that is a folder beside the data.
fn with_archive() -> Builder {
    TestApp::builder().config(|config| {
        let folder = Some(config.place.data.join("nas"));
        let archive = Archive { folder, listen: "127.0.0.1:0".parse().unwrap(), ..Archive::default() };
        config.archives.insert("nas".to_owned(), archive);
    })
}

/// An app with the exam `spring` and a sealed recording of each candidate, which nobody waits for any more.
async fn sealed(app: &TestApp, candidates: &[&str]) -> Vec<Open> {
    app.exam().await;
    let mut sealed = Vec::new();
    for candidate in candidates {
        sealed.push(app.sealed(&app.token(candidate).await).await.0);
    }
    app.run_jobs().await;
    sealed
}

async fn drain(app: &TestApp, wanted: &Value) -> Answer {
    app.platform(Method::POST, "/v1/exams/spring/drain").json(wanted).send().await
}

/// Asks `spring` to go to the archive, and lets it.
async fn drained(app: &TestApp) -> Value {
    drain(app, &json!({ "to": "nas" })).await.expect(200);
    app.run_jobs().await;
    progress(app).await
}

async fn progress(app: &TestApp) -> Value {
    let mut drains = app.platform(Method::GET, "/v1/exams/spring/drain").send().await.expect(200);
    let mut first = drains["items"].get_mut(0).map(Value::take).unwrap_or_default();
    first["paused"] = drains["paused"].take();
    first
}

fn counts(progress: &Value) -> [u64; 3] {
    ["waiting", "copied", "moved"].map(|name| progress[name].as_u64().unwrap_or_default())
}

async fn pass_days(app: &TestApp, days: u32) {
    for _ in 0..days {
        app.advance(A_DAY);
        app.run_jobs().await;
    }
}

/// The archive's bucket, past the server.
fn archive(app: &TestApp) -> Onlooker {
    let archive = &app.node.app.config.archives["nas"];
    let store = Store {
        endpoint: archive.endpoint.clone(),
        bucket: archive.bucket.clone(),
        access_key: archive.access_key.clone(),
        secret_key: archive.secret_key.clone(),
        ..app.node.app.config.store.clone()
    };
    let clock = app.node.app.clock.clone();
    Onlooker::new(&store, Arc::new(move || clock.now()))
}

async fn keys(bucket: &Onlooker) -> Vec<String> {
    bucket.objects().await.into_iter().map(|(key, _)| key).collect()
}

/// Changes a byte of every file under a folder that holds these bytes; gives how many there were.
fn damage(folder: &Path, bytes: &[u8]) -> usize {
    let (mut folders, mut damaged) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|found| found == bytes) {
                let mut other = bytes.to_vec();
                other[3] ^= 1;
                std::fs::write(&path, other).unwrap();
                damaged += 1;
            }
        }
    }
    damaged
}

fn folder(config: &Config) -> &Path {
    config.archives["nas"].folder.as_deref().unwrap()
}
