//! The candidates of a scenario: each one's line, recordings and moment of submitting, drawn once for all ways, so that
//! the ways differ in nothing else. It refuses to know how anything is sent.

use crate::random::{Random, normal_quantile};
use crate::scenario::{Recorded, Scenario, Uplinks};

/// What was drawn; every list goes by candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// Rates of their lines, bit/s.
    pub uplinks: Vec<f64>,
    /// When they submit, seconds after the bell.
    pub submits_s: Vec<f64>,
    /// For each track of the scenario the sizes of the recordings, bits.
    pub bits: Vec<Vec<f64>>,
}

/// Streams of random numbers, one for each thing that is drawn; tracks follow the last.
const UPLINKS: u64 = 1;
const SUBMITS: u64 = 2;
const TRACKS: u64 = 3;

/// Draws the candidates of a scenario.
#[must_use]
pub fn people(scenario: &Scenario) -> People {
    let strata = |stream| Random::new(scenario.seed, stream).strata(scenario.candidates);
    let tracks = scenario.tracks.iter().zip(TRACKS..);
    People {
        uplinks: strata(UPLINKS).into_iter().map(|p| uplink(&scenario.uplinks, p)).collect(),
        submits_s: strata(SUBMITS).into_iter().map(|p| p * scenario.submit_within_s).collect(),
        bits: tracks
            .map(|(track, stream)| {
                strata(stream).into_iter().map(|p| size(track, scenario.duration_s, p)).collect()
            })
            .collect(),
    }
}

fn uplink(uplinks: &Uplinks, p: f64) -> f64 {
    let drawn = uplinks.median_bits_per_s * (uplinks.sigma * normal_quantile(p)).exp();
    drawn.clamp(uplinks.lowest_bits_per_s, uplinks.highest_bits_per_s)
}

/// A lognormal variable with median m and σ has the mean m·exp(σ²/2); the mean is what bitrate and duration say.
fn size(track: &Recorded, duration_s: f64, p: f64) -> f64 {
    let sigma = track.sigma;
    track.bits_per_s * duration_s * (sigma * normal_quantile(p) - sigma * sigma / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_mean_and_lines_their_median() {
        let drawn = people(&Scenario::usual(20_000, 1e9, Uplinks::KOREA));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean(&drawn.bits[0]) / 1.8e9 - 1.0).abs() < 1e-3);
        assert!((mean(&drawn.bits[1]) / 1.08e9 - 1.0).abs() < 1e-3);
        let faster = drawn.uplinks.iter().filter(|rate| **rate > 90e6).count();
        assert_eq!(faster, 10_000);
        assert!(drawn.uplinks.iter().all(|rate| (1e6..=900e6).contains(rate)));
        assert!(drawn.submits_s.iter().all(|at| (0.0..30.0).contains(at)));
    }

    #[test]
    fn three_in_a_hundred_american_lines_are_below_a_megabit() {
        let drawn = people(&Scenario::usual(10_000, 1e9, Uplinks::US));
        let slow = drawn.uplinks.iter().filter(|rate| **rate < 1e6).count();
        assert!((295..=305).contains(&slow), "{slow}");
    }
}
