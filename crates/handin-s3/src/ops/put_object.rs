//! PutObject: a whole object in one request. The body is the caller's.

use http::Method;

use crate::digest::Digest;
use crate::error::Error;
use crate::ops::{Checksums, ETag};
use crate::request::{Call, Operation, Response};

/// Stores an object.
#[derive(Clone, Copy, Debug, Default)]
pub struct PutObject<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The exact length in bytes; unbound when absent.
    pub size: Option<u64>,
    /// The media type.
    pub content_type: Option<&'a str>,
    /// The object's checksum.
    pub sha256: Option<Digest>,
    /// Refuse when the key is taken (`If-None-Match: *`).
    pub if_none_match: bool,
    /// The storage class, for example `GLACIER_IR`.
    pub storage_class: Option<&'a str>,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// An object that the store has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its tag.
    pub etag: ETag,
    /// Its checksums, when the store keeps them.
    pub checksums: Checksums,
}

impl Operation for PutObject<'_> {
    type Answer = StoredObject;

    fn call(&self) -> Call<'_> {
        Call::new(Method::PUT, self.key)
            .header_some("content-length", self.size.map(|size| size.to_string()))
            .header_some("content-type", self.content_type)
            .header_some("if-none-match", self.if_none_match.then_some("*"))
            .header_some("x-amz-checksum-sha256", self.sha256.map(|digest| digest.to_base64()))
            .header_some("x-amz-storage-class", self.storage_class)
            .metadata(self.metadata)
    }

    fn answer(&self, response: &Response<'_>) -> Result<StoredObject, Error> {
        response.success()?;
        let etag = response.etag().ok_or_else(|| response.lacks("ETag"))?;
        Ok(StoredObject { etag, checksums: Checksums::from_headers(response) })
    }
}
