//! Whole objects: their proof, their bytes for reading back, their end.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::Sha256;
use handin_s3::ops::{ByteRange, DeleteObject, GetObject, HeadObject, ObjectHead};
use handin_s3::{Composite, Digest as S3Digest, Operation as _};
use sha2::Digest as _;

use super::send::refusal;
use super::{Error, ErrorKind, Objects, WRITE_TOKEN};

/// Ranges read back at once. More would help one recording and starve the rest.
const READERS: usize = 4;
/// The slowest reading that is waited for, in bytes a second.
const SLOWEST: u64 = 1 << 20;
const READ_BACK: &str = "read_back";

/// What the store says about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// The store's opaque tag.
    pub etag: Option<String>,
    /// The write token that the object was stored with.
    pub write_token: Option<String>,
    /// The store's SHA-256, where it keeps one.
    pub sha256: Option<ObjectDigest>,
    /// The media type.
    pub content_type: Option<String>,
}

/// The SHA-256 that a store keeps of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectDigest {
    /// Over the bytes.
    Full(Sha256),
    /// Over the digests of the parts, and how many they were.
    Composite(Sha256, u32),
}

impl Objects {
    /// What the store says about an object; `None` when none stands under the key.
    ///
    /// # Errors
    /// As every call.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, Error> {
        match self.call("head", &HeadObject { key, checksums: true }).await {
            Ok(head) => Ok(Some(read_head(head))),
            Err(Error { kind: ErrorKind::NoSuchKey, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object. One that is gone already is a success.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.call("delete", &DeleteObject { key }).await {
            Err(Error { kind: ErrorKind::NoSuchKey, .. }) => Ok(()),
            other => other,
        }
    }

    /// Reads an object back and hashes its consecutive ranges of `sizes` bytes: the digests of its parts, for stores
    /// that keep none. Nothing is held in memory but what is on its way.
    ///
    /// # Errors
    /// `NoSuchKey`; `Other` when the object is shorter than the ranges; and as every call.
    pub async fn hash_object(&self, key: &str, sizes: &[u64]) -> Result<Vec<Sha256>, Error> {
        let ranges = sizes.iter().scan(0, |end, size| {
            let first = *end;
            *end += size;
            Some((first, *size))
        });
        let hashes = ranges.map(|(first, size)| self.hash_range(key, first, size));
        stream::iter(hashes.collect::<Vec<_>>()).buffered(READERS).try_collect().await
    }

    async fn hash_range(&self, key: &str, first: u64, size: u64) -> Result<Sha256, Error> {
        if size == 0 {
            return Ok(sha2::Sha256::digest([]).into());
        }
        let limit = self.0.limits.call + Duration::from_secs(size / SLOWEST);
        let attempt = || self.timed(READ_BACK, limit, self.hash_range_once(key, first, size));
        self.0.retries.run(attempt).await
    }

    async fn hash_range_once(&self, key: &str, first: u64, size: u64) -> Result<Sha256, Error> {
        let range = ByteRange { first, last: Some(first + size - 1) };
        let operation = GetObject { key, range: Some(range), ..GetObject::default() };
        let mut response = self.exchange(READ_BACK, operation.call()).await?;
        if !response.status().is_success() {
            return Err(refusal(READ_BACK, response).await);
        }
        let (mut hash, mut read) = (sha2::Sha256::new(), 0);
        while let Some(chunk) = response.chunk().await.map_err(|error| Error::unanswered(READ_BACK, error))? {
            hash.update(&chunk);
            read += chunk.len() as u64;
        }
        match read == size {
            true => Ok(hash.finalize().into()),
            false => Err(wrong_length(size, read)),
        }
    }
}

fn read_head(head: ObjectHead) -> Head {
    Head {
        size: head.size,
        etag: head.etag.map(|etag| etag.as_str().to_owned()),
        write_token: head.metadata.get(WRITE_TOKEN).cloned(),
        sha256: head.checksums.sha256.as_deref().and_then(read_digest),
        content_type: head.content_type,
    }
}

fn read_digest(text: &str) -> Option<ObjectDigest> {
    let full = S3Digest::from_base64(text).map(|digest| ObjectDigest::Full(*digest.as_bytes()));
    let composite = || text.parse::<Composite>();
    let composite = || composite().map(|it| ObjectDigest::Composite(*it.digest.as_bytes(), it.parts));
    full.or_else(|_| composite()).ok()
}

fn wrong_length(wanted: u64, read: u64) -> Error {
    let message = format!("{wanted} bytes were asked for, {read} came");
    Error { call: READ_BACK, kind: ErrorKind::Other { code: String::new(), status: 206, message } }
}
