//! URLs for browsers: pure, synchronous and fast, with the time passed in. Each URL is held to exactly one request;
//! none outlives the credentials that signed it. Asks neither the store nor the database.

use std::fmt;
use std::time::Duration;

use handin_core::{Sha256, StorageClass};
use handin_s3::{Digest, Expiry, Request, Signer, UploadToSign};
use http::Method;
use jiff::Timestamp;

use super::keys::Keys;
use super::uploads::named;
use super::{Error, ErrorKind, Objects, WRITE_TOKEN_HEADER};

const CALL: &str = "sign";
const CHECKSUM: &str = "x-amz-checksum-sha256";
/// The header that says in which class an object is to be kept.
pub(super) const STORAGE_CLASS: &str = "x-amz-storage-class";

/// A URL for one request. `Debug` hides its query, which is as good as a password while it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl {
    /// Where to send the request.
    pub url: String,
    /// Headers the sender must set, exactly so. `content-length` is bound too, but HTTP clients set it themselves.
    pub headers: Vec<(&'static str, String)>,
    /// The store refuses requests that begin after this.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("SignedUrl")
            .field("url", &place)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A part that somebody is about to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartToSign {
    /// From 1 to 10,000.
    pub number: u32,
    /// Exact length in bytes.
    pub size: u64,
    /// The digest of the part, where the sender knows it; the part must then be sent with it.
    pub sha256: Option<Sha256>,
}

/// What a whole object sent by one PUT is held to.
#[derive(Clone, Copy, Debug)]
pub struct PutToSign<'a> {
    /// Exact length in bytes.
    pub size: u64,
    /// The `content-type` header.
    pub content_type: &'a str,
    /// Kept by the store as user metadata; proves later that the object is this recording's.
    pub write_token: &'a str,
    /// The digest of the whole, where the sender knows it.
    pub sha256: Option<Sha256>,
    /// How the store is to keep the object. Of `Standard` nothing is said.
    pub storage_class: StorageClass,
}

/// What a trial object is held to.
#[derive(Clone, Copy, Debug)]
pub struct TrialToSign {
    /// Exact length in bytes.
    pub size: u64,
    /// The digest of the whole, where the sender knows it.
    pub sha256: Option<Sha256>,
}

impl Objects {
    /// One URL for each part, in order; they live `ttl` from `at`, or as long as the credentials.
    ///
    /// # Errors
    /// `InvalidPart` for a number that no part has; `Unavailable` when the credentials have ended.
    pub fn sign_parts(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[PartToSign],
        at: Timestamp,
        ttl: Duration,
    ) -> Result<Vec<SignedUrl>, Error> {
        let keys = self.keys();
        let (expiry, expires_at) = life(&keys, at, ttl)?;
        let to_sign = parts.iter().map(PartToSign::checked).collect::<Result<Vec<_>, _>>()?;
        let upload = UploadToSign { key, upload_id, headers: &[] };
        let urls = keys.public.part_urls(&upload, &to_sign, at.as_second(), expiry);
        let signed = |(url, part): (String, &handin_s3::PartToSign)| SignedUrl {
            url,
            headers: part.sha256.map(|digest| (CHECKSUM, digest.to_base64())).into_iter().collect(),
            expires_at,
        };
        Ok(urls.into_iter().zip(&to_sign).map(signed).collect())
    }

    /// A URL to send a whole object with, once: a taken key is refused. It lives `ttl` from `at`, or as long as the
    /// credentials.
    ///
    /// # Errors
    /// `Unavailable` when the credentials have ended.
    pub fn sign_put(
        &self,
        key: &str,
        put: &PutToSign<'_>,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<SignedUrl, Error> {
        let mut headers = vec![
            ("content-type", put.content_type.to_owned()),
            ("if-none-match", "*".to_owned()),
            (WRITE_TOKEN_HEADER, put.write_token.to_owned()),
        ];
        headers.extend(named(put.storage_class).map(|class| (STORAGE_CLASS, class.to_owned())));
        self.sign_whole(key, headers, put.size, put.sha256, (at, ttl))
    }

    /// A URL to send a trial object with, as often as wanted; each takes the place of the former. It lives `ttl` from `at`,
    /// or as long as the credentials.
    ///
    /// # Errors
    /// `Unavailable` when the credentials have ended.
    pub fn sign_trial(
        &self,
        key: &str,
        trial: &TrialToSign,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<SignedUrl, Error> {
        let headers = vec![("content-type", "application/octet-stream".to_owned())];
        self.sign_whole(key, headers, trial.size, trial.sha256, (at, ttl))
    }

    /// A PUT of a whole object with these headers, its length and its digest, from when and for how long.
    fn sign_whole(
        &self,
        key: &str,
        mut headers: Vec<(&'static str, String)>,
        size: u64,
        sha256: Option<Sha256>,
        (at, ttl): (Timestamp, Duration),
    ) -> Result<SignedUrl, Error> {
        headers.extend(sha256.map(|digest| (CHECKSUM, Digest::new(digest).to_base64())));
        let size = size.to_string();
        let mut bound: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        bound.push(("content-length", &size));
        let request = Request { method: Method::PUT, key, query: &[], headers: &bound };
        let (url, expires_at) = self.presign(&request, at, ttl)?;
        Ok(SignedUrl { url, headers, expires_at })
    }

    /// A URL to read an object with; with `download`, browsers save it under that file name instead of playing it.
    ///
    /// # Errors
    /// `Unavailable` when the credentials have ended.
    pub fn sign_get(
        &self,
        key: &str,
        at: Timestamp,
        ttl: Duration,
        download: Option<&str>,
    ) -> Result<SignedUrl, Error> {
        let disposition = download.map(attachment);
        let query: Vec<_> =
            disposition.iter().map(|value| ("response-content-disposition", value.as_str())).collect();
        let request = Request { method: Method::GET, key, query: &query, headers: &[] };
        let (url, expires_at) = self.presign(&request, at, ttl)?;
        Ok(SignedUrl { url, headers: Vec::new(), expires_at })
    }

    /// The URL of any request, at the public address, and when it ends. What is bound is the caller's choice here;
    /// candidates get URLs from the functions above only.
    ///
    /// # Errors
    /// `Unavailable` when the credentials have ended.
    pub fn presign(
        &self,
        request: &Request<'_>,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<(String, Timestamp), Error> {
        let keys = self.keys();
        let (expiry, expires_at) = life(&keys, at, ttl)?;
        Ok((Signer::presign(&keys.public, request, at.as_second(), expiry), expires_at))
    }
}

/// How long a URL signed at `at` may live, and when it ends: `ttl` in whole seconds, within SigV4's seven days and the
/// life of the credentials.
fn life(keys: &Keys, at: Timestamp, ttl: Duration) -> Result<(Expiry, Timestamp), Error> {
    let begin = at.as_second();
    let left = keys.until.map_or(i64::MAX, |until| until.as_second() - begin);
    let seconds = u64::try_from(left).unwrap_or(0).min(ttl.as_secs()).min(u64::from(Expiry::MAX.as_secs()));
    let expiry = Expiry::from_secs(seconds).map_err(|_| ended(ttl))?;
    let end = Timestamp::from_second(begin + i64::from(expiry.as_secs())).unwrap_or(Timestamp::MAX);
    Ok((expiry, end))
}

fn ended(ttl: Duration) -> Error {
    match ttl.as_secs() {
        0 => Error::unavailable(CALL, "a URL must live at least a second"),
        _ => Error::unavailable(CALL, "the credentials for the store have ended"),
    }
}

impl PartToSign {
    fn checked(&self) -> Result<handin_s3::PartToSign, Error> {
        match u16::try_from(self.number) {
            Ok(number @ 1..=10_000) => {
                Ok(handin_s3::PartToSign { number, size: self.size, sha256: self.sha256.map(Digest::new) })
            }
            _ => Err(Error { call: CALL, kind: ErrorKind::InvalidPart }),
        }
    }
}

/// `content-disposition` for a file name in any script: RFC 6266 with the encoding of RFC 8187.
fn attachment(file_name: &str) -> String {
    let mut value = String::from("attachment; filename*=UTF-8''");
    for byte in file_name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => value.push(char::from(byte)),
            _ => value.push_str(&format!("%{byte:02X}")),
        }
    }
    value
}
