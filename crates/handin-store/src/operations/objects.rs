//! Objects: put, get, head, delete.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::Operations;
use super::convert::{self, condition, invalid_argument, strong, timestamp};
use super::reading::{self, Reading};
use crate::digest::{Algorithm, Kind};
use crate::error::Error;
use crate::folder::blob::Blob;
use crate::folder::commit::Deletion;
use crate::folder::receive::{self, Reception, blocking};
use crate::folder::{Bucket, Condition, Headers, Manifest, ObjectChecksum};

/// The most bytes that one request may bring: S3 user guide, "Uploading objects".
pub(super) const LARGEST_BODY: u64 = 5 << 30;

/// The most keys of one DeleteObjects.
const MOST_DELETIONS: usize = 1000;

/// What an object gets whose client names no algorithm, as on AWS since December 2024.
pub(super) const DEFAULT_ALGORITHM: Algorithm = Algorithm::Crc64nvme;

/// What Get and Head both say about an object: two types with the same fields.
macro_rules! description {
    ($output:ident { $($field:ident)? }, $manifest:expr, $reading:expr, $checksum_mode:expr) => {{
        let (manifest, reading): (Manifest, Reading) = ($manifest, $reading);
        // The checksum is of the whole, and would be compared with the range.
        let shows_checksum = $checksum_mode.is_some() && reading.content_range.is_none();
        let checksum = shows_checksum.then_some(manifest.checksum);
        let fields = checksum.as_ref().map(object_checksum_fields).unwrap_or_default();
        $output {
            $($field,)?
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(reading.length).ok(),
            content_range: reading.content_range,
            parts_count: reading.parts_count,
            checksum_crc32: fields.checksum_crc32,
            checksum_crc32c: fields.checksum_crc32c,
            checksum_crc64nvme: fields.checksum_crc64nvme,
            checksum_sha1: fields.checksum_sha1,
            checksum_sha256: fields.checksum_sha256,
            checksum_type: checksum.map(|checksum| convert::checksum_type(checksum.kind)),
            e_tag: strong(manifest.etag),
            last_modified: Some(timestamp(manifest.modified_ms)),
            metadata: Some(manifest.metadata.into_iter().collect()),
            content_type: manifest.headers.content_type,
            cache_control: manifest.headers.cache_control,
            content_disposition: manifest.headers.content_disposition,
            content_encoding: manifest.headers.content_encoding,
            content_language: manifest.headers.content_language,
            expires: manifest.headers.expires_ms.map(timestamp),
            storage_class: manifest.headers.storage_class.map(Into::into),
            ..Default::default()
        }
    }};
}

impl Operations {
    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let S3Request { mut input, headers, trailing_headers, .. } = req;
        let bucket = self.bucket(&input.bucket)?;
        let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        // Known to fail already: the client need not send the body.
        condition.check(bucket.entry(&input.key).as_ref())?;
        let reception = self.reception(&input, &headers)?;
        let body = input.body.take().ok_or_else(|| convert::invalid("There is no body".to_owned()))?;
        let id = self.store.new_id();
        let (place, name) = (Arc::clone(&bucket), id.clone());
        let blob = blocking(move || place.new_data(&name)).await?.map_err(Error::from)?;
        let received = receive::receive(body, blob, &reception).await?;
        convert::check_trailers(&reception.declared.trailers, trailing_headers.as_ref(), &received.sums)?;
        let manifest = self.manifest(input, id, &received, reception.algorithm)?;
        let manifest = commit(bucket, manifest, received.blob, condition).await?;
        Ok(put_output(manifest))
    }

    fn reception(&self, input: &PutObjectInput, headers: &http::HeaderMap) -> S3Result<Reception> {
        let sums = convert::sums([
            input.checksum_crc32.as_ref(),
            input.checksum_crc32c.as_ref(),
            input.checksum_crc64nvme.as_ref(),
            input.checksum_sha1.as_ref(),
            input.checksum_sha256.as_ref(),
        ])?;
        if sums.len() > 1 {
            return Err(convert::invalid("Expecting a single x-amz-checksum- header".to_owned()));
        }
        let declared = convert::declared(headers, input.content_length, input.content_md5.as_deref(), sums)?;
        let named = input.checksum_algorithm.as_ref().map(convert::algorithm).transpose()?;
        let algorithm = declared.sums.first().map(|sum| sum.algorithm);
        let algorithm =
            algorithm.or(declared.trailers.first().copied()).or(named).unwrap_or(DEFAULT_ALGORITHM);
        Ok(Reception {
            declared,
            algorithm,
            // Plain clients compare the ETag of what they put with its MD5.
            md5: true,
            limit: LARGEST_BODY,
            idle_timeout: self.store.config.idle_timeout,
        })
    }

    fn manifest(
        &self,
        input: PutObjectInput,
        data: String,
        received: &receive::Received,
        algorithm: Algorithm,
    ) -> S3Result<Manifest> {
        let (sum, etag) = received.kept(algorithm)?;
        Ok(Manifest {
            size: received.size,
            etag,
            modified_ms: self.store.now_ms(),
            headers: Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding.and_then(|coding| stored_encoding(&coding)),
                content_language: input.content_language,
                expires_ms: input.expires.as_ref().and_then(convert::milliseconds),
                storage_class: storage_class(input.storage_class.as_ref())?,
            },
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            checksum: ObjectChecksum { algorithm, kind: Kind::FullObject, value: sum.base64() },
            data,
            upload_id: None,
            legal_hold: false,
            parts: Vec::new(),
            key: input.key,
        })
    }

    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let (manifest, blob) = self.open(&input.bucket, input.key).await?;
        preconditions(
            &manifest,
            (input.if_match.as_ref(), input.if_unmodified_since.as_ref()),
            (input.if_none_match.as_ref(), input.if_modified_since.as_ref()),
        )?;
        let reading = Reading::new(&manifest, input.range.as_ref(), input.part_number)?;
        let body = Some(reading::stream(&manifest, blob, &reading));
        Ok(description!(GetObjectOutput { body }, manifest, reading, input.checksum_mode))
    }

    pub(super) async fn head(&self, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
        let (manifest, _) = self.open(&input.bucket, input.key).await?;
        preconditions(
            &manifest,
            (input.if_match.as_ref(), input.if_unmodified_since.as_ref()),
            (input.if_none_match.as_ref(), input.if_modified_since.as_ref()),
        )?;
        let reading = Reading::new(&manifest, input.range.as_ref(), input.part_number)?;
        Ok(description!(HeadObjectOutput {}, manifest, reading, input.checksum_mode))
    }

    pub(super) async fn open(&self, bucket: &str, key: String) -> Result<(Manifest, Arc<Blob>), Error> {
        let bucket = self.bucket(bucket)?;
        blocking(move || bucket.open(&key)).await?
    }

    pub(super) async fn delete(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        no_version(input.version_id.as_deref())?;
        let bucket = self.bucket(&input.bucket)?;
        let condition = condition(input.if_match.as_ref(), None)?;
        let deletion = Deletion { condition, ..Deletion::of(input.key) };
        let outcomes = blocking(move || bucket.delete_objects(&[deletion])).await?;
        outcomes.into_iter().collect::<Result<(), Error>>()?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_many(&self, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
        let bucket = self.bucket(&input.bucket)?;
        if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_DELETIONS {
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting 1 to 1000 keys"));
        }
        let deletions = input.delete.objects.iter().map(deletion).collect::<S3Result<Vec<_>>>()?;
        let outcomes = blocking(move || bucket.delete_objects(&deletions)).await?;
        let mut output = DeleteObjectsOutput::default();
        let quiet = input.delete.quiet == Some(true);
        for (object, outcome) in input.delete.objects.into_iter().zip(outcomes) {
            let key = Some(object.key);
            match outcome {
                Ok(()) if quiet => {}
                Ok(()) => {
                    let deleted = DeletedObject { key, ..Default::default() };
                    output.deleted.get_or_insert_default().push(deleted);
                }
                Err(error) => output.errors.get_or_insert_default().push(failed(key, error)),
            }
        }
        Ok(output)
    }
}

/// Makes the received bytes the object, and keeps at it even if the client goes away.
async fn commit(
    bucket: Arc<Bucket>,
    manifest: Manifest,
    blob: Blob,
    condition: Condition,
) -> Result<Manifest, Error> {
    blocking(move || {
        receive::sync_name(&blob)?;
        bucket.commit(&manifest, &Arc::new(blob), &condition)?;
        Ok(manifest)
    })
    .await?
}

fn put_output(manifest: Manifest) -> PutObjectOutput {
    let fields = object_checksum_fields(&manifest.checksum);
    PutObjectOutput {
        checksum_crc32: fields.checksum_crc32,
        checksum_crc32c: fields.checksum_crc32c,
        checksum_crc64nvme: fields.checksum_crc64nvme,
        checksum_sha1: fields.checksum_sha1,
        checksum_sha256: fields.checksum_sha256,
        checksum_type: Some(convert::checksum_type(manifest.checksum.kind)),
        e_tag: strong(manifest.etag),
        ..Default::default()
    }
}

pub(super) fn object_checksum_fields(checksum: &ObjectChecksum) -> Checksum {
    convert::checksum_fields(checksum.algorithm, checksum.value.clone())
}

/// `aws-chunked` describes how the body travelled, not what it is.
pub(super) fn stored_encoding(coding: &str) -> Option<String> {
    let codings =
        coding.split(',').map(str::trim).filter(|coding| !coding.is_empty() && *coding != "aws-chunked");
    let codings: Vec<&str> = codings.collect();
    (!codings.is_empty()).then(|| codings.join(","))
}

/// The class to keep, which is only shown: everything lies on the same disk. `STANDARD` is never shown.
pub(super) fn storage_class(given: Option<&StorageClass>) -> S3Result<Option<String>> {
    let known = ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"];
    match given.map(StorageClass::as_str) {
        None | Some("STANDARD") => Ok(None),
        Some(class) if known.contains(&class) => Ok(Some(class.to_owned())),
        Some(_) => Err(S3Error::with_message(
            S3ErrorCode::InvalidStorageClass,
            "The storage class you specified is not valid",
        )),
    }
}

/// RFC 9110 section 13.2.2: a tag decides where it is given, a time otherwise.
pub(super) fn preconditions(
    manifest: &Manifest,
    (if_match, if_unmodified_since): (Option<&IfMatch>, Option<&Timestamp>),
    (if_none_match, if_modified_since): (Option<&IfNoneMatch>, Option<&Timestamp>),
) -> S3Result<()> {
    let tagged = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == manifest.etag,
    };
    // HTTP dates have whole seconds.
    let modified_s = manifest.modified_ms.div_euclid(1000);
    let modified_after =
        |time: &Timestamp| convert::milliseconds(time).is_some_and(|ms| modified_s > ms.div_euclid(1000));
    let failed = if_match.map_or_else(|| if_unmodified_since.is_some_and(modified_after), |tag| !tagged(tag));
    if failed {
        return Err(Error::PreconditionFailed.into());
    }
    let same =
        if_none_match.map_or_else(|| if_modified_since.is_some_and(|time| !modified_after(time)), tagged);
    if same { Err(S3ErrorCode::NotModified.into()) } else { Ok(()) }
}

fn deletion(object: &ObjectIdentifier) -> S3Result<Deletion> {
    no_version(object.version_id.as_deref())?;
    let condition = object
        .e_tag
        .as_ref()
        .map_or(Condition::None, |etag| Condition::Present(Some(etag.value().to_owned())));
    Ok(Deletion { condition, ..Deletion::of(object.key.clone()) })
}

pub(super) fn no_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("" | "null") => Ok(()),
        Some(_) => Err(invalid_argument("Invalid version id specified")),
    }
}

fn failed(key: Option<String>, error: Error) -> s3s::dto::Error {
    let error = S3Error::from(error);
    s3s::dto::Error {
        key,
        code: Some(error.code().as_str().to_owned()),
        message: error.message().map(str::to_owned),
        ..Default::default()
    }
}
