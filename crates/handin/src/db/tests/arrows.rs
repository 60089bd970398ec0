//! The states of a recording: every arrow that exists, every one that is refused, and who may take it.

use futures_util::future::join_all;
use handin_core::{Reason, State};

use super::super::receipts;
use super::super::recordings::{Abandon, Delete, Renew, Reopen, get};
use super::*;

/// Brings a fresh recording into a state; a sealing one is under the lease of `me`.
async fn bring(db: &Db, n: u32, state: State) {
    opened(db, n).await;
    if state == State::Open {
        return;
    }
    if state == State::Abandoned {
        assert!(db.change(abandon(n, None)).await.unwrap());
        return;
    }
    claimed(db, n, "me").await;
    match state {
        State::Sealed | State::Partial => assert!(db.change(finish(n, "me", state)).await.unwrap()),
        State::Deleted => {
            assert!(db.change(finish(n, "me", State::Sealed)).await.unwrap());
            assert!(db.change(delete(n)).await.unwrap());
        }
        _ => {}
    }
}

fn abandon(n: u32, owner: Option<&str>) -> Abandon {
    let from_owner = owner.map(str::to_owned);
    Abandon { id: id(n), from_owner, reason: Reason::NothingArrived, at: at(30), caused: Caused::default() }
}

fn delete(n: u32) -> Delete {
    Delete { id: id(n), at: at(40), caused: Caused::default() }
}

fn reopen(n: u32, owner: &str) -> Reopen {
    Reopen { id: id(n), owner: owner.to_owned() }
}

/// Tries to bring recording `n` to `next`; gives whether the database did so.
async fn try_arrow(db: &Db, n: u32, next: State) -> bool {
    match next {
        State::Open => db.change(reopen(n, "me")).await.unwrap(),
        State::Sealing => {
            matches!(db.change(claim(n, "me", at(10), at(70))).await.unwrap(), Claimed::Yes(_))
        }
        State::Sealed | State::Partial => db.change(finish(n, "me", next)).await.unwrap(),
        State::Abandoned => {
            db.change(abandon(n, None)).await.unwrap() || db.change(abandon(n, Some("me"))).await.unwrap()
        }
        State::Deleted => db.change(delete(n)).await.unwrap(),
    }
}

#[tokio::test]
async fn the_database_takes_exactly_the_arrows_of_the_domain() {
    on_each(|TestDb { db, .. }| async move {
        let mut n = 0;
        for state in State::ALL {
            for next in State::ALL {
                n += 1;
                bring(&db, n, *state).await;
                let before = get(&db, &id(n)).await.unwrap().unwrap();
                let done = try_arrow(&db, n, *next).await;
                assert_eq!(done, state.may_become(*next), "{state} to {next}");
                let after = get(&db, &id(n)).await.unwrap().unwrap();
                match done {
                    true => assert_eq!(after.state, *next),
                    false => assert_eq!(after, before, "{state} to {next} was refused"),
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_owner_of_the_lease_may_go_on() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        let held = claimed(&db, 1, "me").await;
        assert_eq!(held.state, State::Sealing);
        assert_eq!((held.lease_owner.as_deref(), held.lease_until), (Some("me"), Some(at(70))));
        assert_eq!(held.claim.as_deref(), Some("{\"size\":1}"));
        let other = || "other".to_owned();
        assert!(!db.change(reopen(1, "other")).await.unwrap());
        assert!(!db.change(finish(1, "other", State::Sealed)).await.unwrap());
        assert!(!db.change(abandon(1, Some("other"))).await.unwrap());
        assert!(!db.change(Renew { id: id(1), owner: other(), until: at(500) }).await.unwrap());
        assert_eq!(get(&db, &id(1)).await.unwrap(), Some(held));
        assert_eq!(all_caused(&db).await, (vec![("seal".to_owned(), 1)], 0, 0));

        assert!(db.change(Renew { id: id(1), owner: "me".to_owned(), until: at(500) }).await.unwrap());
        assert_eq!(get(&db, &id(1)).await.unwrap().unwrap().lease_until, Some(at(500)));
    })
    .await;
}

#[tokio::test]
async fn a_lease_is_taken_over_only_once_it_has_run_out() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        claimed(&db, 1, "first").await;
        let early = db.change(claim(1, "second", at(70), at(130))).await.unwrap();
        assert_eq!(early, Claimed::Busy { until: at(70) });
        let again = Claim { claim_json: None, ..claim(1, "second", at(71), at(131)) };
        let Claimed::Yes(taken) = db.change(again).await.unwrap() else { panic!() };
        assert_eq!(taken.lease_owner.as_deref(), Some("second"));
        assert_eq!(taken.claim.as_deref(), Some("{\"size\":1}"), "the claim made before is kept");
        assert!(!db.change(finish(1, "first", State::Sealed)).await.unwrap());
        assert!(db.change(finish(1, "second", State::Sealed)).await.unwrap());
        let late = db.change(claim(1, "third", at(900), at(960))).await.unwrap();
        assert!(matches!(late, Claimed::Other(recording) if recording.state == State::Sealed));
        assert_eq!(db.change(claim(2, "third", at(900), at(960))).await.unwrap(), Claimed::Unknown);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_completers_one_gets_the_lease() {
    on_each(|TestDb { db, .. }| async move {
        for n in 0..10 {
            opened(&db, n).await;
            let claims = (0..16).map(|owner| {
                let db = db.clone();
                let claim = claim(n, &format!("owner-{owner}"), at(10), at(70));
                tokio::spawn(async move { db.change(claim).await.unwrap() })
            });
            let claims: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
            let won = claims.iter().filter(|claim| matches!(claim, Claimed::Yes(_))).count();
            let busy = claims.iter().filter(|claim| **claim == Claimed::Busy { until: at(70) }).count();
            assert_eq!((won, busy), (1, 15));
        }
    })
    .await;
}

#[tokio::test]
async fn a_seal_writes_what_it_proved_and_takes_its_job_along() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        claimed(&db, 1, "me").await;
        let partial = Finish {
            reason: Some(Reason::NotSealedInTime),
            missing: Some("{\"from_part\":3}".to_owned()),
            ..finish(1, "me", State::Partial)
        };
        assert!(db.change(partial).await.unwrap());
        let sealed = get(&db, &id(1)).await.unwrap().unwrap();
        assert_eq!(sealed.state, State::Partial);
        assert_eq!((sealed.sealed_at, sealed.sealed_size), (Some(at(20)), Some(7 << 20)));
        assert_eq!((sealed.sealed_parts, sealed.duration_ms), (Some(2), Some(90_000)));
        assert_eq!(sealed.sha256_parts, Some("ab".repeat(32)));
        assert_eq!(sealed.reason, Some(Reason::NotSealedInTime));
        assert_eq!(sealed.missing.as_deref(), Some("{\"from_part\":3}"));
        assert_eq!((sealed.lease_owner, sealed.lease_until), (None, None));
        assert_eq!(receipts::get(&db, &id(1)).await.unwrap().as_deref(), Some("jws-1"));
        assert_eq!(all_caused(&db).await, (vec![("verify".to_owned(), 1)], 1, 1));

        assert!(!db.change(finish(1, "me", State::Partial)).await.unwrap(), "a second time");
        assert_eq!(all_caused(&db).await, (vec![("verify".to_owned(), 1)], 1, 1));
    })
    .await;
}

#[tokio::test]
async fn reopened_and_abandoned_ones_have_no_lease_claim_or_job() {
    on_each(|TestDb { db, .. }| async move {
        let fresh = opened(&db, 1).await;
        claimed(&db, 1, "me").await;
        assert!(db.change(reopen(1, "me")).await.unwrap());
        assert_eq!(get(&db, &id(1)).await.unwrap(), Some(fresh));
        assert_eq!(all_caused(&db).await.0, vec![]);

        claimed(&db, 1, "me").await;
        assert!(db.change(abandon(1, Some("me"))).await.unwrap());
        let abandoned = get(&db, &id(1)).await.unwrap().unwrap();
        assert_eq!((abandoned.reason, abandoned.ended_at), (Some(Reason::NothingArrived), Some(at(30))));
        assert_eq!((abandoned.lease_owner, abandoned.claim), (None, None));
        assert_eq!(all_caused(&db).await.0, vec![]);
    })
    .await;
}

#[tokio::test]
async fn a_seal_ends_in_sealed_or_partial_only() {
    on_each(|TestDb { db, .. }| async move {
        opened(&db, 1).await;
        claimed(&db, 1, "me").await;
        for state in [State::Open, State::Sealing, State::Abandoned, State::Deleted] {
            assert!(!db.change(finish(1, "me", state)).await.unwrap());
        }
        assert_eq!(receipts::get(&db, &id(1)).await.unwrap(), None);
    })
    .await;
}
