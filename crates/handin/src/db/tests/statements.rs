//! Every statement is prepared on both databases, and the ones that must stay fast use their index.

use std::path::Path;

use super::super::statement::Bulk;
use super::super::{api_keys, audit, candidates, exams, jobs, outbox, receipts, recordings};
use super::*;

fn texts() -> Vec<&'static str> {
    vec![
        api_keys::CREATE,
        api_keys::LIST,
        api_keys::REVOKE,
        api_keys::BY_HASH,
        api_keys::COUNT_ACTIVE,
        audit::LIST,
        candidates::COUNT,
        candidates::BY_SUBJECTS,
        candidates::SUBJECTS,
        candidates::PAGE,
        exams::CREATE,
        exams::GET,
        exams::LIST,
        jobs::FORGET,
        jobs::CLAIM,
        jobs::DONE,
        jobs::RETRY,
        jobs::GIVE_UP,
        jobs::RENEW,
        jobs::NEXT_RUN_AT,
        jobs::COUNTS,
        outbox::LIST,
        receipts::ADD,
        receipts::GET,
        recordings::GET,
        recordings::BY_IDEMPOTENCY_KEY,
        recordings::COUNT_TAKES,
        recordings::LIST,
        recordings::UNFINISHED,
        recordings::end::ABANDON,
        recordings::end::DELETE,
        recordings::seal::CLAIM,
        recordings::seal::RENEW,
        recordings::seal::REOPEN,
        recordings::seal::FINISH,
        recordings::status::STATUS,
    ]
}

fn bulks() -> Vec<&'static Bulk> {
    vec![
        &audit::ADD,
        &candidates::PUT,
        &exams::CREATE_SUBJECTS,
        &jobs::ADD,
        &outbox::ADD,
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
        let many = bulks().into_iter().flat_map(Bulk::texts).map(str::to_owned);
        for text in texts().into_iter().map(str::to_owned).chain(many) {
            let prepared =
                connection.prepare(sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text.clone()))).await;
            assert!(prepared.is_ok(), "{:?}: {:?}: {text}", test.kind, prepared.err());
        }
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
        let open = recordings::open::OPEN.texts().next().unwrap();
        let flush = recordings::progress::FLUSH.texts().next().unwrap();
        let of_sittings = recordings::OF_SITTINGS.texts().next().unwrap();
        let known = recordings::KNOWN.texts().next().unwrap();
        let others = texts().into_iter().filter(|text| text.contains("recording"));
        for text in others.chain([open, flush, of_sittings, known]) {
            let plan = plan(&test, text).await;
            let bad = |step: &&String| {
                step.starts_with("SCAN recording") && !step.contains("USING INDEX recording_unfinished")
            };
            assert!(plan.iter().find(bad).is_none(), "{plan:#?}\n{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_come_in_the_order_of_their_index() {
    on_sqlite(|test| async move {
        for text in [recordings::LIST, recordings::UNFINISHED, candidates::PAGE, jobs::CLAIM] {
            let plan = plan(&test, text).await;
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:#?}\n{text}");
        }
        let list = plan(&test, recordings::LIST).await;
        assert!(list[0].contains("exam=? AND (candidate,subject,track,take)>"), "{list:#?}");
    })
    .await;
}
