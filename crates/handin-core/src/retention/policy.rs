//! A whole policy: rules, the time zone they are counted in, and what nothing may exceed.

use jiff::tz::TimeZone;

use super::period::Period;
use super::rule::{Action, Anchor, Condition, Rule};
use crate::{State, StorageClass, Track};

/// How long the recordings of an exam are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Where days begin and end.
    pub time_zone: TimeZone,
    /// In any order; of those that speak of a recording the one that is due first counts.
    pub rules: Vec<Rule>,
    /// No recording is kept for longer than so many days after the bell, whatever the rules say.
    pub maximum_days: u32,
    /// Why that is longer than the house allows; `None` where it is not.
    pub reason: Option<String>,
    /// In which class new recordings are written.
    pub storage_class: StorageClass,
}

/// A field of a policy that cannot be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadPolicy {
    /// The field, as the API and TOML write it.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl RetentionPolicy {
    /// More rules than anybody can keep in mind.
    pub const MOST_RULES: usize = 50;
    /// The longest reason, in characters.
    pub const LONGEST_REASON: usize = 500;

    /// Checks every field. `house_maximum_days` is the most that needs no reason.
    ///
    /// # Errors
    /// [`BadPolicy`] naming the first that cannot be acted on.
    pub fn check(&self, house_maximum_days: u32) -> Result<(), BadPolicy> {
        let refuse = |field: &str, reason: String| Err(BadPolicy { field: field.to_owned(), reason });
        if self.rules.is_empty() || self.rules.len() > RetentionPolicy::MOST_RULES {
            return refuse("rules", "write 1 to 50 rules, such as \"delete 30 days after bell\"".to_owned());
        }
        // What is read but never done would be a promise that nobody keeps.
        let done = |action: &Action| matches!(action, Action::Delete | Action::Drain | Action::Tier(_));
        if let Some((place, rule)) = self.rules.iter().enumerate().find(|(_, rule)| !done(&rule.action)) {
            let reason = format!("{} is not carried out yet; write delete, drain or tier:CLASS", rule.action);
            return refuse(&format!("rules[{place}]"), reason);
        }
        // Recordings are proved, mended and watched after they were written.
        if !self.storage_class.is_read_at_once() {
            let reason = "new recordings must be readable at once: STANDARD, STANDARD_IA or GLACIER_IR";
            return refuse("storage_class", format!("{reason}; a tier rule takes them further"));
        }
        if !(1..=Period::MOST_YEARS * 366).contains(&self.maximum_days) {
            return refuse("maximum_days", "use 1 day to 36600 days".to_owned());
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        if reason.chars().count() > RetentionPolicy::LONGEST_REASON || reason.chars().any(char::is_control) {
            return refuse(
                "reason",
                "use at most 500 characters, none of them control characters".to_owned(),
            );
        }
        if self.maximum_days > house_maximum_days && reason.trim().is_empty() {
            return refuse(
                "reason",
                format!("say why more than the house's {house_maximum_days} days are needed"),
            );
        }
        Ok(())
    }

    /// An upper bound of the days after the bell within which every recording of these tracks is due: what can be promised
    /// before anything was posted.
    pub fn longest_days(&self, tracks: &[Track]) -> u32 {
        let bound = |track: &Track, state: State, flagged: bool| {
            let speaks = |rule: &&Rule| {
                rule.anchor == Anchor::Bell
                    && rule.action == Action::Delete
                    && rule.conditions.iter().all(|condition| condition.met(track, state, flagged))
            };
            let days = self.rules.iter().filter(speaks).map(|rule| rule.period.most_days()).min();
            days.unwrap_or(self.maximum_days).min(self.maximum_days)
        };
        let cases = tracks.iter().flat_map(|track| {
            [State::Sealed, State::Partial]
                .into_iter()
                .flat_map(move |state| [false, true].map(move |flagged| bound(track, state, flagged)))
        });
        cases.max().unwrap_or(self.maximum_days)
    }
}

impl Condition {
    /// Whether a recording meets it.
    pub(super) fn met(&self, track: &Track, state: State, flagged: bool) -> bool {
        match self {
            Condition::Track(wanted) => wanted == track,
            Condition::State(wanted) => *wanted == state,
            Condition::Flagged(wanted) => *wanted == flagged,
        }
    }
}
