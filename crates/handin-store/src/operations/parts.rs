//! Multipart uploads: begin, add a part, list parts, complete, abort.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::Operations;
use super::buckets::owner;
use super::convert::{self, condition, invalid_argument, strong, timestamp};
use super::objects::{
    DEFAULT_ALGORITHM, LARGEST_BODY, object_checksum_fields, storage_class, stored_encoding,
};
use crate::digest::Algorithm;
use crate::folder::blob::Blob;
use crate::folder::complete::{self, Claim, Claims, MAXIMUM_PART_NUMBER};
use crate::folder::receive::{self, Reception, blocking};
use crate::folder::upload::{Arrival, Intent};
use crate::folder::{Headers, Manifest, Part, Upload};

/// The most parts that one page of ListParts shows.
const MOST_PARTS: i32 = 1000;

impl Operations {
    pub(super) async fn begin(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket)?;
        let name = input.bucket.clone();
        let intent = self.intent(input)?;
        let upload = blocking(move || bucket.begin(intent)).await??;
        let intent = &upload.intent;
        let (checksum_algorithm, checksum_type) = shown(intent).unzip();
        Ok(CreateMultipartUploadOutput {
            bucket: Some(name),
            key: Some(intent.key.clone()),
            upload_id: Some(intent.id.clone()),
            checksum_algorithm,
            checksum_type,
            ..Default::default()
        })
    }

    fn intent(&self, input: CreateMultipartUploadInput) -> S3Result<Intent> {
        let named = input.checksum_algorithm.as_ref().map(convert::algorithm).transpose()?;
        let algorithm = named.unwrap_or(DEFAULT_ALGORITHM);
        let kind = match &input.checksum_type {
            Some(given) => convert::kind(given)?,
            None => algorithm.default_kind(),
        };
        if !algorithm.allows(kind) {
            let name = algorithm.name();
            let message = format!("The {kind:?} checksum type cannot be used with the {name} algorithm.");
            return Err(convert::invalid(message));
        }
        Ok(Intent {
            id: self.store.new_id(),
            initiated_ms: self.store.now_ms(),
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
            algorithm,
            kind,
            declared: named.is_some(),
            key: input.key,
        })
    }

    pub(super) async fn add_part(&self, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let S3Request { mut input, headers, trailing_headers, .. } = req;
        let number = part_number(input.part_number)?;
        let upload = self.bucket(&input.bucket)?.upload(&input.key, &input.upload_id)?;
        let reception = self.part_reception(&input, &headers, upload.intent.algorithm)?;
        let body = input.body.take().ok_or_else(|| convert::invalid("There is no body".to_owned()))?;
        let blob = Blob::doomed(upload.arrival_path(self.store.random()));
        let received = receive::receive(body, blob, &reception).await?;
        convert::check_trailers(&reception.declared.trailers, trailing_headers.as_ref(), &received.sums)?;
        let echoed = received.sums.sums.iter().map(|sum| (sum.algorithm, sum.base64())).collect();
        let part = self.keep(upload, number, received).await?;
        Ok(part_output(&part, echoed))
    }

    fn part_reception(
        &self,
        input: &UploadPartInput,
        headers: &http::HeaderMap,
        algorithm: Algorithm,
    ) -> S3Result<Reception> {
        let sums = convert::sums([
            input.checksum_crc32.as_ref(),
            input.checksum_crc32c.as_ref(),
            input.checksum_crc64nvme.as_ref(),
            input.checksum_sha1.as_ref(),
            input.checksum_sha256.as_ref(),
        ])?;
        let declared = convert::declared(headers, input.content_length, input.content_md5.as_deref(), sums)?;
        Ok(Reception {
            declared,
            algorithm,
            md5: false,
            limit: LARGEST_BODY,
            idle_timeout: self.store.config.idle_timeout,
        })
    }

    pub(super) async fn keep(
        &self,
        upload: Arc<Upload>,
        number: u16,
        received: receive::Received,
    ) -> S3Result<Part> {
        let (sum, etag) = received.kept(upload.intent.algorithm)?;
        let arrival = Arrival {
            number,
            size: received.size,
            modified_ms: self.store.now_ms(),
            etag: etag.into(),
            sum,
            blob: received.blob,
        };
        Ok(blocking(move || upload.add(arrival)).await??)
    }

    pub(super) fn parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let upload = self.bucket(&input.bucket)?.upload(&input.key, &input.upload_id)?;
        let limit = input.max_parts.unwrap_or(MOST_PARTS).clamp(0, MOST_PARTS);
        let marker = input.part_number_marker.unwrap_or(0);
        let after = u16::try_from(marker.clamp(0, MAXIMUM_PART_NUMBER.into())).unwrap_or(u16::MAX);
        let (page, truncated) = complete::parts_after(&upload, after, usize::try_from(limit).unwrap_or(0));
        let (checksum_algorithm, checksum_type) = shown(&upload.intent).unzip();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            max_parts: Some(limit),
            part_number_marker: Some(marker),
            next_part_number_marker: page.last().map(|(number, _)| i32::from(*number)),
            is_truncated: Some(truncated && limit > 0),
            parts: Some(page.iter().map(|(number, part)| listed(*number, part, &upload.intent)).collect()),
            checksum_algorithm,
            checksum_type,
            owner: Some(owner()),
            storage_class: upload.intent.headers.storage_class.clone().map(Into::into),
            ..Default::default()
        })
    }

    pub(super) async fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket)?;
        let claims = self.claims(&input)?;
        let (key, id) = (input.key, input.upload_id);
        let manifest = blocking(move || bucket.complete(&key, &id, &claims)).await??;
        Ok(complete_output(input.bucket, manifest))
    }

    fn claims(&self, input: &CompleteMultipartUploadInput) -> S3Result<Claims> {
        let given = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_ref());
        let parts = given.into_iter().flatten().map(claim).collect::<S3Result<Vec<_>>>()?;
        let upload = self.bucket(&input.bucket)?.upload(&input.key, &input.upload_id);
        let kind = upload.map_or(crate::digest::Kind::FullObject, |upload| upload.intent.kind);
        Ok(Claims {
            parts,
            size: input.mpu_object_size.map(|size| u64::try_from(size).unwrap_or(0)),
            checksum: convert::object_checksum(
                [
                    input.checksum_crc32.as_ref(),
                    input.checksum_crc32c.as_ref(),
                    input.checksum_crc64nvme.as_ref(),
                    input.checksum_sha1.as_ref(),
                    input.checksum_sha256.as_ref(),
                ],
                input.checksum_type.as_ref(),
                kind,
            )?,
            condition: condition(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            now_ms: self.store.now_ms(),
        })
    }

    pub(super) async fn abort(
        &self,
        input: AbortMultipartUploadInput,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket)?;
        blocking(move || bucket.abort(&input.key, &input.upload_id)).await??;
        Ok(AbortMultipartUploadOutput::default())
    }
}

/// The algorithm and kind of an upload, if its client named one.
pub(super) fn shown(intent: &Intent) -> Option<(ChecksumAlgorithm, ChecksumType)> {
    let algorithm = ChecksumAlgorithm::from_static(intent.algorithm.name());
    intent.declared.then(|| (algorithm, convert::checksum_type(intent.kind)))
}

pub(super) fn part_number(given: i32) -> S3Result<u16> {
    let number = u16::try_from(given).ok().filter(|number| (1..=MAXIMUM_PART_NUMBER).contains(number));
    number.ok_or_else(|| invalid_argument("Part number must be an integer between 1 and 10000, inclusive"))
}

fn part_output(part: &Part, sums: Vec<(Algorithm, String)>) -> UploadPartOutput {
    let mut output = UploadPartOutput { e_tag: strong(part.etag.as_ref()), ..Default::default() };
    for (algorithm, value) in sums {
        let field = match algorithm {
            Algorithm::Crc32 => &mut output.checksum_crc32,
            Algorithm::Crc32c => &mut output.checksum_crc32c,
            Algorithm::Crc64nvme => &mut output.checksum_crc64nvme,
            Algorithm::Sha1 => &mut output.checksum_sha1,
            Algorithm::Sha256 => &mut output.checksum_sha256,
        };
        *field = Some(value);
    }
    output
}

fn listed(number: u16, part: &Part, intent: &Intent) -> s3s::dto::Part {
    let shown = intent.declared.then(|| convert::checksum_fields(intent.algorithm, part.sum.base64()));
    let fields = shown.unwrap_or_default();
    s3s::dto::Part {
        part_number: Some(number.into()),
        size: i64::try_from(part.size).ok(),
        e_tag: strong(part.etag.as_ref()),
        last_modified: Some(timestamp(part.modified_ms)),
        checksum_crc32: fields.checksum_crc32,
        checksum_crc32c: fields.checksum_crc32c,
        checksum_crc64nvme: fields.checksum_crc64nvme,
        checksum_sha1: fields.checksum_sha1,
        checksum_sha256: fields.checksum_sha256,
    }
}

fn claim(part: &CompletedPart) -> S3Result<Claim> {
    let sums = convert::sums([
        part.checksum_crc32.as_ref(),
        part.checksum_crc32c.as_ref(),
        part.checksum_crc64nvme.as_ref(),
        part.checksum_sha1.as_ref(),
        part.checksum_sha256.as_ref(),
    ])?;
    let number = part.part_number.ok_or_else(|| invalid_argument("PartNumber is missing"))?;
    let etag = part.e_tag.as_ref().map(|etag| etag.value().to_owned());
    Ok(Claim { number: part_number(number)?, etag, sums })
}

fn complete_output(bucket: String, manifest: Manifest) -> CompleteMultipartUploadOutput {
    let fields = object_checksum_fields(&manifest.checksum);
    CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{}", crate::listing::url_encode(&manifest.key))),
        bucket: Some(bucket),
        key: Some(manifest.key),
        e_tag: strong(manifest.etag),
        checksum_crc32: fields.checksum_crc32,
        checksum_crc32c: fields.checksum_crc32c,
        checksum_crc64nvme: fields.checksum_crc64nvme,
        checksum_sha1: fields.checksum_sha1,
        checksum_sha256: fields.checksum_sha256,
        checksum_type: Some(convert::checksum_type(manifest.checksum.kind)),
        ..Default::default()
    }
}
