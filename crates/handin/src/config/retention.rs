//! `[retention]`: how long the house keeps recordings, and how carefully it lets them go.

use handin_core::retention::{Action, Anchor, BadRule, Period, RetentionPolicy, Rule};
use jiff::tz::TimeZone;

use super::section::{Value, section};

section! {
    /// How long the house keeps recordings, and how carefully it lets them go.
    Retention "retention" {
        /// The time zone that days are counted in, such as Asia/Seoul.
        time_zone: TimeZone = TimeZone::UTC;
        /// The rules for exams without a policy of their own; of those that speak of a recording the one that is due first
        /// counts.
        rules: Vec<Rule> = vec![usual()];
        /// No recording is kept for longer than so many days after the bell, whatever rules say; an exam's policy needs a
        /// reason to have more.
        maximum_days: u32 = 180, in 1..=36_600;
        /// How many days a recording that is due stays marked, and can be restored, before it goes.
        grace_days: u32 = 7, in 0..=365;
        /// How often recordings that are due are looked for, in seconds.
        run_every_s: u64 = 3_600, in 60..=86_400;
        /// A run that would mark more than this share of all recordings, in percent, waits for somebody to confirm it; what
        /// earlier runs have marked by themselves and is not gone yet counts too.
        most_percent: u32 = 20, in 1..=100;
        /// Up to so many recordings, counted in the same way, need no confirmation, whatever their share.
        always_allowed: u64 = 100, in 0..=1_000_000;
        /// How many objects a node deletes from the store per second, over some seconds; up to 500 go at once.
        deletes_per_s: u64 = 100, in 1..=10_000;
    }
}

impl Retention {
    /// The policy for exams without one of their own.
    pub fn policy(&self) -> RetentionPolicy {
        RetentionPolicy {
            time_zone: self.time_zone.clone(),
            rules: self.rules.clone(),
            maximum_days: self.maximum_days,
            reason: None,
        }
    }
}

/// What a house that says nothing does: data that nobody needs any more is a liability.
fn usual() -> Rule {
    Rule { action: Action::Delete, period: Period::Days(30), anchor: Anchor::Bell, conditions: Vec::new() }
}

impl Value for Rule {
    fn parse(text: &str) -> Result<Rule, String> {
        text.parse().map_err(|bad: BadRule| format!("a list of rules: {bad}"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for TimeZone {
    fn parse(text: &str) -> Result<TimeZone, String> {
        TimeZone::get(text).map_err(|_| "a time zone that this machine knows, such as Asia/Seoul".to_owned())
    }

    fn show(&self) -> String {
        self.iana_name().unwrap_or("UTC").to_owned()
    }
}
