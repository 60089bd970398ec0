//! Rules that delete by age: what they say, and what they mean at a given time.
//!
//! It decides and deletes nothing. Rules: S3 user guide, "Lifecycle configuration elements": ages round up
//! to the next midnight UTC.

use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// One rule of a bucket's lifecycle configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) prefix: String,
    /// Only objects of more bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) larger_than: Option<u64>,
    /// Only objects of fewer bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smaller_than: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiration: Option<Expiration>,
    /// Unfinished uploads are aborted this many days after they began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abort_days: Option<u32>,
}

/// When objects are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expiration {
    /// So many days after the last change.
    Days(u32),
    /// At this time (unix milliseconds, a midnight) and ever after.
    Date(i64),
}

/// What one round of lifecycle rules removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects that had expired.
    pub objects: usize,
    /// Unfinished uploads that had grown too old.
    pub uploads: usize,
}

/// Whether a rule deletes the object now.
pub(crate) fn expired(rules: &[Rule], key: &str, size: u64, modified_ms: i64, now_ms: i64) -> bool {
    rules.iter().any(|rule| {
        rule.applies(key)
            && rule.larger_than.is_none_or(|limit| size > limit)
            && rule.smaller_than.is_none_or(|limit| size < limit)
            && rule.expiration.is_some_and(|expiration| expiration.reached(modified_ms, now_ms))
    })
}

/// Whether a rule aborts the upload now.
pub(crate) fn outlived(rules: &[Rule], key: &str, initiated_ms: i64, now_ms: i64) -> bool {
    rules.iter().any(|rule| {
        rule.applies(key) && rule.abort_days.is_some_and(|days| now_ms >= midnight_after(initiated_ms, days))
    })
}

impl Rule {
    fn applies(&self, key: &str) -> bool {
        self.enabled && key.starts_with(&self.prefix)
    }
}

impl Expiration {
    fn reached(self, modified_ms: i64, now_ms: i64) -> bool {
        match self {
            Self::Days(days) => now_ms >= midnight_after(modified_ms, days),
            Self::Date(date_ms) => now_ms >= date_ms,
        }
    }
}

/// The first midnight UTC that is `days` whole days after `from_ms`.
fn midnight_after(from_ms: i64, days: u32) -> i64 {
    let due = from_ms.saturating_add(i64::from(days) * DAY_MS);
    match due.rem_euclid(DAY_MS) {
        0 => due,
        past_midnight => due.saturating_add(DAY_MS - past_midnight),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 20_000 * DAY_MS + DAY_MS / 2;

    fn rule(prefix: &str) -> Rule {
        Rule { enabled: true, prefix: prefix.to_owned(), ..Rule::default() }
    }

    #[test]
    fn ages_round_up_to_midnight() {
        let rules = [Rule { expiration: Some(Expiration::Days(1)), ..rule("a/") }];
        let due = 20_002 * DAY_MS;
        assert!(!expired(&rules, "a/x", 1, NOON, due - 1));
        assert!(expired(&rules, "a/x", 1, NOON, due));
        assert!(!expired(&rules, "b/x", 1, NOON, due));
    }

    #[test]
    fn a_disabled_rule_does_nothing() {
        let rules = [Rule { enabled: false, abort_days: Some(1), ..rule("") }];
        assert!(!outlived(&rules, "a", NOON, NOON + 100 * DAY_MS));
    }

    #[test]
    fn sizes_limit_a_rule() {
        let rules = [Rule { expiration: Some(Expiration::Date(NOON)), larger_than: Some(10), ..rule("") }];
        assert!(!expired(&rules, "a", 10, 0, NOON));
        assert!(expired(&rules, "a", 11, 0, NOON));
    }
}
