//! Whole files sent at the bell: the way through the data centre, and the way of URLs presigned at the end.
//! It refuses to know about parts.

use crate::people::People;
use crate::scenario::{Outages, Scenario};
use crate::share::drain;
use crate::transfer::{Drained, Link, Live, Patience, Transfer};

/// Each recording as one file, begun at its candidate's submit. Recordings of one candidate stand side by side.
pub fn whole_files(people: &People) -> Vec<Transfer> {
    let candidates = people.submits_s.iter().enumerate();
    candidates
        .flat_map(|(candidate, start_s)| {
            let start_s = *start_s;
            people.bits.iter().map(move |track| Transfer { start_s, bits: track[candidate], candidate })
        })
        .collect()
}

/// Through the data centre, whose link carries the live calls too, by clients that give up.
pub fn through_data_centre(scenario: &Scenario, people: &People, files: &[Transfer]) -> Drained {
    drain(files, &data_centre(scenario, people), limits(scenario))
}

/// The same by clients that would wait for ever, on lines that never break: how long the link needs.
pub fn patiently(scenario: &Scenario, people: &People, files: &[Transfer]) -> Drained {
    let link = Link { outages: Outages::NONE, ..data_centre(scenario, people) };
    drain(files, &link, Patience::ENDLESS)
}

/// Straight to the store by URLs that were signed at the submit.
pub fn presigned_at_end(scenario: &Scenario, people: &People, files: &[Transfer]) -> Drained {
    let patience = Patience { may_begin_for_s: scenario.url_life_s, ..limits(scenario) };
    drain(files, &link(scenario, people, scenario.store_bits_per_s), patience)
}

fn limits(scenario: &Scenario) -> Patience {
    let Scenario { request_limit_s, tries, .. } = *scenario;
    Patience { request_limit_s, tries, may_begin_for_s: f64::INFINITY }
}

fn data_centre(scenario: &Scenario, people: &People) -> Link {
    let streams = if scenario.live_bits_per_s > 0.0 { scenario.candidates } else { 0 };
    let live = Live { streams, bits_per_s: scenario.live_bits_per_s };
    Link { live, ..link(scenario, people, scenario.data_centre_bits_per_s) }
}

fn link(scenario: &Scenario, people: &People, bits_per_s: f64) -> Link {
    Link {
        bits_per_s,
        uplinks: people.uplinks.clone(),
        live: Live::default(),
        outages: scenario.outages,
        seed: scenario.seed,
    }
}
