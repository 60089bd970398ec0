//! Group commit: one failing write does not hurt its group, and a full queue says so at once.

use futures_util::future::join_all;

use super::super::api_keys;
use super::super::recordings::get;
use super::*;

/// Writes a row, then fails.
struct Fails(u32);

impl Change for Fails {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        key(self.0).apply(tx).await?;
        const BREAKS_A_CHECK: &str = "update recording set take = 0";
        super::super::statement::execute(tx, super::super::statement::query(BREAKS_A_CHECK)).await?;
        Ok(true)
    }
}

#[tokio::test]
async fn a_failing_change_is_undone_alone() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        // On one thread every one of them is queued before the writer runs: they are one group on SQLite.
        let good = join_all((0..20).map(|n| db.change(key(n))));
        let opens = join_all((2..20).map(|n| open(&db, new_recording(n), Caused::default())));
        let bad = join_all([db.change(Fails(100)), db.change(Fails(101))]);
        let (good, bad, opens) = futures_util::join!(good, bad, opens);
        assert!(good.into_iter().all(|created| created.unwrap()));
        assert!(bad.into_iter().all(|failed| matches!(failed, Err(Error::Other(_)))));
        assert!(opens.into_iter().all(|opened| opened.unwrap().fresh));
        assert_eq!(api_keys::list(&db).await.unwrap().len(), 20, "what failed left nothing");
        assert!(get(&db, &id(19)).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_open_whose_id_is_taken_fails_alone() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        let taken = NewRecording { candidate: "another".parse().unwrap(), ..new_recording(1) };
        let opens = (2..40).map(new_recording).chain([taken]).map(|new| open(&db, new, Caused::default()));
        let mut opened = join_all(opens).await;
        assert!(matches!(opened.pop().unwrap(), Err(Error::Other(_))));
        assert!(opened.into_iter().all(|opened| opened.unwrap().fresh));
    })
    .await;
}

#[tokio::test]
async fn a_full_queue_answers_busy_at_once_and_loses_nothing() {
    on_each(|test| async move {
        let db = Db::connect(&Settings { queue: 4, ..test.settings.clone() }).await.unwrap();
        let lock = test.lock().await;
        let opens = (0..64).map(|n| open(&db, new_recording(n), Caused::default()));
        let unlock = async { lock.close().await.unwrap() };
        let (opened, ()) = futures_util::join!(join_all(opens), unlock);
        let busy = opened.iter().filter(|opened| matches!(opened, Err(Error::Busy))).count();
        assert_eq!(busy, 60, "on one thread all are queued before the writer runs");
        for (n, opened) in (0..).zip(opened) {
            assert_eq!(get(&db, &id(n)).await.unwrap().is_some(), opened.is_ok());
        }
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn close_finishes_what_waits_and_then_answers_unavailable() {
    on_each(|TestDb { db, settings, .. }| async move {
        let opens = join_all((0..100).map(|n| open(&db, new_recording(n), Caused::default())));
        let (opened, ()) = futures_util::join!(opens, db.close());
        assert!(opened.into_iter().all(|opened| opened.unwrap().fresh));
        let late = open(&db, new_recording(200), Caused::default()).await;
        assert!(matches!(late, Err(Error::Unavailable { .. })));
        assert!(matches!(db.change(key(1)).await, Err(Error::Unavailable { .. })));
        assert!(matches!(db.ping().await, Err(Error::Unavailable { .. })));

        let again = Db::connect(&settings).await.unwrap();
        assert!(get(&again, &id(99)).await.unwrap().is_some());
        again.close().await;
    })
    .await;
}
