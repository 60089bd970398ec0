//! Axes: from values to pixels, round tick marks, and numbers as people write them.

/// Maps values to a stretch of pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// A scale over `low..=high`, widened where that is no stretch at all; `log` needs positive values and cuts off the
    /// others.
    pub fn new((low, high): (f64, f64), (from, to): (f64, f64), log: bool) -> Scale {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        let (low, high) = match log {
            true => (low.max(high.max(1e-9) * 1e-6), high.max(1e-9)),
            false => (low, high),
        };
        let high = if high > low { high } else { low + low.abs().max(1.0) };
        Scale { low, high, from, to, log }
    }

    /// Where a value stands, in pixels; outside values stand at the end.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.log {
            true => (value.max(self.low).ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            false => (value - self.low) / (self.high - self.low),
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round values on the scale, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        match self.log {
            true => self.log_ticks(),
            false => self.linear_ticks(wanted),
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|by| by * power).into_iter().find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(rough);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|place| place as f64 * step).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let steps: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let all = (first..=last).flat_map(|power| steps.iter().map(move |by| by * 10f64.powi(power)));
        all.filter(|tick| (self.low * 0.999..=self.high * 1.001).contains(tick)).collect()
    }
}

/// A number for people: three significant digits below a thousand, whole above, with commas.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    let digits = match size {
        _ if size == 0.0 || size >= 100.0 => 0,
        _ => (2 - size.log10().floor() as i32).clamp(0, 6) as usize,
    };
    let text = format!("{size:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", with_commas(whole))
}

fn with_commas(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        let scale = Scale::new((0.0, 97.0), (0.0, 100.0), false);
        assert_eq!(scale.ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0]);
        let scale = Scale::new((0.5, 2_000.0), (0.0, 100.0), true);
        assert_eq!(scale.ticks(5), [1.0, 10.0, 100.0, 1_000.0]);
        let scale = Scale::new((3.0, 60.0), (0.0, 100.0), true);
        assert_eq!(scale.ticks(5), [5.0, 10.0, 20.0, 50.0]);
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        let written =
            [0.0, 0.7, 0.04321, 8.4, 99.96, 1_260.4, 1_234_567.0, -2.5, -0.000_000_1, f64::NAN].map(number);
        assert_eq!(written, ["0", "0.7", "0.0432", "8.4", "100", "1,260", "1,234,567", "−2.5", "0", "–"]);
    }

    proptest! {
        #[test]
        fn a_scale_stays_in_its_frame_and_keeps_the_order(
            low in -1e9f64..1e9, width in 0f64..1e9, a in -2e9f64..2e9, b in -2e9f64..2e9, log: bool,
        ) {
            let scale = Scale::new((low, low + width), (10.0, 90.0), log);
            let (first, second) = (scale.at(a.min(b)), scale.at(a.max(b)));
            prop_assert!((10.0..=90.0).contains(&first) && first <= second && second <= 90.0);
            prop_assert!(scale.ticks(6).len() < 40);
        }
    }
}
