//! Retention: sentences come back as they went, calendars are kept to, and a small model agrees with [`due`].

#![expect(clippy::unwrap_used, reason = "a helper of a test that cannot read its own input can only fail")]

use std::collections::BTreeMap;

use handin_core::retention::{Anchor, BadRule, Facts, Period, RetentionPolicy, Rule, drain_due, due, tiers};
use handin_core::{State, StorageClass};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Clocks go forward on the second Sunday of March and back on the first of November, at two in the morning.
fn new_york() -> TimeZone {
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()
}

fn policy(rules: &[&str]) -> RetentionPolicy {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    RetentionPolicy {
        time_zone: TimeZone::UTC,
        rules,
        maximum_days: 180,
        reason: None,
        storage_class: StorageClass::Standard,
    }
}

fn facts() -> Facts {
    Facts {
        track: "webcam".parse().unwrap(),
        state: State::Sealed,
        bell: Some(at("2026-11-22T06:00:00Z")),
        sealed: at("2026-11-22T06:00:02Z"),
        posted: BTreeMap::new(),
    }
}

#[test]
fn rules_come_back_as_they_went() {
    for sentence in [
        "delete 30 days after bell",
        "delete 1 day after sealed if track screen and not flagged",
        "tier:GLACIER_IR 7 days after bell",
        "drain 2 months after result_published if partial",
        "keep-clip 1 year after review_closed if sealed and flagged",
    ] {
        assert_eq!(sentence.parse::<Rule>().unwrap().to_string(), sentence);
    }
    assert_eq!(
        "  delete 1 days  after bell ".parse::<Rule>().unwrap().to_string(),
        "delete 1 day after bell"
    );
}

#[test]
fn what_cannot_be_read_is_named_with_what_could_stand_there() {
    for (sentence, given) in [
        ("", ""),
        ("delete", "delete"),
        ("delete 30 days before bell", "delete 30 days before bell"),
        ("burn 30 days after bell", "burn"),
        ("tier: 30 days after bell", "tier:"),
        ("tier:STANDARD 30 days after bell", "tier:STANDARD"),
        ("tier:FLOPPY 30 days after bell", "tier:FLOPPY"),
        ("delete thirty days after bell", "thirty"),
        ("delete 0 days after bell", "0"),
        ("delete 101 years after bell", "101"),
        ("delete 4294967295 years after bell", "4294967295"),
        ("delete 30 weeks after bell", "weeks"),
        ("delete 30 days after lunch", "lunch"),
        ("delete 30 days after bell when flagged", "when"),
        ("delete 30 days after bell if", ""),
        ("delete 30 days after bell if tall", "tall"),
        ("delete 30 days after bell if track Webcam", "Webcam"),
        ("delete 30 days after bell if flagged and", ""),
    ] {
        let BadRule { given: named, wanted } = sentence.parse::<Rule>().unwrap_err();
        assert_eq!(named, given, "{sentence}");
        assert!(!wanted.is_empty());
    }
}

#[test]
fn a_period_ends_at_the_time_of_day_it_began_whatever_clocks_do() {
    let begin = at("2026-03-07T15:00:00Z"); // 10:00 in New York, the day before clocks go forward
    assert_eq!(Period::Days(1).end(begin, &new_york()), at("2026-03-08T14:00:00Z"));
    assert_eq!(Period::Days(1).end(begin, &TimeZone::UTC), at("2026-03-08T15:00:00Z"));
    let autumn = at("2026-10-31T14:00:00Z"); // 10:00, the day before they go back
    assert_eq!(Period::Days(1).end(autumn, &new_york()), at("2026-11-01T15:00:00Z"));
}

#[test]
fn a_time_of_day_that_a_clock_skips_is_as_much_later() {
    let begin = at("2026-03-07T07:30:00Z"); // 02:30; the next day goes from 01:59 to 03:00
    assert_eq!(Period::Days(1).end(begin, &new_york()), at("2026-03-08T07:30:00Z"));
}

#[test]
fn months_and_years_end_on_the_last_day_that_there_is() {
    let utc = &TimeZone::UTC;
    assert_eq!(Period::Months(1).end(at("2027-01-31T09:00:00Z"), utc), at("2027-02-28T09:00:00Z"));
    assert_eq!(Period::Months(1).end(at("2028-01-31T09:00:00Z"), utc), at("2028-02-29T09:00:00Z"));
    assert_eq!(Period::Years(1).end(at("2028-02-29T09:00:00Z"), utc), at("2029-02-28T09:00:00Z"));
    assert_eq!(Period::Years(4).end(at("2028-02-29T09:00:00Z"), utc), at("2032-02-29T09:00:00Z"));
    assert_eq!(Period::Days(365).end(at("2028-02-28T09:00:00Z"), utc), at("2029-02-27T09:00:00Z"));
    assert_eq!(Period::Years(100).end(Timestamp::MAX, utc), Timestamp::MAX);
}

#[test]
fn the_soonest_rule_that_speaks_of_a_recording_counts() {
    let policy = policy(&[
        "delete 90 days after bell if flagged",
        "delete 30 days after bell if not flagged",
        "delete 14 days after hiring_decided",
        "delete 1 day after bell if track screen",
    ]);
    let mut facts = facts();
    assert_eq!(due(&policy, &facts).at, at("2026-12-22T06:00:00Z"));
    facts.posted.insert(Anchor::Flagged, at("2026-11-23T00:00:00Z"));
    let flagged = due(&policy, &facts);
    assert_eq!((flagged.at, flagged.rule), (at("2027-02-20T06:00:00Z"), Some(&policy.rules[0])));
    facts.posted.insert(Anchor::HiringDecided, at("2026-12-01T00:00:00Z"));
    assert_eq!(due(&policy, &facts).at, at("2026-12-15T00:00:00Z"));
}

#[test]
fn of_the_tiers_that_are_due_the_last_counts_and_none_delays_the_end() {
    let policy = policy(&[
        "tier:GLACIER 20 days after bell",
        "tier:STANDARD_IA 2 days after bell",
        "delete 30 days after bell",
        "tier:GLACIER_IR 2 days after bell if flagged",
        "tier:DEEP_ARCHIVE 1 day after hiring_decided",
    ]);
    let mut facts = facts();
    let class = |facts: &Facts, day: &str| {
        let tiers = tiers(&policy, facts, at(day));
        (tiers.now.map(|tier| tier.class), tiers.next)
    };
    let (second, twentieth) = (at("2026-11-24T06:00:00Z"), at("2026-12-12T06:00:00Z"));
    assert_eq!(class(&facts, "2026-11-24T05:59:59Z"), (None, Some(second)));
    assert_eq!(class(&facts, "2026-11-24T06:00:00Z"), (Some(StorageClass::StandardIa), Some(twentieth)));
    assert_eq!(class(&facts, "2027-01-01T00:00:00Z"), (Some(StorageClass::Glacier), None));
    facts.posted.insert(Anchor::Flagged, at("2026-11-23T00:00:00Z"));
    assert_eq!(class(&facts, "2026-11-25T00:00:00Z").0, Some(StorageClass::GlacierIr), "written last");
    facts.posted.insert(Anchor::HiringDecided, at("2026-12-01T00:00:00Z"));
    assert_eq!(class(&facts, "2026-12-03T00:00:00Z").0, Some(StorageClass::DeepArchive));
    assert_eq!(due(&policy, &facts).at, at("2026-12-22T06:00:00Z"));
    assert_eq!(policy.longest_days(&[facts.track]), 30);
}

#[test]
fn what_nobody_posts_is_kept_no_longer_than_the_maximum() {
    let policy = policy(&["delete 14 days after hiring_decided"]);
    let kept = due(&policy, &facts());
    assert_eq!((kept.at, kept.rule), (at("2027-05-21T06:00:00Z"), None));
    let without_bell = Facts { bell: None, ..facts() };
    assert_eq!(due(&policy, &without_bell).at, at("2027-05-21T06:00:02Z"));
}

#[test]
fn what_goes_to_the_archive_is_due_for_it_and_for_nothing_else() {
    let drains =
        policy(&["drain 7 days after bell", "drain 1 day after hiring_decided", "delete 30 days after bell"]);
    let bell = facts().bell.unwrap();
    let days = |days: u64| bell + std::time::Duration::from_secs(days * 86_400);
    assert_eq!(drain_due(&drains, &facts()), Some(days(7)));
    assert_eq!(due(&drains, &facts()).at, days(30));
    let posted = [(Anchor::HiringDecided, days(2))].into_iter().collect();
    assert_eq!(drain_due(&drains, &Facts { posted, ..facts() }), Some(days(3)));
    assert_eq!(drain_due(&policy(&["delete 30 days after bell"]), &facts()), None);
}

#[test]
fn a_policy_says_what_it_lacks() {
    let good = policy(&["delete 30 days after bell"]);
    assert_eq!(good.check(180), Ok(()));
    let field = |bad: RetentionPolicy| bad.check(180).unwrap_err().field;
    assert_eq!(field(RetentionPolicy { rules: Vec::new(), ..good.clone() }), "rules");
    assert_eq!(field(RetentionPolicy { maximum_days: 0, ..good.clone() }), "maximum_days");
    assert_eq!(field(RetentionPolicy { maximum_days: 181, ..good.clone() }), "reason");
    assert_eq!(field(policy(&["delete 1 day after bell", "keep-clip 1 day after bell"])), "rules[1]");
    assert_eq!(policy(&["drain 1 day after bell"]).check(180), Ok(()));
    assert_eq!(policy(&["tier:GLACIER 1 day after bell"]).check(180), Ok(()));
    assert_eq!(
        field(RetentionPolicy { storage_class: StorageClass::Glacier, ..good.clone() }),
        "storage_class",
        "a new recording is looked at, mended and watched"
    );
    let reason = Some("an appeal may take a year".to_owned());
    assert_eq!(RetentionPolicy { maximum_days: 365, reason, ..good }.check(180), Ok(()));
}

#[test]
fn what_can_be_promised_is_the_longest_of_all_cases() {
    let tracks = ["webcam".parse().unwrap(), "screen".parse().unwrap()];
    let longest = |rules: &[&str]| policy(rules).longest_days(&tracks);
    assert_eq!(longest(&["delete 30 days after bell"]), 30);
    assert_eq!(longest(&["delete 1 day after bell if not flagged", "delete 3 months after bell"]), 93);
    assert_eq!(longest(&["delete 30 days after bell if track screen"]), 180, "webcam has the maximum alone");
    assert_eq!(longest(&["delete 30 days after hiring_decided"]), 180);
    assert_eq!(longest(&["delete 1 year after bell"]), 180);
}

const CONDITIONS: &[&str] =
    &["", " if flagged", " if not flagged", " if partial", " if track webcam and sealed", " if track screen"];

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let anchors = prop::sample::select(Anchor::ALL);
    let sentence =
        (1..400u32, anchors, prop::sample::select(CONDITIONS)).prop_map(|(days, anchor, condition)| {
            format!("delete {days} days after {anchor}{condition}").parse().unwrap()
        });
    prop::collection::vec(sentence, 1..6)
}

fn some_facts() -> impl Strategy<Value = Facts> {
    let moment = (1_780_000_000..1_790_000_000i64).prop_map(|second| Timestamp::from_second(second).unwrap());
    let posted = Anchor::ALL.iter().copied().filter(|anchor| anchor.is_posted()).collect::<Vec<_>>();
    let posted = prop::collection::btree_map(prop::sample::select(posted), moment.clone(), 0..4);
    let track = prop::sample::select(&["webcam", "screen"][..]);
    let state = prop::sample::select(&[State::Sealed, State::Partial][..]);
    (track, state, prop::option::of(moment.clone()), moment, posted).prop_map(
        |(track, state, bell, sealed, posted)| Facts {
            track: track.parse().unwrap(),
            state,
            bell,
            sealed,
            posted,
        },
    )
}

/// Reads each sentence anew, word by word, and counts days as so many hours, as they are in UTC.
fn model(rules: &[Rule], maximum_days: i64, facts: &Facts) -> i64 {
    let start = facts.bell.unwrap_or(facts.sealed).as_second();
    let mut soonest = start + maximum_days * 86_400;
    for rule in rules {
        let sentence = rule.to_string();
        let words: Vec<&str> = sentence.split(' ').collect();
        let has = |text: &str| sentence.contains(text);
        let flagged = facts.posted.contains_key(&Anchor::Flagged);
        let fits = !(has(" if flagged") && !flagged
            || has("not flagged") && flagged
            || has("if partial") && facts.state != State::Partial
            || has("and sealed") && facts.state != State::Sealed
            || has("track webcam") && facts.track.as_str() != "webcam"
            || has("track screen") && facts.track.as_str() != "screen");
        let moment = match words[4] {
            "bell" => Some(start),
            "sealed" => Some(facts.sealed.as_second()),
            posted => facts.posted.get(&posted.parse().unwrap()).map(|at| at.as_second()),
        };
        if let (true, Some(moment)) = (fits, moment) {
            soonest = soonest.min(moment + words[1].parse::<i64>().unwrap() * 86_400);
        }
    }
    soonest
}

proptest! {
    #[test]
    fn the_model_agrees(rules in rules(), maximum_days in 1..500u32, facts in some_facts()) {
        let expected = model(&rules, maximum_days.into(), &facts);
        let policy = RetentionPolicy { time_zone: TimeZone::UTC, rules, maximum_days, reason: None, storage_class: StorageClass::Standard };
        prop_assert_eq!(due(&policy, &facts).at.as_second(), expected);
    }

    #[test]
    fn what_is_promised_is_kept(rules in rules(), maximum_days in 1..500u32, facts in some_facts()) {
        let policy = RetentionPolicy { time_zone: new_york(), rules, maximum_days, reason: None, storage_class: StorageClass::Standard };
        let promised = policy.longest_days(std::slice::from_ref(&facts.track));
        let end = Period::Days(promised).end(facts.bell.unwrap_or(facts.sealed), &policy.time_zone);
        prop_assert!(due(&policy, &facts).at <= end);
    }
}
