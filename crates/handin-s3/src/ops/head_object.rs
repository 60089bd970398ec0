//! HeadObject: the proof of an object without its bytes. A refusal has no body, so a 404 is read as
//! [`ErrorCode::NoSuchKey`]: the bucket is known to exist where this is asked.

use std::collections::BTreeMap;

use http::Method;

use crate::error::{Error, ErrorCode};
use crate::ops::{Checksums, ETag};
use crate::request::{Call, Operation, Response};
use crate::time::parse_http_date;

/// Asks for an object's size, tag, checksums and metadata.
#[derive(Clone, Copy, Debug)]
pub struct HeadObject<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Ask for the checksums too (`x-amz-checksum-mode: ENABLED`).
    pub checksums: bool,
}

/// What the store says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectHead {
    /// Bytes in this answer's body: of the whole object, or of the range that was asked for.
    pub size: u64,
    /// The object's tag.
    pub etag: Option<ETag>,
    /// Its media type.
    pub content_type: Option<String>,
    /// `bytes first-last/total`, when a range was asked for.
    pub content_range: Option<String>,
    /// Its storage class; `None` is `STANDARD`.
    pub storage_class: Option<String>,
    /// Whether an archived object was restored, so that it can be read for a while (`x-amz-restore`).
    pub is_restored: bool,
    /// When it was stored, unix seconds.
    pub modified: Option<i64>,
    /// Its checksums, when asked for and kept.
    pub checksums: Checksums,
    /// User metadata, names in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

impl Operation for HeadObject<'_> {
    type Answer = ObjectHead;

    fn call(&self) -> Call<'_> {
        Call::new(Method::HEAD, self.key)
            .header_some("x-amz-checksum-mode", self.checksums.then_some("ENABLED"))
    }

    fn answer(&self, response: &Response<'_>) -> Result<ObjectHead, Error> {
        if response.status == 404 && response.body.is_empty() {
            return Err(Error { code: ErrorCode::NoSuchKey, ..response.refusal() });
        }
        ObjectHead::read(response)
    }
}

impl ObjectHead {
    pub(crate) fn read(response: &Response<'_>) -> Result<Self, Error> {
        response.success()?;
        let text = |name| response.header(name).map(str::to_owned);
        let size = response.header("content-length").and_then(|size| size.parse().ok());
        Ok(Self {
            size: size.ok_or_else(|| response.lacks("Content-Length"))?,
            etag: response.etag(),
            content_type: text("content-type"),
            content_range: text("content-range"),
            storage_class: text("x-amz-storage-class"),
            is_restored: response
                .header("x-amz-restore")
                .is_some_and(|restore| restore.contains("ongoing-request=\"false\"")),
            modified: response.header("last-modified").and_then(parse_http_date),
            checksums: Checksums::from_headers(response),
            metadata: metadata(response),
        })
    }
}

fn metadata(response: &Response<'_>) -> BTreeMap<String, String> {
    let named = response.headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-amz-meta-")?;
        Some((name.to_owned(), value.to_str().ok()?.to_owned()))
    });
    named.collect()
}
