//! How long recordings are kept: rules that people can read, and the one function that says when a recording's time
//! is over.
//!
//! A rule is a sentence: `delete 30 days after bell`, `delete 90 days after hiring_decided if track webcam and flagged`.
//! Of the rules that speak of a recording the one that is due first counts, and behind all of them stands the policy's
//! maximum, so that no recording is kept for want of a rule or of a word from the platform. Of the rules that name a cheaper storage
//! class, `tier:GLACIER_IR 14 days after bell`, the last that is due counts. Refuses to know holds,
//! the grace after a recording is due, and who looks at the clock.

mod due;
mod period;
mod policy;
mod rule;

pub use due::{Due, Facts, Tier, Tiers, drain_due, due, tiers};
pub use period::Period;
pub use policy::{BadPolicy, RetentionPolicy};
pub use rule::{Action, Anchor, BadRule, Condition, Rule};
