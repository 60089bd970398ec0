//! Marks, holds and deletions: whoever changed something in between wins over whoever read before.

use handin_core::retention::Anchor;
use handin_core::{Reason, State};
use sqlx::Row as _;

use super::super::certificates::{self, Certify, NewCertificate};
use super::super::due::{self, DeleteMarked, Doomed, DueRow, Mark, Move, Moves};
use super::super::holds::{self, Hold, PlaceHold, ReleaseHold, Scope};
use super::super::recordings::{Abandon, Delete, get};
use super::super::retention::{PolicyVersion, PostAnchor, SetPolicy, newest_policy};
use super::*;

pub(super) async fn sealed(db: &Db, n: u32) {
    opened(db, n).await;
    claimed(db, n, "me").await;
    assert!(db.change(finish(n, "me", State::Sealed)).await.unwrap());
}

fn discard(n: u32) -> Abandon {
    let reason = Reason::DiscardedByCandidate;
    Abandon { id: id(n), from_owner: None, reason, at: at(30), caused: Caused::default() }
}

pub(super) async fn all(db: &Db, until: i64) -> Vec<DueRow> {
    due::walk(db, at(until), None, 100).await.unwrap()
}

fn mark(row: &DueRow, gone_at: i64) -> Moves {
    let mark = Mark::Set { at: at(100), by: "retention".to_owned() };
    Moves(vec![Move { id: row.id.clone(), seen: row.seen, due_at: at(gone_at), mark }])
}

fn later(row: &DueRow, second: i64) -> Moves {
    Moves(vec![Move { id: row.id.clone(), seen: row.seen, due_at: at(second), mark: Mark::Keep }])
}

pub(super) fn hold(n: u32, recording: Option<u32>) -> PlaceHold {
    let row = recording.map(new_recording);
    let hold = Hold {
        id: format!("hold-{n}"),
        scope: Scope {
            exam: "spring".parse().unwrap(),
            candidate: row.as_ref().map(|row| row.candidate.clone()),
            subject: row.as_ref().map(|row| row.subject.clone()),
            recording: row.map(|row| row.id),
        },
        reason: "appeal".to_owned(),
        owner: "legal".to_owned(),
        placed_at: at(50),
        placed_by: "key-1".to_owned(),
        expires_at: None,
        reminded_at: None,
        released_at: None,
        released_by: None,
    };
    PlaceHold { hold, stamp: -i64::from(n) - 10, caused: Caused::default() }
}

fn deletion(n: u32, rows: &[DueRow]) -> DeleteMarked {
    let doom = |row: &DueRow| Doomed {
        id: row.id.clone(),
        seen: row.seen,
        event: NewEvent { id: format!("{n}-{}", row.id), ..event(n) },
    };
    DeleteMarked {
        doomed: rows.iter().map(doom).collect(),
        certificate: NewCertificate {
            id: format!("certificate-{n}"),
            exam: "spring".parse().unwrap(),
            policy: "spring@1".to_owned(),
            ordered_at: at(200),
            ordered_by: "retention".to_owned(),
        },
        job: NewJob {
            id: format!("destroy-{n}"),
            kind: "destroy",
            recording: None,
            unique_key: None,
            ..verify_job(n)
        },
        caused: Caused::default(),
    }
}

#[tokio::test]
async fn the_newest_policy_counts_and_a_version_is_set_once() {
    on_each(|TestDb { db, .. }| async move {
        sealed(&db, 1).await;
        let set = |version, stamp| SetPolicy {
            new: PolicyVersion {
                exam: Some("spring".parse().unwrap()),
                version,
                policy: format!("{{\"version\":{version}}}"),
                set_at: at(version.into()),
                set_by: "key-1".to_owned(),
            },
            stamp,
            caused: Caused::default(),
        };
        let exam = "spring".parse().unwrap();
        assert_eq!(newest_policy(&db, Some(&exam)).await.unwrap(), None);
        assert!(db.change(set(1, -7)).await.unwrap());
        assert!(!db.change(set(1, -8)).await.unwrap());
        assert_eq!(all(&db, 0).await[0].seen, -7, "the second changed nothing");
        assert!(db.change(set(2, -9)).await.unwrap());
        assert_eq!(newest_policy(&db, Some(&exam)).await.unwrap(), Some(set(2, 0).new));
        assert_eq!(newest_policy(&db, None).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn who_read_before_a_change_cannot_write_after_it() {
    on_each(|TestDb { db, .. }| async move {
        sealed(&db, 1).await;
        let before = all(&db, 0).await.remove(0);
        assert_eq!((before.seen, before.held, before.facts.posted.len()), (0, false, 0));
        let post = |candidate: Option<&str>, kind, second: Option<i64>, stamp| PostAnchor {
            exam: "spring".parse().unwrap(),
            candidate: candidate.map(|candidate| candidate.parse().unwrap()),
            kind,
            at: second.map(at),
            stamp,
            caused: Caused::default(),
        };
        db.change(post(None, Anchor::HiringDecided, Some(5), -5)).await.unwrap();
        assert_eq!(db.change(mark(&before, 700)).await.unwrap(), 0);
        db.change(later(&before, 900)).await.unwrap();
        let now = all(&db, 0).await.remove(0);
        assert_eq!((now.seen, now.marked_at), (-5, None));
        assert_eq!(now.facts.posted, [(Anchor::HiringDecided, at(5))].into());
        db.change(post(Some("c0001"), Anchor::HiringDecided, Some(6), -6)).await.unwrap();
        assert_eq!(
            all(&db, 0).await[0].facts.posted[&Anchor::HiringDecided],
            at(6),
            "the candidate's own counts"
        );
        db.change(post(Some("c0001"), Anchor::HiringDecided, None, -7)).await.unwrap();
        assert_eq!(all(&db, 0).await[0].facts.posted[&Anchor::HiringDecided], at(5));
        db.change(post(Some("c0002"), Anchor::Flagged, Some(6), -8)).await.unwrap();
        assert_eq!(all(&db, 0).await[0].seen, -7, "another candidate is no business of this one");
        db.change(later(&all(&db, 0).await[0], 900)).await.unwrap();
        assert_eq!((all(&db, 899).await.len(), all(&db, 900).await.len()), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_held_is_neither_marked_nor_deleted() {
    on_each(|TestDb { db, .. }| async move {
        for n in 1..=3 {
            sealed(&db, n).await;
        }
        assert_eq!(db.change(hold(1, Some(1))).await.unwrap(), 1);
        let rows = all(&db, 0).await;
        assert_eq!(rows.iter().filter(|row| row.held).map(|row| row.id.clone()).collect::<Vec<_>>(), [id(1)]);
        let mut marked = 0;
        for row in &rows {
            marked += db.change(mark(row, 700)).await.unwrap();
        }
        assert_eq!(marked, 2);
        let over = all(&db, 700).await;
        let by: Vec<_> = over.iter().map(|row| row.marked_by.as_deref()).collect();
        assert_eq!(by.iter().filter(|by| **by == Some("retention")).count(), 2, "{by:?}");
        assert_eq!(db.change(hold(2, Some(2))).await.unwrap(), 1);
        assert_eq!(get(&db, &id(2)).await.unwrap().unwrap().marked_at, None, "its mark was taken back");
        assert_eq!(db.change(deletion(1, &over)).await.unwrap(), 1);
        let states = async |n| get(&db, &id(n)).await.unwrap().unwrap().state;
        assert_eq!(
            (states(1).await, states(2).await, states(3).await),
            (State::Sealed, State::Sealed, State::Deleted)
        );
        let gone = due::of_certificate(&db, "certificate-1").await.unwrap();
        assert_eq!(gone.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [id(3)]);
        assert_eq!(db.change(deletion(2, &over)).await.unwrap(), 0);
        assert_eq!(certificates::get(&db, "certificate-2").await.unwrap(), None, "nothing went with it");
        let by_hand = Delete { id: id(1), at: at(300), caused: Caused::default() };
        assert!(!db.change(by_hand.clone()).await.unwrap());
        assert!(holds::covers(&db, &id(1)).await.unwrap());
        let release = ReleaseHold {
            id: "hold-1".to_owned(),
            at: at(60),
            by: "k".to_owned(),
            caused: Caused::default(),
        };
        assert!(db.change(release.clone()).await.unwrap());
        assert!(!db.change(release).await.unwrap());
        assert!(db.change(by_hand).await.unwrap());
        assert_eq!(due::count(&db).await.unwrap(), 1);
    })
    .await;
}

/// Places a hold on recording 1, lets `late` begin before it is committed, and gives what `late` did.
async fn behind_a_hold<C: Change>(test: &TestDb, late: C) -> C::Out {
    let mut other = stranger(&test.settings.url).await;
    other.execute("begin").await.unwrap();
    hold(1, Some(1)).apply(&mut other).await.unwrap();
    let acting = tokio::spawn({
        let db = test.db.clone();
        async move { db.change(late).await.unwrap() }
    });
    let waits = "select count(*) as waits from pg_locks where not granted \
         and pid in (select pid from pg_stat_activity where datname = current_database())";
    let mut onlooker = stranger(&test.settings.url).await;
    while onlooker.fetch_one(waits).await.unwrap().get::<i64, _>("waits") == 0 {
        assert!(!acting.is_finished(), "it waited for nobody");
        tokio::task::yield_now().await;
    }
    other.execute("commit").await.unwrap();
    acting.await.unwrap()
}

/// A hold whose transaction is still open when something is marked, deleted or discarded: on PostgreSQL, the two meet at
/// the row.
#[tokio::test]
async fn a_hold_that_is_being_placed_is_waited_for_by_a_mark() {
    on_postgres(|test| async move {
        sealed(&test.db, 1).await;
        let row = all(&test.db, 0).await.remove(0);
        assert_eq!(behind_a_hold(&test, mark(&row, 700)).await, 0);
        assert_eq!(get(&test.db, &id(1)).await.unwrap().unwrap().marked_at, None);
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_is_being_placed_is_waited_for_by_a_policys_deletion() {
    on_postgres(|test| async move {
        sealed(&test.db, 1).await;
        let row = all(&test.db, 0).await.remove(0);
        assert_eq!(test.db.change(mark(&row, 700)).await.unwrap(), 1);
        let over = all(&test.db, 700).await;
        assert_eq!(behind_a_hold(&test, deletion(1, &over)).await, 0);
        assert_eq!(get(&test.db, &id(1)).await.unwrap().unwrap().state, State::Sealed);
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_is_being_placed_is_waited_for_by_a_deletion_by_hand() {
    on_postgres(|test| async move {
        sealed(&test.db, 1).await;
        let by_hand = Delete { id: id(1), at: at(300), caused: Caused::default() };
        assert!(!behind_a_hold(&test, by_hand).await);
        assert_eq!(get(&test.db, &id(1)).await.unwrap().unwrap().state, State::Sealed);
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_is_being_placed_is_waited_for_by_a_discard() {
    on_postgres(|test| async move {
        opened(&test.db, 1).await;
        assert!(!behind_a_hold(&test, discard(1)).await);
        assert_eq!(get(&test.db, &id(1)).await.unwrap().unwrap().state, State::Open);
    })
    .await;
}

#[tokio::test]
async fn what_is_held_while_it_is_open_is_not_discarded() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        assert_eq!(db.change(hold(1, Some(1))).await.unwrap(), 0, "nothing of it is finished");
        assert!(!db.change(discard(1)).await.unwrap());
        assert_eq!(get(&db, &id(1)).await.unwrap().unwrap().state, State::Open);
        claimed(&db, 1, "me").await;
        let nothing_arrived = Abandon { from_owner: Some("me".to_owned()), ..discard(1) };
        assert!(db.change(nothing_arrived).await.unwrap(), "salvage, which found nothing, goes on");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_is_signed_once() {
    on_each(|TestDb { db, .. }| async move {
        sealed(&db, 1).await;
        let row = all(&db, 0).await.remove(0);
        assert_eq!(db.change(mark(&row, 700)).await.unwrap(), 1);
        assert_eq!(db.change(deletion(1, &all(&db, 700).await)).await.unwrap(), 1);
        let certify = |jws: &str| Certify {
            id: "certificate-1".to_owned(),
            jws: jws.to_owned(),
            issued_at: at(300),
            caused: Caused::default(),
        };
        assert!(db.change(certify("first")).await.unwrap());
        assert!(!db.change(certify("second")).await.unwrap());
        let exam = "spring".parse().unwrap();
        let listed = certificates::list(&db, Some(&exam), None, 10).await.unwrap();
        assert_eq!(listed[0].jws.as_deref(), Some("first"));
        assert_eq!(certificates::list(&db, None, Some("certificate-1"), 10).await.unwrap(), []);
    })
    .await;
}
