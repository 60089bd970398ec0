//! Between the types of the protocol crate and those of the folder.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use s3s::dto::{Checksum, ETag, ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders};

use crate::digest::{Algorithm, Kind, Sum, Sums};
use crate::error::Error;
use crate::folder::receive::Declared;
use crate::folder::{Condition, ObjectChecksum};

/// Unix milliseconds as the protocol crate writes times.
pub(super) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default()))
}

/// A time of the protocol crate as unix milliseconds.
pub(super) fn milliseconds(timestamp: &Timestamp) -> Option<i64> {
    let mut text = Vec::new();
    timestamp.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    let seconds: f64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
    // Whole milliseconds up to the year 10000 are exact in a double.
    Some((seconds * 1000.0).round() as i64)
}

pub(super) fn strong(etag: impl Into<String>) -> Option<ETag> {
    Some(ETag::Strong(etag.into()))
}

/// Fills the five checksum fields of an answer.
pub(super) fn checksum_fields(algorithm: Algorithm, value: String) -> Checksum {
    let mut fields = Checksum::default();
    let field = match algorithm {
        Algorithm::Crc32 => &mut fields.checksum_crc32,
        Algorithm::Crc32c => &mut fields.checksum_crc32c,
        Algorithm::Crc64nvme => &mut fields.checksum_crc64nvme,
        Algorithm::Sha1 => &mut fields.checksum_sha1,
        Algorithm::Sha256 => &mut fields.checksum_sha256,
    };
    *field = Some(value);
    fields
}

pub(super) fn checksum_type(kind: Kind) -> s3s::dto::ChecksumType {
    let name = match kind {
        Kind::Composite => s3s::dto::ChecksumType::COMPOSITE,
        Kind::FullObject => s3s::dto::ChecksumType::FULL_OBJECT,
    };
    s3s::dto::ChecksumType::from_static(name)
}

pub(super) fn kind(given: &s3s::dto::ChecksumType) -> S3Result<Kind> {
    match given.as_str() {
        s3s::dto::ChecksumType::COMPOSITE => Ok(Kind::Composite),
        s3s::dto::ChecksumType::FULL_OBJECT => Ok(Kind::FullObject),
        other => Err(invalid(format!("Value for x-amz-checksum-type header is invalid: {other}"))),
    }
}

pub(super) fn algorithm(given: &s3s::dto::ChecksumAlgorithm) -> S3Result<Algorithm> {
    Algorithm::parse(given.as_str())
        .ok_or_else(|| invalid(format!("Checksum algorithm {} is not supported", given.as_str())))
}

/// What the five checksum fields of a request declare.
pub(super) fn sums(fields: [Option<&String>; 5]) -> S3Result<Vec<Sum>> {
    let given = Algorithm::ALL.into_iter().zip(fields);
    given.filter_map(|(algorithm, value)| Some(sum(algorithm, value?))).collect()
}

fn sum(algorithm: Algorithm, value: &str) -> S3Result<Sum> {
    Sum::from_base64(algorithm, value)
        .ok_or_else(|| invalid(format!("Value for {} header is invalid.", algorithm.header())))
}

/// What a request with a body declares about it, besides the checksum headers.
pub(super) fn declared(
    headers: &HeaderMap,
    content_length: Option<i64>,
    content_md5: Option<&str>,
    sums: Vec<Sum>,
) -> S3Result<Declared> {
    let md5 = content_md5.map(|given| {
        let bytes = BASE64.decode(given).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| S3Error::with_message(S3ErrorCode::InvalidDigest, "The Content-MD5 is invalid."))
    });
    let size = content_length.map(|length| u64::try_from(length).unwrap_or_default());
    Ok(Declared { size, md5: md5.transpose()?, sums, trailers: trailers(headers)? })
}

/// The checksums that `x-amz-trailer` announces.
fn trailers(headers: &HeaderMap) -> S3Result<Vec<Algorithm>> {
    let Some(announced) = headers.get("x-amz-trailer") else { return Ok(Vec::new()) };
    let names =
        announced.to_str().unwrap_or_default().split(',').map(|name| name.trim().to_ascii_lowercase());
    names
        .map(|name| {
            let known = Algorithm::ALL.into_iter().find(|algorithm| algorithm.header() == name);
            known.ok_or_else(|| invalid(format!("The trailer {name} is not supported.")))
        })
        .collect()
}

/// Compares the trailers that came with the sums of what came.
pub(super) fn check_trailers(
    announced: &[Algorithm],
    came: Option<&TrailingHeaders>,
    sums: &Sums,
) -> Result<(), Error> {
    for algorithm in announced {
        let value = came.and_then(|trailers| {
            trailers.read(|headers| Some(headers.get(algorithm.header())?.to_str().ok()?.to_owned()))
        });
        let declared = value.flatten().and_then(|value| Sum::from_base64(*algorithm, &value));
        if declared.is_none() {
            return Err(Error::InvalidRequest(format!(
                "The trailer {} is missing or malformed.",
                algorithm.header()
            )));
        }
        if declared.as_ref() != sums.get(*algorithm) {
            return Err(Error::BadDigest(algorithm.name()));
        }
    }
    Ok(())
}

/// The checksum of a whole object that a completion declares.
pub(super) fn object_checksum(
    fields: [Option<&String>; 5],
    given: Option<&s3s::dto::ChecksumType>,
    default: Kind,
) -> S3Result<Option<ObjectChecksum>> {
    let kind = given.map_or(Ok(default), kind)?;
    let mut declared = Algorithm::ALL
        .into_iter()
        .zip(fields)
        .filter_map(|(algorithm, value)| Some(ObjectChecksum { algorithm, kind, value: value?.clone() }));
    let first = declared.next();
    if declared.next().is_some() {
        return Err(invalid("Expecting a single x-amz-checksum- header".to_owned()));
    }
    Ok(first)
}

/// What `If-Match` and `If-None-Match` demand of a write.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present(None)),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Present(Some(etag.value().to_owned()))),
        _ => {
            let message = "A write takes either If-None-Match: * or If-Match";
            Err(S3Error::with_message(S3ErrorCode::NotImplemented, message))
        }
    }
}

pub(super) fn invalid(message: String) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, message)
}

pub(super) fn invalid_argument(message: impl Into<String>) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message.into())
}
