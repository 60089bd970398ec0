//! CreateMultipartUpload: opens an upload and declares, once and for all parts, its type, checksum
//! algorithm, metadata and storage class.

use http::Method;

use crate::error::Error;
use crate::ops::{ChecksumAlgorithm, ChecksumType};
use crate::request::{Call, Operation, Response};

/// Opens an upload.
#[derive(Clone, Debug, Default)]
pub struct CreateMultipart<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The media type the object will have.
    pub content_type: Option<&'a str>,
    /// The algorithm the store shall check parts with. Undeclared, a wrong whole-object checksum may pass.
    pub checksum: Option<ChecksumAlgorithm>,
    /// What the object's checksum shall cover; the store's default when absent.
    pub checksum_type: Option<ChecksumType>,
    /// The storage class, for example `GLACIER_IR`.
    pub storage_class: Option<&'a str>,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// An open upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedMultipart {
    /// The store's id of the upload.
    pub upload_id: String,
    /// The algorithm that the store has taken note of; `None` when it does not tell.
    pub checksum: Option<ChecksumAlgorithm>,
}

impl Operation for CreateMultipart<'_> {
    type Answer = CreatedMultipart;

    fn call(&self) -> Call<'_> {
        Call::new(Method::POST, self.key)
            .query("uploads", "")
            .header_some("content-type", self.content_type)
            .header_some("x-amz-checksum-algorithm", self.checksum.map(ChecksumAlgorithm::name))
            .header_some("x-amz-checksum-type", self.checksum_type.map(ChecksumType::name))
            .header_some("x-amz-storage-class", self.storage_class)
            .metadata(self.metadata)
    }

    fn answer(&self, response: &Response<'_>) -> Result<CreatedMultipart, Error> {
        let root = response.document("InitiateMultipartUploadResult")?;
        let upload_id = root.filled("UploadId").ok_or_else(|| response.lacks("UploadId"))?.to_owned();
        let checksum = response.header("x-amz-checksum-algorithm").and_then(ChecksumAlgorithm::from_name);
        Ok(CreatedMultipart { upload_id, checksum })
    }
}
