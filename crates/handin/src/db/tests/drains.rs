//! Drains: an object lives where its row says, and the first copy goes only when nothing forbids it.

use handin_core::{State, StorageClass};

use super::super::drains::{Ask, End, Note, SetRate, is_exam_running, next, progress};
use super::super::holds::{Hold, PlaceHold, Scope};
use super::super::quarantine::{LetGo, TakeBack};
use super::super::recordings::get;
use super::super::revisions::{self, Begin, Prolong, Replace, Revision, RevisionState};
use super::*;

async fn sealed(db: &Db, n: u32) -> Recording {
    opened(db, n).await;
    claimed(db, n, "me").await;
    assert!(db.change(finish(n, "me", State::Sealed)).await.unwrap());
    get(db, &id(n)).await.unwrap().unwrap()
}

fn ask(second: i64) -> Ask {
    Ask {
        exam: "spring".parse().unwrap(),
        recording: None,
        archive: "nas".to_owned(),
        rate: None,
        at: at(second),
        by: "key-1".to_owned(),
        caused: Caused::default(),
    }
}

fn at_archive(first: &Recording) -> Revision {
    Revision {
        recording: first.id.clone(),
        number: 1,
        state: RevisionState::Writing,
        key: format!("{}.1", first.key),
        place: "nas".to_owned(),
        upload_id: None,
        write_token: "the archive's".to_owned(),
        erase_at: at(1_000),
    }
}

fn old(first: &Recording) -> Revision {
    Revision {
        number: 0,
        state: RevisionState::Replaced,
        key: first.key.clone(),
        place: String::new(),
        upload_id: first.upload_id.clone(),
        write_token: first.write_token.clone(),
        ..at_archive(first)
    }
}

fn receipt(first: &Recording) -> NewReceipt {
    NewReceipt { recording: first.id.clone(), jws: "again".to_owned(), issued_at: at(60) }
}

/// Copies the recording, and has the archive's copy count.
async fn copied(db: &Db, first: &Recording) {
    let new = at_archive(first);
    let begin = Begin { revision: new.clone(), from: first.key.clone(), caused: Caused::default() };
    assert!(db.change(begin).await.unwrap());
    let prolong = Prolong { recording: first.id.clone(), number: 1, until: at(2_000) };
    assert!(db.change(prolong).await.unwrap());
    let (old, receipt) = (old(first), receipt(first));
    let replace = Replace {
        new,
        old,
        sha256_parts: "ab".to_owned(),
        storage_class: StorageClass::Standard,
        tiered_at: None,
        receipt,
        caused: Caused::default(),
    };
    assert!(db.change(replace).await.unwrap());
}

async fn counts(db: &Db) -> (u64, u64, u64) {
    let progress = progress(db, None).await.unwrap().remove(0);
    (progress.waiting, progress.copied, progress.moved)
}

fn let_go(first: &Recording) -> LetGo {
    LetGo { recording: first.id.clone(), number: 0, counts: at_archive(first).key }
}

#[tokio::test]
async fn what_was_asked_waits_for_its_turn_is_copied_and_moves() {
    on_each(|TestDb { db, .. }| async move {
        let first = sealed(&db, 1).await;
        assert_eq!(db.change(ask(10)).await.unwrap(), 1);
        assert_eq!(db.change(ask(11)).await.unwrap(), 0, "once is enough");
        assert_eq!(next(&db, at(9), false, 5).await.unwrap(), []);
        assert_eq!(next(&db, at(10), true, 5).await.unwrap(), [], "it has no rate of its own");
        let rate = SetRate { exam: first.exam.clone(), rate: Some(5) };
        assert_eq!(db.change(rate).await.unwrap(), 1);
        assert_eq!(next(&db, at(10), true, 5).await.unwrap()[0].rate, Some(5));
        let recording = first.id.clone();
        let failed = Some("away".to_owned());
        db.change(Note { recording, bytes_moved: 3, next_at: Some(at(20)), error: failed }).await.unwrap();
        assert_eq!(next(&db, at(19), false, 5).await.unwrap(), []);
        assert_eq!(next(&db, at(20), false, 5).await.unwrap()[0].tries, 1);
        let failing = progress(&db, Some(&first.exam)).await.unwrap().remove(0);
        assert_eq!((failing.failing, failing.bytes_moved), (1, 3));

        copied(&db, &first).await;
        assert_eq!(counts(&db).await, (0, 1, 0));
        let moved = get(&db, &first.id).await.unwrap().unwrap();
        assert_eq!((moved.place.as_str(), moved.key), ("nas", at_archive(&first).key));
        assert!(db.change(let_go(&first)).await.unwrap());
        let end = End { recording: first.id.clone(), moved: true, caused: Caused::default() };
        assert!(db.change(end).await.unwrap());
        assert_eq!(counts(&db).await, (0, 0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_hold_and_another_object_keep_the_first_copy() {
    on_each(|TestDb { db, .. }| async move {
        let first = sealed(&db, 1).await;
        db.change(ask(10)).await.unwrap();
        copied(&db, &first).await;
        let other = LetGo { counts: "another".to_owned(), ..let_go(&first) };
        assert!(!db.change(other).await.unwrap());
        let hold = Hold {
            id: "hold-1".to_owned(),
            scope: Scope { exam: first.exam.clone(), candidate: None, subject: None, recording: None },
            reason: "appeal".to_owned(),
            owner: "legal".to_owned(),
            placed_at: at(50),
            placed_by: "key-1".to_owned(),
            expires_at: None,
            reminded_at: None,
            released_at: None,
            released_by: None,
        };
        db.change(PlaceHold { hold, stamp: -5, caused: Caused::default() }).await.unwrap();
        assert!(!db.change(let_go(&first)).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_back_waits_again_unless_it_was_let_go() {
    on_each(|TestDb { db, .. }| async move {
        let first = sealed(&db, 1).await;
        db.change(ask(10)).await.unwrap();
        copied(&db, &first).await;
        let take_back = || TakeBack {
            old: old(&first),
            damaged: at_archive(&first),
            receipt: receipt(&first),
            caused: Caused::default(),
        };
        assert!(db.change(take_back()).await.unwrap());
        assert!(!db.change(take_back()).await.unwrap());
        let again = get(&db, &first.id).await.unwrap().unwrap();
        assert_eq!((again.place.as_str(), again.key.as_str()), ("", first.key.as_str()));
        assert_eq!(counts(&db).await, (1, 0, 0));
        assert!(!db.change(let_go(&first)).await.unwrap(), "what counts is not let go");
        let states: Vec<_> =
            revisions::of(&db, &first.id).await.unwrap().into_iter().map(|one| one.state).collect();
        assert_eq!(states, [RevisionState::Current, RevisionState::GivenUp]);
    })
    .await;
}

#[tokio::test]
async fn an_exam_runs_while_a_recording_is_open_and_may_still_be_finished() {
    on_each(|TestDb { db, .. }| async move {
        assert!(!is_exam_running(&db, at(0)).await.unwrap());
        opened(&db, 1).await;
        let until = get(&db, &id(1)).await.unwrap().unwrap().salvage_at;
        assert!(is_exam_running(&db, until).await.unwrap());
        assert!(!is_exam_running(&db, until + Duration::from_millis(1)).await.unwrap());
    })
    .await;
}
