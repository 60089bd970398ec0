//! Bucket and ledger compared: what was lost on either side is found, and nothing goes that somebody may still need.

use std::path::{Path, PathBuf};
use std::time::Duration;

use handin::service::Error;
use handin::service::reconcile::{Fault, Finding, Report, Watch, Wishes, compare};
use handin::{db, objects::PutToSign, service};
use handin_core::{ObjectKey, RecordingId};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::app::{Open, TestApp};
use crate::unfinished::film;
use crate::upload::exam::{Exam, noise, run, text};

const A_DAY: Duration = Duration::from_secs(86_401);
const TAPE: &[u8] = b"a short recording";

#[derive(Default)]
struct Found(Vec<Finding>);

impl Watch for Found {
    fn found(&mut self, finding: &Finding) -> std::io::Result<()> {
        self.0.push(finding.clone());
        Ok(())
    }

    fn moved(&mut self, _: u64, _: u64, _: u64) {}
}

async fn compared(app: &TestApp, fix: bool, confirm: Option<&str>) -> Result<(Report, Vec<Finding>), Error> {
    let mut found = Found::default();
    let wishes = Wishes { fix, confirm: confirm.map(str::to_owned) };
    compare(&app.node.app, &wishes, &mut found).await.map(|report| (report, found.0))
}

/// A comparison that changes nothing; gives what is wrong, by recording.
async fn faults(app: &TestApp) -> (Report, Vec<(Fault, String)>) {
    let (report, found) = compared(app, false, None).await.unwrap();
    let mut faults: Vec<_> = found.into_iter().map(|finding| (finding.fault, finding.recording)).collect();
    faults.sort_by(|one, other| one.1.cmp(&other.1));
    (report, faults)
}

async fn change(app: &TestApp, statement: &str) {
    let mut ledger = AnyConnection::connect(&app.node.app.config.database_url()).await.unwrap();
    sqlx::query("pragma busy_timeout = 30000").execute(&mut ledger).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut ledger).await.unwrap();
    ledger.close().await.unwrap();
}

/// Has the ledger know nothing of a recording.
async fn lose_row(app: &TestApp, id: &str) {
    change(app, &format!("delete from receipt where recording = '{id}'")).await;
    change(app, &format!("delete from recording where id = '{id}'")).await;
}

/// Puts other bytes under the key of a recording, with its write token.
async fn replace_object(app: &TestApp, open: &Open, bytes: &[u8]) {
    let (server, id) = (&app.node.app, open.id.parse().unwrap());
    let row = db::recordings::get(&server.db, &id).await.unwrap().unwrap();
    server.objects.delete(&row.key).await.unwrap();
    let put = PutToSign {
        size: bytes.len() as u64,
        content_type: &row.content_type,
        write_token: &row.write_token,
        sha256: None,
        storage_class: handin_core::StorageClass::Standard,
    };
    let ttl = Duration::from_secs(60);
    let signed = server.objects.sign_put(&row.key, &put, server.clock.now(), ttl).unwrap();
    let mut request = app.client.put(&signed.url).body(bytes.to_vec());
    for (name, value) in &signed.headers {
        request = request.header(*name, value);
    }
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn audited(app: &TestApp) -> Vec<(String, String)> {
    let entries = db::audit::list(&app.node.app.db, None, 10_000).await.unwrap();
    let ours = entries.into_iter().filter(|entry| entry.who == "reconcile");
    ours.map(|entry| (entry.action, entry.what)).collect()
}

/// An exam with a sealed recording of each candidate.
async fn exam(candidates: &[&str]) -> (TestApp, Vec<Open>) {
    let app = TestApp::start().await;
    app.exam().await;
    let mut sealed = Vec::new();
    for candidate in candidates {
        sealed.push(app.sealed(&app.token(candidate).await).await.0);
        // So that ids come in this order.
        app.advance(Duration::from_millis(2));
    }
    (app, sealed)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_differs_is_found_and_noted() {
    let (app, sealed) = exam(&["c1", "c2", "c3"]).await;
    app.send(&app.open(&app.token("c4").await).await, 1, TAPE).await;
    let put = app.sent_as_put(&app.token("c5").await, TAPE).await;
    let (report, found) = faults(&app).await;
    assert_eq!((report.is_sound(), found), (true, vec![]));
    assert_eq!((report.sound.objects, report.sound.bytes), (3, 3 * TAPE.len() as u64));
    assert_eq!(report.unfinished.objects, 1, "{} is not sealed yet", put.id);

    app.node.app.objects.delete(sealed[0].key()).await.unwrap();
    replace_object(&app, &sealed[1], b"a short record").await;
    let (report, found) = faults(&app).await;
    let expected = vec![(Fault::Missing, sealed[0].id.clone()), (Fault::Differs, sealed[1].id.clone())];
    assert_eq!((report.is_sound(), found), (false, expected));
    assert_eq!((report.missing.bytes, report.differs.bytes, report.sound.objects), (17, 14, 1));
    assert_eq!(audited(&app).await, [], "only --fix writes");

    let (report, _) = compared(&app, true, None).await.unwrap();
    assert_eq!((report.fixed.noted, report.fixed.deleted), (2, 0));
    let expected = [("recording.missing", &sealed[0].id), ("recording.differs", &sealed[1].id)];
    let expected = expected.map(|(action, id)| (action.to_owned(), id.clone()));
    let mut noted = audited(&app).await;
    noted.sort_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(noted, expected);
    assert_eq!(app.show(&sealed[0].id).await["state"], "sealed", "the ledger stays as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_over_goes_by_its_job() {
    let (app, sealed) = exam(&["c1", "c2"]).await;
    let path = format!("/v1/recordings/{}", sealed[0].id);
    app.platform(reqwest::Method::DELETE, &path).send().await.expect(200);
    let (report, found) = faults(&app).await;
    assert_eq!((report.going.objects, found), (1, vec![]), "its job has not run yet");
    change(&app, "delete from job where kind = 'erase'").await;
    let (report, found) = faults(&app).await;
    assert_eq!((report.is_sound(), found), (true, vec![(Fault::LeftOver, sealed[0].id.clone())]));
    app.run_jobs().await;
    assert_eq!(app.bucket().objects().await.len(), 2, "a comparison that fixes nothing queues nothing");

    let (report, _) = compared(&app, true, None).await.unwrap();
    assert_eq!(report.fixed.queued, 1);
    app.run_jobs().await;
    assert_eq!(app.bucket().objects().await, [(sealed[1].key().to_owned(), TAPE.len() as u64)]);
    let (report, found) = faults(&app).await;
    assert_eq!((report.sound.objects, found), (1, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_goes_only_by_its_confirmation() {
    let (app, sealed) = exam(&["c1", "c2", "c3"]).await;
    lose_row(&app, &sealed[0].id).await;
    lose_row(&app, &sealed[1].id).await;
    let (report, found) = faults(&app).await;
    assert_eq!((report.young.objects, report.confirmation, found), (2, None, vec![]), "they are young");

    app.advance(A_DAY);
    let (report, found) = faults(&app).await;
    let both = vec![(Fault::Unknown, sealed[0].id.clone()), (Fault::Unknown, sealed[1].id.clone())];
    assert_eq!((report.is_sound(), found), (true, both));
    let confirmation = report.confirmation.unwrap();
    let (report, _) = compared(&app, true, None).await.unwrap();
    assert_eq!((report.fixed.deleted, report.fixed.kept, report.unknown.objects), (0, 0, 2));

    let other = confirmation.replace(|letter: char| letter.is_ascii_lowercase(), "0");
    assert!(matches!(compared(&app, true, Some(&other)).await, Err(Error::ListChanged)), "{confirmation}");
    let changed = compared(&app, true, Some("1-0")).await;
    assert!(matches!(changed, Err(Error::ListChanged)));
    assert!(matches!(compared(&app, true, Some("x")).await, Err(Error::Invalid { .. })));
    assert_eq!(app.bucket().objects().await.len(), 3);

    let hold = json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" });
    app.platform(reqwest::Method::POST, "/v1/holds").json(&hold).send().await.expect(201);
    let (report, _) = compared(&app, true, Some(&confirmation)).await.unwrap();
    assert_eq!((report.fixed.deleted, report.fixed.kept), (1, 1));
    assert_eq!(audited(&app).await, [("object.delete".to_owned(), sealed[1].id.clone())]);
    let left: Vec<String> = app.bucket().objects().await.into_iter().map(|(key, _)| key).collect();
    let mut expected = vec![sealed[0].key().to_owned(), sealed[2].key().to_owned()];
    expected.sort();
    assert_eq!(left, expected, "what is held stays, and what is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_from_an_old_backup_deletes_nothing() {
    let (app, sealed) = exam(&["c1", "c2"]).await;
    // As if restored from a time before the second was opened.
    lose_row(&app, &sealed[1].id).await;
    app.advance(A_DAY);
    let (report, found) = faults(&app).await;
    assert_eq!(found, [(Fault::Unknown, sealed[1].id.clone())]);
    let refusal = report.refusal.unwrap();
    assert!(report.confirmation.is_none() && refusal.contains("older than its bucket"), "{refusal}");
    // Whoever makes the confirmation up is refused too: half a SHA-256 over this very list.
    let line = format!("{} {}\n", sealed[1].key(), TAPE.len());
    let hash = crate::app::digest(line.as_bytes());
    let made_up = format!("{}-{}", report.at.as_millisecond(), &hash[..32]);
    let refused = compared(&app, true, Some(&made_up)).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert_eq!(app.bucket().objects().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_run_may_mark_is_not_deleted_by_one_confirmation() {
    let app = TestApp::builder().config(|config| config.retention.always_allowed = 0).start().await;
    app.exam().await;
    let mut sealed = Vec::new();
    for candidate in ["c1", "c2"] {
        sealed.push(app.sealed(&app.token(candidate).await).await.0);
        app.advance(Duration::from_millis(2));
    }
    lose_row(&app, &sealed[0].id).await;
    app.advance(A_DAY);
    let (report, _) = faults(&app).await;
    let refusal = report.refusal.unwrap();
    assert!(report.confirmation.is_none() && refusal.contains("more than may go"), "{refusal}");
}

/// By a ledger from before a head was mended, the only object that is left was never finished.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_for_a_lost_object_is_not_retired() {
    let app = TestApp::start().await;
    app.exam().await;
    let film = film();
    let open = app.open(&app.token("c1").await).await;
    for (number, part) in (1..).zip(film.parts()) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &film.parts()).await.expect(200);
    let id: RecordingId = open.id.parse().unwrap();
    let before = db::recordings::get(&app.node.app.db, &id).await.unwrap().unwrap();
    app.run_jobs().await;
    service::revisions::retire(&app.node.app, &id, 0).await.unwrap();
    let mended: ObjectKey = ObjectKey { revision: 1, ..before.key.parse().unwrap() };
    assert_eq!(app.bucket().objects().await.len(), 1);

    let (key, token) = (&before.key, &before.write_token);
    let row = format!("object_key = '{key}', write_token = '{token}' where id = '{id}'");
    change(&app, &format!("update recording set {row}")).await;
    change(&app, "delete from revision where number = 0").await;
    change(&app, "update revision set state = 'writing'").await;
    app.advance(3 * A_DAY);
    let (report, found) = faults(&app).await;
    let expected = vec![(Fault::LeftOver, open.id.clone()), (Fault::Missing, open.id.clone())];
    assert_eq!((report.is_sound(), found), (false, expected));
    compared(&app, true, None).await.unwrap();
    let refused = service::revisions::retire(&app.node.app, &id, 1).await;
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
    let left = app.bucket().objects().await;
    assert_eq!(left, [(mended.to_string(), film.bytes.len() as u64)], "the only copy stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_what_is_wrong_and_fails() {
    let mut exam = Exam::start().await;
    let report = exam.file("findings", b"");
    let reconcile = |exam: &Exam| {
        let output = exam.command("reconcile").args(["--json", "--report"]).arg(&report).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).expect(&said))
    };
    let film = exam.file("film.webm", &noise(1_000));
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&film)]);
    let sealed = run(upload).await.one();
    let (code, sound) = reconcile(&exam);
    assert_eq!((code, &sound["sound"]["objects"], &sound["findings"]), (Some(0), &json!(1), &json!([])));

    exam.kill_server();
    // An object of the embedded store is its manifest.
    let manifests = files(exam.state().parent().unwrap());
    let manifests = manifests.iter().filter(|path| text(path).contains("/objects/"));
    assert_eq!(manifests.map(|path| std::fs::remove_file(path).unwrap()).count(), 1);
    let (code, broken) = reconcile(&exam);
    assert_eq!((code, &broken["missing"]), (Some(1), &json!({ "objects": 1, "bytes": 1_000 })));
    let line: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!((&line["fault"], &line["recording"]), (&json!("missing"), &sealed["id"]));
    assert_eq!(broken["findings"], json!([line]));
    let said = exam.command("reconcile").output().unwrap();
    let table = String::from_utf8(said.stdout).unwrap();
    assert!(table.contains("\nMISSING ") && table.contains("--fix"), "{table}");
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}
