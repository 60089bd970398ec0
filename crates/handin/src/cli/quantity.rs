//! Quantities as people write them on a command line: `2.5G`, `60s`.

use std::time::Duration;

/// Reads a number with a decimal unit: `k`, `M`, `G` or `T`; `None` for what is no such number.
pub fn read_count(text: &str) -> Option<u64> {
    let (number, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'M' => (&text[..text.len() - 1], 1e6),
        'G' => (&text[..text.len() - 1], 1e9),
        'T' => (&text[..text.len() - 1], 1e12),
        _ => (text, 1.0),
    };
    let plain = number.starts_with(|first: char| first.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let count = number.parse::<f64>().ok().filter(|_| plain)? * factor;
    // Beyond this not every whole number is one of `f64`, and nothing that is counted here is so large.
    (count <= 9e15).then(|| count.round() as u64)
}

/// Reads a span of time in `s`, `m`, `h` or `d`; a bare number is seconds. `None` for what is none.
pub fn read_span(text: &str) -> Option<Duration> {
    let (number, factor) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1),
        'm' => (&text[..text.len() - 1], 60),
        'h' => (&text[..text.len() - 1], 3_600),
        'd' => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    number.parse::<u32>().ok().map(|number| Duration::from_secs(u64::from(number) * factor))
}

/// A rate in bytes per second as people speak of lines: in bits, with the unit that leaves the fewest digits.
pub fn show_rate(bytes_per_s: u64) -> String {
    let bits = bytes_per_s as f64 * 8.0;
    let (value, unit) = match bits {
        bits if bits >= 1e9 => (bits / 1e9, "Gb/s"),
        bits if bits >= 1e6 => (bits / 1e6, "Mb/s"),
        bits => (bits / 1e3, "kb/s"),
    };
    let digits = format!("{value:.2}");
    format!("{} {unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Bytes as people speak of files: with the decimal unit that leaves the fewest digits.
pub fn show_size(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.into_iter().find(|(_, least)| bytes as f64 >= *least) {
        Some((unit, least)) => format!("{:.1} {unit}", bytes as f64 / least),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_they_are_written() {
        let cases =
            [("7", 7), ("500k", 500_000), ("2M", 2_000_000), ("2.5G", 2_500_000_000), ("1T", 10_u64.pow(12))];
        for (text, count) in cases {
            assert_eq!(read_count(text), Some(count), "{text}");
        }
        for bad in ["", "G", "-1", "1K", "1e9", "nan", "inf", "9000000T", "1 M", ".5M", "1.2.3"] {
            assert_eq!(read_count(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_shown_with_few_digits() {
        let cases =
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (542_094, "542.1 kB"), (3_200_000_000, "3.2 GB")];
        for (bytes, text) in cases {
            assert_eq!(show_size(bytes), text);
        }
    }

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (text, seconds) in [("0", 0), ("90", 90), ("60s", 60), ("5m", 300), ("2h", 7_200), ("1d", 86_400)]
        {
            assert_eq!(read_span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "s", "-1s", "1.5m", "1w", "60 s"] {
            assert_eq!(read_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_are_shown_in_bits() {
        for (rate, shown) in [
            (250_000_000, "2 Gb/s"),
            (312_500_000, "2.5 Gb/s"),
            (12_500_000, "100 Mb/s"),
            (100_000, "800 kb/s"),
        ] {
            assert_eq!(show_rate(rate), shown);
        }
    }
}
