//! Signature Version 4 for S3: presigned URLs first, header signing for the rest. Pure: the time is an
//! argument. Knows no operation and sends nothing.
//!
//! Source of the rules: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in the
//! Amazon S3 API reference.

pub(crate) mod authorize;
pub(crate) mod canonical;
pub(crate) mod key;
mod parts;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

pub use self::authorize::Payload;
pub use self::parts::{PartToSign, UploadToSign};

use self::canonical::Pairs;
use self::key::Day;
use crate::bucket::Bucket;
use crate::credentials::Credentials;
use crate::encode::{Slash, encode, encode_into};
use crate::hash::Sha256;
use crate::request::{Expiry, Request};
use crate::time::{SECONDS_PER_DAY, Stamp};

/// The only algorithm of Signature Version 4.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Stands for the body's hash when the signature does not bind one.
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// Binds the body's hash, for whoever wants it bound.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// Bytes of a URL or canonical request beside path, query, headers and token; a generous figure, so that
/// the buffer is allocated once.
const FRAME: usize = 420;

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
        let day = self.day(at);
        let query = Query::new(self, &day, request, at, expiry);
        let mut text = String::with_capacity(self.text_length(request));
        query.canonical_request_into(&mut text);
        let signing = day.start(&query.stamp);
        let hash = Sha256::digest(text.as_bytes());
        text.clear();
        query.url_into(&mut text);
        text.push_str("&X-Amz-Signature=");
        day.finish_into(signing, &hash, &mut text);
        text
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

    fn text_length(&self, request: &Request<'_>) -> usize {
        let pairs = request.query.iter().chain(request.headers);
        let pairs: usize = pairs.map(|(name, value)| 2 * name.len() + value.len() + 8).sum();
        let token = self.token.as_ref().map_or(0, |token| token.len() + 24);
        FRAME + self.bucket.origin().len() + self.bucket.path_length(request.key) + pairs + token
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Signer");
        debug.field("credentials", &self.credentials).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

/// A request with everything that its presigned URL says.
struct Query<'a> {
    signer: &'a Signer,
    day: &'a Day,
    request: &'a Request<'a>,
    /// The bound headers with `host`, sorted.
    headers: Pairs<'a>,
    /// The operation's parameters, sorted.
    sorted: Pairs<'a>,
    stamp: Stamp,
    expiry: Expiry,
}

impl<'a> Query<'a> {
    fn new(signer: &'a Signer, day: &'a Day, request: &'a Request<'a>, at: i64, expiry: Expiry) -> Self {
        let headers = canonical::sorted_headers(request.headers, signer.bucket.host());
        let sorted = canonical::sorted_query(request.query);
        Self { signer, day, request, headers, sorted, stamp: Stamp::of(at), expiry }
    }

    fn canonical_request_into(&self, text: &mut String) {
        text.push_str(self.request.method.as_str());
        text.push('\n');
        self.signer.bucket.path_into(text, self.request.key);
        text.push('\n');
        self.canonical_query_into(text);
        text.push('\n');
        canonical::headers_into(text, self.headers.as_slice());
        text.push('\n');
        text.push_str(canonical::payload(self.headers.as_slice()).unwrap_or(UNSIGNED_PAYLOAD));
    }

    /// All parameters, sorted. Those of the signature begin with `X-Amz-`, a name that is theirs alone.
    fn canonical_query_into(&self, text: &mut String) {
        let sorted = self.sorted.as_slice();
        let (before, after) = sorted.split_at(sorted.partition_point(|(name, _)| *name < "X-Amz-"));
        for pair in before {
            pair_into(text, pair);
            text.push('&');
        }
        self.signature_parameters_into(text);
        self.token_into(text);
        self.signed_headers_into(text);
        for pair in after {
            text.push('&');
            pair_into(text, pair);
        }
    }

    /// The URL without its signature: the operation's parameters in the caller's order, then ours.
    fn url_into(&self, text: &mut String) {
        text.push_str(self.signer.bucket.origin());
        self.signer.bucket.path_into(text, self.request.key);
        text.push('?');
        for pair in self.request.query {
            pair_into(text, pair);
            text.push('&');
        }
        self.signature_parameters_into(text);
        self.signed_headers_into(text);
        self.token_into(text);
    }

    fn signature_parameters_into(&self, text: &mut String) {
        text.push_str("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
        text.push_str(&self.day.credential);
        text.push_str("&X-Amz-Date=");
        text.push_str(self.stamp.as_str());
        text.push_str("&X-Amz-Expires=");
        canonical::decimal_into(text, u64::from(self.expiry.as_secs()));
    }

    fn signed_headers_into(&self, text: &mut String) {
        text.push_str("&X-Amz-SignedHeaders=");
        canonical::names_into(text, self.headers.as_slice(), "%3B");
    }

    fn token_into(&self, text: &mut String) {
        if let Some(token) = &self.signer.token {
            text.push_str("&X-Amz-Security-Token=");
            text.push_str(token);
        }
    }
}

fn pair_into(text: &mut String, (name, value): &(&str, &str)) {
    encode_into(text, name, Slash::Encode);
    text.push('=');
    encode_into(text, value, Slash::Encode);
}
