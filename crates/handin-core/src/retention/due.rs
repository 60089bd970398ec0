//! The one truth: when a recording's time is over, and by which rule; and until then, in which class it is to be kept.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::period::Period;
use super::policy::RetentionPolicy;
use super::rule::{Action, Anchor, Rule};
use crate::{State, StorageClass, Track};

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
    let deleting = speaking(policy, facts).filter(|(rule, _)| rule.action == Action::Delete);
    let dues = deleting.map(|(rule, at)| Due { at, rule: Some(rule) });
    // Of two that are due at once the first that was written counts, and a rule before the maximum.
    dues.chain([Due { at: maximum, rule: None }])
        .min_by_key(|due| due.at)
        .unwrap_or(Due { at: maximum, rule: None })
}

/// When a recording is to go to the archive, by the soonest rule that says so; `None` where none does, or its anchor has
/// not come.
pub fn drain_due(policy: &RetentionPolicy, facts: &Facts) -> Option<Timestamp> {
    let draining = speaking(policy, facts).filter(|(rule, _)| rule.action == Action::Drain);
    draining.map(|(_, at)| at).min()
}

/// The rules that speak of a recording, each with when its period is over; those whose anchor has not come are left out.
fn speaking<'p>(policy: &'p RetentionPolicy, facts: &Facts) -> impl Iterator<Item = (&'p Rule, Timestamp)> {
    let flagged = facts.posted.contains_key(&Anchor::Flagged);
    let met = move |rule: &&Rule| {
        rule.conditions.iter().all(|condition| condition.met(&facts.track, facts.state, flagged))
    };
    let ends =
        move |rule: &'p Rule| Some((rule, rule.period.end(facts.moment(rule.anchor)?, &policy.time_zone)));
    policy.rules.iter().filter(met).filter_map(ends)
}

/// To which class rules have a recording go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers<'p> {
    /// The step that counts; `None` before the first, when it is kept as it was written.
    pub now: Option<Tier<'p>>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

/// A step to another class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier<'p> {
    /// Since when it is due.
    pub at: Timestamp,
    /// To which class.
    pub class: StorageClass,
    /// The rule that says so.
    pub rule: &'p Rule,
}

/// In which class a recording is to be kept at a moment: of the steps that are due the last counts, and of two at once the
/// one that was written last.
pub fn tiers<'p>(policy: &'p RetentionPolicy, facts: &Facts, at: Timestamp) -> Tiers<'p> {
    let steps = || {
        speaking(policy, facts).filter_map(|(rule, at)| match rule.action {
            Action::Tier(class) => Some(Tier { at, class, rule }),
            _ => None,
        })
    };
    Tiers {
        now: steps().filter(|tier| tier.at <= at).max_by_key(|tier| tier.at),
        next: steps().map(|tier| tier.at).filter(|next| *next > at).min(),
    }
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
