//! How a call to the store fails, in the few ways that its callers treat apart. Carries no URL and no credential, so
//! every error may be logged as it is; none of it is meant for candidates.

use std::fmt;
use std::time::Duration;

use handin_s3::ErrorCode;

use super::uploads::CREATE_UPLOAD;

/// A call to the store, or the signing of a URL, that failed after all retries.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{call}: {kind}")]
pub struct Error {
    /// The call, by its name in the metrics, such as `complete_upload`.
    pub call: &'static str,
    /// What went wrong.
    pub kind: ErrorKind,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The upload never existed, was aborted, *or is completed*: look at the object and its write token.
    NoSuchUpload,
    /// No object stands under the key.
    NoSuchKey,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The key is taken, and the write asked for it to be free.
    PreconditionFailed,
    /// A concurrent write to the same key got in between; after a completion all parts must be sent again.
    Conflict,
    /// A part other than the last is below 5 MiB.
    TooSmall,
    /// A part named at completion is not the one that the store holds, or a part number is outside 1 to 10,000.
    InvalidPart,
    /// The store does not accept our credentials, our signature or our clock.
    Denied {
        /// The store's code, such as `SignatureDoesNotMatch`.
        code: String,
    },
    /// The store refuses for now. The call *may have taken effect*.
    Unavailable {
        /// What it says.
        why: String,
        /// How long the store asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// No answer: no connection, or one that broke. The call may have taken effect, or *may be about to*.
    Unanswered {
        /// What happened to the connection.
        why: String,
    },
    /// No answer within the time limit. The call may have taken effect, or *may be about to*.
    Timeout,
    /// Any other refusal, or an answer that is not S3.
    Other {
        /// The store's code; empty when it wrote none.
        code: String,
        /// HTTP status.
        status: u16,
        /// The store's own words.
        message: String,
    },
}

impl Error {
    /// Whether the store could not serve for now. The call *may have taken effect*: repeating one that is not
    /// idempotent could be wrong.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable { .. }) || self.is_unanswered()
    }

    /// Whether nothing came back, so that the store may still be at it.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.kind, ErrorKind::Unanswered { .. } | ErrorKind::Timeout)
    }

    /// Whether the upload never existed, was aborted or is completed.
    pub fn is_no_such_upload(&self) -> bool {
        self.kind == ErrorKind::NoSuchUpload
    }

    /// Whether the store does not have the storage class that an upload was to be created in. Ceph calls it an invalid
    /// argument.
    pub fn is_unknown_class(&self) -> bool {
        let codes = ["InvalidStorageClass", "InvalidArgument"];
        self.call == CREATE_UPLOAD
            && matches!(&self.kind, ErrorKind::Other { code, .. } if codes.contains(&code.as_str()))
    }

    /// Whether the same call, signed again, may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        self.is_unavailable() || self.session_ended()
    }

    /// How long the store asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            ErrorKind::Unavailable { retry_after, .. } => retry_after,
            _ => None,
        }
    }

    /// Whether temporary credentials ended before their time; fresh ones help.
    pub(super) fn session_ended(&self) -> bool {
        matches!(&self.kind, ErrorKind::Denied { code } if code == ErrorCode::ExpiredToken.name())
    }

    pub(super) fn refused(
        call: &'static str,
        error: handin_s3::Error,
        retry_after: Option<Duration>,
    ) -> Error {
        Error { call, kind: ErrorKind::from_refusal(error, retry_after) }
    }

    /// A request that got no answer. The URL is a secret and is taken out of the text.
    pub(super) fn unanswered(call: &'static str, error: reqwest::Error) -> Error {
        let kind = match error.is_timeout() {
            true => ErrorKind::Timeout,
            false => ErrorKind::Unanswered { why: with_causes(&error.without_url()) },
        };
        Error { call, kind }
    }

    pub(super) fn unavailable(call: &'static str, why: impl Into<String>) -> Error {
        Error { call, kind: ErrorKind::Unavailable { why: why.into(), retry_after: None } }
    }
}

impl ErrorKind {
    /// The word that stands for it in the metrics.
    pub fn word(&self) -> &'static str {
        match self {
            ErrorKind::NoSuchUpload => "no_such_upload",
            ErrorKind::NoSuchKey => "no_such_key",
            ErrorKind::NoSuchBucket => "no_such_bucket",
            ErrorKind::PreconditionFailed => "precondition_failed",
            ErrorKind::Conflict => "conflict",
            ErrorKind::TooSmall => "too_small",
            ErrorKind::InvalidPart => "invalid_part",
            ErrorKind::Denied { .. } => "denied",
            ErrorKind::Unavailable { .. } => "unavailable",
            ErrorKind::Unanswered { .. } => "unanswered",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Other { .. } => "other",
        }
    }

    fn from_refusal(error: handin_s3::Error, retry_after: Option<Duration>) -> ErrorKind {
        let transient = error.is_retryable();
        match error.code {
            ErrorCode::NoSuchUpload => ErrorKind::NoSuchUpload,
            ErrorCode::NoSuchKey => ErrorKind::NoSuchKey,
            ErrorCode::NoSuchBucket => ErrorKind::NoSuchBucket,
            ErrorCode::PreconditionFailed => ErrorKind::PreconditionFailed,
            ErrorCode::ConditionalRequestConflict => ErrorKind::Conflict,
            ErrorCode::EntityTooSmall => ErrorKind::TooSmall,
            ErrorCode::InvalidPart | ErrorCode::InvalidPartOrder => ErrorKind::InvalidPart,
            ErrorCode::AccessDenied
            | ErrorCode::SignatureDoesNotMatch
            | ErrorCode::InvalidAccessKeyId
            | ErrorCode::ExpiredToken
            | ErrorCode::RequestTimeTooSkewed => ErrorKind::Denied { code: error.code.name().to_owned() },
            _ if transient => ErrorKind::Unavailable { why: error.to_string(), retry_after },
            code => ErrorKind::Other {
                code: code.name().to_owned(),
                status: error.status,
                message: error.message,
            },
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::NoSuchUpload => f.write_str("the store does not know the upload"),
            ErrorKind::NoSuchKey => f.write_str("no object under the key"),
            ErrorKind::NoSuchBucket => f.write_str("the bucket does not exist"),
            ErrorKind::PreconditionFailed => f.write_str("the key is taken"),
            ErrorKind::Conflict => f.write_str("a concurrent write to the key got in between"),
            ErrorKind::TooSmall => f.write_str("a part other than the last is below 5 MiB"),
            ErrorKind::InvalidPart => f.write_str("a part is not the one that the store holds"),
            ErrorKind::Denied { code } => write!(f, "the store denies access ({code})"),
            ErrorKind::Unavailable { why, .. } => write!(f, "the store is unavailable: {why}"),
            ErrorKind::Unanswered { why } => write!(f, "the store does not answer: {why}"),
            ErrorKind::Timeout => f.write_str("no answer within the time limit"),
            ErrorKind::Other { code, status, message } => write!(f, "{code} (status {status}): {message}"),
        }
    }
}

/// An error with the causes below it, which the HTTP client leaves out of its own text.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str) -> ErrorKind {
        let body = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        let refusal = handin_s3::Error::from_response(status, &http::HeaderMap::new(), body.as_bytes());
        ErrorKind::from_refusal(refusal, Some(Duration::from_secs(3)))
    }

    #[test]
    fn refusals_become_the_kinds_that_callers_treat_apart() {
        assert_eq!(kind(404, "NoSuchUpload"), ErrorKind::NoSuchUpload);
        assert_eq!(kind(400, "EntityTooSmall"), ErrorKind::TooSmall);
        assert_eq!(
            kind(403, "SignatureDoesNotMatch"),
            ErrorKind::Denied { code: "SignatureDoesNotMatch".into() }
        );
        assert_eq!(
            kind(501, "NotImplemented"),
            ErrorKind::Other { code: "NotImplemented".into(), status: 501, message: "m".into() }
        );
    }

    #[test]
    fn what_may_pass_keeps_the_wait_that_the_store_asked_for() {
        for (status, code) in [(503, "SlowDown"), (400, "RequestTimeout"), (200, "InternalError"), (502, "")]
        {
            let error = Error { call: "head", kind: kind(status, code) };
            assert!(error.is_transient() && error.is_unavailable(), "{status} {code}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
        }
        let ended = Error { call: "head", kind: kind(400, "ExpiredToken") };
        assert!(ended.is_transient() && !ended.is_unavailable());
        assert!(!Error { call: "head", kind: kind(403, "AccessDenied") }.is_transient());
    }
}
