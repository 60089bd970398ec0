//! The ledger on real databases: SQLite in a folder of its own and, where `HANDIN_TEST_POSTGRES` names an
//! administrator, PostgreSQL in a database of its own. Every test runs on both.

mod arrows;
mod deliveries;
mod drains;
mod faults;
mod groups;
mod jobs;
mod lists;
mod migrating;
mod opening;
mod retention;
mod statements;
mod tiers;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use handin_core::{RecordingId, StorageClass, Upload};
use jiff::Timestamp;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::api_keys::NewApiKey;
use super::audit::NewAudit;
use super::connect::Kind;
use super::jobs::{NewJob, SEAL, unique_key};
use super::outbox::NewEvent;
use super::receipts::NewReceipt;
use super::recordings::{Claim, Claimed, Finish, NewRecording, Recording, open};
use super::*;

/// A database with the newest schema, and the URL that leads to it.
struct TestDb {
    db: Db,
    kind: Kind,
    settings: Settings,
}

/// Runs a test on a fresh database of each kind.
async fn on_each<F: Future<Output = ()>>(test: impl Fn(TestDb) -> F) {
    on_sqlite(&test).await;
    on_postgres(&test).await;
}

fn settings(url: String) -> Settings {
    Settings { url, max_connections: 8, acquire_timeout: Duration::from_secs(5), queue: 1_024 }
}

async fn ready(settings: Settings) -> TestDb {
    let db = Db::connect(&settings).await.unwrap();
    db.migrate().await.unwrap();
    let kind = db.inner.connector.kind;
    TestDb { db, kind, settings }
}

async fn on_sqlite<F: Future<Output = ()>>(test: impl Fn(TestDb) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let ready = ready(settings(format!("sqlite://{}/ledger.db", folder.path().display()))).await;
    let db = ready.db.clone();
    test(ready).await;
    db.close().await;
}

async fn on_postgres<F: Future<Output = ()>>(test: impl Fn(TestDb) -> F) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(admin) = postgres() else { return };
    let name = format!("handin_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    run(&admin, format!("create database {name}")).await;
    let ready = ready(settings(with_database(&admin, &name))).await;
    let db = ready.db.clone();
    test(ready).await;
    db.close().await;
    run(&admin, format!("drop database {name} with (force)")).await;
}

/// A row that depends on no other.
fn key(n: u32) -> NewApiKey {
    let name = format!("key-{n}");
    NewApiKey {
        id: name.clone(),
        name: name.clone(),
        hash: name,
        prefix: "hk_".to_owned(),
        created_at: at(0),
    }
}

/// The administrator's URL, if there is a PostgreSQL to test on.
fn postgres() -> Option<String> {
    let url = std::env::var("HANDIN_TEST_POSTGRES").ok();
    let all = std::env::var("HANDIN_TEST_ALL").is_ok_and(|all| all == "1");
    assert!(url.is_some() || !all, "HANDIN_TEST_ALL is set, but not HANDIN_TEST_POSTGRES");
    if url.is_none() {
        eprintln!("left out on PostgreSQL: HANDIN_TEST_POSTGRES is not set");
    }
    url
}

fn with_database(admin: &str, name: &str) -> String {
    let (server, _) = admin.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// A connection past the `Db`, to look and to stand in the way.
async fn stranger(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    url.parse::<AnyConnectOptions>().unwrap().connect().await.unwrap()
}

async fn run(url: &str, text: String) {
    let mut connection = stranger(url).await;
    connection.execute(AssertSqlSafe(text)).await.unwrap();
    connection.close().await.unwrap();
}

impl TestDb {
    /// A connection that keeps every writer out until it is closed.
    async fn lock(&self) -> AnyConnection {
        let mut stranger = stranger(&self.settings.url).await;
        let lock = match self.kind {
            Kind::Sqlite => "begin immediate",
            Kind::Postgres => "begin; lock table recording, api_key in access exclusive mode",
        };
        stranger.execute(lock).await.unwrap();
        stranger
    }
}

// Things to write, numbered so that they differ.

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn id(n: u32) -> RecordingId {
    format!("01JD{n:022}").parse().unwrap()
}

fn new_recording(n: u32) -> NewRecording {
    NewRecording {
        id: id(n),
        exam: "spring".parse().unwrap(),
        subject: "math".parse().unwrap(),
        candidate: format!("c{n:04}").parse().unwrap(),
        track: "webcam".parse().unwrap(),
        upload: Upload::Stream,
        key: format!("webcam/00/2026-11-22/spring/math/c{n}/{}.webm", id(n)),
        upload_id: Some(format!("upload-{n}")),
        write_token: format!("token-{n}"),
        content_type: "video/webm".to_owned(),
        part_size: 5 << 20,
        max_parts: 820,
        max_bytes: 4 << 30,
        size: None,
        sha256: None,
        declared_sha256: true,
        idempotency_key: None,
        opened_at: at(0),
        started_at: Some(at(-1)),
        salvage_at: at(7_200),
        ends_at: Some(at(3_600)),
        storage_class: StorageClass::Standard,
    }
}

async fn opened(db: &Db, n: u32) -> Recording {
    open(db, new_recording(n), Caused::default()).await.unwrap().recording
}

fn seal_job(n: u32) -> NewJob {
    NewJob {
        id: format!("job-{n}"),
        kind: SEAL,
        recording: Some(id(n)),
        run_at: at(60),
        payload: None,
        unique_key: Some(unique_key(SEAL, &id(n))),
    }
}

fn claim(n: u32, owner: &str, now: Timestamp, until: Timestamp) -> Claim {
    let claim_json = Some(format!("{{\"size\":{n}}}"));
    Claim { id: id(n), owner: owner.to_owned(), now, until, claim_json, job: seal_job(n) }
}

async fn claimed(db: &Db, n: u32, owner: &str) -> Recording {
    match db.change(claim(n, owner, at(10), at(70))).await.unwrap() {
        Claimed::Yes(recording) => *recording,
        other => panic!("{other:?}"),
    }
}

fn finish(n: u32, owner: &str, state: handin_core::State) -> Finish {
    Finish {
        id: id(n),
        owner: owner.to_owned(),
        state,
        sealed_at: at(20),
        size: 7 << 20,
        parts: 2,
        sha256_parts: Some("ab".repeat(32)),
        duration_ms: Some(90_000),
        reason: None,
        missing: None,
        receipt: NewReceipt { recording: id(n), jws: format!("jws-{n}"), issued_at: at(20) },
        caused: caused(n),
    }
}

fn audit(n: u32) -> NewAudit {
    NewAudit {
        id: format!("audit-{n:04}"),
        at: at(n.into()),
        who: "key-1".to_owned(),
        action: "seal".to_owned(),
        what: id(n).to_string(),
        exam: Some("spring".parse().unwrap()),
        detail: "{}".to_owned(),
        address: None,
    }
}

fn event(n: u32) -> NewEvent {
    NewEvent {
        id: format!("event-{n:04}"),
        kind: "recording.sealed".to_owned(),
        exam: "spring".parse().unwrap(),
        recording: Some(id(n)),
        payload: "{}".to_owned(),
        at: at(n.into()),
    }
}

fn verify_job(n: u32) -> NewJob {
    NewJob {
        id: format!("verify-{n:04}"),
        kind: "verify",
        recording: Some(id(n)),
        run_at: at(n.into()),
        payload: Some("{}".to_owned()),
        unique_key: Some(unique_key("verify", &id(n))),
    }
}

fn caused(n: u32) -> Caused {
    Caused { jobs: vec![verify_job(n)], events: vec![event(n)], audit: vec![audit(n)] }
}

/// What was caused so far: jobs by kind, events, audit entries.
async fn all_caused(db: &Db) -> (Vec<(String, u64)>, usize, usize) {
    let jobs = super::jobs::counts(db).await.unwrap();
    let jobs = jobs.into_iter().map(|count| (count.kind, count.jobs)).collect();
    let events = super::outbox::list(db, None, 10_000).await.unwrap().len();
    (jobs, events, super::audit::list(db, None, 10_000).await.unwrap().len())
}
