//! CompleteMultipartUpload: makes the object out of its parts. A 200 is not yet a success: the store may
//! have started its answer before it failed, and say so in the body.

use http::Method;

use crate::digest::Digest;
use crate::error::Error;
use crate::ops::{Checksums, ETag};
use crate::request::{Call, Operation, Response};
use crate::xml::Writer;

/// Completes an upload.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompleteMultipart<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// The parts in ascending order of their numbers.
    pub parts: &'a [CompletedPart],
    /// The object's size in bytes; a store that knows `x-amz-mp-object-size` refuses any other.
    pub object_size: Option<u64>,
    /// Refuse when the key is taken (`If-None-Match: *`).
    pub if_none_match: bool,
}

/// A part as ListParts gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its number.
    pub number: u16,
    /// Its tag.
    pub etag: ETag,
    /// Its checksum; needed when the upload declared SHA-256.
    pub sha256: Option<Digest>,
}

/// The object that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedObject {
    /// Its tag; empty where the store leaves it so, as Ceph 16 does in its first answer.
    pub etag: ETag,
    /// Its checksums, when the store keeps them.
    pub checksums: Checksums,
}

impl Operation for CompleteMultipart<'_> {
    type Answer = CompletedObject;

    fn call(&self) -> Call<'_> {
        Call::new(Method::POST, self.key)
            .query("uploadId", self.upload_id)
            .header("content-type", "application/xml")
            .header_some("if-none-match", self.if_none_match.then_some("*"))
            .header_some("x-amz-mp-object-size", self.object_size.map(|size| size.to_string()))
            .body(document(self.parts))
    }

    fn answer(&self, response: &Response<'_>) -> Result<CompletedObject, Error> {
        let root = response.document("CompleteMultipartUploadResult")?;
        let etag = root.text_of("ETag").map(ETag::new).ok_or_else(|| response.lacks("ETag"))?;
        Ok(CompletedObject { etag, checksums: Checksums::from_xml(&root) })
    }
}

fn document(parts: &[CompletedPart]) -> Vec<u8> {
    Writer::document("CompleteMultipartUpload", |xml| {
        for part in parts {
            xml.element("Part", |xml| {
                if let Some(digest) = &part.sha256 {
                    xml.leaf("ChecksumSHA256", &digest.to_base64());
                }
                xml.leaf("ETag", &part.etag.quoted());
                xml.leaf("PartNumber", &part.number.to_string());
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(body: &str) -> Result<CompletedObject, Error> {
        let response = Response { status: 200, headers: &HeaderMap::new(), body: body.as_bytes() };
        CompleteMultipart::default().answer(&response)
    }

    #[test]
    fn reads_an_object_with_or_without_a_tag() {
        let told =
            "<CompleteMultipartUploadResult><ETag>&quot;a-1&quot;</ETag></CompleteMultipartUploadResult>";
        assert_eq!(answer(told).unwrap().etag.as_str(), "a-1");
        let empty = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>";
        assert_eq!(answer(empty).unwrap().etag.as_str(), "");
    }

    #[test]
    fn a_200_may_be_a_failure() {
        let error = answer("<Error><Code>InternalError</Code></Error>").unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert!(answer("").is_err());
    }
}
