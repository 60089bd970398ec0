//! Whole objects: their proof, their bytes for reading back, their end.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::{Sha256, StorageClass};
use handin_s3::ops::{ByteRange, DeleteObject, DeleteObjects, GetObject, HeadObject, ObjectHead};
use handin_s3::{Composite, Digest as S3Digest, Operation as _};
use http::StatusCode;
use sha2::Digest as _;
use tokio::sync::Mutex;

use super::parts::Piece;
use super::send::refusal;
use super::{Error, ErrorKind, Objects, WRITE_TOKEN};

/// Ranges read back at once. More would help one recording and starve the rest.
const READERS: usize = 4;
/// The slowest way of bytes that is waited for, in bytes a second.
pub(super) const SLOWEST: u64 = 1 << 20;
const READ: &str = "read";
/// S3's limit for one DeleteObjects (S3 API reference).
const MOST_DELETES: usize = 1_000;

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
    /// How it is kept; `None` is a class that we have no name for.
    pub storage_class: Option<StorageClass>,
    /// Whether it can be read for now, although it lies in an archive.
    pub is_restored: bool,
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

    /// Deletes objects, a thousand with each call. Those that are gone already are a success.
    ///
    /// # Errors
    /// As every call; `Other` naming the first that the store does not let go.
    pub async fn delete_all(&self, keys: &[&str]) -> Result<(), Error> {
        for keys in keys.chunks(MOST_DELETES) {
            let outcome = self.call("delete_objects", &DeleteObjects { keys }).await?;
            if let Some(failed) = outcome.failed.first() {
                let (code, message) =
                    (failed.code.name().to_owned(), format!("{}: {}", failed.key, failed.message));
                let kind = ErrorKind::Other { code, status: 200, message };
                return Err(Error { call: "delete_objects", kind });
            }
        }
        Ok(())
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
        let mut hash = sha2::Sha256::new();
        self.read(Piece { key, first, size }, |bytes| hash.update(bytes)).await?;
        Ok(hash.finalize().into())
    }

    /// Reads bytes of an object and gives them to `take` as they come, each once and in order: where a connection
    /// breaks, the next one goes on.
    ///
    /// # Errors
    /// `NoSuchKey`; `Other` when the object ends before; and as every call.
    pub async fn read(&self, piece: Piece<'_>, take: impl FnMut(&[u8]) + Send) -> Result<(), Error> {
        if piece.size == 0 {
            return Ok(());
        }
        let reading = Mutex::new(Reading { at: piece.first, end: piece.first + piece.size, take });
        let limit = self.limit_for(piece.size);
        let attempt = || self.timed(READ, limit, self.read_on(piece.key, &reading));
        self.0.retries.run(attempt).await
    }

    async fn read_on<T: FnMut(&[u8])>(&self, key: &str, reading: &Mutex<Reading<T>>) -> Result<(), Error> {
        let mut reading = reading.lock().await;
        if reading.at == reading.end {
            // The last connection broke behind the last byte.
            return Ok(());
        }
        let range = ByteRange { first: reading.at, last: Some(reading.end - 1) };
        let operation = GetObject { key, range: Some(range), ..GetObject::default() };
        let mut response = self.exchange(READ, &operation.call(), Bytes::new()).await?;
        if !response.status().is_success() {
            return Err(refusal(READ, response).await);
        }
        // A store that ignores the range begins at the beginning.
        if reading.at > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
            return Err(reading.wrong("the store does not serve ranges"));
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| Error::unanswered(READ, error))? {
            reading.take(&chunk)?;
        }
        match reading.at == reading.end {
            true => Ok(()),
            false => Err(reading.wrong("the object ends before")),
        }
    }
}

/// Bytes on their way to whoever wants them.
struct Reading<T> {
    at: u64,
    end: u64,
    take: T,
}

impl<T: FnMut(&[u8])> Reading<T> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() as u64 > self.end - self.at {
            return Err(self.wrong("more bytes came"));
        }
        (self.take)(bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn wrong(&self, what: &str) -> Error {
        let message = format!("bytes up to {} were asked for, at {}: {what}", self.end, self.at);
        Error { call: READ, kind: ErrorKind::Other { code: String::new(), status: 206, message } }
    }
}

fn read_head(head: ObjectHead) -> Head {
    Head {
        size: head.size,
        etag: head.etag.map(|etag| etag.as_str().to_owned()),
        write_token: head.metadata.get(WRITE_TOKEN).cloned(),
        sha256: head.checksums.sha256.as_deref().and_then(read_digest),
        content_type: head.content_type,
        storage_class: match head.storage_class {
            None => Some(StorageClass::Standard),
            Some(class) => class.parse().ok(),
        },
        is_restored: head.is_restored,
    }
}

fn read_digest(text: &str) -> Option<ObjectDigest> {
    let full = S3Digest::from_base64(text).map(|digest| ObjectDigest::Full(*digest.as_bytes()));
    let composite = || text.parse::<Composite>();
    let composite = || composite().map(|it| ObjectDigest::Composite(*it.digest.as_bytes(), it.parts));
    full.or_else(|_| composite()).ok()
}
