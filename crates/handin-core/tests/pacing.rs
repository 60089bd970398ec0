//! What a bucket promises, whoever comes, whenever and with whatever: never more than was asked for, everybody in the
//! end, the urgent first.

use std::collections::BTreeMap;
use std::time::Duration;

use handin_core::MIN_PART_SIZE;
use handin_core::pacing::{Asked, Bucket, LONGEST_WAIT, Priority, Share, admit};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A request for some parts of many.
fn asked(parts: u64, pending: u64, ended: bool) -> Asked {
    let (bytes, pending) = (parts * MIN_PART_SIZE, pending * MIN_PART_SIZE);
    Asked { bytes, pending: pending.max(bytes), part_size: MIN_PART_SIZE, ended, time_left: DAY, turn: None }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
}

prop_compose! {
    /// When a request comes after the one before (also never, or a little before), and what it asks for.
    fn request()(after in -2_000_i64..5_000, parts in 1_u64..8, pending in 0_u64..40, ended in any::<bool>())
        -> (i64, Asked) {
        (after, asked(parts, pending, ended))
    }
}

proptest! {
    #[test]
    fn never_more_than_the_rate_the_burst_the_debt_and_one_request(
        rate in 100_000_u64..2_000_000_000, nodes in 1_u32..10, requests in vec(request(), 1..200),
    ) {
        let share = Share::of(rate, nodes);
        let mut bucket = Bucket::full(&share, at(0));
        let (mut now, mut latest, mut let_through) = (0, 0, Vec::new());
        for (after, asked) in requests {
            now += after;
            latest = latest.max(now);
            if admit(&mut [(&mut bucket, share)], &asked, at(now)).is_ok() {
                let_through.push((latest, i128::from(asked.bytes)));
            }
        }
        for (first, (from, _)) in let_through.iter().enumerate() {
            let mut bytes = 0;
            for (until, more) in &let_through[first..] {
                let allowed = i128::from(share.bytes_per_s()) * i128::from(until - from) / 1_000
                    + i128::from(share.burst()) + i128::from(share.debt());
                bytes += more;
                prop_assert!(bytes <= allowed + more + 1, "{bytes} in {} ms", until - from);
            }
        }
    }

    #[test]
    fn what_is_let_through_is_let_through_for_everybody_more_urgent(
        before in vec(request(), 0..50), one in request(), rate in 100_000_u64..2_000_000_000,
    ) {
        let share = Share::of(rate, 1);
        let mut bucket = Bucket::full(&share, at(0));
        let mut now = 0;
        for (after, asked) in before {
            now += after.max(0);
            let _whatever = admit(&mut [(&mut bucket, share)], &asked, at(now));
        }
        let passes = |asked: Asked| admit(&mut [(&mut bucket.clone(), share)], &asked, at(now)).is_ok();
        let (_, one) = one;
        let more_at_risk = Asked { pending: one.pending + 4 * MIN_PART_SIZE, ended: false, ..one };
        let finishing = asked(1, 2, true);
        let late = Asked { time_left: SignedDuration::ZERO, ..one };
        if passes(Asked { ended: false, ..one }) {
            prop_assert!(passes(more_at_risk) && passes(finishing));
        }
        if passes(one) {
            prop_assert!(passes(finishing));
        }
        prop_assert!(passes(late), "who would be too late never waits");
    }

    #[test]
    fn everybody_is_let_through_in_the_end(
        senders in vec((1_u64..20, any::<bool>()), 1..40), rate in 2_000_000_u64..200_000_000,
    ) {
        let share = Share::of(rate, 1);
        let mut bucket = Bucket::full(&share, at(0));
        let total: u64 = senders.iter().map(|(parts, _)| parts * MIN_PART_SIZE).sum();
        let mut due: BTreeMap<(i64, usize), (u64, bool)> = BTreeMap::new();
        for (number, sender) in senders.into_iter().enumerate() {
            due.insert((0, number), sender);
        }
        let mut last = 0;
        while let Some(((now, number), (parts, ended))) = due.pop_first() {
            last = now;
            match admit(&mut [(&mut bucket, share)], &asked(1, parts, ended), at(now)) {
                Ok(_) if parts == 1 => {}
                Ok(_) => drop(due.insert((now + 1, number), (parts - 1, ended))),
                Err(wait) => {
                    prop_assert!(wait > Duration::ZERO && wait <= LONGEST_WAIT, "{wait:?}");
                    let wait = i64::try_from(wait.as_millis()).unwrap();
                    due.insert((now + wait, number), (parts, ended));
                }
            }
        }
        // The rate needs this long; the line may lie idle while the last ones are away, a longest wait each round.
        let needed = i64::try_from(total * 1_000 / rate).unwrap();
        prop_assert!(last <= needed * 2 + 60_000, "{last} ms instead of {needed}");
    }

    #[test]
    fn all_buckets_on_the_way_are_charged_or_none(requests in vec(request(), 1..100)) {
        let (exam, group) = (Share::of(100 << 20, 1), Share::of(1 << 20, 1));
        let (mut whole, mut own) = (Bucket::full(&exam, at(0)), Bucket::full(&group, at(0)));
        let mut now = 0;
        for (after, asked) in requests {
            now += after.max(0);
            let before = (whole.level(&exam, at(now)), own.level(&group, at(now)));
            let outcome = admit(&mut [(&mut whole, exam), (&mut own, group)], &asked, at(now));
            let taken = if outcome.is_ok() { i64::try_from(asked.bytes).unwrap() } else { 0 };
            prop_assert_eq!(whole.level(&exam, at(now)), before.0 - taken);
            prop_assert_eq!(own.level(&group, at(now)), before.1 - taken);
        }
    }
}

#[test]
fn a_deadline_is_not_held_against_the_others_for_ever() {
    let share = Share::of(MIN_PART_SIZE, 1);
    let mut bucket = Bucket::full(&share, at(0));
    let late = Asked { time_left: SignedDuration::ZERO, ..asked(100, 100, true) };
    for _ in 0..10 {
        assert_eq!(admit(&mut [(&mut bucket, share)], &late, at(0)), Ok(Priority::Deadline));
    }
    assert_eq!(bucket.level(&share, at(0)), -share.debt());
}

#[test]
fn who_is_turned_away_is_given_turns_and_the_nearly_finished_the_first() {
    let share = Share::of(MIN_PART_SIZE, 1);
    let mut bucket = Bucket::full(&share, at(0));
    let mut seconds = |asked: &Asked| {
        let outcome = admit(&mut [(&mut bucket, share)], asked, at(0));
        outcome.map_or_else(|wait| wait.as_secs_f64().round(), |_| 0.0)
    };
    assert_eq!(seconds(&asked(3, 100, false)), 0.0);
    let many = asked(1, 100, false);
    let turns: Vec<f64> = (0..3).map(|_| seconds(&many)).collect();
    assert_eq!(turns, [2.0, 3.0, 4.0], "two seconds are owed, then one part a second");
    let finishing = asked(1, 1, true);
    assert_eq!((0..2).map(|_| seconds(&finishing)).collect::<Vec<_>>(), [1.0, 2.0]);
    let far: Vec<f64> = (0..40).map(|_| seconds(&many)).collect();
    assert!(far.is_sorted() && far.last() == Some(&LONGEST_WAIT.as_secs_f64()), "{far:?}");
}

#[test]
fn who_asks_again_before_its_turn_keeps_it_and_takes_no_second_one() {
    let share = Share::of(MIN_PART_SIZE, 1);
    let mut bucket = Bucket::full(&share, at(0));
    assert!(admit(&mut [(&mut bucket, share)], &asked(3, 100, false), at(0)).is_ok());
    let many = asked(1, 100, false);
    let mut wait =
        |asked: Asked, ms| admit(&mut [(&mut bucket, share)], &asked, at(ms)).unwrap_err().as_millis();
    let first = wait(many, 0);
    let again = Asked { turn: Some(at(first.try_into().unwrap())), ..many };
    for ms in [0, 500, 1_500] {
        assert_eq!(wait(again, ms), first - u128::try_from(ms).unwrap());
    }
    assert_eq!(wait(many, 0), first + 1_000, "the second in the queue stands right behind it");
}

#[test]
fn nodes_share_a_rate_and_none_is_left_with_nothing() {
    assert_eq!(Share::of(1_000_000_000, 4).bytes_per_s(), 250_000_000);
    assert_eq!(Share::of(1_000_000_000, 0).bytes_per_s(), 1_000_000_000);
    assert_eq!(Share::of(100_000, 1_000).bytes_per_s(), Share::SLOWEST);
    assert_eq!(Share::of(u64::MAX, 1).bytes_per_s(), 1 << 50);
}
