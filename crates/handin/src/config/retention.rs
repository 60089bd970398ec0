//! `[retention]`: how long the house keeps recordings, and how carefully it lets them go.

use handin_core::StorageClass;
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
        /// The storage class that new recordings are written in: STANDARD, STANDARD_IA or GLACIER_IR. The store must have it.
        storage_class: StorageClass = StorageClass::Standard;
        /// The region whose list prices say whether it pays to move a recording to another storage class, such as
        /// ap-northeast-2. Without it they are those of `store.region` where the store is Amazon's; elsewhere no price is
        /// known, and every `tier:` rule is carried out.
        prices_of: Option<String> = None;
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
        /// How many recordings a run sends to other storage classes per second; the store copies each.
        moves_per_s: u64 = 5, in 1..=1_000;
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
            storage_class: self.storage_class,
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

impl Value for StorageClass {
    fn parse(text: &str) -> Result<StorageClass, String> {
        let class = text.parse::<StorageClass>().ok().filter(|class| class.is_read_at_once());
        class.ok_or_else(|| "STANDARD, STANDARD_IA or GLACIER_IR".to_owned())
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
