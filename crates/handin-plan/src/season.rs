//! A season of exams: which bytes arrive when, and how long they stay under the retention policy. It refuses to know prices.

use serde::Serialize;

use crate::scenario::Scenario;

/// A season: the bell of the scenario, many times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Season {
    /// How long it lasts, weeks.
    pub weeks: u32,
    /// On how many days of a week the scenario's candidates sit exams.
    pub exams_per_week: u32,
    /// How many bells such a day has.
    pub subjects: u32,
    /// When the retention clock starts, days after the exam: 0, or when the hiring decision falls.
    pub clock_starts_after_days: u32,
    /// How long recordings are kept from then on, days.
    pub retention_days: u32,
    /// The share of recordings that somebody watches.
    pub reviewed: f64,
}

impl Season {
    /// On which days exams are, counted from the season's first, spread over each week.
    #[must_use]
    pub fn exam_days(&self) -> Vec<u32> {
        let per_week = self.exams_per_week.max(1);
        let days =
            (0..self.weeks).flat_map(|week| (0..per_week).map(move |exam| week * 7 + exam * 7 / per_week));
        days.collect()
    }

    /// How long a recording lives, days.
    #[must_use]
    pub fn life_days(&self) -> u32 {
        self.clock_starts_after_days + self.retention_days
    }

    /// Bytes of one exam day.
    #[must_use]
    pub fn day_bytes(&self, scenario: &Scenario) -> f64 {
        self.day_sittings(scenario) * scenario.sitting_bytes()
    }

    /// Sittings of one exam day.
    #[must_use]
    pub fn day_sittings(&self, scenario: &Scenario) -> f64 {
        scenario.candidates as f64 * f64::from(self.subjects)
    }
}

/// What is kept at the end of each day, bytes, from the season's first day until nothing is left.
#[must_use]
pub fn stored(season: &Season, scenario: &Scenario) -> Vec<f64> {
    let days = season.exam_days();
    let end = days.last().map_or(0, |last| last + season.life_days());
    let bytes = season.day_bytes(scenario);
    let kept = |today: u32| {
        let alive = days.iter().filter(|day| **day <= today && today < **day + season.life_days());
        alive.count() as f64 * bytes
    };
    (0..=end).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Uplinks;

    #[test]
    fn what_arrives_stays_for_its_life_and_not_longer() {
        let scenario = Scenario::usual(100, 1e9, Uplinks::KOREA);
        let season = Season {
            weeks: 3,
            exams_per_week: 2,
            subjects: 2,
            clock_starts_after_days: 5,
            retention_days: 30,
            reviewed: 0.0,
        };
        assert_eq!(season.exam_days(), [0, 3, 7, 10, 14, 17]);
        let day = 100.0 * 2.0 * 360e6;
        let kept = stored(&season, &scenario);
        assert_eq!((kept[0], kept[3], kept[34], kept[35]), (day, 2.0 * day, 6.0 * day, 5.0 * day));
        assert_eq!((kept.len(), kept[kept.len() - 1]), (53, 0.0));
        // Bytes times days: each day's bytes for its life.
        assert!((kept.iter().sum::<f64>() / (6.0 * day * 35.0) - 1.0).abs() < 1e-12);
    }
}
