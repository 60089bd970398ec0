//! Whether a request is what somebody with a key allowed, now.
//!
//! The arithmetic of signatures is `handin-s3`'s. Here its verdict becomes an answer, and a presigned URL
//! becomes a plain request: its authority is checked, so the parameters that carried it go, and headers that
//! a signer put into the query go where they belong. A request signed by header goes on as it is, because
//! the protocol crate needs the signature for the chunks of a streamed body.

use std::collections::HashMap;

use handin_s3::verify::{BoundPayload, Claim, Incoming, VerifyError};
use handin_s3::{Credentials, Digest};
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::config::Config;

/// What carries a presigned URL's authority.
const PARAMETERS: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The mark of a request whose URL was verified.
#[derive(Clone, Copy)]
struct Verified;

/// The keys that may sign, and where they must sign for.
pub(super) struct Authority {
    credentials: HashMap<String, Credentials>,
    region: String,
}

impl Authority {
    pub(super) fn new(config: &Config) -> Self {
        let credentials =
            config.keys.iter().map(|key| (key.id.clone(), Credentials::new(&key.id, &key.secret)));
        Self { credentials: credentials.collect(), region: config.region.clone() }
    }

    /// Lets a request in or refuses it. `now` is unix seconds. Gives the SHA-256 that a presigned URL demands
    /// of the body, if it does.
    pub(super) fn admit(&self, request: &mut Parts, now: i64) -> S3Result<Option<Digest>> {
        let incoming = Incoming {
            method: request.method.as_str(),
            path: request.uri.path(),
            query: request.uri.query().unwrap_or_default(),
            headers: &request.headers,
        };
        let claim = Claim::read(&incoming).map_err(|error| self.refusal(error))?;
        let credentials = self
            .credentials
            .get(claim.access_key())
            .ok_or_else(|| self.refusal(VerifyError::UnknownAccessKey))?;
        let payload =
            claim.verify(&incoming, credentials, &self.region, now).map_err(|error| self.refusal(error))?;
        if claim.expires_at().is_none() {
            return Ok(None);
        }
        make_plain(request)?;
        match payload {
            BoundPayload::Unsigned => Ok(None),
            BoundPayload::Sha256(digest) => Ok(Some(digest)),
            BoundPayload::Streaming(_) => {
                let message = "A presigned URL does not take a body in signed chunks";
                Err(S3Error::with_message(S3ErrorCode::NotImplemented, message))
            }
        }
    }

    /// Codes and messages are those of AWS, on which clients depend.
    fn refusal(&self, error: VerifyError) -> S3Error {
        let (code, message) = match error {
            VerifyError::NotSigned => (S3ErrorCode::AccessDenied, "Access Denied".to_owned()),
            VerifyError::SignatureVersion2 => (
                S3ErrorCode::InvalidRequest,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
                    .to_owned(),
            ),
            VerifyError::UnsignedHeader(name) => (
                S3ErrorCode::AccessDenied,
                format!("There were headers present in the request which were not signed: {name}"),
            ),
            VerifyError::UnknownAccessKey => (
                S3ErrorCode::InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.".to_owned(),
            ),
            VerifyError::SessionToken => (
                S3ErrorCode::InvalidToken,
                "The provided token is malformed or otherwise invalid.".to_owned(),
            ),
            VerifyError::ForeignScope => {
                let message = format!("The signature is for another day, region or service; expecting '{}'", self.region);
                (S3ErrorCode::AuthorizationHeaderMalformed, message)
            }
            VerifyError::Expired => (S3ErrorCode::AccessDenied, "Request has expired".to_owned()),
            VerifyError::NotYetValid | VerifyError::TimeSkewed => (
                S3ErrorCode::RequestTimeTooSkewed,
                "The difference between the request time and the server's time is too large.".to_owned(),
            ),
            VerifyError::ExpiryOutOfRange(_) => {
                (S3ErrorCode::AuthorizationQueryParametersError, error.to_string())
            }
            VerifyError::Malformed(_) => (S3ErrorCode::AuthorizationHeaderMalformed, error.to_string()),
            VerifyError::MissingHeader(_) | VerifyError::SignatureMismatch => (
                S3ErrorCode::SignatureDoesNotMatch,
                "The request signature we calculated does not match the signature you provided.".to_owned(),
            ),
        };
        S3Error::with_message(code, message)
    }
}

/// Takes the authority out of a verified URL.
fn make_plain(request: &mut Parts) -> S3Result<()> {
    let path = request.uri.path().to_owned();
    let query = request.uri.query().unwrap_or_default().to_owned();
    let name = |pair: &&str| pair.split('=').next().unwrap_or_default().to_owned();
    let rest: Vec<&str> =
        query.split('&').filter(|pair| !PARAMETERS.contains(&name(pair).as_str())).collect();
    for (name, value) in rest.iter().filter_map(|pair| pair.split_once('=')) {
        unhoist(request, name, value);
    }
    let target = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
    let target: PathAndQuery = target.parse().map_err(|_| S3Error::new(S3ErrorCode::InvalidURI))?;
    request.uri = Uri::from(target);
    request.extensions.insert(Verified);
    Ok(())
}

/// Some signers move `x-amz-` headers into the query, where S3 heeds them, except for checksums: those it
/// ignores, and signers put checksums of nothing there.
fn unhoist(request: &mut Parts, name: &str, value: &str) {
    let checksum = name.starts_with("x-amz-checksum-") || name.starts_with("x-amz-sdk-");
    if !name.starts_with("x-amz-") || checksum || request.headers.contains_key(name) {
        return;
    }
    let value = percent_decode(value);
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
        request.headers.insert(name, value);
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let byte = after.get(..2).filter(|_| *first == b'%').and_then(|hex| hex::decode(hex).ok());
        decoded.push(byte.as_ref().map_or(*first, |byte| byte[0]));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    decoded
}

/// Whether a request that was let in had its authority in its URL.
pub(super) fn came_by_url(request: &Parts) -> bool {
    request.extensions.get::<Verified>().is_some()
}

/// Tells the protocol crate that a verified URL is as good as a signature it checked itself.
pub(super) struct Access;

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let verified = context.extensions_mut().get::<Verified>().is_some();
        if verified || context.credentials().is_some() {
            return Ok(());
        }
        Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"))
    }
}
