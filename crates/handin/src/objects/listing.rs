//! The objects of the bucket, page by page, in the order of their keys.

use handin_s3::ops::ListObjectsV2;
use jiff::Timestamp;

use super::{Error, Objects};

/// An object as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was stored, by the store's clock, if the store tells.
    pub modified_at: Option<Timestamp>,
}

/// One page of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectsPage {
    /// The objects, by key.
    pub objects: Vec<Listed>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<String>,
}

impl Objects {
    /// One page of the objects under keys that begin with `prefix`, usually a thousand: the first, or the one that
    /// [`ObjectsPage::next`] of the page before names.
    ///
    /// # Errors
    /// As every call.
    pub async fn list(&self, prefix: &str, page: Option<&str>) -> Result<ObjectsPage, Error> {
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        let operation = ListObjectsV2 { prefix, continuation: page, ..ListObjectsV2::default() };
        let page = self.call("list_objects", &operation).await?;
        let objects = page.objects.into_iter().map(|object| Listed {
            key: object.key,
            size: object.size,
            modified_at: object.modified.and_then(|at| Timestamp::from_second(at).ok()),
        });
        Ok(ObjectsPage { objects: objects.collect(), next: page.next })
    }
}
