//! What a store says when it refuses: the code, the status and the message, and whether trying again can
//! help. Decides nothing about when to try again.

use std::fmt;

use http::HeaderMap;
use thiserror::Error;

use crate::xml::{self, Element};

/// A refusal by the store, or an answer that is not what the protocol promises.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{code} (status {status}): {message}")]
pub struct Error {
    /// HTTP status; 200 when the refusal stood in the body of a success.
    pub status: u16,
    /// What went wrong.
    pub code: ErrorCode,
    /// The store's own words, not for candidates.
    pub message: String,
    /// The store's name for the request, for its operator.
    pub request_id: Option<String>,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The code of a refusal. Those that are treated apart have a name; the rest keep theirs in `Other`.
        /// Source: "Error responses" in the Amazon S3 API reference.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// The answer is not what the protocol promises: no XML, a missing element, no number.
            Malformed,
            /// Any other code, as the store wrote it; empty when it wrote none.
            Other(String),
        }

        impl ErrorCode {
            /// The code of that name.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $(stringify!($name) => Self::$name,)*
                    _ => Self::Other(name.to_owned()),
                }
            }

            /// The name as S3 writes it; `Malformed` is our own.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::Malformed => "Malformed",
                    Self::Other(name) => name,
                }
            }
        }
    };
}

error_codes! {
    /// The upload never existed, was aborted, *or is already completed*: look at the object.
    NoSuchUpload,
    /// No object under that key.
    NoSuchKey,
    /// No bucket of that name.
    NoSuchBucket,
    /// The bucket has no CORS configuration.
    NoSuchCORSConfiguration,
    /// The bucket has no lifecycle configuration.
    NoSuchLifecycleConfiguration,
    /// `If-None-Match: *` and the key is taken.
    PreconditionFailed,
    /// A concurrent write to the same key got in between; after a Complete all parts must be sent again.
    ConditionalRequestConflict,
    /// A part other than the last is below 5 MiB.
    EntityTooSmall,
    /// The body or the object is above the limit.
    EntityTooLarge,
    /// A part named in Complete is missing or has another ETag or checksum.
    InvalidPart,
    /// Parts in Complete are not in ascending order.
    InvalidPartOrder,
    /// Not allowed; also an expired URL, see [`Error::is_expired`].
    AccessDenied,
    /// Signed with another secret, or changed since it was signed.
    SignatureDoesNotMatch,
    /// The access key is unknown.
    InvalidAccessKeyId,
    /// The session token has ended.
    ExpiredToken,
    /// The clocks are more than 15 minutes apart.
    RequestTimeTooSkewed,
    /// The socket was idle too long. Status 400, yet it must be tried again.
    RequestTimeout,
    /// Too many requests for now.
    SlowDown,
    /// The store failed.
    InternalError,
    /// The store cannot serve for now.
    ServiceUnavailable,
    /// The body's checksum is not the one declared.
    BadDigest,
    /// The body's SHA-256 is not the one signed.
    XAmzContentSHA256Mismatch,
    /// The body ended before its declared length.
    IncompleteBody,
    /// An argument is out of its range.
    InvalidArgument,
    /// The request as a whole is not acceptable.
    InvalidRequest,
    /// The bucket exists already and is ours.
    BucketAlreadyOwnedByYou,
    /// The bucket exists already and is somebody else's.
    BucketAlreadyExists,
    /// The method is not for this resource.
    MethodNotAllowed,
    /// The store does not know this feature.
    NotImplemented,
    /// The disk is full.
    InsufficientStorage,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.name().is_empty() { "refused" } else { self.name() })
    }
}

impl Error {
    /// Reads a refusal. Without an S3 error document (HEAD, a proxy in between) the status alone tells.
    pub fn from_response(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let document = xml::parse(body).ok().filter(|root| root.name == "Error");
        let mut error =
            document.map_or_else(|| Self::from_status(status), |root| Self::from_xml(status, &root));
        if error.request_id.is_none() {
            error.request_id =
                headers.get("x-amz-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        }
        error
    }

    /// An answer that is not what the protocol promises.
    pub(crate) fn malformed(status: u16, message: impl Into<String>) -> Self {
        Self { status, code: ErrorCode::Malformed, message: message.into(), request_id: None }
    }

    pub(crate) fn from_xml(status: u16, root: &Element) -> Self {
        let text = |name| root.text_of(name).unwrap_or_default();
        Self {
            status,
            code: ErrorCode::from_name(text("Code")),
            message: text("Message").to_owned(),
            request_id: root.text_of("RequestId").map(str::to_owned),
        }
    }

    fn from_status(status: u16) -> Self {
        let code = match status {
            403 => ErrorCode::AccessDenied,
            405 => ErrorCode::MethodNotAllowed,
            408 => ErrorCode::RequestTimeout,
            409 => ErrorCode::ConditionalRequestConflict,
            412 => ErrorCode::PreconditionFailed,
            413 => ErrorCode::EntityTooLarge,
            429 => ErrorCode::SlowDown,
            500 => ErrorCode::InternalError,
            501 => ErrorCode::NotImplemented,
            503 => ErrorCode::ServiceUnavailable,
            507 => ErrorCode::InsufficientStorage,
            _ => ErrorCode::Other(String::new()),
        };
        Self { status, code, message: "no S3 error document".to_owned(), request_id: None }
    }

    /// Whether the same request may succeed later: 5xx (but not "not implemented"), 408, 429, and the codes
    /// that mean so under any status, such as `400 RequestTimeout` or an `InternalError` inside a 200.
    /// An expired signature is not in this set: sign again first, see [`Error::is_expired`].
    pub fn is_retryable(&self) -> bool {
        match self.code {
            ErrorCode::NotImplemented => false,
            ErrorCode::RequestTimeout
            | ErrorCode::SlowDown
            | ErrorCode::InternalError
            | ErrorCode::ServiceUnavailable => true,
            _ => self.status >= 500 || self.status == 408 || self.status == 429,
        }
    }

    /// Whether the signature or its session token has run out, so that signing again may help. Stores answer
    /// an expired URL with `AccessDenied` and tell so in the message only.
    pub fn is_expired(&self) -> bool {
        match &self.code {
            ErrorCode::ExpiredToken => true,
            ErrorCode::AccessDenied => self.message.to_ascii_lowercase().contains("expired"),
            ErrorCode::Other(name) => name.contains("Expired"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> Error {
        Error::from_response(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn reads_an_error_document() {
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>NoSuchUpload</Code><Message>The specified upload does not exist. &lt;x&gt;</Message>
            <UploadId>abc</UploadId><RequestId>656c76696e6727732072657175657374</RequestId><HostId>h</HostId></Error>"#;
        let error = parse(404, body);
        assert_eq!(error.code, ErrorCode::NoSuchUpload);
        assert_eq!(error.message, "The specified upload does not exist. <x>");
        assert_eq!(error.request_id.as_deref(), Some("656c76696e6727732072657175657374"));
        assert!(!error.is_retryable());
    }

    #[test]
    fn retries_what_may_pass() {
        let coded = |status, code: &str| parse(status, &format!("<Error><Code>{code}</Code></Error>"));
        for (status, code) in [
            (400, "RequestTimeout"),
            (503, "SlowDown"),
            (200, "InternalError"),
            (507, "InsufficientStorage"),
            (429, "TooMany"),
        ] {
            assert!(coded(status, code).is_retryable(), "{status} {code}");
        }
        for (status, code) in
            [(400, "BadDigest"), (403, "AccessDenied"), (501, "NotImplemented"), (412, "PreconditionFailed")]
        {
            assert!(!coded(status, code).is_retryable(), "{status} {code}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(parse(status, "<html>bad gateway</html>").is_retryable(), "{status}");
        }
    }

    #[test]
    fn tells_expired_from_forbidden() {
        let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        assert!(parse(403, expired).is_expired());
        assert!(parse(400, "<Error><Code>ExpiredToken</Code></Error>").is_expired());
        assert!(
            !parse(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
                .is_expired()
        );
        assert!(!parse(403, "").is_expired());
    }

    #[test]
    fn without_a_document_the_status_tells() {
        assert_eq!(parse(412, "").code, ErrorCode::PreconditionFailed);
        assert_eq!(parse(404, "").code, ErrorCode::Other(String::new()));
        assert_eq!(parse(503, "upstream connect error").code, ErrorCode::ServiceUnavailable);
    }

    #[test]
    fn names_survive_both_ways() {
        for name in ["InvalidPart", "ConditionalRequestConflict", "SomethingNew"] {
            assert_eq!(ErrorCode::from_name(name).name(), name);
        }
    }
}
