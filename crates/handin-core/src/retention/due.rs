//! The one truth: when a recording's time is over, and by which rule.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::period::Period;
use super::policy::RetentionPolicy;
use super::rule::{Action, Anchor, Condition, Rule};
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

/// When and why a recording's time is over. Only rules that delete say so.
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
    let deleting = said(policy, facts, Action::Delete);
    let dues = deleting.map(|(at, rule)| Due { at, rule: Some(rule) });
    // Of two that are due at once the first that was written counts, and a rule before the maximum.
    dues.chain([Due { at: maximum, rule: None }])
        .min_by_key(|due| due.at)
        .unwrap_or(Due { at: maximum, rule: None })
}

/// When a recording is to go to the archive, by the soonest rule that says so; `None` where none does, or its anchor has
/// not come.
pub fn drain_due(policy: &RetentionPolicy, facts: &Facts) -> Option<Timestamp> {
    said(policy, facts, Action::Drain).map(|(at, _)| at).min()
}

/// What the rules with this action say of a recording, and when.
fn said<'p>(
    policy: &'p RetentionPolicy,
    facts: &Facts,
    action: Action,
) -> impl Iterator<Item = (Timestamp, &'p Rule)> {
    let flagged = facts.posted.contains_key(&Anchor::Flagged);
    policy.rules.iter().filter_map(move |rule| {
        let met = |condition: &Condition| condition.met(&facts.track, facts.state, flagged);
        let speaks = rule.action == action && rule.conditions.iter().all(met);
        let anchor = facts.moment(rule.anchor).filter(|_| speaks)?;
        Some((rule.period.end(anchor, &policy.time_zone), rule))
    })
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
