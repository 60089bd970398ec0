//! What plots draw of many measured values: their distribution, and no more points than a screen has.

/// The value below which the share `q` (0 to 1) of `sorted` lies, by the nearest rank; `None` of nothing.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = (q.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The empirical distribution as points for a line: value, and the per cent of all values that are not larger.
/// `of` is how many there should have been: those that are missing keep the line from reaching 100.
pub fn ecdf(values: &[f64], of: usize) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let share = |place: usize| 100.0 * (place + 1) as f64 / of.max(1) as f64;
    sorted.iter().enumerate().map(|(place, value)| (*value, share(place))).collect()
}

/// How many values fall into each of `bins` equal intervals: the middle of the interval, and the count.
pub fn histogram(values: &[f64], bins: usize) -> Vec<(f64, f64)> {
    let (low, high) = range(values.iter().copied());
    if low > high || bins == 0 {
        return Vec::new();
    }
    let width = ((high - low) / bins as f64).max(f64::MIN_POSITIVE);
    let mut counts = vec![0.0; bins];
    for value in values.iter().filter(|value| value.is_finite()) {
        counts[(((value - low) / width) as usize).min(bins - 1)] += 1.0;
    }
    counts.iter().enumerate().map(|(bin, count)| (low + (bin as f64 + 0.5) * width, *count)).collect()
}

/// At most about `most` of the points, sorted by x: of each stretch its lowest and its highest, so that no peak is lost.
pub fn thin(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most.max(4) {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(most.max(4) / 2);
    let mut kept = vec![points[0]];
    for stretch in points.chunks(stretch) {
        let ends = [
            stretch.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1)),
            stretch.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1)),
        ];
        let mut ends: Vec<_> = ends.into_iter().flatten().collect();
        ends.sort_by_key(|(place, _)| *place);
        kept.extend(ends.into_iter().map(|(_, point)| *point));
    }
    kept.extend(points.last());
    kept.dedup();
    kept
}

/// The lowest and the highest finite value; the other way round when there is none.
pub(super) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        let at = |q| quantile(&sorted, q).unwrap();
        assert_eq!([at(0.0), at(0.5), at(0.95), at(0.99), at(1.0)], [1.0, 50.0, 95.0, 99.0, 100.0]);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn what_is_missing_keeps_the_line_from_the_top() {
        assert_eq!(ecdf(&[3.0, 1.0], 4), [(1.0, 25.0), (3.0, 50.0)]);
    }

    proptest! {
        #[test]
        fn every_value_is_counted_once(values in prop::collection::vec(-1e6f64..1e6, 1..200), bins in 1usize..30) {
            let counted: f64 = histogram(&values, bins).iter().map(|(_, count)| count).sum();
            prop_assert_eq!(counted, values.len() as f64);
        }

        #[test]
        fn thinning_keeps_ends_and_peaks(ys in prop::collection::vec(0f64..1e6, 1..3_000), most in 4usize..200) {
            let points: Vec<(f64, f64)> = ys.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let kept = thin(&points, most);
            prop_assert!(kept.len() <= most + 4);
            prop_assert_eq!(range(kept.iter().map(|p| p.1)), range(ys.iter().copied()));
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }
}
