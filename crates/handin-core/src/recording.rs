//! The states of a recording and the ways it can get in.
//!
//! ```text
//! open ──▶ sealing ──▶ sealed ──▶ deleted
//!  │ ▲        │   └──▶ partial ──▶ deleted
//!  │ └────────┘ (the claim was refused: parts are missing)
//!  └──▶ abandoned (nothing arrived, or discarded)
//! ```

use std::fmt;
use std::str::FromStr;

use crate::BadName;

/// Where a recording is in its life. Stored as the lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Parts may be signed and sent.
    Open,
    /// One completer holds the lease and is proving the object.
    Sealing,
    /// Proved whole: size, checksum and write token match; a receipt exists.
    Sealed,
    /// Salvaged: the contiguous parts from 1 are kept, the rest never came.
    Partial,
    /// Ended without an object: nothing arrived, or it was discarded.
    Abandoned,
    /// Had an object once; it is gone by a decision that the audit log names.
    Deleted,
}

/// How a recording gets into the bucket. Stored as the lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upload {
    /// Multipart while recording; the length is unknown at the start.
    Stream,
    /// Multipart of a finished file.
    File,
    /// One presigned PUT.
    Put,
}

/// Why a recording ended as `partial` or `abandoned`. Stored as the snake-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The browser had not sealed by the bell plus grace.
    NotSealedInTime,
    /// No part had arrived by the bell plus grace.
    NothingArrived,
    /// The candidate discarded it.
    DiscardedByCandidate,
    /// The platform discarded it.
    DiscardedByPlatform,
    /// The store no longer knows the upload, and holds no object of ours under the key.
    UploadLost,
    /// The store's object is not what was recorded: other size or other checksum. It is kept for a person to look at.
    ObjectDiffers,
}

macro_rules! words {
    ($kind:ident, $what:literal, $($variant:ident = $word:literal),+ $(,)?) => {
        impl $kind {
            /// Every value, in the order in which they are described.
            pub const ALL: &'static [$kind] = &[$($kind::$variant),+];

            /// The word that is stored and sent.
            pub fn as_str(self) -> &'static str {
                match self { $($kind::$variant => $word),+ }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $kind {
            type Err = BadName;

            fn from_str(given: &str) -> Result<Self, BadName> {
                match given {
                    $($word => Ok($kind::$variant),)+
                    _ => Err(BadName {
                        what: $what,
                        given: given.chars().take(80).collect(),
                        rule: concat!("use one of:", $(" ", $word),+),
                    }),
                }
            }
        }
    };
}

pub(crate) use words;

words!(
    State,
    "state",
    Open = "open",
    Sealing = "sealing",
    Sealed = "sealed",
    Partial = "partial",
    Abandoned = "abandoned",
    Deleted = "deleted"
);
words!(Upload, "upload", Stream = "stream", File = "file", Put = "put");
words!(
    Reason,
    "reason",
    NotSealedInTime = "not_sealed_in_time",
    NothingArrived = "nothing_arrived",
    DiscardedByCandidate = "discarded_by_candidate",
    DiscardedByPlatform = "discarded_by_platform",
    UploadLost = "upload_lost",
    ObjectDiffers = "object_differs"
);

impl State {
    /// Whether a recording may go from `self` to `next` at all. The database's conditional updates name the same arrows.
    pub fn may_become(self, next: State) -> bool {
        use State::{Abandoned, Deleted, Open, Partial, Sealed, Sealing};
        matches!(
            (self, next),
            (Open, Sealing | Abandoned)
                | (Sealing, Open | Sealed | Partial | Abandoned)
                | (Sealed | Partial, Deleted)
        )
    }

    /// Whether the candidate may still send parts.
    pub fn takes_parts(self) -> bool {
        self == State::Open
    }

    /// Whether an object of this recording stands in the bucket.
    pub fn has_object(self) -> bool {
        matches!(self, State::Sealed | State::Partial)
    }
}

impl Upload {
    /// Whether the bytes come as numbered parts.
    pub fn is_multipart(self) -> bool {
        self != Upload::Put
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_went() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse::<State>().unwrap(), *state);
        }
        for upload in Upload::ALL {
            assert_eq!(upload.as_str().parse::<Upload>().unwrap(), *upload);
        }
        assert_eq!("sealing!".parse::<State>().unwrap_err().what, "state");
    }

    #[test]
    fn nothing_leaves_deleted_or_abandoned() {
        for next in State::ALL {
            assert!(!State::Deleted.may_become(*next));
            assert!(!State::Abandoned.may_become(*next));
        }
    }

    #[test]
    fn only_sealing_leads_to_an_object() {
        for state in State::ALL {
            assert_eq!(state.may_become(State::Sealed), *state == State::Sealing);
            assert_eq!(state.may_become(State::Partial), *state == State::Sealing);
        }
    }
}
