//! What the operator of an exam wants of its senders.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{BadName, Group, MIN_PART_SIZE};

/// How an exam's senders are slowed down. The default asks nothing of anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PacePolicy {
    /// At most this many bytes per second for the whole exam.
    pub max_bytes_per_s: Option<u64>,
    /// At most this many parts of one candidate in flight.
    pub parallel: Option<u32>,
    /// Those who have much to send after the bell begin within this time from it, each at a moment of their own.
    pub spread: Duration,
    /// Why nothing is to be sent at the moment, for the candidates to read; `None` lets them send.
    pub paused: Option<String>,
    /// What makes candidates one group.
    pub group_by: GroupBy,
    /// At most this many bytes per second for each group that [`PacePolicy::groups`] does not name.
    pub group_bytes_per_s: Option<u64>,
    /// At most this many bytes per second for these groups.
    pub groups: BTreeMap<Group, u64>,
}

/// What makes candidates one group: they share an uplink, as those of a test centre do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// There are no groups.
    #[default]
    None,
    /// The roster says who belongs together.
    Roster,
    /// Those of one network: a /24 of IPv4, a /48 of IPv6.
    Network,
}

/// A field of a policy that cannot be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadPolicy {
    /// The field, as the API writes it.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl PacePolicy {
    /// The slowest rate that is one, in bytes per second: a smallest part a minute. Whoever wants less, pauses.
    pub const SLOWEST: u64 = MIN_PART_SIZE / 60;
    /// More parts in flight than any sender has.
    pub const MOST_PARALLEL: u32 = 100;
    /// The longest time over which starts are spread: an hour, in seconds.
    pub const LONGEST_SPREAD_S: u64 = 3_600;
    /// The longest reason of a pause, in characters.
    pub const LONGEST_REASON: usize = 200;
    /// More groups than an exam has test centres.
    pub const MOST_GROUPS: usize = 10_000;

    /// Whether nothing is asked of anybody.
    pub fn is_empty(&self) -> bool {
        *self == PacePolicy::default()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`BadPolicy`] naming the first that cannot be acted on.
    pub fn check(&self) -> Result<(), BadPolicy> {
        check_rate("max_bytes_per_s", self.max_bytes_per_s)?;
        check_rate("group_bytes_per_s", self.group_bytes_per_s)?;
        for (group, rate) in &self.groups {
            check_rate(&format!("groups.{group}"), Some(*rate))?;
        }
        let refuse = |field: &str, reason: String| Err(BadPolicy { field: field.to_owned(), reason });
        if self.parallel.is_some_and(|parallel| !(1..=PacePolicy::MOST_PARALLEL).contains(&parallel)) {
            return refuse("parallel", format!("use 1 to {} parts in flight", PacePolicy::MOST_PARALLEL));
        }
        if self.spread > Duration::from_secs(PacePolicy::LONGEST_SPREAD_S) {
            return refuse("spread_s", format!("use at most {} seconds", PacePolicy::LONGEST_SPREAD_S));
        }
        if self.groups.len() > PacePolicy::MOST_GROUPS {
            return refuse("groups", format!("name at most {} groups", PacePolicy::MOST_GROUPS));
        }
        let limits_groups = self.group_bytes_per_s.is_some() || !self.groups.is_empty();
        if limits_groups && self.group_by == GroupBy::None {
            return refuse("group_by", "say what makes a group: roster or network".to_owned());
        }
        self.check_reason()
    }

    fn check_reason(&self) -> Result<(), BadPolicy> {
        let most = PacePolicy::LONGEST_REASON;
        let bad = |reason: &String| {
            reason.trim().is_empty() || reason.chars().count() > most || reason.chars().any(char::is_control)
        };
        match self.paused.as_ref().is_some_and(bad) {
            true => Err(BadPolicy {
                field: "paused".to_owned(),
                reason: format!("give a reason of 1 to {most} characters, none of them control characters"),
            }),
            false => Ok(()),
        }
    }

    /// How fast a group may go, in bytes per second; `None` where it has no limit of its own.
    pub fn rate_of(&self, group: &Group) -> Option<u64> {
        self.groups.get(group).copied().or(self.group_bytes_per_s)
    }
}

fn check_rate(field: &str, rate: Option<u64>) -> Result<(), BadPolicy> {
    match rate {
        Some(rate) if rate < PacePolicy::SLOWEST => Err(BadPolicy {
            field: field.to_owned(),
            reason: format!(
                "{rate} bytes per second are less than a part a minute; use at least {} or pause",
                PacePolicy::SLOWEST
            ),
        }),
        _ => Ok(()),
    }
}

impl GroupBy {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            GroupBy::None => "none",
            GroupBy::Roster => "roster",
            GroupBy::Network => "network",
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for GroupBy {
    type Err = BadName;

    fn from_str(given: &str) -> Result<Self, BadName> {
        [GroupBy::None, GroupBy::Roster, GroupBy::Network]
            .into_iter()
            .find(|word| word.as_str() == given)
            .ok_or_else(|| BadName {
                what: "group_by",
                given: given.chars().take(80).collect(),
                rule: "use none, roster or network",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_cannot_be_acted_on_names_its_field() {
        let policy = PacePolicy::default;
        let groups = |rate| [("seoul-1".parse().unwrap(), rate)].into();
        let cases = [
            (PacePolicy { max_bytes_per_s: Some(1), ..policy() }, "max_bytes_per_s"),
            (PacePolicy { group_bytes_per_s: Some(0), ..policy() }, "group_bytes_per_s"),
            (PacePolicy { groups: groups(9), group_by: GroupBy::Roster, ..policy() }, "groups.seoul-1"),
            (PacePolicy { parallel: Some(0), ..policy() }, "parallel"),
            (PacePolicy { parallel: Some(101), ..policy() }, "parallel"),
            (PacePolicy { spread: Duration::from_secs(3_601), ..policy() }, "spread_s"),
            (PacePolicy { groups: groups(1 << 20), ..policy() }, "group_by"),
            (PacePolicy { group_bytes_per_s: Some(1 << 20), ..policy() }, "group_by"),
            (PacePolicy { paused: Some(" ".to_owned()), ..policy() }, "paused"),
            (PacePolicy { paused: Some("a\nb".to_owned()), ..policy() }, "paused"),
            (PacePolicy { paused: Some("x".repeat(201)), ..policy() }, "paused"),
        ];
        for (policy, field) in cases {
            assert_eq!(policy.check().unwrap_err().field, field, "{policy:?}");
        }
        assert_eq!(policy().check(), Ok(()));
        assert!(policy().is_empty());
    }

    #[test]
    fn a_group_goes_by_its_own_limit_or_by_that_of_all() {
        let policy = PacePolicy {
            group_by: GroupBy::Network,
            group_bytes_per_s: Some(2 << 20),
            groups: [("192.0.2.0/24".parse().unwrap(), 1 << 20)].into(),
            ..PacePolicy::default()
        };
        assert_eq!(policy.check(), Ok(()));
        assert_eq!(policy.rate_of(&"192.0.2.0/24".parse().unwrap()), Some(1 << 20));
        assert_eq!(policy.rate_of(&"198.51.100.0/24".parse().unwrap()), Some(2 << 20));
    }
}
