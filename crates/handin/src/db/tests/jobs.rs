//! Jobs: claimed once, given back when a worker dies, ended by their owner alone.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::super::jobs::{Done, Enqueue, GiveUp, Job, Renew, Retry, claim, counts, next_run_at};
use super::*;

async fn queue(db: &Db, jobs: impl Iterator<Item = u32>) {
    db.change(Enqueue(jobs.map(verify_job).collect())).await.unwrap();
}

fn ids(jobs: &[Job]) -> BTreeSet<String> {
    jobs.iter().map(|job| job.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_never_claim_one_job_twice() {
    on_each(|TestDb { db, .. }| async move {
        queue(&db, 0..200).await;
        let workers = (0..8).map(|worker| {
            let db = db.clone();
            tokio::spawn(async move {
                let (owner, mut mine) = (format!("worker-{worker}"), Vec::new());
                while next_run_at(&db).await.unwrap().is_some_and(|due| due <= at(300)) {
                    mine.extend(claim(&db, &owner, at(300), at(900), 7).await.unwrap());
                }
                mine
            })
        });
        let claimed: Vec<Vec<Job>> = join_all(workers).await.into_iter().map(Result::unwrap).collect();
        let all: Vec<&Job> = claimed.iter().flatten().collect();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|job| job.attempts == 1));
        assert_eq!(claimed.iter().map(|mine| ids(mine)).fold(BTreeSet::new(), |a, b| &a | &b).len(), 200);
    })
    .await;
}

#[tokio::test]
async fn only_due_jobs_are_claimed_soonest_first_and_by_the_limit() {
    on_each(|TestDb { db, .. }| async move {
        queue(&db, 1..=5).await;
        assert_eq!(next_run_at(&db).await.unwrap(), Some(at(1)));
        assert_eq!(claim(&db, "me", at(0), at(60), 9).await.unwrap(), vec![]);
        let two = claim(&db, "me", at(4), at(60), 2).await.unwrap();
        assert_eq!(ids(&two), BTreeSet::from(["verify-0001".to_owned(), "verify-0002".to_owned()]));
        assert_eq!(claim(&db, "me", at(4), at(60), 9).await.unwrap().len(), 2);
        assert_eq!(next_run_at(&db).await.unwrap(), Some(at(5)));
        let expected = verify_job(1);
        let job = two.iter().find(|job| job.id == expected.id).unwrap();
        assert_eq!(
            (job.kind.as_str(), &job.recording, &job.payload),
            ("verify", &Some(id(1)), &expected.payload)
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_worker_died_is_claimed_again_and_the_dead_worker_cannot_end_it() {
    on_each(|TestDb { db, .. }| async move {
        queue(&db, 1..=1).await;
        let job = claim(&db, "dead", at(10), at(60), 1).await.unwrap().remove(0);
        assert_eq!(claim(&db, "heir", at(59), at(120), 1).await.unwrap(), vec![]);
        let again = claim(&db, "heir", at(60), at(120), 1).await.unwrap().remove(0);
        assert_eq!((again.id.as_str(), again.attempts), (job.id.as_str(), 2));
        let (id, owner) = (job.id.clone(), "dead".to_owned());
        assert!(!db.change(Done { id: id.clone(), owner: owner.clone() }).await.unwrap());
        assert!(!db.change(Renew { id: id.clone(), owner: owner.clone(), until: at(999) }).await.unwrap());
        let retry = Retry { id: id.clone(), owner: owner.clone(), run_at: at(0), error: String::new() };
        assert!(!db.change(retry).await.unwrap());
        assert!(!db.change(GiveUp { id: id.clone(), owner, error: String::new() }).await.unwrap());
        assert!(db.change(Renew { id: id.clone(), owner: "heir".to_owned(), until: at(180) }).await.unwrap());
        assert_eq!(next_run_at(&db).await.unwrap(), Some(at(180)));
        assert!(db.change(Done { id, owner: "heir".to_owned() }).await.unwrap());
        assert_eq!(next_run_at(&db).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_comes_back_with_its_error_and_a_dead_one_stays() {
    on_each(|TestDb { db, .. }| async move {
        queue(&db, 1..=1).await;
        let job = claim(&db, "me", at(10), at(60), 1).await.unwrap().remove(0);
        let (id, owner, error) = (job.id, "me".to_owned(), "store away".to_owned());
        let retry = Retry { id: id.clone(), owner: owner.clone(), run_at: at(100), error: error.clone() };
        assert!(db.change(retry).await.unwrap());
        assert_eq!(claim(&db, "me", at(99), at(160), 1).await.unwrap(), vec![]);
        let again = claim(&db, "me", at(100), at(160), 1).await.unwrap().remove(0);
        assert_eq!((again.attempts, again.error.as_deref()), (2, Some("store away")));
        assert!(db.change(GiveUp { id: id.clone(), owner: owner.clone(), error }).await.unwrap());
        assert_eq!(claim(&db, "me", at(9_999), at(99_999), 9).await.unwrap(), vec![]);
        let count = counts(&db).await.unwrap();
        assert_eq!((count[0].kind.as_str(), count[0].state.as_str(), count[0].jobs), ("verify", "dead", 1));
        // Its key is free for a new one.
        db.change(Enqueue(vec![NewJob { id: "new".to_owned(), ..verify_job(1) }])).await.unwrap();
        assert_eq!(counts(&db).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_job_with_a_key_that_is_queued_is_left_out() {
    on_each(|TestDb { db, .. }| async move {
        queue(&db, 1..=3).await;
        let second = NewJob { id: "second".to_owned(), ..verify_job(2) };
        let free = NewJob { id: "free".to_owned(), unique_key: None, ..verify_job(2) };
        db.change(Enqueue(vec![second, free])).await.unwrap();
        assert_eq!(counts(&db).await.unwrap()[0].jobs, 4);
    })
    .await;
}
