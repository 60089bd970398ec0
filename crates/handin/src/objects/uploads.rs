//! Multipart uploads, from creation to completion or abort.

use handin_core::{StorageClass, StoredPart};
use handin_s3::Digest;
pub use handin_s3::ops::UploadsMarker;
use handin_s3::ops::{
    AbortMultipart, ChecksumAlgorithm, CompleteMultipart, CompletedPart, CreateMultipart, ETag,
    ListMultipartUploads, ListParts, ListedPart, ListedUpload,
};
use jiff::Timestamp;

use super::{Error, ErrorKind, Objects, WRITE_TOKEN};

/// The call that opens an upload, by its name in the metrics.
pub(super) const CREATE_UPLOAD: &str = "create_upload";

/// What an upload is held to from its creation.
#[derive(Clone, Copy, Debug)]
pub struct CreateUpload<'a> {
    /// The media type the object will have.
    pub content_type: &'a str,
    /// Kept by the store as user metadata; proves later that the object is this recording's.
    pub write_token: &'a str,
    /// Ask the store to check each part's SHA-256 and to keep it. Every part must then come with one.
    pub declare_sha256: bool,
    /// How the store is to keep the object. Of `Standard` nothing is said.
    pub storage_class: StorageClass,
}

/// An open upload as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUpload {
    /// The object's key.
    pub key: String,
    /// The store's id of the upload.
    pub upload_id: String,
    /// When it was created, if the store tells.
    pub created_at: Option<Timestamp>,
}

/// One page of open uploads, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadsPage {
    /// The uploads.
    pub uploads: Vec<OpenUpload>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<UploadsMarker>,
}

impl Objects {
    /// Opens an upload and gives the store's id of it. A lost answer can leave a second, empty upload behind, which the
    /// bucket's lifecycle rule ends.
    ///
    /// # Errors
    /// As every call: `Denied`, `NoSuchBucket`, `Unavailable`, `Timeout`, `Other`; see [`Error::is_unknown_class`].
    pub async fn create_upload(&self, key: &str, create: CreateUpload<'_>) -> Result<String, Error> {
        let operation = CreateMultipart {
            key,
            content_type: Some(create.content_type),
            checksum: create.declare_sha256.then_some(ChecksumAlgorithm::Sha256),
            metadata: &[(WRITE_TOKEN, create.write_token)],
            storage_class: named(create.storage_class),
            ..CreateMultipart::default()
        };
        Ok(self.call(CREATE_UPLOAD, &operation).await?.upload_id)
    }

    /// All parts that the store holds of an upload, by number.
    ///
    /// # Errors
    /// `NoSuchUpload`; and as every call.
    pub async fn list_parts(&self, key: &str, upload_id: &str) -> Result<Vec<StoredPart>, Error> {
        let (mut parts, mut after) = (Vec::new(), None);
        loop {
            let operation = ListParts { key, upload_id, after, max: None };
            let page = self.call("list_parts", &operation).await.map_err(no_such_upload)?;
            parts.extend(page.parts.iter().map(stored_part));
            after = page.next;
            if after.is_none() {
                return Ok(parts);
            }
        }
    }

    /// Makes the object of `size` bytes out of `parts`, as [`Objects::list_parts`] gave them. Tried once.
    ///
    /// After `Unavailable`, `Timeout` or `NoSuchUpload` the object may stand: look at it with [`Objects::head`] and
    /// compare the write token before trying again.
    ///
    /// # Errors
    /// `NoSuchUpload`, `TooSmall`, `InvalidPart`, `PreconditionFailed`, `Conflict`; and as every call.
    pub async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[StoredPart],
        size: u64,
    ) -> Result<(), Error> {
        let parts = parts.iter().map(completed_part).collect::<Result<Vec<_>, _>>()?;
        let operation = CompleteMultipart {
            key,
            upload_id,
            parts: &parts,
            object_size: Some(size),
            if_none_match: false,
        };
        self.call_once("complete_upload", &operation).await.map(|_| ()).map_err(no_such_upload)
    }

    /// Gives up an upload and all its parts. An upload that is gone already is a success.
    ///
    /// # Errors
    /// As every call.
    pub async fn abort(&self, key: &str, upload_id: &str) -> Result<(), Error> {
        match self.call("abort_upload", &AbortMultipart { key, upload_id }).await.map_err(no_such_upload) {
            Err(error) if error.is_no_such_upload() => Ok(()),
            other => other,
        }
    }

    /// One page of the uploads that are open under keys beginning with `prefix`.
    ///
    /// # Errors
    /// As every call.
    pub async fn list_uploads(
        &self,
        prefix: &str,
        after: Option<&UploadsMarker>,
    ) -> Result<UploadsPage, Error> {
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        let page = self.call("list_uploads", &ListMultipartUploads { prefix, after, max: None }).await?;
        Ok(UploadsPage { uploads: page.uploads.into_iter().map(open_upload).collect(), next: page.next })
    }
}

/// An upload needs no object, so a key that is missing stands for the upload; Ceph 16 says so once it is aborted.
pub(super) fn no_such_upload(error: Error) -> Error {
    match error.kind {
        ErrorKind::NoSuchKey => Error { kind: ErrorKind::NoSuchUpload, ..error },
        _ => error,
    }
}

fn stored_part(part: &ListedPart) -> StoredPart {
    StoredPart {
        number: part.number.into(),
        size: part.size,
        etag: part.etag.as_str().to_owned(),
        sha256: part.sha256.map(|digest| *digest.as_bytes()),
    }
}

fn completed_part(part: &StoredPart) -> Result<CompletedPart, Error> {
    let number = u16::try_from(part.number)
        .map_err(|_| Error { call: "complete_upload", kind: ErrorKind::InvalidPart })?;
    Ok(CompletedPart { number, etag: ETag::new(&part.etag), sha256: part.sha256.map(Digest::new) })
}

fn open_upload(upload: ListedUpload) -> OpenUpload {
    let created_at = upload.initiated.and_then(|seconds| Timestamp::from_second(seconds).ok());
    OpenUpload { key: upload.key, upload_id: upload.upload_id, created_at }
}

/// The name of a class, where it is not what stores do unasked.
pub(super) fn named(class: StorageClass) -> Option<&'static str> {
    Some(class.as_str()).filter(|_| class != StorageClass::Standard)
}
