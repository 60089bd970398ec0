//! Legal holds of objects, where the bucket has Object Lock: flags that keep everybody from deleting them, whoever holds the
//! store's keys. Why an object has one, this module does not know.

use handin_s3::ops::{GetLegalHold, GetObjectLock, PutLegalHold};

use super::{Error, ErrorKind, Objects};

impl Objects {
    /// Whether the bucket has Object Lock; the store is asked once in the life of this process. A store that refuses to say
    /// so, or does not know the question, has none.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn has_lock(&self) -> Result<bool, Error> {
        let ask = async {
            match self.call("get_object_lock", &GetObjectLock).await {
                Err(error) if !error.is_unavailable() => {
                    tracing::info!(%error, "holds do not reach the store, which does not say that it has Object Lock");
                    Ok(false)
                }
                other => other,
            }
        };
        // On the heap: it is asked once, and all that may ask would have to keep room for it.
        self.0.has_lock.get_or_try_init(|| Box::pin(ask)).await.copied()
    }

    /// Whether the newest version of an object has a legal hold; `false` too where no object stands under the key.
    ///
    /// # Errors
    /// As every call.
    pub async fn legal_hold(&self, key: &str) -> Result<bool, Error> {
        match self.call("get_legal_hold", &GetLegalHold { key, version_id: None }).await {
            Err(Error { kind: ErrorKind::NoSuchKey, .. }) => Ok(false),
            other => other,
        }
    }

    /// Sets or lifts the legal hold of an object, of every version where the bucket keeps them: one that is hidden behind a
    /// delete marker too. Gives `false` where there was nothing to do it to.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_legal_hold(&self, key: &str, on: bool) -> Result<bool, Error> {
        let mut ids = vec![None];
        if self.keeps_versions().await? {
            let versions = self.versions(key).await?.into_iter().filter(|version| !version.is_marker);
            ids = versions.map(|version| Some(version.version_id)).collect();
        }
        for id in &ids {
            let put = PutLegalHold { key, version_id: id.as_deref(), on };
            match self.call("put_legal_hold", &put).await {
                Err(Error { kind: ErrorKind::NoSuchKey, .. }) => return Ok(false),
                other => other?,
            }
        }
        Ok(!ids.is_empty())
    }
}
