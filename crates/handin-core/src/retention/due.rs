//! The one truth: when a recording's time is over, and by which rule.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::period::Period;
use super::policy::RetentionPolicy;
use super::rule::{Anchor, Rule};
use crate::{State, Track};

/// What is known of a finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its track.
    pub track: Track,
    /// `Sealed` or `Partial`.
    pub state: State,
    /// The end of its subject, as it stood when the recording was opened.
    pub bell: Option<Timestamp>,
    /// When it was sealed or salvaged.
    pub sealed: Timestamp,
    /// What the platform has posted, for its candidate or for the whole exam.
    pub posted: BTreeMap<Anchor, Timestamp>,
}

/// When and why a recording's time is over. A policy that was checked has no rules but those that delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due<'p> {
    /// When.
    pub at: Timestamp,
    /// The rule that says so; `None` is the policy's maximum.
    pub rule: Option<&'p Rule>,
}

/// When a recording is due under a policy: the soonest of the rules that speak of it, and never later than the maximum.
pub fn due<'p>(policy: &'p RetentionPolicy, facts: &Facts) -> Due<'p> {
    let zone = &policy.time_zone;
    let maximum = Period::Days(policy.maximum_days).end(facts.bell.unwrap_or(facts.sealed), zone);
    let flagged = facts.posted.contains_key(&Anchor::Flagged);
    let speaking = policy.rules.iter().filter(|rule| {
        rule.conditions.iter().all(|condition| condition.met(&facts.track, facts.state, flagged))
    });
    let dues = speaking.filter_map(|rule| {
        Some(Due { at: rule.period.end(facts.moment(rule.anchor)?, zone), rule: Some(rule) })
    });
    // Of two that are due at once the first that was written counts, and a rule before the maximum.
    dues.chain([Due { at: maximum, rule: None }])
        .min_by_key(|due| due.at)
        .unwrap_or(Due { at: maximum, rule: None })
}

impl Facts {
    /// When an anchor came, if it has.
    fn moment(&self, anchor: Anchor) -> Option<Timestamp> {
        match anchor {
            Anchor::Bell => Some(self.bell.unwrap_or(self.sealed)),
            Anchor::Sealed => Some(self.sealed),
            posted => self.posted.get(&posted).copied(),
        }
    }
}
