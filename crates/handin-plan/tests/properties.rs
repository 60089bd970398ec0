//! What must hold for any transfers on any link: bytes are conserved, no link carries more than it can, sharing is max-min
//! fair, and more bandwidth never makes anything later.

use handin_plan::{Drained, Link, Live, Outages, Patience, Transfer, drain};
use proptest::prelude::*;

prop_compose! {
    fn transfer(candidates: usize)(
        start_s in 0.0..20.0_f64, bits in 1.0..200.0_f64, candidate in 0..candidates,
    ) -> Transfer {
        Transfer { start_s, bits, candidate }
    }
}

prop_compose! {
    fn bell()(uplinks in prop::collection::vec(0.5..20.0_f64, 1..8))(
        transfers in prop::collection::vec(transfer(uplinks.len()), 1..24),
        bits_per_s in prop_oneof![1.0..60.0_f64, Just(f64::INFINITY)],
        streams in 0_usize..5,
        live in 0.1..4.0_f64,
        uplinks in Just(uplinks),
    ) -> (Vec<Transfer>, Link) {
        let live = Live { streams, bits_per_s: live };
        (transfers, Link { bits_per_s, uplinks, live, outages: Outages::NONE, seed: 1 })
    }
}

/// What each transfer gets at one moment, by filling slowly: raise all rates together and freeze whom something holds back.
fn fair_rates(active: &[usize], transfers: &[Transfer], link: &Link) -> Vec<f64> {
    let caps: Vec<f64> = active
        .iter()
        .map(|one| {
            let candidate = transfers[*one].candidate;
            let beside = active.iter().filter(|other| transfers[**other].candidate == candidate).count();
            link.uplinks[candidate] / beside as f64
        })
        .chain(std::iter::repeat_n(link.live.bits_per_s, link.live.streams))
        .collect();
    if caps.iter().sum::<f64>() <= link.bits_per_s {
        return caps;
    }
    // The level by halving: what all get rises with it, and is to be what the link carries.
    let (mut low, mut high) = (0.0, link.bits_per_s);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let all: f64 = caps.iter().map(|cap| cap.min(middle)).sum();
        if all > link.bits_per_s { high = middle } else { low = middle }
    }
    caps.iter().map(|cap| cap.min(low)).collect()
}

/// The same bell by small steps of time.
fn slowly(transfers: &[Transfer], link: &Link, step: f64) -> Vec<f64> {
    let mut missing: Vec<f64> = transfers.iter().map(|transfer| transfer.bits).collect();
    let mut ends = vec![0.0; transfers.len()];
    let mut now = 0.0;
    while missing.iter().any(|bits| *bits > 0.0) {
        let active: Vec<usize> = (0..transfers.len())
            .filter(|one| transfers[*one].start_s <= now && missing[*one] > 0.0)
            .collect();
        let rates = fair_rates(&active, transfers, link);
        for (one, rate) in active.iter().zip(rates) {
            missing[*one] -= rate * step;
            ends[*one] = now + step;
        }
        now += step;
    }
    ends
}

fn last(drained: &Drained) -> f64 {
    drained.outcomes.iter().map(|outcome| outcome.end_s).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn bytes_are_conserved_and_no_link_carries_more_than_it_can((transfers, link) in bell()) {
        let drained = drain(&transfers, &link, Patience::ENDLESS);
        let bits: f64 = transfers.iter().map(|transfer| transfer.bits).sum();
        prop_assert!((drained.carried_bits / bits - 1.0).abs() < 1e-9);
        prop_assert!((drained.load.rates().iter().sum::<f64>() / bits - 1.0).abs() < 1e-9);
        for rate in drained.load.rates() {
            prop_assert!(*rate <= link.bits_per_s * (1.0 + 1e-9));
            prop_assert!(*rate <= link.uplinks.iter().sum::<f64>() * (1.0 + 1e-9));
        }
        for (transfer, outcome) in transfers.iter().zip(&drained.outcomes) {
            prop_assert!(outcome.arrived);
            let fastest = transfer.bits / link.uplinks[transfer.candidate].min(link.bits_per_s);
            prop_assert!(outcome.end_s - transfer.start_s >= fastest * (1.0 - 1e-9));
        }
    }

    #[test]
    fn sharing_is_what_small_steps_find((transfers, link) in bell()) {
        let exact = drain(&transfers, &link, Patience::ENDLESS);
        let step = 0.01;
        let ends = slowly(&transfers, &link, step);
        // A step's error moves an end by at most the steps at which something changed.
        let tolerance = step * (2 * transfers.len() + 2) as f64;
        for (one, (outcome, end)) in exact.outcomes.iter().zip(ends).enumerate() {
            prop_assert!((outcome.end_s - end).abs() <= tolerance, "{one}: {} and {end}", outcome.end_s);
        }
    }

    #[test]
    fn a_wider_link_is_never_done_later((transfers, link) in bell(), factor in 1.0..4.0_f64) {
        let wider = Link { bits_per_s: link.bits_per_s * factor, ..link.clone() };
        let (narrow, wide) = (drain(&transfers, &link, Patience::ENDLESS), drain(&transfers, &wider, Patience::ENDLESS));
        prop_assert!(last(&wide) <= last(&narrow) * (1.0 + 1e-9));
        prop_assert!(wide.starved_s <= narrow.starved_s * (1.0 + 1e-9));
    }

    #[test]
    fn clients_that_give_up_end_in_time((transfers, link) in bell(), limit in 1.0..20.0_f64, tries in 1_u32..4) {
        let patience = Patience { request_limit_s: limit, tries, may_begin_for_s: f64::INFINITY };
        let drained = drain(&transfers, &link, patience);
        for (transfer, outcome) in transfers.iter().zip(&drained.outcomes) {
            prop_assert!(outcome.end_s <= transfer.start_s + limit * f64::from(tries) + 1e-9);
        }
        let useful: f64 = transfers.iter().zip(&drained.outcomes).filter(|(_, outcome)| outcome.arrived)
            .map(|(transfer, _)| transfer.bits).sum();
        prop_assert!(drained.carried_bits >= useful * (1.0 - 1e-9));
    }
}

#[test]
fn a_url_that_died_is_not_tried_again() {
    let link = Link {
        bits_per_s: f64::INFINITY,
        uplinks: vec![1.0],
        live: Live::default(),
        outages: Outages::NONE,
        seed: 1,
    };
    let file = [Transfer { start_s: 0.0, bits: 100.0, candidate: 0 }];
    let patience = |life| Patience { request_limit_s: 10.0, tries: 5, may_begin_for_s: life };
    assert_eq!(drain(&file, &link, patience(25.0)).outcomes[0].end_s, 30.0);
    assert_eq!(drain(&file, &link, patience(f64::INFINITY)).outcomes[0].end_s, 50.0);
}

#[test]
fn live_calls_starve_while_files_take_their_share() {
    // Two files and two calls of 3 on a link of 8: each gets 2 until the first file ends at 10, then the rest fits.
    let live = Live { streams: 2, bits_per_s: 3.0 };
    let link = Link { bits_per_s: 8.0, uplinks: vec![100.0, 100.0], live, outages: Outages::NONE, seed: 1 };
    let files = [(20.0, 0), (20.0, 1)].map(|(bits, candidate)| Transfer { start_s: 0.0, bits, candidate });
    let drained = drain(&files, &link, Patience::ENDLESS);
    assert_eq!(drained.starved_s, 10.0);
    assert!((drained.live_at_worst - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(drained.outcomes.iter().map(|outcome| outcome.end_s).collect::<Vec<_>>(), [10.0, 10.0]);
}

#[test]
fn an_outage_begins_the_file_again() {
    let outages = Outages { per_hour: 36.0, length_s: 5.0 };
    let link =
        Link { bits_per_s: f64::INFINITY, uplinks: vec![1.0; 200], live: Live::default(), outages, seed: 1 };
    let files: Vec<_> = (0..200).map(|candidate| Transfer { start_s: 0.0, bits: 50.0, candidate }).collect();
    let drained = drain(&files, &link, Patience::ENDLESS);
    let mean = drained.outcomes.iter().map(|outcome| outcome.end_s).sum::<f64>() / 200.0;
    // With failures at the rate 1/100 s the mean of a job of 50 s with restarts is (1/r + pause)(exp(50 r) - 1).
    let expected = 105.0 * (0.5_f64.exp() - 1.0);
    assert!((mean / expected - 1.0).abs() < 0.1, "{mean} and {expected}");
    assert!(drained.outcomes.iter().all(|outcome| outcome.arrived));
    let longest = drained.outcomes.iter().map(|outcome| outcome.end_s).max_by(f64::total_cmp).unwrap();
    assert!(longest > 105.0);
}
