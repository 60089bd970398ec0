//! Signature Version 4 for S3: presigned URLs first, header signing for the rest. Pure: the time is an
//! argument. Knows no operation and sends nothing.
//!
//! Source of the rules: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in the
//! Amazon S3 API reference.

pub(crate) mod authorize;
pub(crate) mod canonical;
mod draft;
pub(crate) mod key;
mod parts;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

pub use self::authorize::Payload;
pub use self::parts::{PartToSign, UploadToSign};

use self::draft::Draft;
use self::key::Day;
use crate::bucket::Bucket;
use crate::credentials::Credentials;
use crate::encode::{Slash, encode};
use crate::request::{Expiry, Request};
use crate::time::{SECONDS_PER_DAY, Stamp};

/// The only algorithm of Signature Version 4.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Stands for the body's hash when the signature does not bind one.
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// Binds the body's hash, for whoever wants it bound.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// Signs for one bucket with one set of credentials. Share it by reference between threads: the day's key
/// is derived once and kept.
pub struct Signer {
    credentials: Credentials,
    bucket: Bucket,
    /// The session token, percent-encoded.
    token: Option<String>,
    day: RwLock<Option<Arc<Day>>>,
}

impl Signer {
    /// A signer for `bucket`.
    pub fn new(credentials: Credentials, bucket: Bucket) -> Self {
        let token = credentials.session_token.as_ref().map(|token| encode(token, Slash::Encode));
        Self { credentials, bucket, token, day: RwLock::new(None) }
    }

    /// The bucket that is signed for.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The credentials that sign.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A URL that lets its holder make exactly this request from `at` (unix seconds) until it expires.
    ///
    /// The body is not bound unless `x-amz-content-sha256` is among the headers.
    pub fn presign(&self, request: &Request<'_>, at: i64, expiry: Expiry) -> String {
        let (day, stamp) = (self.day(at), Stamp::of(at));
        let draft = Draft::new(self, &day, request, &stamp, expiry);
        let hash = draft.hash(request.method.as_str());
        let mut url = draft.into_url();
        day.finish_into(day.start(&stamp), &hash, &mut url);
        url
    }

    /// The key of the day that `at` falls on.
    fn day(&self, at: i64) -> Arc<Day> {
        let number = at.div_euclid(SECONDS_PER_DAY);
        let kept = self.day.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(day) = kept.as_ref().filter(|day| day.number == number) {
            return Arc::clone(day);
        }
        drop(kept);
        let day = Arc::new(Day::derive(&self.credentials, self.bucket.region(), at));
        *self.day.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&day));
        day
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Signer");
        debug.field("credentials", &self.credentials).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}
