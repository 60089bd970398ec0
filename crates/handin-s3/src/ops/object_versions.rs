//! Versions: whether a bucket keeps them, which there are under a key, and how one of them is removed for good. Deleting an
//! object of such a bucket only hides it behind a delete marker, which is a version too.

use http::Method;

use crate::error::Error;
use crate::ops::shared::{KeyReader, is_truncated};
use crate::request::{Call, Operation, Response};
use crate::xml::Element;

/// Asks whether the bucket keeps, or once kept, versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetBucketVersioning;

impl Operation for GetBucketVersioning {
    /// `false` only where there has never been any versioning: one that is suspended leaves its versions behind.
    type Answer = bool;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "").query("versioning", "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<bool, Error> {
        let root = response.document("VersioningConfiguration")?;
        Ok(root.filled("Status").is_some())
    }
}

/// Lists one page of versions, delete markers included.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListObjectVersions<'a> {
    /// Only keys that begin so.
    pub prefix: Option<&'a str>,
    /// [`VersionsPage::next`] of the page before.
    pub after: Option<&'a VersionsMarker>,
}

/// One page of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionsPage {
    /// The versions, and the delete markers.
    pub versions: Vec<ListedVersion>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<VersionsMarker>,
}

/// Where a page of versions starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionsMarker {
    /// Behind this key.
    pub key: String,
    /// And behind this version of it.
    pub version_id: Option<String>,
}

/// A version or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVersion {
    /// Its key.
    pub key: String,
    /// Its id; `null` for what was stored before the bucket kept versions.
    pub version_id: String,
    /// Whether it is a delete marker, which has no bytes.
    pub is_marker: bool,
}

impl Operation for ListObjectVersions<'_> {
    type Answer = VersionsPage;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "")
            .query("encoding-type", "url")
            .query_some("key-marker", self.after.map(|after| after.key.as_str()))
            .query_some("prefix", self.prefix)
            .query_some("version-id-marker", self.after.and_then(|after| after.version_id.as_deref()))
            .query("versions", "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<VersionsPage, Error> {
        let root = response.document("ListVersionsResult")?;
        let keys = KeyReader::new(&root, response.status);
        let version = |element: &Element| {
            let key = element.filled("Key").ok_or_else(|| response.lacks("a version's key"))?;
            let id = element.filled("VersionId").ok_or_else(|| response.lacks("a version's id"))?;
            let is_marker = element.name == "DeleteMarker";
            Ok(ListedVersion { key: keys.read(key)?, version_id: id.to_owned(), is_marker })
        };
        let versions = root.all("Version").chain(root.all("DeleteMarker")).map(version);
        let versions = versions.collect::<Result<_, Error>>()?;
        let next = if is_truncated(&root) {
            let key = root.filled("NextKeyMarker").ok_or_else(|| response.lacks("NextKeyMarker"))?;
            let version_id = root.filled("NextVersionIdMarker").map(str::to_owned);
            Some(VersionsMarker { key: keys.read(key)?, version_id })
        } else {
            None
        };
        Ok(VersionsPage { versions, next })
    }
}

/// Removes one version for good.
#[derive(Clone, Copy, Debug)]
pub struct DeleteVersion<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Which version.
    pub version_id: &'a str,
}

impl Operation for DeleteVersion<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        Call::new(Method::DELETE, self.key).query("versionId", self.version_id)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}
