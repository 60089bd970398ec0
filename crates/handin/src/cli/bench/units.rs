//! Quantities as they are written on a command line.

use std::time::Duration;

use jiff::SignedDuration;

use crate::cli::quantity::read_count;

/// Bits per second: `500k`, `2M`, `1.5G`, or digits alone.
///
/// # Errors
/// Saying how it is written.
pub fn bits(text: &str) -> Result<u64, String> {
    let count = read_count(text).filter(|count| *count > 0);
    count.ok_or_else(|| "write bits per second like 500k, 2M or 1.5G".to_owned())
}

/// A span of time: `60m`, `30s`, `1h 30m`, `250ms`.
///
/// # Errors
/// Saying how it is written.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok();
    let parsed = parsed.and_then(|span| Duration::try_from(span).ok());
    parsed.ok_or_else(|| "write a span of time like 60m, 30s or 250ms".to_owned())
}

/// How often in an hour: `0.5/h`, or `0`.
///
/// # Errors
/// Saying how it is written.
pub fn per_hour(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/h").unwrap_or(text).parse::<f64>().ok();
    let sensible = number.filter(|number| (0.0..=3_600.0).contains(number));
    sensible.ok_or_else(|| "write how often in an hour, like 0.5/h".to_owned())
}

/// A moment by the bell, in seconds from it: `bell`, `bell+2s`, `bell-500ms`.
///
/// # Errors
/// Saying how it is written.
pub fn by_the_bell(text: &str) -> Result<f64, String> {
    let wrong = || "write a moment like bell+2s or bell-500ms".to_owned();
    let (before, span) = match text.strip_prefix("bell").ok_or_else(wrong)?.split_at_checked(1) {
        None => return Ok(0.0),
        Some(("+", span)) => (false, span),
        Some(("-", span)) => (true, span),
        Some(_) => return Err(wrong()),
    };
    let seconds = duration(span).map_err(|_| wrong())?.as_secs_f64();
    Ok(if before { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_they_are_written() {
        assert_eq!([bits("500k"), bits("1.5G"), bits("42")], [Ok(500_000), Ok(1_500_000_000), Ok(42)]);
        assert_eq!(duration("60m"), Ok(Duration::from_secs(3_600)));
        assert_eq!([per_hour("0.5/h"), per_hour("0")], [Ok(0.5), Ok(0.0)]);
        assert_eq!(
            [by_the_bell("bell"), by_the_bell("bell+2s"), by_the_bell("bell-500ms")],
            [Ok(0.0), Ok(2.0), Ok(-0.5)]
        );
    }

    #[test]
    fn what_is_written_otherwise_is_refused_with_an_example() {
        for (refused, example) in [
            (bits("fast").unwrap_err(), "500k"),
            (bits("0").unwrap_err(), "500k"),
            (duration("-3s").unwrap_err(), "60m"),
            (per_hour("x/h").unwrap_err(), "0.5/h"),
            (by_the_bell("2s").unwrap_err(), "bell+2s"),
            (by_the_bell("bell2s").unwrap_err(), "bell+2s"),
        ] {
            assert!(refused.contains(example), "{refused}");
        }
    }
}
