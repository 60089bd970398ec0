//! ListObjectsV2: the objects of a bucket, in the order of their keys.

use http::Method;

use crate::error::Error;
use crate::ops::ETag;
use crate::ops::shared::{KeyReader, is_truncated};
use crate::request::{Call, Operation, Response};
use crate::time::parse_iso8601;
use crate::xml::Element;

/// Lists one page of a bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListObjectsV2<'a> {
    /// Only keys that begin so.
    pub prefix: Option<&'a str>,
    /// Fold keys that are equal up to this separator, after the prefix, into [`ObjectsPage::prefixes`].
    pub delimiter: Option<&'a str>,
    /// Only keys after this one.
    pub start_after: Option<&'a str>,
    /// [`ObjectsPage::next`] of the page before.
    pub continuation: Option<&'a str>,
    /// At most so many; the store's limit, usually 1,000, when absent.
    pub max: Option<u32>,
}

/// One page of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectsPage {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// What keys were folded into, when a delimiter was given.
    pub prefixes: Vec<String>,
    /// The token of the next page; `None` on the last page.
    pub next: Option<String>,
}

/// An object as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Its tag.
    pub etag: Option<ETag>,
    /// Its storage class.
    pub storage_class: Option<String>,
    /// When it was stored, unix seconds.
    pub modified: Option<i64>,
}

impl Operation for ListObjectsV2<'_> {
    type Answer = ObjectsPage;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "")
            .query("list-type", "2")
            .query_some("continuation-token", self.continuation)
            .query_some("delimiter", self.delimiter)
            .query("encoding-type", "url")
            .query_some("max-keys", self.max.map(|max| max.to_string()))
            .query_some("prefix", self.prefix)
            .query_some("start-after", self.start_after)
    }

    fn answer(&self, response: &Response<'_>) -> Result<ObjectsPage, Error> {
        let root = response.document("ListBucketResult")?;
        let keys = KeyReader::new(&root, response.status);
        let objects =
            root.all("Contents").map(|element| object(element, &keys, response)).collect::<Result<_, _>>()?;
        let prefixes = root.all("CommonPrefixes").filter_map(|element| element.text_of("Prefix"));
        let prefixes = prefixes.map(|prefix| keys.read(prefix)).collect::<Result<_, _>>()?;
        let token = root.filled("NextContinuationToken").map(str::to_owned);
        let next = if is_truncated(&root) {
            Some(token.ok_or_else(|| response.lacks("NextContinuationToken"))?)
        } else {
            None
        };
        Ok(ObjectsPage { objects, prefixes, next })
    }
}

fn object(element: &Element, keys: &KeyReader, response: &Response<'_>) -> Result<ListedObject, Error> {
    let key = element.filled("Key").ok_or_else(|| response.lacks("an object's key"))?;
    Ok(ListedObject {
        key: keys.read(key)?,
        size: element.value("Size").ok_or_else(|| response.lacks("an object's size"))?,
        etag: element.filled("ETag").map(ETag::new),
        storage_class: element.filled("StorageClass").map(str::to_owned),
        modified: element.text_of("LastModified").and_then(parse_iso8601),
    })
}
