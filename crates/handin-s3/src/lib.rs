//! The S3 protocol as pure functions: sign, verify, build requests, read answers. It opens no socket, reads
//! no clock and knows no exam: time is an argument, in unix seconds, and bytes travel elsewhere.
//!
//! - [`Bucket`] is where objects live as one party sees it; browsers and server may need one each.
//! - [`Signer`] makes presigned URLs ([`Signer::presign`], and [`Signer::part_urls`] for many parts of one
//!   upload) or signs headers ([`Signer::authorize`]).
//! - [`ops`] has a struct for each call. [`Operation::call`] says what to send, [`Call::presign`] where to,
//!   and [`Operation::answer`] reads what comes back: a typed success or an [`Error`].
//!
//! ```
//! use handin_s3::ops::{ChecksumAlgorithm, CreateMultipart};
//! use handin_s3::{Bucket, Credentials, Digest, Expiry, Operation, PartToSign, Response, Signer, Style, UploadToSign};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bucket = Bucket::new("https://s3.ap-northeast-2.amazonaws.com", "ap-northeast-2", "exams", Style::VirtualHost)?;
//! let signer = Signer::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret"), bucket);
//! let (at, expiry) = (1_795_342_507, Expiry::from_secs(600)?);
//!
//! // Open an upload: sign the call, send it with any HTTP client, read the answer.
//! let create = CreateMultipart {
//!     key: "webcam/a.webm",
//!     checksum: Some(ChecksumAlgorithm::Sha256),
//!     metadata: &[("handin-write", "01KAMPLE")],
//!     ..Default::default()
//! };
//! let url = create.call().presign(&signer, at, expiry);
//! assert!(url.starts_with("https://exams.s3.ap-northeast-2.amazonaws.com/webcam/a.webm?uploads=&X-Amz-Algorithm="));
//!
//! let body = b"<InitiateMultipartUploadResult><UploadId>VXBsb2Fk</UploadId></InitiateMultipartUploadResult>";
//! let created = create.answer(&Response { status: 200, headers: &Default::default(), body })?;
//!
//! // Hand out part URLs, each bound to its number, length and checksum.
//! let upload = UploadToSign { key: create.key, upload_id: &created.upload_id, headers: &[] };
//! let part = PartToSign { number: 1, size: 5_242_880, sha256: Some(Digest::of(b"the part's bytes")) };
//! let urls = signer.part_urls(&upload, &[part], at, expiry);
//! assert!(urls[0].contains("?partNumber=1&uploadId=VXBsb2Fk&"));
//! assert!(urls[0].contains("X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256"));
//! # Ok(())
//! # }
//! ```

mod credentials;

mod bucket;

mod request;

mod sign;

pub mod verify;

pub mod ops;

mod error;

mod digest;

pub mod time;

mod encode;
mod hash;
mod xml;

pub use self::bucket::{Bucket, BucketError, Style};
pub use self::credentials::Credentials;
pub use self::digest::{Composite, Digest, DigestError};
pub use self::error::{Error, ErrorCode};
pub use self::request::{Call, Expiry, ExpiryError, Operation, Request, Response};
pub use self::sign::{PartToSign, Payload, Signer, UploadToSign};
