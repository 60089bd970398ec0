//! The other side of a signature: whether a request is what its signer allowed, now. Presigned URLs and
//! `Authorization` headers, Signature Version 4 only. Knows no secrets but those it is given, and leaves the
//! body's hash to whoever reads the body.
//!
//! [`Claim::read`] checks everything that needs no secret and no clock: one signature, version 4, at most
//! seven days, and *no unsigned `x-amz-*` or `content-md5` header*, through which a presigned upload could
//! be turned into something else. [`Claim::verify`] does the rest; [`verify`] does both.

mod claim;

use http::HeaderMap;
use thiserror::Error;

pub use self::claim::Claim;

use self::claim::Place;
use crate::credentials::Credentials;
use crate::digest::Digest;
use crate::encode::{Slash, decode, encode};
use crate::hash::Sha256;
use crate::sign::UNSIGNED_PAYLOAD;
use crate::sign::authorize::canonical_request;
use crate::sign::canonical::{self, Pair};
use crate::sign::key::{Day, SERVICE};
use crate::time::Stamp;

/// How far two clocks may be apart, in seconds: 15 minutes, as on S3.
pub const MAX_SKEW: i64 = 900;

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The path of the request line, still encoded.
    pub path: &'a str,
    /// The query of the request line, still encoded, without `?`; empty when there is none.
    pub query: &'a str,
    /// The headers, with `host` (on HTTP/2 it must be filled in from the authority).
    pub headers: &'a HeaderMap,
}

/// Why a request is not what its signer allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// There is no signature at all.
    #[error("the request is not signed")]
    NotSigned,
    /// Signature Version 2, which binds far too little.
    #[error("signature version 2 is not accepted")]
    SignatureVersion2,
    /// The signature's own parameters are missing, double or unreadable.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// A life time of 0 or above seven days, in seconds.
    #[error("a presigned URL lives 1 to 604800 seconds, not {0}")]
    ExpiryOutOfRange(u64),
    /// A header that could change the request's meaning is not bound.
    #[error("the header `{0}` is not signed")]
    UnsignedHeader(String),
    /// A bound header did not come.
    #[error("the signed header `{0}` is missing")]
    MissingHeader(String),
    /// The access key is another one.
    #[error("the access key is unknown")]
    UnknownAccessKey,
    /// The session token is not the one of these credentials.
    #[error("the session token is not the expected one")]
    SessionToken,
    /// Signed for another day, region or service.
    #[error("the signature is for another day, region or service")]
    ForeignScope,
    /// A URL's first moment lies too far ahead.
    #[error("the URL is not yet valid")]
    NotYetValid,
    /// A URL's last moment is over.
    #[error("the URL has expired")]
    Expired,
    /// A header signature was made too long ago or too far ahead.
    #[error("the request's time is more than 15 minutes off")]
    TimeSkewed,
    /// Another secret, or something was changed.
    #[error("the signature does not match")]
    SignatureMismatch,
}

/// What a verified signature says about the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundPayload {
    /// Nothing.
    Unsigned,
    /// The body has this SHA-256; the reader must check it.
    Sha256(Digest),
    /// The body is a stream of chunks of this kind, such as `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    Streaming(String),
}

/// Checks a request at `now` (unix seconds) against the only credentials and region there are.
///
/// # Errors
/// The first reason found not to serve it.
pub fn verify(
    incoming: &Incoming<'_>,
    credentials: &Credentials,
    region: &str,
    now: i64,
) -> Result<BoundPayload, VerifyError> {
    Claim::read(incoming)?.verify(incoming, credentials, region, now)
}

/// The headers that could change a request's meaning and are not in `signed`, a list of lower-case names.
/// S3 refuses them on presigned requests (`HeadersNotSigned`).
pub fn unsigned_headers<'h>(headers: &'h HeaderMap, signed: &[&str]) -> impl Iterator<Item = &'h str> {
    let names = headers.keys().map(|name| name.as_str());
    names.filter(move |name| (name.starts_with("x-amz-") || *name == "content-md5") && !signed.contains(name))
}

impl Claim {
    /// Checks the claim at `now` (unix seconds). `incoming` must be what the claim was read from.
    ///
    /// # Errors
    /// The first reason found not to serve the request.
    pub fn verify(
        &self,
        incoming: &Incoming<'_>,
        credentials: &Credentials,
        region: &str,
        now: i64,
    ) -> Result<BoundPayload, VerifyError> {
        self.check_time(now)?;
        self.check_signer(credentials, region)?;
        let headers = self.signed_headers(incoming.headers)?;
        let sorted: Vec<Pair<'_>> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let expected = self.expected_signature(incoming, &sorted, credentials, region)?;
        if !equal_in_constant_time(expected.as_bytes(), self.signature.as_bytes()) {
            return Err(VerifyError::SignatureMismatch);
        }
        self.payload(&sorted)
    }

    fn check_time(&self, now: i64) -> Result<(), VerifyError> {
        let ahead = self.at.saturating_sub(now);
        match self.place {
            Place::Query { .. } if ahead > MAX_SKEW => Err(VerifyError::NotYetValid),
            Place::Query { expires } if now > self.at.saturating_add(i64::from(expires.as_secs())) => {
                Err(VerifyError::Expired)
            }
            Place::Header if ahead.saturating_abs() > MAX_SKEW => Err(VerifyError::TimeSkewed),
            Place::Query { .. } | Place::Header => Ok(()),
        }
    }

    fn check_signer(&self, credentials: &Credentials, region: &str) -> Result<(), VerifyError> {
        if self.access_key != credentials.access_key {
            return Err(VerifyError::UnknownAccessKey);
        }
        let tokens =
            [&self.token, &credentials.session_token].map(|token| token.as_deref().unwrap_or_default());
        if !equal_in_constant_time(tokens[0].as_bytes(), tokens[1].as_bytes()) {
            return Err(VerifyError::SessionToken);
        }
        if self.scope != format!("{}/{region}/{SERVICE}/aws4_request", Stamp::of(self.at).date()) {
            return Err(VerifyError::ForeignScope);
        }
        Ok(())
    }

    /// The bound headers with their values, sorted; several of one name are one.
    fn signed_headers<'a>(&'a self, headers: &HeaderMap) -> Result<Vec<(&'a str, String)>, VerifyError> {
        let mut named = Vec::with_capacity(self.signed_names.len());
        for name in &self.signed_names {
            let mut values = Vec::new();
            for value in headers.get_all(name.as_str()) {
                let text = std::str::from_utf8(value.as_bytes());
                values.push(text.map_err(|_| VerifyError::Malformed("a signed header is not UTF-8"))?.trim());
            }
            if values.is_empty() {
                return Err(VerifyError::MissingHeader(name.clone()));
            }
            named.push((name.as_str(), values.join(",")));
        }
        named.sort_unstable();
        Ok(named)
    }

    fn expected_signature(
        &self,
        incoming: &Incoming<'_>,
        headers: &[Pair<'_>],
        credentials: &Credentials,
        region: &str,
    ) -> Result<String, VerifyError> {
        let path = decode(incoming.path).ok_or(VerifyError::Malformed("the path is not UTF-8"))?;
        let query: Vec<Pair<'_>> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let canonical = canonical_request(incoming.method, &encode(&path, Slash::Keep), &query, headers);
        let day = Day::derive(credentials, region, self.at);
        let mut signature = String::with_capacity(64);
        let started = day.start(&Stamp::of(self.at));
        day.finish_into(started, &Sha256::digest(canonical.as_bytes()), &mut signature);
        Ok(signature)
    }

    fn payload(&self, headers: &[Pair<'_>]) -> Result<BoundPayload, VerifyError> {
        match (canonical::payload(headers), self.place) {
            (None, Place::Header) => Err(VerifyError::MissingHeader("x-amz-content-sha256".to_owned())),
            (None | Some(UNSIGNED_PAYLOAD), _) => Ok(BoundPayload::Unsigned),
            (Some(text), _) if text.starts_with("STREAMING-") => Ok(BoundPayload::Streaming(text.to_owned())),
            (Some(text), _) => Digest::from_hex(text)
                .map(BoundPayload::Sha256)
                .map_err(|_| VerifyError::Malformed("x-amz-content-sha256 is no checksum")),
        }
    }
}

/// Takes as long for a nearly right guess as for a wrong one.
fn equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}
