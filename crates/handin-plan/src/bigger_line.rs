//! The other cure: a line into the data centre that is wide enough for the bell. How wide, and what it costs.

use serde::Serialize;

use crate::before::{through_data_centre, whole_files};
use crate::people::people;
use crate::prices::Prices;
use crate::scenario::Scenario;

/// How many candidates the search looks at; links shrink with them.
const SAMPLE: usize = 1_000;

/// How many recordings a bell may lose beyond those that are lost on home lines anyway: one in a thousand.
const TOLERATED: f64 = 0.001;

/// The line that the old way would need.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BiggerLine {
    /// The narrowest link on which the bell loses nothing and no live call starves, bit/s; not less than what is there.
    pub bits_per_s: f64,
    /// What the difference costs, US dollars a month.
    pub usd_per_month: f64,
}

/// Finds the line by halving; it is known to 1 %.
#[must_use]
pub fn bigger_line(scenario: &Scenario, prices: &Prices) -> BiggerLine {
    let given = scenario.data_centre_bits_per_s;
    let sample = scenario.scaled_down(SAMPLE);
    let scale = given / sample.data_centre_bits_per_s;
    let people = people(&sample);
    let files = whole_files(&people);
    let loss_and_live = |bits_per_s: f64| {
        let drained = through_data_centre(
            &Scenario { data_centre_bits_per_s: bits_per_s, ..sample.clone() },
            &people,
            &files,
        );
        let lost = drained.outcomes.iter().filter(|outcome| !outcome.arrived).count();
        (lost as f64 / files.len() as f64, drained.live_at_worst)
    };
    let unavoidable = loss_and_live(f64::INFINITY).0;
    let enough = |bits_per_s: f64| {
        let (lost, live) = loss_and_live(bits_per_s);
        lost <= unavoidable + TOLERATED && live >= 1.0
    };
    let bits_per_s = scale * narrowest(sample.data_centre_bits_per_s, enough);
    let more_mbps = (bits_per_s - given) / 1e6;
    BiggerLine { bits_per_s, usd_per_month: more_mbps * prices.own.line_per_mbps_month.usd }
}

fn narrowest(given: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if enough(given) {
        return given;
    }
    let mut low = given;
    let mut high = given * 2.0;
    while !enough(high) {
        (low, high) = (high, high * 2.0);
    }
    while high / low > 1.01 {
        let middle = (low * high).sqrt();
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Uplinks;

    #[test]
    fn the_line_found_is_enough_and_a_tenth_less_is_not() {
        let prices = Prices::read(None).unwrap();
        let scenario = Scenario { live_bits_per_s: 800e3, ..Scenario::usual(300, 300e6, Uplinks::KOREA) };
        let line = bigger_line(&scenario, &prices);
        let again = |factor: f64| {
            let data_centre_bits_per_s = line.bits_per_s * factor;
            bigger_line(&Scenario { data_centre_bits_per_s, ..scenario.clone() }, &prices).usd_per_month
        };
        assert!(again(1.0) == 0.0 && again(0.9) > 0.0);
        assert!((line.usd_per_month - (line.bits_per_s - 300e6) / 1e6 * 2.5).abs() < 1e-6);
    }
}
