//! Parts that the server makes: sent by itself, or copied within the store. What it answers about them is not looked
//! at, because what counts is what [`Objects::list_parts`] shows.

use std::time::Duration;

use bytes::Bytes;
use handin_core::Sha256;
use handin_s3::Digest;
use handin_s3::ops::{ByteRange, UploadPart, UploadPartCopy};

use super::object::SLOWEST;
use super::uploads::no_such_upload;
use super::{Error, ErrorKind, Objects};

const UPLOAD_PART: &str = "upload_part";
const COPY_PART: &str = "copy_part";

/// Where a part of an open upload goes.
#[derive(Clone, Copy, Debug)]
pub struct PartPlace<'a> {
    /// The key of the object that is being made.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// 1 to 10,000.
    pub number: u32,
}

/// Consecutive bytes of an object.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The first byte, from 0.
    pub first: u64,
    /// How many; at least one.
    pub size: u64,
}

impl Objects {
    /// Sends a part; `sha256`, where it is given, is checked by stores that can. Sending a number again replaces it.
    ///
    /// # Errors
    /// `NoSuchUpload`; and as every call.
    pub async fn upload_part(
        &self,
        place: PartPlace<'_>,
        bytes: Bytes,
        sha256: Option<Sha256>,
    ) -> Result<(), Error> {
        let PartPlace { key, upload_id, .. } = place;
        let (number, size) = (number(UPLOAD_PART, place)?, bytes.len() as u64);
        let operation = UploadPart { key, upload_id, number, size, sha256: sha256.map(Digest::new) };
        let limit = self.limit_for(size);
        let attempt = || self.give_once(UPLOAD_PART, &operation, bytes.clone(), limit);
        self.0.retries.run(attempt).await.map(drop).map_err(no_such_upload)
    }

    /// Has the store make a part out of an object's bytes, which do not pass here. Copying to a number again replaces
    /// it.
    ///
    /// # Errors
    /// `NoSuchUpload`; `NoSuchKey` when the object is gone; `Other` with status 501 where the store copies no parts;
    /// and as every call.
    pub async fn copy_part(&self, place: PartPlace<'_>, from: Piece<'_>) -> Result<(), Error> {
        let PartPlace { key, upload_id, .. } = place;
        let operation = UploadPartCopy {
            key,
            upload_id,
            number: number(COPY_PART, place)?,
            source_bucket: &self.bucket(),
            source: from.key,
            range: Some(ByteRange { first: from.first, last: Some(from.first + from.size - 1) }),
        };
        let limit = self.limit_for(from.size);
        let attempt = || self.give_once(COPY_PART, &operation, Bytes::new(), limit);
        self.0.retries.run(attempt).await.map(drop)
    }

    /// How long one try may take that moves so many bytes.
    pub(super) fn limit_for(&self, size: u64) -> Duration {
        self.0.limits.call + Duration::from_secs(size / SLOWEST)
    }
}

fn number(call: &'static str, place: PartPlace<'_>) -> Result<u16, Error> {
    u16::try_from(place.number).map_err(|_| Error { call, kind: ErrorKind::InvalidPart })
}
