//! Two languages, and quantities as they are said in them. What lacks a language does not compile.

use handin_plan::GB;

use crate::report::number;

/// The language of summary and page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// The one of two texts that is in this language.
    pub fn say<'a>(self, english: &'a str, korean: &'a str) -> &'a str {
        match self {
            Lang::En => english,
            Lang::Ko => korean,
        }
    }

    /// Its code, as HTML wants it.
    pub fn code(self) -> &'static str {
        self.say("en", "ko")
    }

    /// A time of so many seconds.
    pub fn time(self, seconds: f64) -> String {
        match seconds {
            _ if !seconds.is_finite() => self.say("no limit", "제한 없음").to_owned(),
            _ if seconds < 120.0 => format!("{}{}", number(seconds), self.say(" s", "초")),
            _ if seconds < 7_200.0 => format!("{}{}", number(seconds / 60.0), self.say(" min", "분")),
            _ => format!("{}{}", number(seconds / 3_600.0), self.say(" h", "시간")),
        }
    }

    /// A time that may not exist, because nothing came in.
    pub fn maybe_time(self, seconds: Option<f64>) -> String {
        seconds.map_or_else(|| self.say("never", "도착 없음").to_owned(), |seconds| self.time(seconds))
    }

    /// A number of months.
    pub fn months(self, months: f64) -> String {
        format!("{}{}", number(months), self.say(" months", "개월"))
    }

    /// A number of days.
    pub fn days(self, days: u32) -> String {
        format!("{days}{}", self.say(" days", "일"))
    }
}

/// A rate of so many bit/s.
pub fn rate(bits_per_s: f64) -> String {
    let steps = [(1e9, "Gb/s"), (1e6, "Mb/s"), (1e3, "kb/s")];
    let (scale, unit) = steps.into_iter().find(|(scale, _)| bits_per_s >= *scale).unwrap_or((1.0, "b/s"));
    format!("{} {unit}", number(bits_per_s / scale))
}

/// A share, in per cent; what is less than shows is not said to be nothing.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.01 => "<0.01 %".to_owned(),
        percent => format!("{} %", number(percent)),
    }
}

/// An amount of US dollars.
pub fn usd(amount: f64) -> String {
    if amount.abs() < 10.0 { format!("${amount:.2}") } else { format!("${}", number(amount.round())) }
}

/// A price per unit, US dollars: all of its digits.
pub fn price(amount: f64) -> String {
    format!("${amount}")
}

/// A size of so many bytes, in the gigabytes that clouds bill.
pub fn size(bytes: f64) -> String {
    let gb = bytes / GB;
    if gb >= 1_024.0 { format!("{} TB", number(gb / 1_024.0)) } else { format!("{} GB", number(gb)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_said_in_their_language() {
        assert_eq!((Lang::En.time(8.46), Lang::Ko.time(600.0)), ("8.46 s".to_owned(), "10분".to_owned()));
        assert_eq!((rate(5e9), rate(500e3), rate(0.0)), ("5 Gb/s".into(), "500 kb/s".into(), "0 b/s".into()));
        assert_eq!((percent(0.811), percent(0.00001)), ("81.1 %".to_owned(), "<0.01 %".to_owned()));
        assert_eq!(
            (usd(4.5), usd(12_345.6), price(0.0045)),
            ("$4.50".into(), "$12,346".into(), "$0.0045".into())
        );
        assert_eq!((size(GB), size(2_048.0 * GB)), ("1 GB".to_owned(), "2 TB".to_owned()));
    }
}
