//! What goes to a store and what comes back, as plain values. Knows neither how they travel nor who signs.

use std::borrow::Cow;

use http::{HeaderMap, Method};
use thiserror::Error;

use crate::error::Error;
use crate::sign::{Payload, Signer};

/// A request to sign: what the URL must say and which headers the sender is held to.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The object's key, unencoded; empty for the bucket itself.
    pub key: &'a str,
    /// Query parameters, unencoded, in the order the URL shall have them. Names that begin with `X-Amz-` are
    /// the signature's own and must not be among them.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers to bind, in any order and case, without `host`, which is always bound. The sender must send
    /// exactly these values, and no other `x-amz-*` header.
    pub headers: &'a [(&'a str, &'a str)],
}

/// How long a presigned URL lives, in seconds: 1 to 604,800 (seven days, the limit of SigV4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(u32);

/// The wanted life time is 0 or above seven days.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a presigned URL lives 1 to 604800 seconds, not {0}")]
pub struct ExpiryError(u64);

impl Expiry {
    /// Seven days.
    pub const MAX: Self = Self(604_800);

    /// Takes seconds from outside.
    ///
    /// # Errors
    /// When `seconds` is 0 or above 604,800: a store would refuse the URL.
    pub const fn from_secs(seconds: u64) -> Result<Self, ExpiryError> {
        if seconds == 0 || seconds > Self::MAX.0 as u64 {
            return Err(ExpiryError(seconds));
        }
        Ok(Self(seconds as u32))
    }

    /// The seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

/// A call ready to be signed and sent: an operation's request with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The object's key, unencoded; empty for the bucket itself.
    pub key: Cow<'a, str>,
    /// Query parameters, unencoded.
    pub query: Vec<(&'static str, Cow<'a, str>)>,
    /// Headers that are bound and must be sent.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The body to send. Empty where the caller brings its own bytes (put, upload part).
    pub body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, key: impl Into<Cow<'a, str>>) -> Self {
        Self { method, key: key.into(), query: Vec::new(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn query_some(self, name: &'static str, value: Option<impl Into<Cow<'a, str>>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn header_some(self, name: &'static str, value: Option<impl Into<Cow<'a, str>>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The URL to send this call to. `at` is unix seconds.
    pub fn presign(&self, signer: &Signer, at: i64, expiry: Expiry) -> String {
        self.with_request(|request| signer.presign(request, at, expiry))
    }

    /// This call signed by headers, for what no URL may allow: where to send it, and the headers to send beside its
    /// own. The body is bound. `at` is unix seconds.
    pub fn authorize(&self, signer: &Signer, at: i64) -> (String, Vec<(&'static str, String)>) {
        self.with_request(|request| {
            (signer.url(request), signer.authorize(request, Payload::Bytes(&self.body), at))
        })
    }

    fn with_request<T>(&self, sign: impl FnOnce(&Request<'_>) -> T) -> T {
        let query: Vec<_> = self.query.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        sign(&Request { method: self.method.clone(), key: &self.key, query: &query, headers: &headers })
    }
}

/// A store's answer, as received.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its whole body; empty where the caller streams it (get object).
    pub body: &'a [u8],
}

impl<'a> Response<'a> {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The refusal that this answer is.
    pub(crate) fn refusal(&self) -> Error {
        Error::from_response(self.status, self.headers, self.body)
    }

    /// Passes a 2xx on.
    ///
    /// # Errors
    /// The refusal, for any other status.
    pub(crate) fn success(&self) -> Result<(), Error> {
        if (200..300).contains(&self.status) { Ok(()) } else { Err(self.refusal()) }
    }
}

/// One kind of call: how it is asked and how its answer is read.
pub trait Operation {
    /// What a success says.
    type Answer;

    /// The call to sign and send.
    fn call(&self) -> Call<'_>;

    /// Reads the answer.
    ///
    /// # Errors
    /// The store's refusal, also when it hides behind a 200, or [`ErrorCode::Malformed`] when a success
    /// lacks what the protocol promises.
    ///
    /// [`ErrorCode::Malformed`]: crate::ErrorCode::Malformed
    fn answer(&self, response: &Response<'_>) -> Result<Self::Answer, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_has_limits() {
        assert_eq!(Expiry::from_secs(604_800), Ok(Expiry::MAX));
        assert_eq!(Expiry::from_secs(1).map(Expiry::as_secs), Ok(1));
        for seconds in [0, 604_801, u64::MAX] {
            assert_eq!(Expiry::from_secs(seconds), Err(ExpiryError(seconds)));
        }
    }
}
