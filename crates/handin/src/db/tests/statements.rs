//! Every statement is prepared on both databases, and the ones that must stay fast use their index.

use std::path::Path;

use futures_util::future::join_all;
use handin_core::{CandidateId, Exam, Subject};

use super::super::statement::Bulk;
use super::super::{
    api_keys, audit, candidates, certificates, chain, deliveries, drains, due, exams, holds, inventory, jobs,
    locks, nodes, outbox, pace, receipts, recordings, retention, revisions, tiers, told, webhooks,
};
use super::deliveries as deliveries_of;
use super::*;

#[expect(clippy::too_many_lines, reason = "a list with one line for each statement")]
fn texts() -> Vec<&'static str> {
    vec![
        api_keys::CREATE,
        api_keys::LIST,
        api_keys::REVOKE,
        api_keys::BY_HASH,
        api_keys::COUNT_ACTIVE,
        audit::LIST,
        audit::OF_EXAM,
        audit::OF_WHAT,
        candidates::COUNT,
        candidates::BY_SUBJECTS,
        candidates::SUBJECTS,
        candidates::GROUP_OF,
        candidates::PAGE,
        certificates::ADD,
        certificates::CERTIFY,
        certificates::GET,
        certificates::UNSIGNED,
        certificates::LIST,
        chain::HEAD,
        chain::BEHIND,
        chain::UNLINKED,
        chain::COUNTS,
        chain::ADD_CHECKPOINT,
        chain::CHECKPOINTS,
        deliveries::DUE,
        deliveries::WAITING,
        deliveries::DELIVERED,
        deliveries::FAILED,
        deliveries::POSTPONE,
        deliveries::DEAD,
        deliveries::REPLAY,
        deliveries::FORGET_ORPHANS,
        deliveries::BACKLOG,
        drains::ASK,
        drains::SET_RATE,
        drains::NEXT,
        drains::COUNT_WAITING,
        drains::NOTE,
        drains::COPIED,
        drains::AGAIN,
        drains::MOVED,
        drains::ENDED,
        drains::IS_EXAM_RUNNING,
        drains::PROGRESS,
        due::ONE,
        due::WALK,
        due::COUNT,
        due::COUNT_MARKED,
        due::LATER,
        due::UNMARK,
        due::MARK,
        due::DELETE,
        due::OF_CERTIFICATE,
        exams::CREATE,
        exams::GET,
        exams::LIST,
        holds::PLACE,
        holds::TOUCH_UNFINISHED,
        holds::TAKE_BACK,
        holds::RELEASE,
        holds::GET,
        holds::LIST,
        holds::EXPIRED,
        holds::REMIND,
        holds::COVERS,
        holds::COVER,
        inventory::FINISHED,
        inventory::NEWEST,
        inventory::RUN_AT,
        jobs::FORGET,
        jobs::HURRY,
        jobs::CLAIM,
        jobs::DONE,
        jobs::RETRY,
        jobs::GIVE_UP,
        jobs::RENEW,
        jobs::NEXT_RUN_AT,
        jobs::COUNTS,
        locks::NOTE,
        locks::FORGET,
        locks::OF,
        nodes::BEAT,
        nodes::FORGET,
        nodes::COUNT_LIVE,
        nodes::FAREWELL,
        outbox::LIST,
        outbox::GET,
        outbox::NEW,
        outbox::FORGET,
        pace::SET,
        pace::GET,
        pace::BETWEEN,
        pace::CHANGED,
        quarantine::LET_GO,
        quarantine::COUNT_AGAIN,
        quarantine::TAKE_BACK,
        receipts::ADD,
        receipts::GET,
        receipts::OF_SITTING,
        receipts::REPLACE,
        recordings::GET,
        recordings::BY_IDEMPOTENCY_KEY,
        recordings::COUNT_TAKES,
        recordings::LIST,
        recordings::UNFINISHED,
        recordings::end::MEET,
        recordings::end::ABANDON,
        recordings::end::DELETE,
        recordings::seal::CLAIM,
        recordings::seal::RENEW,
        recordings::seal::REOPEN,
        recordings::seal::FINISH,
        recordings::status::STATUS,
        retention::SET_POLICY,
        retention::NEWEST,
        retention::FIRST,
        retention::STAMP_EXAM,
        retention::STAMP_CANDIDATE,
        retention::POST,
        retention::WITHDRAW,
        retention::LOOKED,
        retention::FIRST_LOOK,
        retention::NEXT_LOOK,
        revisions::OF,
        revisions::GIVE_UP_OTHERS,
        revisions::BEGIN,
        revisions::ATTACH,
        revisions::MAKE_CURRENT,
        revisions::REPLACE,
        revisions::NOT_CURRENT,
        revisions::KEEP_OLD,
        revisions::GIVE_UP,
        revisions::PROLONG,
        revisions::GONE,
        tiers::QUEUE,
        told::TELL,
        told::SILENT,
        webhooks::ADD,
        webhooks::ROTATE,
        webhooks::REMOVE,
        webhooks::REMOVE_DELIVERIES,
        webhooks::LIST,
        webhooks::GET,
    ]
}

fn bulks() -> Vec<&'static Bulk> {
    vec![
        &audit::ADD,
        &candidates::PUT,
        &chain::LINK,
        &deliveries::ADD,
        &exams::CREATE_SUBJECTS,
        &inventory::ITEMS,
        &jobs::ADD,
        &outbox::ADD,
        &outbox::TAKE,
        &recordings::OF_SITTINGS,
        &recordings::KNOWN,
        &recordings::open::OPEN,
        &recordings::progress::FLUSH,
    ]
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_databases() {
    on_each(|test| async move {
        let mut connection = stranger(&test.settings.url).await;
        for text in texts() {
            let prepared = connection.prepare(sqlx::SqlSafeStr::into_sql_str(text)).await;
            assert!(prepared.is_ok(), "{:?}: {:?}: {text}", test.kind, prepared.err());
        }
    })
    .await;
}

/// The values of these have no type until they are bound, so they are run instead: 127 rows are one statement of each
/// size, 64, 32, 16, 8, 4, 2 and 1.
#[tokio::test]
async fn every_statement_over_many_rows_is_run_at_every_size_on_both_databases() {
    on_each(|TestDb { db, .. }| async move {
        let all = 0..127;
        let opens = all.clone().map(|n| open(&db, new_recording(n), caused(n)));
        assert!(join_all(opens).await.into_iter().all(|opened| opened.unwrap().fresh));
        assert_eq!(all_caused(&db).await, (vec![("verify".to_owned(), 127)], 127, 127));

        let webhook = deliveries_of::add(&db, 1).await;
        assert_eq!(deliveries_of::fan(&db, &webhook).await, 127);
        assert_eq!(deliveries::due(&db, &webhook, at(1_000), 1_000).await.unwrap().len(), 127);
        let rows = chain::unlinked(&db, 1_000).await.unwrap();
        let link = |(seq, row): (u64, NewAudit)| chain::Link { id: row.id, seq, hash: format!("{seq}") };
        let links: Vec<_> = (1..).zip(rows).map(link).collect();
        let checkpoint =
            chain::Checkpoint { seq: 127, hash: "127".to_owned(), at: at(0), jws: "jws".to_owned() };
        let link = chain::LinkRows { links, checkpoint: Some(checkpoint.clone()) };
        assert!(db.change(link.clone()).await.unwrap());
        assert!(db.change(link).await.is_err(), "a row is linked once");
        assert_eq!(chain::counts(&db).await.unwrap(), (127, 0));
        assert_eq!(chain::behind(&db, 100, 1_000).await.unwrap().len(), 27);
        assert_eq!(chain::checkpoints(&db, 0, 9).await.unwrap(), [checkpoint]);

        let subjects = all.clone().map(|n| format!("s{n}").parse().unwrap());
        let subjects = subjects.map(|id| Subject { id, title: None, ends_at: None }).collect();
        let exam = Exam { subjects, ..lists::exam("spring") };
        assert!(
            db.change(exams::CreateExam { exam: exam.clone(), pace: None, audit: audit(200) }).await.unwrap()
        );
        assert_eq!(exams::get(&db, &exam.id).await.unwrap().unwrap().subjects.len(), 127);

        let candidates: Vec<CandidateId> = all.clone().map(|n| new_recording(n).candidate).collect();
        let entry = |candidate: &CandidateId| lists::entry(candidate.as_str(), None, None);
        let entries = candidates.iter().map(entry).collect();
        let put = candidates::PutRoster { exam: exam.id.clone(), entries, audit: audit(201) };
        assert_eq!(db.change(put).await.unwrap().added, 127);

        let sittings = recordings::of_sittings(&db, &exam.id, &candidates).await.unwrap();
        assert_eq!(sittings.len(), 127);
        let ids: Vec<RecordingId> = all.clone().map(id).collect();
        assert_eq!(recordings::known(&db, &ids).await.unwrap().len(), 127);
        assert_eq!(inventory::items(&db, &ids).await.unwrap().len(), 127);
        let flush = recordings::Flush(all.map(lists::progress).collect());
        assert_eq!(db.change(flush).await.unwrap(), 127);
    })
    .await;
}

/// The lists above are complete: as many statements as the sources declare.
#[test]
fn no_statement_is_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db");
    let mut sources = String::new();
    for folder in [folder.clone(), folder.join("recordings")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let declared =
        |line: &&str| line.starts_with("pub(") && line.contains(") const ") && line.contains(": &str");
    assert_eq!(sources.lines().filter(declared).count(), texts().len());
    assert_eq!(sources.lines().filter(|line| line.starts_with("bulk!(")).count(), bulks().len());
}

/// How SQLite means to run a statement, a line for each step.
async fn plan(test: &TestDb, text: &str) -> Vec<String> {
    let mut connection = stranger(&test.settings.url).await;
    let explain = sqlx::query(AssertSqlSafe(format!("explain query plan {text}")));
    let rows = explain.fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect()
}

#[tokio::test]
async fn nothing_walks_through_every_recording() {
    on_sqlite(|test| async move {
        let open = recordings::open::OPEN.longest();
        let flush = recordings::progress::FLUSH.longest();
        let of_sittings = recordings::OF_SITTINGS.longest();
        let known = recordings::KNOWN.longest();
        let others = texts().into_iter().filter(|text| text.contains("recording"));
        for text in others.chain([open, flush, of_sittings, known]) {
            let plan = plan(&test, text).await;
            // Counting what there is walks through an index that has nothing but finished recordings.
            let walks = |step: &&String| {
                step.starts_with("SCAN recording") && !step.contains("USING INDEX recording_unfinished")
            };
            let bad = |step: &&String| walks(step) && text != due::COUNT;
            assert!(plan.iter().find(bad).is_none(), "{plan:#?}\n{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_come_in_the_order_of_their_index() {
    on_sqlite(|test| async move {
        for text in [recordings::LIST, recordings::UNFINISHED, jobs::CLAIM, due::WALK, inventory::FINISHED] {
            let plan = plan(&test, text).await;
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:#?}\n{text}");
        }
        let list = plan(&test, recordings::LIST).await;
        assert!(list[0].contains("exam=? AND (candidate,subject,track,take)>"), "{list:#?}");
    })
    .await;
}

/// Of ten million recordings, a look at what is due reads the few whose time has come.
#[tokio::test]
async fn what_is_due_is_found_by_its_index_on_both_databases() {
    on_each(|test| async move {
        let plan = match test.kind {
            Kind::Sqlite => plan(&test, due::WALK).await,
            Kind::Postgres => postgres_plan(&test).await,
        };
        assert!(plan.iter().any(|step| step.contains("recording_due")), "{plan:#?}");
        // Holds and anchors are few; theirs may be read as it likes.
        let bad = |step: &&String| {
            let scans = ["SCAN recording", "Seq Scan on recording", "Sort", "TEMP B-TREE"];
            scans.iter().any(|bad| step.contains(bad))
        };
        assert_eq!(plan.iter().find(bad), None, "{plan:#?}");
    })
    .await;
}

/// How PostgreSQL means to run [`due::WALK`] whatever its values are, over twenty thousand sealed recordings whose time comes
/// one after the other.
async fn postgres_plan(test: &TestDb) -> Vec<String> {
    opened(&test.db, 0).await;
    let mut connection = stranger(&test.settings.url).await;
    for text in [
        "insert into recording select (jsonb_populate_record(recording, jsonb_build_object('id', 'n' || n, 'take', n + 1,
            'idempotency_key', null, 'state', 'sealed', 'sealed_at', 1, 'sealed_size', 1, 'due_at', n * 1000))).*
         from recording, generate_series(1, 20000) n",
        "analyze",
        "set plan_cache_mode = force_generic_plan",
    ] {
        connection.execute(text).await.unwrap();
    }
    let prepare = format!("prepare walk (bigint, text, bigint, bigint) as {}", due::WALK);
    connection.execute(AssertSqlSafe(prepare)).await.unwrap();
    let explain = sqlx::query("explain execute walk (0, 'x', 5000, 500)");
    let rows = explain.fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| sqlx::Row::get(row, 0)).collect()
}

/// Connections that have seen the ledger empty open recordings and write progress, and read no more for the last than
/// for the first.
#[tokio::test]
async fn plans_fit_a_ledger_that_grows() {
    const RECORDINGS: u32 = 3_200;
    on_postgres(|test| async move {
        for first in (0..RECORDINGS).step_by(64) {
            let new = |n: u32| NewRecording { idempotency_key: Some(n.to_string()), ..new_recording(n) };
            let opens = (first..first + 64).map(|n| open(&test.db, new(n), Caused::default()));
            assert!(join_all(opens).await.into_iter().all(|opened| opened.unwrap().fresh));
            let flush = recordings::Flush((first..first + 64).map(lists::progress).collect());
            assert_eq!(test.db.change(flush).await.unwrap(), 64);
        }
        // A connection that ends says what it has read.
        test.db.close().await;
        let mut connection = stranger(&test.settings.url).await;
        let told = async {
            loop {
                let counts =
                    "select n_tup_upd, seq_tup_read from pg_stat_user_tables where relname = 'recording'";
                let row = sqlx::query(counts).fetch_one(&mut connection).await.unwrap();
                if sqlx::Row::get::<i64, _>(&row, 0) == i64::from(RECORDINGS) {
                    return sqlx::Row::get::<i64, _>(&row, 1);
                }
            }
        };
        let read = tokio::time::timeout(Duration::from_secs(60), told).await.expect("it says so in time");
        assert!(read < 10 * i64::from(RECORDINGS), "{read} rows were walked through");
    })
    .await;
}
