//! Tiers: neither the queueing nor the copy that takes a place passes by a hold, and one that was overtaken does nothing.

use super::super::drains::Ask;
use super::super::due::DueRow;
use super::super::holds::ReleaseHold;
use super::super::recordings::get;
use super::super::revisions::{self, Begin, Replace, Revision, RevisionState};
use super::super::tiers::{QueueTiers, ToTier};
use super::retention::{all, hold, sealed};
use super::*;

fn to_tier(row: &DueRow, n: u32, away: bool) -> QueueTiers {
    let job = NewJob { id: format!("tier-{n}"), kind: "tier", unique_key: None, ..verify_job(n) };
    QueueTiers(vec![ToTier { id: row.id.clone(), seen: row.seen, due_at: at(500), away, job }])
}

async fn tier_jobs(db: &Db) -> u64 {
    let jobs = super::super::jobs::counts(db).await.unwrap();
    jobs.into_iter().find(|count| count.kind == "tier").map_or(0, |count| count.jobs)
}

#[tokio::test]
async fn a_job_is_queued_only_for_what_was_not_changed_and_may_go() {
    on_each(|TestDb { db, .. }| async move {
        sealed(&db, 1).await;
        let before = all(&db, 100).await.remove(0);
        db.change(hold(1, Some(1))).await.unwrap();
        assert_eq!(db.change(to_tier(&before, 1, false)).await.unwrap(), 0, "the hold has touched it");
        let held = all(&db, 100).await.remove(0);
        assert!(held.held);
        assert_eq!(db.change(to_tier(&held, 2, true)).await.unwrap(), 0, "it has to stay readable");
        assert_eq!(tier_jobs(&db).await, 0);
        assert_eq!(db.change(to_tier(&held, 3, false)).await.unwrap(), 1);
        assert_eq!(db.change(to_tier(&held, 4, false)).await.unwrap(), 0, "once");
        assert_eq!((tier_jobs(&db).await, all(&db, 100).await), (1, Vec::new()));
    })
    .await;
}

fn revision(number: u32, state: RevisionState) -> Revision {
    Revision {
        recording: id(1),
        number,
        state,
        key: format!("key-{number}"),
        place: String::new(),
        upload_id: Some(format!("another-{number}")),
        write_token: format!("another-token-{number}"),
        erase_at: at(9_000),
    }
}

async fn replaced(db: &Db, number: u32, storage_class: StorageClass, tiered_at: Option<Timestamp>) -> bool {
    let row = get(db, &id(1)).await.unwrap().unwrap();
    let new = revision(number, RevisionState::Writing);
    let begin = Begin { revision: new.clone(), from: row.key.clone(), caused: Caused::default() };
    assert!(db.change(begin).await.unwrap());
    // The first that was begun never counted.
    let counted = if number == 2 { 0 } else { number - 1 };
    let old = Revision { key: row.key, ..revision(counted, RevisionState::Replaced) };
    let receipt = NewReceipt { recording: id(1), jws: format!("jws-{number}"), issued_at: at(30) };
    let (sha256_parts, caused) = ("cd".repeat(32), Caused::default());
    let replace = Replace { new, old, sha256_parts, storage_class, tiered_at, receipt, caused };
    db.change(replace).await.unwrap()
}

#[tokio::test]
async fn what_cannot_be_read_at_once_takes_no_held_recordings_place() {
    on_each(|TestDb { db, .. }| async move {
        sealed(&db, 1).await;
        db.change(hold(1, Some(1))).await.unwrap();
        assert!(!replaced(&db, 1, StorageClass::Glacier, Some(at(40))).await);
        let kept = get(&db, &id(1)).await.unwrap().unwrap();
        assert_eq!((kept.storage_class, kept.tiered_at), (StorageClass::Standard, None));
        assert_eq!(revisions::of(&db, &id(1)).await.unwrap()[0].state, RevisionState::GivenUp);
        assert!(replaced(&db, 2, StorageClass::GlacierIr, Some(at(41))).await);
        // A head that is mended later changes nothing about where it is kept, and since when.
        assert!(replaced(&db, 3, StorageClass::GlacierIr, None).await);
        let moved = get(&db, &id(1)).await.unwrap().unwrap();
        assert_eq!((moved.storage_class, moved.tiered_at), (StorageClass::GlacierIr, Some(at(41))));
        let release = ReleaseHold {
            id: "hold-1".to_owned(),
            at: at(60),
            by: "key-1".to_owned(),
            caused: Caused::default(),
        };
        assert!(db.change(release).await.unwrap());
        assert!(replaced(&db, 4, StorageClass::Glacier, Some(at(70))).await);
        assert_eq!(get(&db, &id(1)).await.unwrap().unwrap().key, "key-4");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_at_once_is_not_asked_to_go_to_an_archive() {
    for class in [StorageClass::GlacierIr, StorageClass::Glacier, StorageClass::DeepArchive] {
        on_each(move |TestDb { db, .. }| async move {
            sealed(&db, 1).await;
            assert!(replaced(&db, 1, class, Some(at(40))).await);
            let ask = Ask {
                exam: "spring".parse().unwrap(),
                recording: None,
                archive: "nas".to_owned(),
                rate: None,
                at: at(50),
                by: "key-1".to_owned(),
                caused: Caused::default(),
            };
            assert_eq!(db.change(ask).await.unwrap(), u64::from(class.is_read_at_once()), "{class}");
            assert_eq!(all(&db, 100).await[0].drained, class.is_read_at_once(), "{class}");
        })
        .await;
    }
}
