//! The one list of ways in which a service can fail. Each has a stable code; only `http/error.rs` knows status codes.
//!
//! What the outside may read is in the variant's message; what only the log may read is in the boxed source.

use std::time::Duration;

use handin_core::{BadName, BadPart, Pace, Refusal, State, StorageClass};

use crate::{db, objects};

/// What went wrong, for the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential, or one that is not ours.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The credential is good, but its time is over.
    #[error("this {0} has expired; ask for a new one")]
    Expired(&'static str),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing, or it is somebody else's.
    #[error("there is no {0} of this id")]
    NotFound(&'static str),
    /// The id is taken by something else.
    #[error("{what} {id:?} exists already")]
    Exists {
        /// Such as `exam`.
        what: &'static str,
        /// The id that is taken.
        id: String,
    },
    /// A field does not mean anything we can act on.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field's path, such as `subjects[1].id`.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A part that may not be signed.
    #[error(transparent)]
    Part(#[from] BadPart),
    /// The handle is not ours, or was made for something else.
    #[error("{0}")]
    Handle(&'static str),
    /// The same idempotency key came with another request.
    #[error("this idempotency key was used for a different recording; use a new key for a new take")]
    KeyReused,
    /// The candidate has opened more takes of one track than the server allows.
    #[error("no more than {0} takes of one track can be opened in a sitting")]
    TooManyTakes(u32),
    /// The recording is in a state that does not allow this.
    #[error("this recording is {state}; {hint}")]
    State {
        /// Where it is.
        state: State,
        /// What can be done instead.
        hint: &'static str,
    },
    /// Somebody else is sealing it at this moment.
    #[error("this recording is being sealed; ask again shortly")]
    Sealing {
        /// When to ask again.
        retry_after: Duration,
    },
    /// Claim and store disagree; the recording stays open.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store holds an object that is not what was recorded; it is kept, and the recording is `partial`.
    #[error(
        "the stored object is not what was recorded; it is kept as partial, open a new take and send it again"
    )]
    ObjectDiffers,
    /// The store knows neither the upload nor the object.
    #[error("the store no longer knows this upload; open a new take and send the spooled parts again")]
    UploadLost,
    /// The house wants to know why.
    #[error("reason: say why; this server writes down why a recording is looked at")]
    ReasonRequired,
    /// A hold covers the recording.
    #[error("a hold covers this recording; release it first")]
    Held,
    /// The object lies in an archive and was not restored.
    #[error(
        "this recording lies in {class}, which cannot be read at once; have the store restore {key} for some days \
         (S3 RestoreObject), which takes hours, and ask for the link again"
    )]
    Archived {
        /// In which class.
        class: StorageClass,
        /// Under which key.
        key: String,
    },
    /// What a confirmation is about is not what would be marked by now.
    #[error("the list has changed since this preview; look at a new one")]
    ListChanged,
    /// The exam's pace holds the sender back for a while.
    #[error("{why}")]
    Paced {
        /// What holds it back.
        why: Held,
        /// What is asked of the sender.
        pace: Pace,
        /// When to ask again, in whole seconds; spread already, so that not all return at once.
        retry_after: Duration,
    },
    /// More work than we can take on, or a part of us is down. Nothing was changed.
    #[error("{what} is not available at the moment; nothing was lost, try again")]
    Unavailable {
        /// `store` or `database`.
        what: &'static str,
        /// When to try again.
        retry_after: Duration,
        /// For the log.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A bug, or data that contradicts itself.
    #[error("something went wrong on our side; it has been logged under this request's id")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What holds a sender back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Held {
    /// The operator's wish, with the reason.
    #[error("sending is paused: {0}")]
    Paused(String),
    /// Its moment after the bell has not come.
    #[error("those who have much to send begin one after the other; it is not this one's turn yet")]
    Spread,
    /// Others go first.
    #[error("as much is on its way as the line may carry; it is not this one's turn yet")]
    Rate,
    /// It had more URLs than it can use.
    #[error("no more part URLs can be had for this recording at the moment")]
    Urls,
}

impl Held {
    /// A word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Held::Paused(_) => "paused",
            Held::Spread => "spread",
            Held::Rate => "rate",
            Held::Urls => "urls",
        }
    }
}

impl Error {
    /// The stable code that clients may compare with.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Unauthenticated(_) => "unauthenticated",
            Error::Expired(_) => "expired",
            Error::Forbidden(_) => "forbidden",
            Error::NotFound(_) => "not_found",
            Error::Exists { .. } => "exists",
            Error::Invalid { .. } => "invalid",
            Error::Part(BadPart::Budget { .. }) => "beyond_budget",
            Error::Part(BadPart::Number { .. }) => "part_number",
            Error::Part(BadPart::Size { .. } | BadPart::NotOfThisFile { .. }) => "part_size",
            Error::Handle(_) => "bad_handle",
            Error::KeyReused => "idempotency_key_reused",
            Error::TooManyTakes(_) => "too_many_takes",
            Error::State { .. } => "wrong_state",
            Error::Sealing { .. } => "sealing",
            Error::Refused(Refusal::NoParts | Refusal::NotInOrder { .. }) => "parts_invalid",
            Error::Refused(Refusal::Missing(_)) => "parts_missing",
            Error::Refused(Refusal::Size { .. }) => "size_mismatch",
            Error::Refused(Refusal::Checksum(_)) => "checksum_mismatch",
            Error::ObjectDiffers => "object_differs",
            Error::UploadLost => "upload_lost",
            Error::ReasonRequired => "reason_required",
            Error::Held => "held",
            Error::Archived { .. } => "archived",
            Error::ListChanged => "list_changed",
            Error::Paced { .. } => "paced",
            Error::Unavailable { .. } => "unavailable",
            Error::Internal(_) => "internal",
        }
    }

    /// When it makes sense to try again, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Sealing { retry_after }
            | Error::Paced { retry_after, .. }
            | Error::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The parts that are missing or differ, ascending; empty where it is not about parts.
    pub fn parts(&self) -> &[u32] {
        match self {
            Error::Refused(
                Refusal::Missing(parts) | Refusal::Checksum(parts) | Refusal::Size { parts, .. },
            ) => parts,
            _ => &[],
        }
    }

    /// A field that cannot be acted on.
    pub fn invalid(field: impl Into<String>, reason: impl std::fmt::Display) -> Error {
        Error::Invalid { field: field.into(), reason: format!("{reason}") }
    }

    /// The same failure, with its field inside another one.
    pub fn within(self, outer: &str) -> Error {
        match self {
            Error::Invalid { field, reason } => Error::Invalid { field: format!("{outer}.{field}"), reason },
            other => other,
        }
    }

    /// A bug, or data that contradicts itself.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Internal(source.into())
    }
}

impl From<BadName> for Error {
    fn from(error: BadName) -> Error {
        Error::invalid(error.what, error)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Error {
        match error {
            db::Error::Unavailable { .. } | db::Error::Busy => Error::Unavailable {
                what: "the database",
                retry_after: Duration::from_secs(1),
                source: error.into(),
            },
            other => Error::internal(other),
        }
    }
}

impl From<objects::Error> for Error {
    fn from(error: objects::Error) -> Error {
        // A store that denies us, or answers nonsense, is for the operator to mend; senders keep what they have and
        // try again either way.
        let retry_after = error.retry_after().unwrap_or(Duration::from_secs(2));
        Error::Unavailable { what: "the object store", retry_after, source: error.into() }
    }
}
