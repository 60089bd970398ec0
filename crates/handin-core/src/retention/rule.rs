//! A rule as a sentence: `ACTION PERIOD after ANCHOR [if CONDITION [and CONDITION]…]`.

use std::fmt;
use std::str::FromStr;

use super::period::Period;
use crate::recording::words;
use crate::{BadName, State, StorageClass, Track};

/// What happens to which recordings, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// How long after its anchor.
    pub period: Period,
    /// From where the period is counted; a rule whose anchor has not come says nothing yet.
    pub anchor: Anchor,
    /// All of which a recording must meet.
    pub conditions: Vec<Condition>,
}

/// What happens to a recording that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes, for good.
    Delete,
    /// It goes to a cheaper storage class.
    Tier(StorageClass),
    /// It goes to the company's own disks.
    Drain,
    /// Only the ranges around its marks stay.
    KeepClip,
}

/// The moments from which periods are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anchor {
    /// The end of the subject, as it stood when the recording was opened; without one, the sealing.
    Bell,
    /// When the recording was sealed or salvaged.
    Sealed,
    /// The platform told its candidates the result.
    ResultPublished,
    /// The hiring was decided.
    HiringDecided,
    /// The review of the recordings was closed.
    ReviewClosed,
    /// A reviewer marked the candidate as worth a second look.
    Flagged,
}

words!(
    Anchor,
    "anchor",
    Bell = "bell",
    Sealed = "sealed",
    ResultPublished = "result_published",
    HiringDecided = "hiring_decided",
    ReviewClosed = "review_closed",
    Flagged = "flagged"
);

impl Anchor {
    /// Whether the platform posts it; the others the server knows by itself.
    pub fn is_posted(self) -> bool {
        !matches!(self, Anchor::Bell | Anchor::Sealed)
    }
}

/// What a rule asks of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It is of this track.
    Track(Track),
    /// It is in this state, `sealed` or `partial`.
    State(State),
    /// Its candidate is flagged, or is not.
    Flagged(bool),
}

/// A rule, or a word of one, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {wanted}")]
pub struct BadRule {
    /// The word as given, cut to 80 characters.
    pub given: String,
    /// What could stand in its place.
    pub wanted: &'static str,
}

impl BadRule {
    pub(super) fn new(given: &str, wanted: &'static str) -> BadRule {
        BadRule { given: given.chars().take(80).collect(), wanted }
    }
}

const SENTENCE: &str =
    "a rule such as `delete 30 days after bell` or `delete 1 year after hiring_decided if flagged`";
const TIERS: &str = "an action: tier:STANDARD_IA, tier:GLACIER_IR, tier:GLACIER or tier:DEEP_ARCHIVE";
const ANCHORS: &str = "an anchor: bell, sealed, result_published, hiring_decided, review_closed or flagged";
const CONDITIONS: &str =
    "a condition: `track` and its name, sealed, partial, flagged or `not flagged`, joined by `and`";

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(given: &str) -> Result<Rule, BadRule> {
        let words: Vec<&str> = given.split_whitespace().collect();
        let [action, number, unit, "after", anchor, rest @ ..] = &words[..] else {
            return Err(BadRule::new(given, SENTENCE));
        };
        Ok(Rule {
            action: action.parse()?,
            period: Period::read(number, unit)?,
            anchor: anchor.parse().map_err(|_: BadName| BadRule::new(anchor, ANCHORS))?,
            conditions: conditions(rest)?,
        })
    }
}

fn conditions(words: &[&str]) -> Result<Vec<Condition>, BadRule> {
    match words {
        [] => Ok(Vec::new()),
        ["if", rest @ ..] => rest.split(|word| *word == "and").map(condition).collect(),
        [other, ..] => Err(BadRule::new(other, "`if`, or the end of the rule")),
    }
}

fn condition(words: &[&str]) -> Result<Condition, BadRule> {
    match words {
        ["track", name] => match name.parse() {
            Ok(track) => Ok(Condition::Track(track)),
            Err(BadName { .. }) => Err(BadRule::new(name, "a track, such as webcam")),
        },
        ["sealed"] => Ok(Condition::State(State::Sealed)),
        ["partial"] => Ok(Condition::State(State::Partial)),
        ["flagged"] => Ok(Condition::Flagged(true)),
        ["not", "flagged"] => Ok(Condition::Flagged(false)),
        other => Err(BadRule::new(&other.join(" "), CONDITIONS)),
    }
}

impl FromStr for Action {
    type Err = BadRule;

    fn from_str(given: &str) -> Result<Action, BadRule> {
        match (given, given.strip_prefix("tier:")) {
            ("delete", _) => Ok(Action::Delete),
            ("drain", _) => Ok(Action::Drain),
            ("keep-clip", _) => Ok(Action::KeepClip),
            (_, Some(class)) => match class.parse() {
                Ok(StorageClass::Standard) | Err(BadName { .. }) => Err(BadRule::new(given, TIERS)),
                Ok(class) => Ok(Action::Tier(class)),
            },
            _ => Err(BadRule::new(given, "an action: delete, drain, keep-clip or tier:CLASS")),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} after {}", self.action, self.period, self.anchor)?;
        for (place, condition) in self.conditions.iter().enumerate() {
            write!(f, " {} {condition}", if place == 0 { "if" } else { "and" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Delete => f.write_str("delete"),
            Action::Drain => f.write_str("drain"),
            Action::KeepClip => f.write_str("keep-clip"),
            Action::Tier(class) => write!(f, "tier:{class}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Track(track) => write!(f, "track {track}"),
            Condition::State(state) => write!(f, "{state}"),
            Condition::Flagged(true) => f.write_str("flagged"),
            Condition::Flagged(false) => f.write_str("not flagged"),
        }
    }
}
