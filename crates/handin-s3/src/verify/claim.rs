//! What a request says about its own signature, read from the query or the `Authorization` header.
//! Believes nothing yet, and needs neither secret nor clock.

use http::HeaderMap;

use crate::encode::decode_query;
use crate::request::Expiry;
use crate::sign::ALGORITHM;
use crate::time::parse_stamp;
use crate::verify::{Incoming, VerifyError, unsigned_headers};

/// A signature and what it claims to cover.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(super) place: Place,
    pub(super) access_key: String,
    /// `20130524/us-east-1/s3/aws4_request`.
    pub(super) scope: String,
    /// Unix seconds.
    pub(super) at: i64,
    /// Lower-case names, each once.
    pub(super) signed_names: Vec<String>,
    pub(super) token: Option<String>,
    pub(super) signature: String,
    /// All query parameters but the signature, decoded.
    pub(super) query: Vec<(String, String)>,
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query { expires: Expiry },
    Header,
}

type Parameters = Vec<(String, String)>;

impl Claim {
    /// Reads the one signature of a request and checks its form.
    ///
    /// # Errors
    /// When there is none, more than one or one of version 2, when a URL would live longer than seven days,
    /// or when an `x-amz-*` or `content-md5` header is not signed.
    pub fn read(incoming: &Incoming<'_>) -> Result<Self, VerifyError> {
        let query = parameters(incoming.query)?;
        let has = |name| query.iter().any(|(other, _)| other == name);
        let authorization = single(incoming.headers, "authorization")?;
        if has("AWSAccessKeyId") || authorization.is_some_and(|text| text.starts_with("AWS ")) {
            return Err(VerifyError::SignatureVersion2);
        }
        let claim = match (authorization, has("X-Amz-Signature")) {
            (None, false) => Err(VerifyError::NotSigned),
            (Some(_), true) => Err(VerifyError::Malformed("signed in two places")),
            (None, true) => Self::from_query(query),
            (Some(text), false) => Self::from_header(text, query, incoming.headers),
        }?;
        claim.check_coverage(incoming.headers)?;
        Ok(claim)
    }

    /// The access key that claims to have signed, for looking up its secret.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// The last moment of a presigned URL, unix seconds; `None` for a header signature.
    pub fn expires_at(&self) -> Option<i64> {
        match self.place {
            Place::Query { expires } => Some(self.at.saturating_add(i64::from(expires.as_secs()))),
            Place::Header => None,
        }
    }

    fn from_query(mut query: Parameters) -> Result<Self, VerifyError> {
        let find = |name: &'static str| unique(&query, name);
        let required = |name: &'static str| find(name)?.ok_or(VerifyError::Malformed(name));
        if required("X-Amz-Algorithm")? != ALGORITHM {
            return Err(VerifyError::Malformed("X-Amz-Algorithm"));
        }
        let (access_key, scope) = credential(required("X-Amz-Credential")?)?;
        let claim = Self {
            place: Place::Query { expires: expiry(required("X-Amz-Expires")?)? },
            access_key,
            scope,
            at: parse_stamp(required("X-Amz-Date")?).ok_or(VerifyError::Malformed("X-Amz-Date"))?,
            signed_names: names(required("X-Amz-SignedHeaders")?)?,
            token: find("X-Amz-Security-Token")?.map(str::to_owned),
            signature: required("X-Amz-Signature")?.to_owned(),
            query: Vec::new(),
        };
        query.retain(|(name, _)| name != "X-Amz-Signature");
        Ok(Self { query, ..claim })
    }

    fn from_header(text: &str, query: Parameters, headers: &HeaderMap) -> Result<Self, VerifyError> {
        let fields = text.strip_prefix(ALGORITHM).ok_or(VerifyError::Malformed("authorization"))?;
        let fields: Vec<_> = fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
        let required = |name: &'static str| {
            let mut values = fields.iter().filter(|(other, _)| *other == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(*value),
                _ => Err(VerifyError::Malformed(name)),
            }
        };
        let (access_key, scope) = credential(required("Credential")?)?;
        let date = single(headers, "x-amz-date")?.and_then(parse_stamp);
        Ok(Self {
            place: Place::Header,
            access_key,
            scope,
            at: date.ok_or(VerifyError::Malformed("x-amz-date"))?,
            signed_names: names(required("SignedHeaders")?)?,
            token: single(headers, "x-amz-security-token")?.map(str::to_owned),
            signature: required("Signature")?.to_owned(),
            query,
        })
    }

    /// `host` must be bound, and every header that could change the request's meaning.
    fn check_coverage(&self, headers: &HeaderMap) -> Result<(), VerifyError> {
        let signed: Vec<&str> = self.signed_names.iter().map(String::as_str).collect();
        if !signed.contains(&"host") {
            return Err(VerifyError::UnsignedHeader("host".to_owned()));
        }
        match unsigned_headers(headers, &signed).next() {
            Some(name) => Err(VerifyError::UnsignedHeader(name.to_owned())),
            None => Ok(()),
        }
    }
}

fn parameters(query: &str) -> Result<Parameters, VerifyError> {
    let decoded = |text| decode_query(text).ok_or(VerifyError::Malformed("the query is not UTF-8"));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?.into_owned(), decoded(value)?.into_owned()))
        })
        .collect()
}

fn unique<'a>(query: &'a Parameters, name: &'static str) -> Result<Option<&'a str>, VerifyError> {
    let mut values = query.iter().filter(|(other, _)| other == name);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(VerifyError::Malformed(name)),
        (first, None) => Ok(first.map(|(_, value)| value.as_str())),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, VerifyError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(VerifyError::Malformed(name)),
        (first, None) => {
            first.map(|value| value.to_str().map_err(|_| VerifyError::Malformed(name))).transpose()
        }
    }
}

/// `AKID/20130524/us-east-1/s3/aws4_request`: the access key and the scope. Access keys may hold slashes.
fn credential(text: &str) -> Result<(String, String), VerifyError> {
    let cut = text.rmatch_indices('/').nth(3).map(|(at, _)| at);
    let (access_key, scope) = text.split_at(cut.ok_or(VerifyError::Malformed("credential"))?);
    Ok((access_key.to_owned(), scope[1..].to_owned()))
}

fn expiry(text: &str) -> Result<Expiry, VerifyError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Malformed("X-Amz-Expires"));
    }
    let seconds = text.parse().unwrap_or(u64::MAX);
    Expiry::from_secs(seconds).map_err(|_| VerifyError::ExpiryOutOfRange(seconds))
}

fn names(list: &str) -> Result<Vec<String>, VerifyError> {
    let names: Vec<String> = list.split(';').map(str::to_owned).collect();
    let lower = |name: &String| !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase());
    // Strictly ascending means sorted and none twice, the only form that signers produce.
    if names.iter().all(lower) && names.is_sorted_by(|one, other| one < other) {
        return Ok(names);
    }
    Err(VerifyError::Malformed("signed headers"))
}
