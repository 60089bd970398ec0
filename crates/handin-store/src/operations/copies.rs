//! Parts made of bytes that are here already: UploadPartCopy, within one bucket.
//!
//! A copied part takes the way of one that is sent: written aside, hashed, synced, renamed. Who may copy is the
//! guard's to say.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Result};

use super::convert::{self, invalid_argument, strong, timestamp};
use super::objects::{LARGEST_BODY, no_version, preconditions};
use super::parts::part_number;
use super::reading::{self, Reading};
use super::{Operations, not_implemented};
use crate::error::Error;
use crate::folder::blob::Blob;
use crate::folder::receive::{self, Declared, Reception};
use crate::folder::{Manifest, Part};

impl Operations {
    pub(super) async fn copy_part(&self, input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        let number = part_number(input.part_number)?;
        let upload = self.bucket(&input.bucket)?.upload(&input.key, &input.upload_id)?;
        let (manifest, source) = self.open(&input.bucket, source_key(&input)?).await?;
        check_conditions(&manifest, &input)?;
        let reading = Reading::new(&manifest, range(&manifest, &input)?.as_ref(), None)?;
        if reading.length > LARGEST_BODY {
            return Err(Error::EntityTooLarge.into());
        }
        let reception = Reception {
            declared: Declared { size: Some(reading.length), ..Declared::default() },
            algorithm: upload.intent.algorithm,
            md5: false,
            limit: LARGEST_BODY,
            idle_timeout: self.store.config.idle_timeout,
        };
        let blob = Blob::doomed(upload.arrival_path(self.store.random()));
        let bytes = reading::stream(&manifest, source, &reading);
        let received = receive::receive(bytes, blob, &reception).await?;
        let shows_checksum = upload.intent.declared;
        let part = self.keep(upload, number, received).await?;
        Ok(output(&part, shows_checksum))
    }
}

/// The key to copy from, which must be in the bucket that is copied to.
fn source_key(input: &UploadPartCopyInput) -> S3Result<String> {
    match &input.copy_source {
        CopySource::Bucket { bucket, key, version_id } if **bucket == *input.bucket => {
            no_version(version_id.as_deref())?;
            Ok(key.to_string())
        }
        _ => Err(not_implemented("a copy out of another bucket")),
    }
}

/// S3 API reference, "UploadPartCopy": where a `GET` would answer 304, a copy answers 412.
fn check_conditions(manifest: &Manifest, input: &UploadPartCopyInput) -> S3Result<()> {
    let held = preconditions(
        manifest,
        (input.copy_source_if_match.as_ref(), input.copy_source_if_unmodified_since.as_ref()),
        (input.copy_source_if_none_match.as_ref(), input.copy_source_if_modified_since.as_ref()),
    );
    held.map_err(|error| match error.code() {
        S3ErrorCode::NotModified => Error::PreconditionFailed.into(),
        _ => error,
    })
}

/// Unlike that of a `GET`, the range names both its ends, and they lie within the source.
fn range(manifest: &Manifest, input: &UploadPartCopyInput) -> S3Result<Option<Range>> {
    let Some(given) = &input.copy_source_range else { return Ok(None) };
    match Range::parse(given) {
        Ok(Range::Int { first, last: Some(last) }) if first <= last && last < manifest.size => {
            Ok(Some(Range::Int { first, last: Some(last) }))
        }
        Ok(Range::Int { last: Some(_), .. }) => Err(invalid_argument(format!(
            "Range specified is not valid for source object of size: {}",
            manifest.size
        ))),
        _ => Err(invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )),
    }
}

fn output(part: &Part, shows_checksum: bool) -> UploadPartCopyOutput {
    let shown = shows_checksum.then(|| convert::checksum_fields(part.sum.algorithm, part.sum.base64()));
    let fields = shown.unwrap_or_default();
    let copied = CopyPartResult {
        e_tag: strong(part.etag.as_ref()),
        last_modified: Some(timestamp(part.modified_ms)),
        checksum_crc32: fields.checksum_crc32,
        checksum_crc32c: fields.checksum_crc32c,
        checksum_crc64nvme: fields.checksum_crc64nvme,
        checksum_sha1: fields.checksum_sha1,
        checksum_sha256: fields.checksum_sha256,
    };
    UploadPartCopyOutput { copy_part_result: Some(copied), ..Default::default() }
}
