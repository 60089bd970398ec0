//! A length of time as a calendar counts it.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::rule::BadRule;

/// How long after its anchor a rule is due. It ends at the anchor's own time of day in the policy's time zone: `30 days`
/// after a bell at 14:00 in Seoul is 14:00 in Seoul, whatever clocks have done in between. Where that time of day is
/// skipped by a clock that goes forward, it ends as much later; where a month has no such day, on the month's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Calendar days.
    Days(u32),
    /// Calendar months.
    Months(u32),
    /// Calendar years.
    Years(u32),
}

impl Period {
    /// The longest period, in years; what is to stay longer is no recording of an exam any more.
    pub const MOST_YEARS: u32 = 100;

    /// When the period ends that begins at `anchor`.
    pub fn end(self, anchor: Timestamp, zone: &TimeZone) -> Timestamp {
        let span = match self {
            Period::Days(days) => Span::new().try_days(days),
            Period::Months(months) => Span::new().try_months(months),
            Period::Years(years) => Span::new().try_years(years),
        };
        let begin = anchor.to_zoned(zone.clone());
        let end = span.and_then(|span| begin.checked_add(span));
        end.map_or(Timestamp::MAX, |end| end.timestamp())
    }

    /// No more than so many days, wherever the calendar begins to count.
    pub fn most_days(self) -> u32 {
        match self {
            Period::Days(days) => days,
            Period::Months(months) => months.saturating_mul(31),
            Period::Years(years) => years.saturating_mul(366),
        }
    }

    /// Reads `30` and `days`.
    pub(super) fn read(number: &str, unit: &str) -> Result<Period, BadRule> {
        let count =
            number.parse::<u32>().map_err(|_| BadRule::new(number, "a whole number, as in `30 days`"))?;
        let period = match unit {
            "day" | "days" => Period::Days(count),
            "month" | "months" => Period::Months(count),
            "year" | "years" => Period::Years(count),
            _ => return Err(BadRule::new(unit, "days, months or years")),
        };
        match (1..=Period::MOST_YEARS * 366).contains(&period.most_days()) {
            true => Ok(period),
            false => Err(BadRule::new(number, "a period of at least 1 day and at most 100 years")),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Period::Days(days) => (days, "day"),
            Period::Months(months) => (months, "month"),
            Period::Years(years) => (years, "year"),
        };
        write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}

impl FromStr for Period {
    type Err = BadRule;

    fn from_str(given: &str) -> Result<Period, BadRule> {
        let (number, unit) =
            given.split_once(' ').ok_or_else(|| BadRule::new(given, "a period, as in `30 days`"))?;
        Period::read(number, unit)
    }
}
