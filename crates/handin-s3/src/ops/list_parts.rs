//! ListParts: what the store itself has of an upload. This, not anyone's word, confirms a part.

use http::Method;

use crate::digest::Digest;
use crate::error::Error;
use crate::ops::shared::is_truncated;
use crate::ops::{ChecksumAlgorithm, ETag};
use crate::request::{Call, Operation, Response};
use crate::time::parse_iso8601;
use crate::xml::Element;

/// Lists one page of an upload's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListParts<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// Only parts above this number: [`PartsPage::next`] of the page before.
    pub after: Option<u32>,
    /// At most so many parts; the store's limit, usually 1,000, when absent.
    pub max: Option<u32>,
}

/// One page of parts, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartsPage {
    /// The parts.
    pub parts: Vec<ListedPart>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<u32>,
    /// The algorithm declared when the upload was opened, when the store tells.
    pub checksum: Option<ChecksumAlgorithm>,
}

/// A part as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// Its number.
    pub number: u16,
    /// Bytes.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
    /// Its checksum, when the store keeps one.
    pub sha256: Option<Digest>,
    /// When it arrived, unix seconds.
    pub modified: Option<i64>,
}

impl Operation for ListParts<'_> {
    type Answer = PartsPage;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, self.key)
            .query_some("max-parts", self.max.map(|max| max.to_string()))
            .query_some("part-number-marker", self.after.map(|number| number.to_string()))
            .query("uploadId", self.upload_id)
    }

    fn answer(&self, response: &Response<'_>) -> Result<PartsPage, Error> {
        let root = response.document("ListPartsResult")?;
        let parts = root.all("Part").map(part).collect::<Option<Vec<_>>>();
        let parts = parts.ok_or_else(|| response.lacks("a part's number, size or tag"))?;
        let next = if is_truncated(&root) {
            let marker = root.value("NextPartNumberMarker").filter(|next| Some(*next) > self.after);
            Some(marker.ok_or_else(|| response.lacks("a NextPartNumberMarker that leads on"))?)
        } else {
            None
        };
        let checksum = root.text_of("ChecksumAlgorithm").and_then(ChecksumAlgorithm::from_name);
        Ok(PartsPage { parts, next, checksum })
    }
}

fn part(element: &Element) -> Option<ListedPart> {
    Some(ListedPart {
        number: element.value("PartNumber")?,
        size: element.value("Size")?,
        etag: ETag::new(element.filled("ETag")?),
        sha256: element.text_of("ChecksumSHA256").and_then(|text| Digest::from_base64(text).ok()),
        modified: element.text_of("LastModified").and_then(parse_iso8601),
    })
}
