//! GetObject: an object's bytes, whole or a range. The body is the caller's to stream; only the headers
//! are read here.

use http::Method;

use crate::error::Error;
use crate::ops::ObjectHead;
use crate::request::{Call, Operation, Response};

/// Fetches an object. For a link that is handed out, leave `range` and `checksums` alone: they would bind
/// headers that a browser does not send.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetObject<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Only these bytes.
    pub range: Option<ByteRange>,
    /// Ask for the checksums too (`x-amz-checksum-mode: ENABLED`).
    pub checksums: bool,
    /// The `Content-Disposition` that the store shall answer with, such as `attachment; filename="x.webm"`.
    pub content_disposition: Option<&'a str>,
    /// The `Content-Type` that the store shall answer with.
    pub content_type: Option<&'a str>,
}

/// Bytes `first` to `last`, both included; to the end without `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte, from 0.
    pub first: u64,
    /// The last byte.
    pub last: Option<u64>,
}

impl ByteRange {
    pub(super) fn header(self) -> String {
        let last = self.last.map(|last| last.to_string()).unwrap_or_default();
        format!("bytes={}-{last}", self.first)
    }
}

impl Operation for GetObject<'_> {
    type Answer = ObjectHead;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, self.key)
            .query_some("response-content-disposition", self.content_disposition)
            .query_some("response-content-type", self.content_type)
            .header_some("range", self.range.map(ByteRange::header))
            .header_some("x-amz-checksum-mode", self.checksums.then_some("ENABLED"))
    }

    fn answer(&self, response: &Response<'_>) -> Result<ObjectHead, Error> {
        ObjectHead::read(response)
    }
}
