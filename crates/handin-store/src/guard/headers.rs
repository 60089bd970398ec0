//! Headers that must not be ignored: options this store does not have, and the length of a body.
//!
//! A client that asks for encryption, a lock or an ACL and gets 200 believes it has them. So whatever would
//! change the meaning of a request is either done or refused here by name.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::authority;
use crate::digest::Algorithm;
use crate::operations::{OWNER, not_implemented};

/// Beginnings of the names of headers whose meaning this store does not have.
const UNSUPPORTED: [&str; 8] = [
    "x-amz-copy-source",
    "x-amz-grant-",
    "x-amz-object-lock-",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-mfa",
];

/// The headers of a copy that this store does make: of a range of an object into a part.
const COPY: [&str; 6] = [
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
];

/// Canned ACLs that say what is the case anyway: the keys of the store may do everything, others nothing.
const ACLS: [&str; 2] = ["private", "bucket-owner-full-control"];

/// Refuses options that would be ignored.
pub(super) fn check_supported(request: &Parts) -> S3Result<()> {
    for name in request.headers.keys() {
        let name = name.as_str();
        if COPY.contains(&name) && copies_part(request) {
            continue;
        }
        if let Some(option) = UNSUPPORTED.iter().find(|option| name.starts_with(**option)) {
            return Err(not_implemented(option));
        }
        check_checksum(name)?;
    }
    if let Some(acl) = text(&request.headers, "x-amz-acl").filter(|acl| !ACLS.contains(acl)) {
        let message = format!("The bucket does not allow ACLs ({acl})");
        return Err(S3Error::with_message(S3ErrorCode::AccessControlListNotSupported, message));
    }
    if text(&request.headers, "x-amz-expected-bucket-owner").is_some_and(|owner| owner != OWNER) {
        return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"));
    }
    check_form(request)
}

/// Whether a request may name a source and copies it into a part. Only who holds a key may: a URL is for what its
/// holder sends, and must not read what is here, whatever was signed into it.
fn copies_part(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    request.method == Method::PUT && has("partNumber") && has("uploadId") && !authority::came_by_url(request)
}

fn check_checksum(name: &str) -> S3Result<()> {
    let Some(kind) = name.strip_prefix("x-amz-checksum-") else { return Ok(()) };
    let known = ["algorithm", "type", "mode"].contains(&kind)
        || Algorithm::ALL.iter().any(|algorithm| algorithm.header() == name);
    if known { Ok(()) } else { Err(not_implemented(name)) }
}

/// Uploads by HTML form are refused: they would be held in memory.
fn check_form(request: &Parts) -> S3Result<()> {
    let form = text(&request.headers, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    if form && request.method == Method::POST { Err(not_implemented("POST of a form")) } else { Ok(()) }
}

/// Writes down the length of a body that is not there. Clients may leave it out (RFC 9110 section 8.6) although
/// it is signed.
pub(super) fn state_length(request: &mut Parts) {
    let takes_body = request.method == Method::PUT || request.method == Method::POST;
    if takes_body && !request.headers.contains_key(TRANSFER_ENCODING) {
        request.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
    }
}

/// Refuses a body whose length is not known beforehand, as S3 does.
pub(super) fn check_length(request: &Parts) -> S3Result<()> {
    if request.headers.contains_key(TRANSFER_ENCODING) {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(S3Error::with_message(S3ErrorCode::MissingContentLength, message));
    }
    Ok(())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
