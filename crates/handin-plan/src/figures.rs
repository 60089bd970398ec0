//! Quantiles and curves of many values. It refuses to know what the values are.

use serde::Serialize;

/// What half, 95 %, 99 % and all of the values do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Quantiles {
    /// Those of some values, between neighbours by the straight line; `None` without values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sort(values);
        let max = *sorted.last()?;
        let at = |p| quantile(&sorted, p);
        Some(Quantiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), max })
    }
}

fn sort(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Points of a curve, x and y.
pub type Curve = Vec<(f64, f64)>;

/// How many points a curve has at most.
const POINTS: usize = 200;

/// Which share of `all` is done at which time: a step for each of `done_s`, thinned.
pub fn done_over_time(done_s: &[f64], all: usize) -> Curve {
    let sorted = sort(done_s);
    let step = sorted.len().div_ceil(POINTS).max(1);
    let last = sorted.len().checked_sub(1);
    let kept = (0..sorted.len()).filter(|place| place % step == step - 1 || Some(*place) == last);
    let points = kept.map(|place| (sorted[place], (place + 1) as f64 / all as f64));
    std::iter::once((0.0, 0.0)).chain(points).collect()
}

/// Means over equal stretches of values one second apart, so many stretches that a curve is not too long.
pub fn thinned(seconds: &[f64]) -> Curve {
    let step = seconds.len().div_ceil(POINTS).max(1);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let stretches = seconds.chunks(step).enumerate();
    stretches.map(|(place, values)| ((place * step) as f64, mean(values))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(Quantiles::of(&values), Some(Quantiles { p50: 50.0, p95: 95.0, p99: 99.0, max: 100.0 }));
        assert_eq!(Quantiles::of(&[1.0, 2.0]).unwrap().p50, 1.5);
        assert_eq!(Quantiles::of(&[]), None);
    }

    #[test]
    fn a_curve_ends_with_the_share_that_is_done() {
        assert_eq!(done_over_time(&[2.0, 1.0], 4), [(0.0, 0.0), (1.0, 0.25), (2.0, 0.5)]);
        let many: Vec<f64> = (0..1_001).map(f64::from).collect();
        let curve = done_over_time(&many, 2_002);
        assert_eq!(*curve.last().unwrap(), (1_000.0, 0.5));
        assert!(curve.len() <= POINTS + 2);
    }

    #[test]
    fn thinning_keeps_the_sum() {
        let seconds: Vec<f64> = (0..400).map(f64::from).collect();
        let curve = thinned(&seconds);
        assert_eq!(curve.len(), 200);
        assert_eq!(curve[1], (2.0, 2.5));
    }
}
