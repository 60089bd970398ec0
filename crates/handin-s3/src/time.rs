//! Civil time in the four spellings that S3 uses. Knows UTC only, and never what time it is now:
//! every moment is an argument, in unix seconds.

/// Seconds in a UTC day.
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in the basic ISO 8601 form that SigV4 signs: `20130524T000000Z`.
///
/// Years outside 0–9999 have no such form; only their last four digits are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([u8; 16]);

impl Stamp {
    /// The stamp of a moment, in unix seconds.
    pub(crate) fn of(at: i64) -> Self {
        let (year, month, day) = civil_from_days(at.div_euclid(SECONDS_PER_DAY));
        let second = at.rem_euclid(SECONDS_PER_DAY);
        let mut bytes = *b"00000000T000000Z";
        put_digits(&mut bytes[0..4], year.rem_euclid(10_000));
        put_digits(&mut bytes[4..6], month);
        put_digits(&mut bytes[6..8], day);
        put_digits(&mut bytes[9..11], second / 3_600);
        put_digits(&mut bytes[11..13], second / 60 % 60);
        put_digits(&mut bytes[13..15], second % 60);
        Self(bytes)
    }

    /// `20130524T000000Z`.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits and letters are ASCII")
    }

    /// `20130524`.
    pub(crate) fn date(&self) -> &str {
        &self.as_str()[..8]
    }
}

/// Reads `20130524T000000Z` as unix seconds.
pub(crate) fn parse_stamp(text: &str) -> Option<i64> {
    if text.len() != 16 || !text.is_ascii() || &text[8..9] != "T" || !text.ends_with('Z') {
        return None;
    }
    let date = (number(&text[0..4])?, number(&text[4..6])?, number(&text[6..8])?);
    let time = (number(&text[9..11])?, number(&text[11..13])?, number(&text[13..15])?);
    unix_seconds(date, time)
}

/// Reads the form that S3's XML uses, `2026-11-22T10:15:00.000Z`, as unix seconds; a fraction is dropped.
pub fn parse_iso8601(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.len() != 19 || !whole.is_ascii() || fraction.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    if [&whole[4..5], &whole[7..8], &whole[10..11], &whole[13..14], &whole[16..17]]
        != ["-", "-", "T", ":", ":"]
    {
        return None;
    }
    let date = (number(&whole[0..4])?, number(&whole[5..7])?, number(&whole[8..10])?);
    let time = (number(&whole[11..13])?, number(&whole[14..16])?, number(&whole[17..19])?);
    unix_seconds(date, time)
}

/// Reads the preferred HTTP form, `Sun, 22 Nov 2026 10:15:00 GMT` (RFC 9110, 5.6.7), as unix seconds.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let mut words = text.split(", ").nth(1)?.split(' ');
    let day = number(words.next()?)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year = number(words.next()?)?;
    let mut clock = words.next()?.split(':').map(number);
    let time = (clock.next()??, clock.next()??, clock.next()??);
    if words.next()? != "GMT" || words.next().is_some() || clock.next().is_some() {
        return None;
    }
    unix_seconds((year, month, day), time)
}

fn put_digits(place: &mut [u8], mut value: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn number(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.bytes().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

fn unix_seconds((year, month, day): (i64, i64, i64), (hour, minute, second): (i64, i64, i64)) -> Option<i64> {
    let days = days_from_civil(year, month, day);
    // An impossible date such as 31 February comes back as another one.
    if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second)
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years start in March here, so
/// that the leap day is the last one of its year and month lengths follow one straight line.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01: [`days_from_civil`] backwards.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_known_moments() {
        assert_eq!(Stamp::of(1_369_353_600).as_str(), "20130524T000000Z");
        assert_eq!(Stamp::of(0).as_str(), "19700101T000000Z");
        assert_eq!(Stamp::of(951_782_399).as_str(), "20000228T235959Z");
        assert_eq!(Stamp::of(951_782_400).as_str(), "20000229T000000Z");
        assert_eq!(Stamp::of(4_107_542_400).date(), "21000301");
    }

    #[test]
    fn reads_back_what_it_stamps_for_two_centuries() {
        for at in (0..6_311_433_600).step_by(86_400 * 3 + 3_607) {
            assert_eq!(parse_stamp(Stamp::of(at).as_str()), Some(at));
        }
    }

    #[test]
    fn all_spellings_agree() {
        assert_eq!(parse_stamp("20261122T101507Z"), Some(1_795_342_507));
        assert_eq!(parse_iso8601("2026-11-22T10:15:07.000Z"), Some(1_795_342_507));
        assert_eq!(parse_iso8601("2026-11-22T10:15:07Z"), Some(1_795_342_507));
        assert_eq!(parse_http_date("Sun, 22 Nov 2026 10:15:07 GMT"), Some(1_795_342_507));
    }

    #[test]
    fn refuses_what_is_not_a_moment() {
        for text in [
            "",
            "20260230T000000Z",
            "20261122T240000Z",
            "20261122t000000Z",
            "2026112٣000000Z",
            "20261300T000000Z",
        ] {
            assert_eq!(parse_stamp(text), None, "{text}");
        }
        assert_eq!(parse_iso8601("2026-11-22 10:15:07Z"), None);
        assert_eq!(parse_http_date("Sun, 22 Nov 2026 10:15:07 +0900"), None);
    }

    #[test]
    fn far_moments_do_not_panic() {
        for at in [i64::MIN / 2, i64::MAX / 2, -1] {
            assert_eq!(Stamp::of(at).as_str().len(), 16);
        }
    }
}
