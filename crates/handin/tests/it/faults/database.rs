//! The database is away: PostgreSQL behind a wire that is cut, SQLite locked by another program. What needs it is
//! answered 503, signing and sending go on, and afterwards everything does.

use reqwest::Method;
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _};

use super::scene::{A_LEASE, Scene};
use crate::app::{Builder, Open, TestApp, new_database, postgres};
use crate::call::{Answer, Call};
use crate::caller::stream;
use crate::wire::Wire;

/// A way to take the database from a running server.
enum Outage {
    Cut(Wire),
    Locked { url: String, lock: Option<AnyConnection> },
}

impl Outage {
    async fn begin(&mut self) {
        match self {
            Outage::Cut(wire) => wire.cut().await,
            Outage::Locked { url, lock } => {
                let mut connection = AnyConnection::connect(url).await.unwrap();
                sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
                *lock = Some(connection);
            }
        }
    }

    async fn end(&mut self) {
        match self {
            Outage::Cut(wire) => wire.mend().await,
            Outage::Locked { lock, .. } => lock.take().unwrap().close().await.unwrap(),
        }
    }

    /// SQLite's readers do not wait for writers.
    fn stops_reads(&self) -> bool {
        matches!(self, Outage::Cut(_))
    }
}

/// Waits for the database no longer than a busy machine needs.
fn impatient() -> Builder {
    TestApp::builder().config(|config| config.database.acquire_timeout_ms = 1_500)
}

async fn on_sqlite() -> (Scene, Outage) {
    let scene = Scene::of(impatient()).await;
    let url = scene.app.node.app.config.database_url();
    (scene, Outage::Locked { url, lock: None })
}

async fn on_postgres() -> Option<(Scene, Outage)> {
    let mut url: reqwest::Url = new_database(&postgres()?).await.parse().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5_432));
    let wire = Wire::to(server).await;
    url.set_ip_host(wire.address.ip()).unwrap();
    url.set_port(Some(wire.address.port())).unwrap();
    let builder = impatient().config(|config| config.database.url = Some(url.to_string().into()));
    Some((Scene::of(builder).await, Outage::Cut(wire)))
}

async fn scenes() -> Vec<(Scene, Outage)> {
    let mut scenes = vec![on_sqlite().await];
    scenes.extend(on_postgres().await);
    scenes
}

fn opening(scene: &Scene, token: &str) -> Call {
    scene.app.opening(token, &stream()).header("idempotency-key", "k1")
}

#[track_caller]
fn assert_away(answer: Answer) {
    let pause: u64 = answer.headers["retry-after"].parse().unwrap();
    assert!((1..=2).contains(&pause), "{pause}");
    answer.problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_database_waits_and_what_does_not_goes_on() {
    for (scene, mut outage) in scenes().await {
        let (app, open) = (&scene.app, scene.sent("c1").await);
        let token = app.token("c2").await;
        outage.begin().await;
        let (opened, sealed) = futures_util::join!(opening(&scene, &token).send(), app.seal(&open, &[b"c1"]));
        assert_away(opened);
        assert_away(sealed);
        // Reconnecting takes its time, recording does not.
        app.send(&open, 1, b"recorded meanwhile").await;
        reads(&scene, &open, outage.stops_reads()).await;
        outage.end().await;

        let opened = opening(&scene, &token).send().await.expect(201);
        assert_eq!(opened["take"], 1);
        assert_eq!(app.seal(&open, &[b"recorded meanwhile"]).await.expect(200)["state"], "sealed");
        assert_eq!(app.download(&open.id).await, b"recorded meanwhile");
        assert_eq!(app.call(Method::GET, "/readyz").send().await.status, 200);
        let states: Vec<Value> = app.recordings().await.iter().map(|it| it["state"].clone()).collect();
        assert_eq!(states, ["sealed", "open"]);
    }
}

async fn reads(scene: &Scene, open: &Open, stopped: bool) {
    let app = &scene.app;
    assert_eq!(app.call(Method::GET, "/healthz").send().await.status, 200);
    let path = format!("/v1/recordings/{}", open.id);
    let show = app.call(Method::GET, &path).bearer(&open.token).send();
    let (shown, listed, ready) = futures_util::join!(
        show,
        app.platform(Method::GET, "/v1/exams/spring/recordings").send(),
        app.call(Method::GET, "/readyz").send()
    );
    for answer in [shown, listed, ready] {
        match stopped {
            true => assert_away(answer),
            false => assert_eq!(answer.status, 200, "{}", answer.text),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_could_not_be_written_is_written_later() {
    for (scene, mut outage) in scenes().await {
        let open = scene.sent("c1").await;
        let mut gate = scene.hold_after("head");
        let sealing = tokio::spawn(scene.app.sealing(&open, &[b"c1"]).send());
        gate.reached(1).await;
        outage.begin().await;
        gate.open();
        assert_away(sealing.await.unwrap());
        outage.end().await;
        // The lease could not be given back either.
        scene.app.seal(&open, &[b"c1"]).await.problem(409, "sealing");
        scene.app.advance(A_LEASE);
        assert_eq!(scene.app.seal(&open, &[b"c1"]).await.expect(200)["state"], "sealed");
        assert_eq!(scene.proxy.count("complete_upload"), 1, "the object stood already");
        assert_eq!(scene.bucket().objects().await, [(open.key().to_owned(), 2)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_that_could_not_be_written_is_repeated_under_its_key() {
    for (scene, mut outage) in scenes().await {
        let token = scene.app.token("c1").await;
        let mut gate = scene.hold_after("create_upload");
        let opened = tokio::spawn(opening(&scene, &token).send());
        gate.reached(1).await;
        outage.begin().await;
        gate.open();
        assert_away(opened.await.unwrap());
        outage.end().await;
        let opened = opening(&scene, &token).send().await.expect(201);
        assert_eq!((&opened["take"], scene.app.recordings().await.len()), (&1.into(), 1));
        // Whether the first row was written was not known, so its upload was not ended.
        assert_eq!(scene.bucket().uploads().await.len(), 2);
        let reconciled = handin::service::checks::reconcile(&scene.app.node.app).await.unwrap();
        assert_eq!((reconciled.strangers.len(), reconciled.lost.len()), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_wait_for_the_database_and_then_run() {
    for (scene, mut outage) in scenes().await {
        let open = scene.sent("c1").await;
        let mut gate = scene.hold_before("list_parts");
        let dies = tokio::spawn(scene.app.sealing(&open, &[b"c1"]).attempt());
        gate.reached(1).await;
        dies.abort();
        scene.app.advance(A_LEASE);
        outage.begin().await;
        assert_eq!(scene.app.run_jobs().await, 0);
        outage.end().await;
        scene.app.run_jobs().await;
        assert_eq!(scene.app.receipt(&open.id).await.state, "sealed");
    }
}
