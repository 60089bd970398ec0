//! ListMultipartUploads: the uploads that are open in the store, for the reconciler.

use http::Method;

use crate::error::Error;
use crate::ops::shared::{KeyReader, is_truncated};
use crate::request::{Call, Operation, Response};
use crate::time::parse_iso8601;
use crate::xml::Element;

/// Lists one page of a bucket's open uploads.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListMultipartUploads<'a> {
    /// Only keys that begin so.
    pub prefix: Option<&'a str>,
    /// [`UploadsPage::next`] of the page before.
    pub after: Option<&'a UploadsMarker>,
    /// At most so many; the store's limit, usually 1,000, when absent.
    pub max: Option<u32>,
}

/// Where a page of uploads ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadsMarker {
    /// The last key.
    pub key: String,
    /// The last upload of that key; empty when the store does not tell.
    pub upload_id: String,
}

/// One page of open uploads, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadsPage {
    /// The uploads.
    pub uploads: Vec<ListedUpload>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<UploadsMarker>,
}

/// An open upload as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUpload {
    /// The object's key.
    pub key: String,
    /// The store's id of the upload.
    pub upload_id: String,
    /// When it was opened, unix seconds.
    pub initiated: Option<i64>,
}

impl Operation for ListMultipartUploads<'_> {
    type Answer = UploadsPage;

    fn call(&self) -> Call<'_> {
        let upload_id = self.after.map(|marker| marker.upload_id.as_str()).filter(|id| !id.is_empty());
        Call::new(Method::GET, "")
            .query("uploads", "")
            .query("encoding-type", "url")
            .query_some("key-marker", self.after.map(|marker| marker.key.as_str()))
            .query_some("max-uploads", self.max.map(|max| max.to_string()))
            .query_some("prefix", self.prefix)
            .query_some("upload-id-marker", upload_id)
    }

    fn answer(&self, response: &Response<'_>) -> Result<UploadsPage, Error> {
        let root = response.document("ListMultipartUploadsResult")?;
        let keys = KeyReader::new(&root, response.status);
        let uploads =
            root.all("Upload").map(|element| upload(element, &keys, response)).collect::<Result<_, _>>()?;
        let next = if is_truncated(&root) { Some(marker(&root, &keys, response)?) } else { None };
        Ok(UploadsPage { uploads, next })
    }
}

fn upload(element: &Element, keys: &KeyReader, response: &Response<'_>) -> Result<ListedUpload, Error> {
    let key = element.filled("Key").ok_or_else(|| response.lacks("an upload's key"))?;
    let upload_id = element.filled("UploadId").ok_or_else(|| response.lacks("an upload's id"))?;
    Ok(ListedUpload {
        key: keys.read(key)?,
        upload_id: upload_id.to_owned(),
        initiated: element.text_of("Initiated").and_then(parse_iso8601),
    })
}

fn marker(root: &Element, keys: &KeyReader, response: &Response<'_>) -> Result<UploadsMarker, Error> {
    let key = root.filled("NextKeyMarker").ok_or_else(|| response.lacks("NextKeyMarker"))?;
    let upload_id = root.text_of("NextUploadIdMarker").unwrap_or_default();
    Ok(UploadsMarker { key: keys.read(key)?, upload_id: upload_id.to_owned() })
}
