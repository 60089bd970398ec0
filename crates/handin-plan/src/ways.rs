//! The three ways of bringing recordings in, side by side for the same candidates.

use serde::Serialize;

use crate::before::{patiently, presigned_at_end, through_data_centre, whole_files};
use crate::figures::{Curve, Quantiles, done_over_time, thinned};
use crate::people::{People, people};
use crate::recorded::while_recording;
use crate::scenario::Scenario;
use crate::transfer::{Drained, Transfer};

/// How one way went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Way {
    /// From a candidate's submit until all recordings of the sitting were in, seconds, over the sittings that came in
    /// whole; none if no sitting did.
    pub finish_s: Option<Quantiles>,
    /// The share of all sittings that were in, over the time after the bell.
    pub finished: Curve,
    /// The share of recordings that were lost.
    pub lost_recordings: f64,
    /// The share of sittings that lost at least one recording.
    pub lost_sittings: f64,
    /// Bits sent for each bit that was kept; none if nothing was kept.
    pub carried_per_useful: Option<f64>,
    /// Recordings on the data centre's link over the time after the bell, bit/s.
    pub load: Curve,
    /// Live calls on the data centre's link over the time after the bell, bit/s.
    pub live: Curve,
    /// How long live calls got less than they need, seconds.
    pub starved_s: f64,
    /// The least a live call got, as a fraction of what it needs.
    pub live_at_worst: f64,
}

/// How the three ways went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ways {
    /// Whole files through the data centre at the bell.
    pub before: Way,
    /// From submit to in, seconds, if clients waited for ever: how long the data centre's link needs.
    pub before_patient_s: Quantiles,
    /// The share of all sittings that would then be in, over the time after the bell.
    pub before_patient_finished: Curve,
    /// Whole files straight to the store by URLs presigned at the bell.
    pub at_end: Way,
    /// Parts while recording.
    pub handin: Way,
}

/// Computes the three ways. `None` without candidates or without tracks, when there is nothing to compute.
#[must_use]
pub fn ways(scenario: &Scenario) -> Option<Ways> {
    let people = people(scenario);
    let files = whole_files(&people);
    let (patient, (before, (at_end, recorded))) = std::thread::scope(|threads| {
        let patient = threads.spawn(|| patiently(scenario, &people, &files));
        let rest = (
            through_data_centre(scenario, &people, &files),
            (presigned_at_end(scenario, &people, &files), while_recording(scenario, &people)),
        );
        (patient.join(), rest)
    });
    let patient = patient.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let patient = of_sittings(&people, &sittings(&people, &patient, &files));
    Some(Ways {
        before_patient_s: patient.finish_s?,
        before_patient_finished: patient.finished,
        before: whole(&people, &files, &before),
        at_end: beside(scenario, whole(&people, &files, &at_end)),
        handin: beside(scenario, in_parts(&people, &recorded)),
    })
}

/// When each sitting was in, seconds after the bell; `None` if a recording of it was lost.
fn sittings(people: &People, drained: &Drained, files: &[Transfer]) -> Vec<Option<f64>> {
    let mut ends = vec![Some(0.0_f64); people.submits_s.len()];
    for (file, outcome) in files.iter().zip(&drained.outcomes) {
        let end = &mut ends[file.candidate];
        *end = end.filter(|_| outcome.arrived).map(|end| end.max(outcome.end_s));
    }
    ends
}

/// How long the sittings took that came in, each from its own submit.
fn took(people: &People, sittings: &[Option<f64>]) -> Vec<f64> {
    sittings.iter().zip(&people.submits_s).filter_map(|(end, submit)| Some((*end)? - submit)).collect()
}

fn whole(people: &People, files: &[Transfer], drained: &Drained) -> Way {
    let kept = files.iter().zip(&drained.outcomes).filter(|(_, outcome)| outcome.arrived);
    let (count, useful) = kept.fold((0_usize, 0.0), |(n, sum), (file, _)| (n + 1, sum + file.bits));
    let way = of_sittings(people, &sittings(people, drained, files));
    Way {
        lost_recordings: 1.0 - count as f64 / files.len() as f64,
        carried_per_useful: (useful > 0.0).then(|| drained.carried_bits / useful),
        load: thinned(drained.load.rates()),
        live: thinned(drained.live.rates()),
        starved_s: drained.starved_s,
        live_at_worst: drained.live_at_worst,
        ..way
    }
}

fn in_parts(people: &People, sittings: &[Option<f64>]) -> Way {
    let way = of_sittings(people, sittings);
    // Salvage keeps all that arrived, but what is not whole counts as lost here as it does for the others.
    Way { lost_recordings: way.lost_sittings, ..way }
}

fn of_sittings(people: &People, sittings: &[Option<f64>]) -> Way {
    let done: Vec<f64> = sittings.iter().flatten().copied().collect();
    Way {
        finish_s: Quantiles::of(&took(people, sittings)),
        finished: done_over_time(&done, sittings.len()),
        lost_recordings: 0.0,
        lost_sittings: 1.0 - done.len() as f64 / sittings.len() as f64,
        carried_per_useful: Some(1.0),
        load: Curve::new(),
        live: Curve::new(),
        starved_s: 0.0,
        live_at_worst: 1.0,
    }
}

/// Nothing of the recordings passes the data centre: live calls have its link to themselves, and starve only where it is
/// too narrow for them alone.
fn beside(scenario: &Scenario, way: Way) -> Way {
    let wanted = scenario.candidates as f64 * scenario.live_bits_per_s;
    let fits = (scenario.data_centre_bits_per_s / wanted).min(1.0);
    let got = wanted.min(scenario.data_centre_bits_per_s);
    let end = way.finished.last().map_or(0.0, |point| point.0);
    Way {
        load: Curve::new(),
        live: vec![(0.0, got), (end, got)],
        live_at_worst: fits,
        starved_s: if fits < 1.0 { end } else { 0.0 },
        ..way
    }
}
