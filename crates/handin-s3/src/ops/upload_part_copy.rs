//! UploadPartCopy: makes a part out of bytes that the store has already. Who may name a source may read it, so this
//! call is signed by headers ([`Call::authorize`]) and never handed out as a URL. A 200 is not yet a success: the
//! store may have started its answer before it failed, and say so in the body.

use http::Method;

use crate::digest::Digest;
use crate::encode::{Slash, encode};
use crate::error::Error;
use crate::ops::{ByteRange, ETag, StoredPart};
use crate::request::{Call, Operation, Response};

/// Copies an object, or a range of it, into a part.
#[derive(Clone, Copy, Debug)]
pub struct UploadPartCopy<'a> {
    /// The key of the object that is being made.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// 1 to 10,000.
    pub number: u16,
    /// The bucket to copy from.
    pub source_bucket: &'a str,
    /// The key to copy from.
    pub source: &'a str,
    /// Only these bytes; stores want both ends to be named.
    pub range: Option<ByteRange>,
}

impl Operation for UploadPartCopy<'_> {
    type Answer = StoredPart;

    fn call(&self) -> Call<'_> {
        let source = format!("/{}/{}", self.source_bucket, encode(self.source, Slash::Keep));
        Call::new(Method::PUT, self.key)
            .query("partNumber", self.number.to_string())
            .query("uploadId", self.upload_id)
            .header("x-amz-copy-source", source)
            .header_some("x-amz-copy-source-range", self.range.map(ByteRange::header))
    }

    fn answer(&self, response: &Response<'_>) -> Result<StoredPart, Error> {
        let root = response.document("CopyPartResult")?;
        let etag = root.filled("ETag").map(ETag::new).ok_or_else(|| response.lacks("ETag"))?;
        let sha256 = root.filled("ChecksumSHA256").and_then(|text| Digest::from_base64(text).ok());
        Ok(StoredPart { etag, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    const COPY: UploadPartCopy<'static> = UploadPartCopy {
        key: "new",
        upload_id: "u",
        number: 2,
        source_bucket: "exams",
        source: "webcam/한 1.webm",
        range: Some(ByteRange { first: 5, last: Some(9) }),
    };

    fn answer(body: &str) -> Result<StoredPart, Error> {
        COPY.answer(&Response { status: 200, headers: &HeaderMap::new(), body: body.as_bytes() })
    }

    #[test]
    fn names_the_source_as_a_header_can_carry_it() {
        let call = COPY.call();
        let headers: Vec<_> =
            call.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        assert_eq!(
            headers,
            [
                ("x-amz-copy-source", "/exams/webcam/%ED%95%9C%201.webm"),
                ("x-amz-copy-source-range", "bytes=5-9")
            ]
        );
        assert!(call.body.is_empty());
    }

    #[test]
    fn reads_tag_and_checksum() {
        let told = "<CopyPartResult><ETag>&quot;a&quot;</ETag>\
                    <ChecksumSHA256>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ChecksumSHA256></CopyPartResult>";
        let stored = StoredPart { etag: ETag::new("a"), sha256: Some(Digest::of(b"")) };
        assert_eq!(answer(told).unwrap(), stored);
        let untold = "<CopyPartResult><ETag>a</ETag></CopyPartResult>";
        assert_eq!(answer(untold).unwrap().sha256, None);
    }

    #[test]
    fn a_200_may_be_a_failure() {
        let error = answer("<Error><Code>SlowDown</Code></Error>").unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert!(answer("").is_err());
    }
}
