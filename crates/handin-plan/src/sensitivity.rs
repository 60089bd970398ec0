//! How the outcome moves when an assumption does. It refuses to know about money, but for the bigger line.

use serde::Serialize;

use crate::scenario::{Scenario, Uplinks};
use crate::ways::ways;

/// How many candidates a variation looks at; links shrink with them.
const SAMPLE: usize = 2_000;

/// One variation and how it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Its name: `as_given`, or the quantity and `half` or `double`.
    pub name: String,
    /// How it went.
    pub short: Option<Short>,
}

/// The few figures that a variation is judged by. Times in seconds, losses as shares of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Short {
    /// How long the data centre's link needs, 99th percentile.
    pub before_patient_p99_s: f64,
    /// What is lost on the way through the data centre.
    pub before_lost: f64,
    /// How long live calls starve meanwhile.
    pub before_starved_s: f64,
    /// What is lost when presigned at the end.
    pub at_end_lost: f64,
    /// From submit to in when presigned at the end, 99th percentile of what came in.
    pub at_end_p99_s: Option<f64>,
    /// What is not in a day later with handin.
    pub handin_lost: f64,
    /// From submit to in with handin, median.
    pub handin_p50_s: Option<f64>,
    /// The same, 99th percentile.
    pub handin_p99_s: Option<f64>,
}

/// The scenario as it is, and with half and twice the candidates, bitrates and home lines.
#[must_use]
pub fn sensitivity(scenario: &Scenario) -> Vec<Case> {
    let with = |name: &str, scenario: &Scenario| Case { name: name.to_owned(), short: shortened(scenario) };
    let mut cases = vec![with("as_given", scenario)];
    for (end, factor) in [("half", 0.5), ("double", 2.0)] {
        cases.push(with(&format!("candidates_{end}"), &candidates(scenario, factor)));
        cases.push(with(&format!("bitrates_{end}"), &bitrates(scenario, factor)));
        cases.push(with(&format!("uplinks_{end}"), &uplinks(scenario, factor)));
    }
    cases
}

/// The short figures of a scenario; `None` if there is nobody in it.
#[must_use]
pub fn shortened(scenario: &Scenario) -> Option<Short> {
    let ways = ways(&scenario.scaled_down(SAMPLE))?;
    Some(Short {
        before_patient_p99_s: ways.before_patient_s.p99,
        before_lost: ways.before.lost_recordings,
        before_starved_s: ways.before.starved_s,
        at_end_lost: ways.at_end.lost_recordings,
        at_end_p99_s: ways.at_end.finish_s.map(|finish| finish.p99),
        handin_lost: ways.handin.lost_recordings,
        handin_p50_s: ways.handin.finish_s.map(|finish| finish.p50),
        handin_p99_s: ways.handin.finish_s.map(|finish| finish.p99),
    })
}

fn candidates(scenario: &Scenario, factor: f64) -> Scenario {
    let candidates = ((scenario.candidates as f64 * factor) as usize).max(1);
    Scenario { candidates, ..scenario.clone() }
}

fn bitrates(scenario: &Scenario, factor: f64) -> Scenario {
    let mut changed = scenario.clone();
    changed.tracks.iter_mut().for_each(|track| track.bits_per_s *= factor);
    changed
}

fn uplinks(scenario: &Scenario, factor: f64) -> Scenario {
    let Uplinks { median_bits_per_s, sigma, lowest_bits_per_s, highest_bits_per_s } = scenario.uplinks;
    let uplinks = Uplinks {
        median_bits_per_s: median_bits_per_s * factor,
        sigma,
        lowest_bits_per_s: lowest_bits_per_s * factor,
        highest_bits_per_s: highest_bits_per_s * factor,
    };
    Scenario { uplinks, ..scenario.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_candidates_need_twice_as_long() {
        let cases = sensitivity(&Scenario::usual(400, 500e6, Uplinks::KOREA));
        let p99 = |name: &str| {
            let case = cases.iter().find(|case| case.name == name).unwrap();
            case.short.unwrap().before_patient_p99_s
        };
        let (half, given, double) = (p99("candidates_half"), p99("as_given"), p99("candidates_double"));
        assert!((given / half - 2.0).abs() < 0.1 && (double / given - 2.0).abs() < 0.1);
        assert!((p99("bitrates_double") / double - 1.0).abs() < 0.05);
        assert!((p99("uplinks_half") / given - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_scaled_down_bell_goes_as_the_whole_one() {
        let whole = Scenario { live_bits_per_s: 300e3, ..Scenario::usual(8_000, 8e9, Uplinks::KOREA) };
        let (small, large) = (shortened(&whole).unwrap(), ways(&whole).unwrap());
        assert!((small.before_patient_p99_s / large.before_patient_s.p99 - 1.0).abs() < 0.02);
        assert!((small.before_lost - large.before.lost_recordings).abs() < 0.01);
    }
}
