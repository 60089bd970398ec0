//! Quantities as people write them: `500k`, `5G`, `60m`, `180d`, `2%`, `0.5/h`, `korea`. The rest of the command sees numbers.

use handin_plan::Uplinks;

/// A rate in bit/s: `500k`, `1.5M`, `20G`, or a plain number.
///
/// # Errors
/// What to write instead.
pub fn rate(text: &str) -> Result<f64, String> {
    scaled(text, &[("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("", 1.0)])
        .ok_or_else(|| "write bits per second like 500k, 1.5M or 20G".to_owned())
}

/// A rate that is not 0.
///
/// # Errors
/// What to write instead.
pub fn link(text: &str) -> Result<f64, String> {
    rate(text).and_then(|rate| match rate > 0.0 {
        true => Ok(rate),
        false => Err("a link of nothing carries nothing".to_owned()),
    })
}

/// A time in seconds: `30s`, `60m`, `1h`, or a plain number of seconds.
///
/// # Errors
/// What to write instead.
pub fn seconds(text: &str) -> Result<f64, String> {
    scaled(text, &[("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("", 1.0)])
        .ok_or_else(|| "write a time like 30s, 60m or 1h".to_owned())
}

/// A time that is not 0, or `none` for one without end.
///
/// # Errors
/// What to write instead.
pub fn limit(text: &str) -> Result<f64, String> {
    if text == "none" {
        return Ok(f64::INFINITY);
    }
    seconds(text).and_then(|limit| match limit > 0.0 {
        true => Ok(limit),
        false => Err("write a time like 600s, or none".to_owned()),
    })
}

/// A recording's duration in seconds, from a second to a day.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<f64, String> {
    seconds(text).and_then(|duration| match (1.0..=86_400.0).contains(&duration) {
        true => Ok(duration),
        false => Err("a recording lasts from a second to a day".to_owned()),
    })
}

/// A number of days, at most ten years: `180d`, or a plain number.
///
/// # Errors
/// What to write instead.
pub fn days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse().ok();
    days.filter(|days| *days <= 3_650).ok_or_else(|| "write days like 180d, at most 3650d".to_owned())
}

/// The size of a part in bytes, 5 MiB to 5 GiB as S3 takes them: `8MiB`.
///
/// # Errors
/// What to write instead.
pub fn part(text: &str) -> Result<f64, String> {
    scaled(text, &[("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0), ("", 1.0)])
        .filter(|size| (5_242_880.0..=5_368_709_120.0).contains(size))
        .ok_or_else(|| "write the size of a part like 8MiB, from 5MiB to 5GiB".to_owned())
}

/// A share between 0 and 1: `2%`.
///
/// # Errors
/// What to write instead.
pub fn share(text: &str) -> Result<f64, String> {
    scaled(text, &[("%", 0.01)])
        .filter(|share| *share <= 1.0)
        .ok_or_else(|| "write a share like 2%, at most 100%".to_owned())
}

/// How often a line breaks in an hour, at most 60 times: `0.5/h`.
///
/// # Errors
/// What to write instead.
pub fn per_hour(text: &str) -> Result<f64, String> {
    scaled(text, &[("/h", 1.0)])
        .filter(|often| *often <= 60.0)
        .ok_or_else(|| "write how often a line breaks like 0.5/h, at most 60/h".to_owned())
}

/// Home lines: `korea`, `us`, or a median with, behind a colon, σ of its logarithm: `50M`, `50M:1.2`.
///
/// # Errors
/// What to write instead.
pub fn uplinks(text: &str) -> Result<Uplinks, String> {
    let hint = || "write korea, us, a median like 50M, or a median and σ like 50M:1.2".to_owned();
    match text {
        "korea" => return Ok(Uplinks::KOREA),
        "us" => return Ok(Uplinks::US),
        _ => {}
    }
    let (median, sigma) = text.split_once(':').unwrap_or((text, "1"));
    let median_bits_per_s = link(median).map_err(|_| hint())?;
    let sigma = sigma.parse().ok().filter(|sigma| (0.0..=3.0).contains(sigma)).ok_or_else(hint)?;
    // Clipped as far from the median as Korea's are: a ninetieth, and ten times.
    let (lowest_bits_per_s, highest_bits_per_s) = (median_bits_per_s / 90.0, median_bits_per_s * 10.0);
    Ok(Uplinks { median_bits_per_s, sigma, lowest_bits_per_s, highest_bits_per_s })
}

/// A number that is finite and not negative, times what its unit stands for. Longer units come first in `units`.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (digits, scale) = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)))?;
    let number: f64 = digits.trim_end().parse().ok()?;
    (number.is_finite() && number >= 0.0 && digits.starts_with(|first: char| first.is_ascii_digit()))
        .then_some(number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_they_are_written() {
        assert_eq!((rate("500k"), rate("1.5M"), rate("0")), (Ok(500e3), Ok(1.5e6), Ok(0.0)));
        assert_eq!((seconds("60m"), seconds("1h"), seconds("600")), (Ok(3_600.0), Ok(3_600.0), Ok(600.0)));
        assert_eq!(
            (limit("none"), days("180d"), part("8MiB")),
            (Ok(f64::INFINITY), Ok(180), Ok(8_388_608.0))
        );
        assert_eq!((share("2%"), per_hour("0.5/h")), (Ok(0.02), Ok(0.5)));
        assert_eq!(uplinks("korea"), Ok(Uplinks::KOREA));
        let home = uplinks("50M:1.2").unwrap();
        assert_eq!((home.median_bits_per_s, home.sigma, home.highest_bits_per_s), (50e6, 1.2, 500e6));
    }

    #[test]
    fn what_is_none_is_told_how_to_be_written() {
        for wrong in ["", "k", "-5k", "five", "inf", "nan", "5kk", "1e400"] {
            assert!(rate(wrong).unwrap_err().contains("500k"), "{wrong}");
        }
        assert!(
            link("0").is_err() && limit("0s").is_err() && duration("0s").is_err() && duration("2d").is_err()
        );
        assert!(days("-1").is_err() && days("9999d").is_err() && part("1MiB").is_err());
        assert!(share("101%").is_err() && share("2").is_err() && per_hour("99/h").is_err());
        assert!(uplinks("mars").unwrap_err().contains("korea") && uplinks("5M:9").is_err());
    }
}
