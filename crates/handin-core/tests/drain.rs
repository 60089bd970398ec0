//! When recordings may move to an archive, and how fast.

#![expect(clippy::unwrap_used, reason = "a helper of a test that cannot read its own input can only fail")]

use std::time::Duration;

use handin_core::drain::{Meter, Rate, Timetable};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const NIGHTS: &str = "Mon-Fri 22:00-06:00 400Mbit, Sat-Sun 1Gbit, else off";

fn rate_in(zone: &str, table: &str, local: &str) -> Rate {
    let zone = TimeZone::posix(zone).unwrap();
    let at = local.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap();
    table.parse::<Timetable>().unwrap().rate(at.timestamp(), &zone)
}

fn mbit(number: u64) -> Rate {
    Rate::Limit(number * 1_000_000 / 8)
}

#[test]
fn nights_and_weekends_have_rates_of_their_own() {
    // 2026-11-23 is a Monday.
    for (local, rate) in [
        ("2026-11-23T05:59", Rate::Off),
        ("2026-11-23T21:59", Rate::Off),
        ("2026-11-23T22:00", mbit(400)),
        ("2026-11-24T05:59", mbit(400)),
        ("2026-11-24T06:00", Rate::Off),
        ("2026-11-28T05:59", mbit(400)),
        ("2026-11-28T06:00", mbit(1_000)),
        ("2026-11-29T23:59", mbit(1_000)),
        ("2026-11-30T00:00", Rate::Off),
    ] {
        assert_eq!(rate_in("KST-9", NIGHTS, local), rate, "{local}");
    }
}

#[test]
fn the_first_entry_that_speaks_counts_and_days_may_pass_sunday() {
    assert_eq!(rate_in("UTC0", "12:00-13:00 off, full", "2026-11-23T12:30"), Rate::Off);
    assert_eq!(rate_in("UTC0", "12:00-13:00 off, full", "2026-11-23T13:00"), Rate::Full);
    assert_eq!(rate_in("UTC0", "Sat-Mon full", "2026-11-23T13:00"), Rate::Full);
    assert_eq!(rate_in("UTC0", "Sat-Mon full", "2026-11-24T13:00"), Rate::Off);
    assert_eq!(rate_in("UTC0", "Tue 18:00-24:00 full", "2026-11-24T23:59"), Rate::Full);
    assert_eq!(rate_in("UTC0", "else full", "2026-11-24T23:59"), Rate::Full);
}

#[test]
fn the_wall_clock_counts_when_clocks_change() {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let table: Timetable = "02:00-03:00 off, else full".parse().unwrap();
    let rate = |utc: &str| table.rate(utc.parse().unwrap(), &zone);
    // On 2026-03-29 the clock goes from 02:00 to 03:00: there is no such hour.
    assert_eq!(rate("2026-03-29T00:59:59Z"), Rate::Full);
    assert_eq!(rate("2026-03-29T01:00:00Z"), Rate::Full);
    // On 2026-10-25 it goes from 03:00 back to 02:00: the hour comes twice.
    assert_eq!(rate("2026-10-25T00:30:00Z"), Rate::Off);
    assert_eq!(rate("2026-10-25T01:30:00Z"), Rate::Off);
    assert_eq!(rate("2026-10-25T02:00:00Z"), Rate::Full);
}

#[test]
fn a_timetable_comes_back_as_it_went() {
    for text in [NIGHTS, "else full", "Mon 08:00-18:30 1.5Mbit, 500kbit, else off"] {
        assert_eq!(text.parse::<Timetable>().unwrap().to_string(), text);
    }
    assert_eq!("Sat 1Gbit".parse::<Timetable>().unwrap().to_string(), "Sat 1Gbit, else off");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, wrong) in [
        ("", "\"\" is not an entry"),
        ("Mon-Fry full", "\"Mon-Fry\" is not a day"),
        ("mon full", "\"mon\" is not a day"),
        ("22:00-22:00 full", "\"22:00-22:00\" is not hours"),
        ("24:00-06:00 full", "\"24:00-06:00\" is not hours"),
        ("9-17 full", "\"9-17\" is not hours"),
        ("Sat 400Mb", "\"400Mb\" is not a rate"),
        ("Sat -1Gbit", "\"-1Gbit\" is not a rate"),
        ("Sat 1kbit", "\"1kbit\" is not a rate"),
        ("else off, Sat full", "is not a timetable: `else`"),
        ("Mon to Fri at night full", "is not an entry"),
    ] {
        let error = text.parse::<Timetable>().unwrap_err().to_string();
        assert!(error.contains(wrong), "{text}: {error}");
    }
}

#[test]
fn a_meter_keeps_to_its_rate_over_any_stretch() {
    let (mut meter, mut now) = (Meter::default(), Timestamp::UNIX_EPOCH);
    let mut sent = 0;
    while sent < 100_000_000 {
        now += meter.take(now, 1_000_000, 25_000_000);
        sent += 1_000_000;
    }
    let ideal = Duration::from_millis(4_000 - 40);
    assert_eq!(Duration::try_from(now.duration_since(Timestamp::UNIX_EPOCH)).unwrap(), ideal);
}

#[test]
fn a_meter_makes_nothing_up_and_forgets_a_clock_that_was_wrong() {
    let (mut meter, start) = (Meter::default(), Timestamp::UNIX_EPOCH);
    assert_eq!(meter.take(start, 1_000, 1_000), Duration::ZERO);
    let later = start + Duration::from_secs(60);
    assert_eq!(meter.take(later, 1_000, 1_000), Duration::ZERO);
    assert_eq!(meter.take(later, 1_000, 1_000), Duration::from_secs(1));
    assert_eq!(meter.take(start - Duration::from_secs(86_400), 1, 1_000), Duration::ZERO);
}
