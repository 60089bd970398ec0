//! UploadPart: sends one numbered slice. The body is the caller's; sending a number again replaces it.

use http::Method;

use crate::digest::Digest;
use crate::error::Error;
use crate::ops::ETag;
use crate::request::{Call, Operation, Response};

/// Sends one part.
#[derive(Clone, Copy, Debug)]
pub struct UploadPart<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// 1 to 10,000.
    pub number: u16,
    /// The exact length in bytes.
    pub size: u64,
    /// The part's checksum.
    pub sha256: Option<Digest>,
}

/// A part that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its tag.
    pub etag: ETag,
    /// The checksum that the store computed, when it keeps them.
    pub sha256: Option<Digest>,
}

impl Operation for UploadPart<'_> {
    type Answer = StoredPart;

    fn call(&self) -> Call<'_> {
        Call::new(Method::PUT, self.key)
            .query("partNumber", self.number.to_string())
            .query("uploadId", self.upload_id)
            .header("content-length", self.size.to_string())
            .header_some("x-amz-checksum-sha256", self.sha256.map(|digest| digest.to_base64()))
    }

    fn answer(&self, response: &Response<'_>) -> Result<StoredPart, Error> {
        response.success()?;
        let etag = response.etag().ok_or_else(|| response.lacks("ETag"))?;
        let sha256 = response.header("x-amz-checksum-sha256").and_then(|text| Digest::from_base64(text).ok());
        Ok(StoredPart { etag, sha256 })
    }
}
