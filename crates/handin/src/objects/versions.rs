//! The versions of objects, where a bucket keeps them: deleting what stands under a key leaves them all behind.

use handin_s3::ErrorCode;
use handin_s3::ops::{DeleteVersion, GetBucketVersioning, ListObjectVersions, ListedVersion};

use super::{Error, ErrorKind, Objects};

impl Objects {
    /// Whether the bucket keeps versions, or ever did. A store that does not know the question keeps none.
    ///
    /// # Errors
    /// As every call.
    pub async fn keeps_versions(&self) -> Result<bool, Error> {
        match self.call("get_versioning", &GetBucketVersioning).await {
            Err(Error { kind: ErrorKind::Other { code, status: 501, .. }, .. })
                if code == ErrorCode::NotImplemented.name() =>
            {
                Ok(false)
            }
            other => other,
        }
    }

    /// Removes every version of an object and every delete marker, and confirms that none is left.
    ///
    /// # Errors
    /// `Other` when some are left; and as every call.
    pub async fn delete_versions(&self, key: &str) -> Result<(), Error> {
        for version in self.versions(key).await? {
            self.call("delete_version", &DeleteVersion { key, version_id: &version.version_id }).await?;
        }
        match self.versions(key).await?.len() {
            0 => Ok(()),
            left => {
                let message = format!("{left} versions of {key} are still there after they were deleted");
                let kind = ErrorKind::Other { code: String::new(), status: 200, message };
                Err(Error { call: "delete_version", kind })
            }
        }
    }

    pub(super) async fn versions(&self, key: &str) -> Result<Vec<ListedVersion>, Error> {
        let (mut versions, mut after) = (Vec::new(), None);
        loop {
            let operation = ListObjectVersions { prefix: Some(key), after: after.as_ref() };
            let page = self.call("list_versions", &operation).await?;
            versions.extend(page.versions.into_iter().filter(|version| version.key == key));
            after = page.next;
            if after.is_none() {
                return Ok(versions);
            }
        }
    }
}
