//! The one list of what can go wrong, and the only place that knows its S3 codes and statuses.
//!
//! Codes and statuses are those of the S3 API reference, "Error responses"; `InsufficientStorage` is ours,
//! with the status of RFC 4918 section 11.5.

use std::io;
use std::path::PathBuf;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, StdError};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder's lock.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder was written by a version this one does not understand.
    #[error("{} has format {found}, this version reads format {expected}", path.display())]
    Format {
        /// The folder.
        path: PathBuf,
        /// The format it says it has.
        found: u32,
        /// The format this version reads and writes.
        expected: u32,
    },
    /// A file of the store cannot be understood. Nothing is deleted on such evidence.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot open {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a bucket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The name breaks the S3 bucket naming rules.
    #[error("{0:?} is not a valid bucket name")]
    Name(String),
    /// The operating system refused.
    #[error("cannot create the bucket")]
    Io(#[from] io::Error),
}

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener's address cannot be read.
    #[error("the listener is broken")]
    Listener(#[source] io::Error),
}

/// A body is not the one that its signature demands.
#[derive(Debug, thiserror::Error)]
#[error("the body is not the one that was signed")]
pub(crate) struct PayloadMismatch;

/// What an operation on the folder can refuse or fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The specified bucket does not exist.")]
    NoSuchBucket,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketExists,
    #[error("The bucket you tried to delete is not empty.")]
    BucketNotEmpty,
    #[error("The specified key does not exist.")]
    NoSuchKey,
    #[error("The specified upload does not exist. It may have been aborted or completed.")]
    NoSuchUpload,
    #[error("Access Denied because object protected by object lock.")]
    Locked,
    #[error("At least one of the pre-conditions you specified did not hold.")]
    PreconditionFailed,
    #[error("Part {0} was not found, or its ETag or checksum does not match the uploaded part.")]
    InvalidPart(u16),
    #[error("The list of parts was not in ascending order.")]
    InvalidPartOrder,
    #[error("Part {number} has {size} bytes; every part but the last must have at least {minimum}.")]
    EntityTooSmall { number: u16, size: u64, minimum: u64 },
    #[error("Your proposed upload exceeds the maximum allowed size.")]
    EntityTooLarge,
    #[error("The {0} you specified did not match the received data.")]
    BadDigest(&'static str),
    #[error("The provided x-amz-content-sha256 header does not match what was computed.")]
    PayloadHash,
    #[error("The signature of a chunk of the body does not match.")]
    ChunkSignature,
    #[error("You did not provide the number of bytes specified by the Content-Length header.")]
    IncompleteBody,
    #[error(
        "Your socket connection to the server was not read from or written to within the timeout period."
    )]
    RequestTimeout,
    #[error("The object has {found} bytes, x-amz-mp-object-size says {declared}.")]
    ObjectSize { declared: u64, found: u64 },
    #[error("{0}")]
    InvalidRequest(String),
    #[error("There is not enough space on the disk. Everything stored earlier is kept.")]
    Full,
    #[error("internal error")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            _ => Self::Io(error),
        }
    }
}

impl Error {
    /// Reads the cause out of an error of arriving bytes: of a request's body, or of the disk that a part is copied
    /// from. The protocol crate keeps its error types to itself, so their text is all there is.
    pub(crate) fn from_body(error: &StdError) -> Self {
        let text = error.to_string();
        if let Some(error) = error.downcast_ref::<io::Error>() {
            Self::Io(io::Error::new(error.kind(), text))
        } else if error.is::<PayloadMismatch>() || text.contains("Sha256Mismatch") {
            Self::PayloadHash
        } else if text.contains("SignatureMismatch") {
            Self::ChunkSignature
        } else {
            Self::IncompleteBody
        }
    }

    fn code(&self) -> S3ErrorCode {
        match self {
            Self::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Self::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            Self::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
            Self::NoSuchKey => S3ErrorCode::NoSuchKey,
            Self::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Self::Locked => S3ErrorCode::AccessDenied,
            Self::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            Self::InvalidPart(_) => S3ErrorCode::InvalidPart,
            Self::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            Self::EntityTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            Self::EntityTooLarge => S3ErrorCode::EntityTooLarge,
            Self::BadDigest(_) => S3ErrorCode::BadDigest,
            Self::PayloadHash => custom("XAmzContentSHA256Mismatch"),
            Self::ChunkSignature => S3ErrorCode::SignatureDoesNotMatch,
            Self::IncompleteBody => S3ErrorCode::IncompleteBody,
            Self::RequestTimeout => S3ErrorCode::RequestTimeout,
            Self::ObjectSize { .. } | Self::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
            Self::Full => custom("InsufficientStorage"),
            Self::Io(_) => S3ErrorCode::InternalError,
        }
    }
}

fn custom(code: &'static str) -> S3ErrorCode {
    S3ErrorCode::Custom(code.into())
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let mut answer = Self::with_message(error.code(), error.to_string());
        match error {
            Error::PayloadHash => answer.set_status_code(StatusCode::BAD_REQUEST),
            Error::Full => answer.set_status_code(StatusCode::INSUFFICIENT_STORAGE),
            Error::Io(source) => {
                tracing::error!(error = %source, "the folder cannot be read or written");
                answer.set_source(Box::new(source));
            }
            _ => {}
        }
        answer
    }
}
