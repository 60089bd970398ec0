//! The store as the embedding program sees it: open, ensure a bucket, carry out the lifecycle, serve.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use s3s::path::check_bucket_name;

use crate::config::Config;
use crate::error::{BucketError, Error, OpenError};
use crate::folder::commit::Deletion;
use crate::folder::receive::blocking;
use crate::folder::{self, Bucket};
use crate::lifecycle::{self, Swept};

/// An open store. Clones share it; the folder is free again when the last one is gone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    buckets_folder: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// Held, never read: the operating system frees the folder when it is closed.
    _lock: File,
}

impl Store {
    /// Opens the folder, creating it when it is missing, and removes what a crash left behind.
    ///
    /// # Errors
    /// When another process has the folder, when it is of another format, when `bucket.json` of a bucket
    /// cannot be read, or when the operating system refuses.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let path = config.root.clone();
        let opened = tokio::task::spawn_blocking(move || folder::open_root(&path)).await;
        let root = opened.map_err(|stopped| OpenError::Io {
            path: config.root.clone(),
            source: std::io::Error::other(stopped),
        })??;
        let inner = Inner {
            config,
            buckets_folder: root.buckets_folder,
            buckets: RwLock::new(root.buckets),
            _lock: root.lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes sure that a bucket of that name exists. One that is there already is left as it is.
    ///
    /// # Errors
    /// When the name breaks the S3 naming rules or the disk refuses.
    pub async fn ensure_bucket(&self, name: &str) -> Result<(), BucketError> {
        match self.inner.create_bucket(name).await {
            Ok(()) | Err(Error::BucketExists) => Ok(()),
            Err(Error::InvalidRequest(_)) => Err(BucketError::Name(name.to_owned())),
            Err(Error::Io(error)) => Err(BucketError::Io(error)),
            Err(other) => Err(BucketError::Io(std::io::Error::other(other))),
        }
    }

    /// Carries out the lifecycle rules of every bucket as of `now_ms` (unix milliseconds). Serving does this
    /// by itself; a failure on one object is logged and leaves it for the next round.
    pub async fn lifecycle_tick(&self, now_ms: i64) -> Swept {
        let mut swept = Swept::default();
        for bucket in self.inner.buckets().into_values() {
            let Ok(round) = blocking(move || sweep(&bucket, now_ms)).await else { continue };
            swept.objects += round.objects;
            swept.uploads += round.uploads;
        }
        swept
    }
}

impl Inner {
    /// Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.config.clock)()
    }

    pub(crate) fn random(&self) -> u128 {
        (self.config.random)()
    }

    pub(crate) fn new_id(&self) -> String {
        folder::bucket::new_id(self.now_ms(), self.random())
    }

    pub(crate) fn buckets(&self) -> BTreeMap<String, Arc<Bucket>> {
        folder::read(&self.buckets).clone()
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, Error> {
        folder::read(&self.buckets).get(name).cloned().ok_or(Error::NoSuchBucket)
    }

    pub(crate) async fn create_bucket(self: &Arc<Self>, name: &str) -> Result<(), Error> {
        if !check_bucket_name(name) {
            return Err(Error::InvalidRequest(format!("{name:?} is not a valid bucket name")));
        }
        let (inner, name) = (Arc::clone(self), name.to_owned());
        blocking(move || {
            let mut buckets = folder::write(&inner.buckets);
            if buckets.contains_key(&name) {
                return Err(Error::BucketExists);
            }
            let bucket = Bucket::create(&inner.buckets_folder, &name, inner.now_ms())?;
            buckets.insert(name, Arc::new(bucket));
            Ok(())
        })
        .await?
    }

    pub(crate) async fn delete_bucket(self: &Arc<Self>, name: &str) -> Result<(), Error> {
        let (inner, name) = (Arc::clone(self), name.to_owned());
        blocking(move || {
            let mut buckets = folder::write(&inner.buckets);
            buckets.get(&name).ok_or(Error::NoSuchBucket)?.delete()?;
            buckets.remove(&name);
            Ok(())
        })
        .await?
    }
}

/// One round of one bucket's rules.
fn sweep(bucket: &Bucket, now_ms: i64) -> Swept {
    let rules = bucket.settings().lifecycle.clone();
    if rules.is_empty() {
        return Swept::default();
    }
    let expired: Vec<Deletion> = bucket.with_objects(|objects| {
        let expired = objects
            .iter()
            .filter(|(key, entry)| lifecycle::expired(&rules, key, entry.size, entry.modified_ms, now_ms));
        // An object written again in the meantime is another object, and not expired.
        expired
            .map(|(key, entry)| Deletion { modified_ms: Some(entry.modified_ms), ..Deletion::of(key) })
            .collect()
    });
    let deleted = bucket.delete_objects(&expired);
    let aborted = bucket
        .uploads()
        .into_iter()
        .filter(|((key, _), upload)| lifecycle::outlived(&rules, key, upload.intent.initiated_ms, now_ms))
        .map(|((key, id), _)| bucket.abort(&key, &id));
    let swept = Swept {
        objects: deleted.iter().filter(|outcome| outcome.is_ok()).count(),
        uploads: aborted.filter(Result::is_ok).count(),
    };
    tracing::info!(bucket = bucket.name, objects = swept.objects, uploads = swept.uploads, "lifecycle round");
    swept
}
