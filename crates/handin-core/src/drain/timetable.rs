//! A timetable as a sentence: `Mon-Fri 22:00-06:00 400Mbit, Sat-Sun 1Gbit, else off`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

/// How fast bytes may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Not at all.
    Off,
    /// At most this many bytes per second.
    Limit(u64),
    /// As fast as they can.
    Full,
}

/// How fast bytes may go at which time of the week, by the clock on the wall. Of the entries that speak of a moment the
/// first that was written counts. A window that passes midnight belongs to the day on which it begins: that of `Fri
/// 22:00-06:00` ends on Saturday. Where a clock is set back, what stands between the two hours is said of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    entries: Vec<Entry>,
    otherwise: Rate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// The first and the last; a range may pass Sunday.
    days: Option<(Weekday, Weekday)>,
    /// From, and up to; a window may pass midnight.
    hours: Option<(Minute, Minute)>,
    rate: Rate,
}

/// Minutes since midnight, to 1,440.
type Minute = u16;

const A_DAY: Minute = 1_440;
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];
const UNITS: [(&str, u64); 3] = [("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000)];

/// A timetable, or a word of one, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {wanted}")]
pub struct BadTimetable {
    /// The word as given, cut to 80 characters.
    pub given: String,
    /// What could stand in its place.
    pub wanted: &'static str,
}

const ENTRY: &str =
    "an entry of a timetable such as `Mon-Fri 22:00-06:00 400Mbit`, `Sat-Sun 1Gbit` or `else off`";
const LAST: &str = "a timetable: `else` and a rate stand once, at its end";
const DAY: &str = "a day or days: Mon, Tue, Wed, Thu, Fri, Sat, Sun, or two with - between them";
const HOURS: &str = "hours such as 22:00-06:00, of which the second is not the first; a day ends at 24:00";
const RATE: &str = "a rate: off, full, or a number of bits per second such as 400Mbit, 1.5Gbit or 500kbit";

fn bad(given: &str, wanted: &'static str) -> BadTimetable {
    BadTimetable { given: given.chars().take(80).collect(), wanted }
}

impl Timetable {
    /// At all times as fast as can be.
    pub fn always() -> Timetable {
        Timetable { entries: Vec::new(), otherwise: Rate::Full }
    }

    /// How fast bytes may go at a moment.
    pub fn rate(&self, at: Timestamp, zone: &TimeZone) -> Rate {
        let local = at.to_zoned(zone.clone());
        let minute = minute_of(local.time());
        let (today, yesterday) = (local.weekday(), local.weekday().previous());
        let speaks = |entry: &&Entry| entry.speaks(today, yesterday, minute);
        self.entries.iter().find(speaks).map_or(self.otherwise, |entry| entry.rate)
    }
}

fn minute_of(time: Time) -> Minute {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

impl Entry {
    fn speaks(&self, today: Weekday, yesterday: Weekday, minute: Minute) -> bool {
        match self.hours {
            None => self.is_on(today),
            Some((from, to)) if from < to => self.is_on(today) && (from..to).contains(&minute),
            Some((from, to)) => self.is_on(today) && minute >= from || self.is_on(yesterday) && minute < to,
        }
    }

    fn is_on(&self, day: Weekday) -> bool {
        let Some((first, last)) = self.days else { return true };
        first.until(day) <= first.until(last)
    }
}

impl FromStr for Timetable {
    type Err = BadTimetable;

    fn from_str(given: &str) -> Result<Timetable, BadTimetable> {
        let written: Vec<&str> = given.split(',').map(str::trim).collect();
        let mut table = Timetable { entries: Vec::new(), otherwise: Rate::Off };
        for (place, text) in written.iter().enumerate() {
            let words: Vec<&str> = text.split_whitespace().collect();
            match &words[..] {
                ["else", rate] if place + 1 == written.len() => table.otherwise = rate.parse()?,
                ["else", ..] => return Err(bad(given, LAST)),
                words => table.entries.push(entry(text, words)?),
            }
        }
        Ok(table)
    }
}

fn entry(text: &str, words: &[&str]) -> Result<Entry, BadTimetable> {
    let (days, hours, rate) = match words {
        [rate] => (None, None, rate),
        [when, rate] if when.starts_with(|first: char| first.is_ascii_digit()) => (None, Some(when), rate),
        [when, rate] => (Some(when), None, rate),
        [days, hours, rate] => (Some(days), Some(hours), rate),
        _ => return Err(bad(text, ENTRY)),
    };
    Ok(Entry {
        days: days.map(|text| read_days(text)).transpose()?,
        hours: hours.map(|text| read_hours(text)).transpose()?,
        rate: rate.parse()?,
    })
}

fn read_days(text: &str) -> Result<(Weekday, Weekday), BadTimetable> {
    let day = |name: &str| DAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    day(first).zip(day(last)).ok_or_else(|| bad(text, DAY))
}

fn read_hours(text: &str) -> Result<(Minute, Minute), BadTimetable> {
    let minute = |text: &str| {
        let (hour, minute) =
            text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
        let (hour, minute) = (hour.parse::<Minute>().ok()?, minute.parse::<Minute>().ok()?);
        (hour < 24 && minute < 60 || hour == 24 && minute == 0).then_some(hour * 60 + minute)
    };
    let hours = text.split_once('-').and_then(|(from, to)| minute(from).zip(minute(to)));
    hours.filter(|(from, to)| from != to && *from < A_DAY && *to > 0).ok_or_else(|| bad(text, HOURS))
}

impl FromStr for Rate {
    type Err = BadTimetable;

    fn from_str(text: &str) -> Result<Rate, BadTimetable> {
        match text {
            "off" => return Ok(Rate::Off),
            "full" => return Ok(Rate::Full),
            _ => {}
        }
        let unit = UNITS.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, *bits)));
        let bits = unit.and_then(|(number, bits)| {
            let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            Some(number.parse::<f64>().ok().filter(|_| plain)? * bits as f64)
        });
        match bits {
            // From a thousand bytes a second to a thousand times what a line carries today.
            Some(bits) if (8e3..=1e15).contains(&bits) => Ok(Rate::Limit((bits / 8.0).round() as u64)),
            _ => Err(bad(text, RATE)),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Off => f.write_str("off"),
            Rate::Full => f.write_str("full"),
            Rate::Limit(bytes_per_s) => {
                let bits = bytes_per_s * 8;
                let (unit, factor) =
                    UNITS.into_iter().find(|(_, factor)| bits >= *factor).unwrap_or(("kbit", 1_000));
                write!(f, "{}{unit}", bits as f64 / factor as f64)
            }
        }
    }
}

impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            write!(f, "{entry}, ")?;
        }
        write!(f, "else {}", self.otherwise)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |wanted: Weekday| DAYS.iter().find(|(_, day)| *day == wanted).map_or("", |(name, _)| name);
        match self.days {
            Some((first, last)) if first == last => write!(f, "{} ", name(first))?,
            Some((first, last)) => write!(f, "{}-{} ", name(first), name(last))?,
            None => {}
        }
        if let Some((from, to)) = self.hours {
            write!(f, "{:02}:{:02}-{:02}:{:02} ", from / 60, from % 60, to / 60, to % 60)?;
        }
        write!(f, "{}", self.rate)
    }
}
