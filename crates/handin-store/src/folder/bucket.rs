//! A bucket: its settings, the ordered index of its objects, and its unfinished uploads.
//!
//! The index holds what a listing shows; the manifests on disk hold the rest.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use s3s::crypto::{Checksum as _, Sha256};
use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::manifest::{Manifest, ObjectChecksum};
use super::upload::{Intent, Upload};
use super::{durable, lock, read, write};
use crate::cors;
use crate::digest::{Algorithm, Kind};
use crate::error::Error;
use crate::lifecycle;

/// How many locks the keys of a bucket share, and how many folders its manifests and its data lie in.
pub(super) const SHARDS: usize = 256;

/// What is set on a bucket, as it stands in `bucket.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Unix milliseconds.
    pub(crate) created_ms: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cors: Vec<cors::Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lifecycle: Vec<lifecycle::Rule>,
    /// Whether objects can have a legal hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) object_lock: bool,
}

/// What the index knows about an object: as much as a listing shows.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) size: u64,
    pub(crate) etag: Box<str>,
    pub(crate) modified_ms: i64,
    pub(crate) storage_class: Option<Box<str>>,
    pub(crate) checksum: (Algorithm, Kind),
    pub(super) legal_hold: bool,
    pub(super) blob: Arc<Blob>,
}

impl Entry {
    pub(super) fn new(manifest: &Manifest, blob: Arc<Blob>) -> Self {
        let ObjectChecksum { algorithm, kind, .. } = manifest.checksum;
        Self {
            size: manifest.size,
            etag: manifest.etag.as_str().into(),
            modified_ms: manifest.modified_ms,
            storage_class: manifest.headers.storage_class.as_deref().map(Into::into),
            checksum: (algorithm, kind),
            legal_hold: manifest.legal_hold,
            blob,
        }
    }
}

/// What must hold of the key's present object for a write to go ahead.
#[derive(Clone, Debug, Default)]
pub(crate) enum Condition {
    #[default]
    None,
    /// There must be no object.
    Absent,
    /// There must be an object, and with this ETag if one is given.
    Present(Option<String>),
}

impl Condition {
    pub(crate) fn check(&self, present: Option<&Entry>) -> Result<(), Error> {
        match (self, present) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present(None), Some(_)) => Ok(()),
            (Self::Present(Some(etag)), Some(entry)) if **etag == *entry.etag => Ok(()),
            (Self::Present(_), None) => Err(Error::NoSuchKey),
            _ => Err(Error::PreconditionFailed),
        }
    }
}

/// A bucket that is open.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(super) folder: PathBuf,
    settings: RwLock<Arc<Settings>>,
    settings_change: Mutex<()>,
    pub(super) objects: RwLock<BTreeMap<String, Entry>>,
    /// By key and id, the order ListMultipartUploads shows; ids begin with the time.
    pub(super) uploads: RwLock<BTreeMap<(String, String), Arc<Upload>>>,
    pub(super) stripes: Vec<Mutex<()>>,
    /// The folders of shards that are known to be on the disk.
    shards: Mutex<HashSet<PathBuf>>,
    /// True once the bucket is deleted. Every write holds it for reading.
    pub(super) deleted: RwLock<bool>,
}

impl Bucket {
    pub(super) fn new(
        folder: PathBuf,
        name: String,
        settings: Settings,
        objects: BTreeMap<String, Entry>,
        uploads: BTreeMap<(String, String), Arc<Upload>>,
    ) -> Self {
        Self {
            name,
            folder,
            settings: RwLock::new(Arc::new(settings)),
            settings_change: Mutex::new(()),
            objects: RwLock::new(objects),
            uploads: RwLock::new(uploads),
            stripes: (0..SHARDS).map(|_| Mutex::new(())).collect(),
            shards: Mutex::default(),
            deleted: RwLock::new(false),
        }
    }

    /// Makes an empty bucket under `buckets`. `bucket.json` comes last: a folder without it is no bucket.
    pub(crate) fn create(buckets: &Path, name: &str, created_ms: i64) -> io::Result<Self> {
        let folder = buckets.join(name);
        fs::create_dir_all(&folder)?;
        for shelf in ["objects", "data", "uploads"] {
            fs::create_dir_all(folder.join(shelf))?;
        }
        durable::sync_folder(buckets)?;
        let settings = Settings { created_ms, ..Settings::default() };
        durable::write_whole(&folder.join("bucket.json"), &to_json(&settings)?)?;
        Ok(Self::new(folder, name.to_owned(), settings, BTreeMap::new(), BTreeMap::new()))
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&read(&self.settings))
    }

    /// Changes the settings durably.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let deleted = read(&self.deleted);
        if *deleted {
            return Err(Error::NoSuchBucket);
        }
        let _one_at_a_time = lock(&self.settings_change);
        let mut settings = Settings::clone(&self.settings());
        change(&mut settings);
        durable::write_whole(&self.folder.join("bucket.json"), &to_json(&settings)?)?;
        *write(&self.settings) = Arc::new(settings);
        Ok(())
    }

    /// Removes the bucket's folder if nothing is in it. No write can follow.
    pub(crate) fn delete(&self) -> Result<(), Error> {
        let mut deleted = write(&self.deleted);
        if *deleted {
            return Err(Error::NoSuchBucket);
        }
        if !read(&self.objects).is_empty() || !read(&self.uploads).is_empty() {
            return Err(Error::BucketNotEmpty);
        }
        fs::remove_file(self.folder.join("bucket.json"))?;
        durable::sync_folder(&self.folder)?;
        *deleted = true;
        durable::remove(&self.folder);
        Ok(())
    }

    /// Calls `with` on the ordered index of the objects.
    pub(crate) fn with_objects<T>(&self, with: impl FnOnce(&BTreeMap<String, Entry>) -> T) -> T {
        with(&read(&self.objects))
    }

    /// What the index says about a key.
    pub(crate) fn entry(&self, key: &str) -> Option<Entry> {
        read(&self.objects).get(key).cloned()
    }

    /// Every unfinished upload by key and id.
    pub(crate) fn uploads(&self) -> BTreeMap<(String, String), Arc<Upload>> {
        read(&self.uploads).clone()
    }

    /// The unfinished upload of that key and id.
    pub(crate) fn upload(&self, key: &str, id: &str) -> Result<Arc<Upload>, Error> {
        let name = (key.to_owned(), id.to_owned());
        read(&self.uploads).get(&name).cloned().ok_or(Error::NoSuchUpload)
    }

    /// Begins an upload durably.
    pub(crate) fn begin(&self, intent: Intent) -> Result<Arc<Upload>, Error> {
        let deleted = read(&self.deleted);
        if *deleted {
            return Err(Error::NoSuchBucket);
        }
        let blob = Arc::new(self.new_data(&intent.id)?);
        fs::create_dir(blob.path())?;
        durable::sync_folder(durable::parent(blob.path()))?;
        durable::write_whole(&self.upload_path(&intent.id), &to_json(&intent)?)?;
        blob.keep();
        let name = (intent.key.clone(), intent.id.clone());
        let upload = Arc::new(Upload::new(intent, blob, BTreeMap::new()));
        write(&self.uploads).insert(name, Arc::clone(&upload));
        Ok(upload)
    }

    /// Gives an upload up: its parts go. The second abort finds no upload.
    pub(crate) fn abort(&self, key: &str, id: &str) -> Result<(), Error> {
        let upload = self.upload(key, id)?;
        let _ending = lock(&upload.ending);
        self.upload(key, id)?;
        match fs::remove_file(self.upload_path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => durable::sync_folder(&self.folder.join("uploads"))?,
        }
        upload.close();
        self.forget(&upload);
        upload.blob.doom();
        Ok(())
    }

    pub(super) fn forget(&self, upload: &Upload) {
        write(&self.uploads).remove(&(upload.intent.key.clone(), upload.intent.id.clone()));
    }

    /// Where new data may be written.
    pub(crate) fn new_data(&self, id: &str) -> io::Result<Blob> {
        let path = self.data_path(id);
        self.ensure_shard(&path)?;
        Ok(Blob::doomed(path))
    }

    /// Makes sure that the folder `path` lies in is on the disk. The first of many waits for the disk, and
    /// the others for the first.
    pub(super) fn ensure_shard(&self, path: &Path) -> io::Result<()> {
        let folder = durable::parent(path);
        let mut shards = lock(&self.shards);
        if !shards.contains(folder) {
            match fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => durable::sync_folder(durable::parent(folder))?,
            }
            shards.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Where the data of that id lies. The last two digits of an id are random, its first are the time.
    pub(crate) fn data_path(&self, id: &str) -> PathBuf {
        data_path(&self.folder, id)
    }

    pub(super) fn upload_path(&self, id: &str) -> PathBuf {
        self.folder.join("uploads").join(format!("{id}.json"))
    }
}

pub(super) fn data_path(bucket: &Path, id: &str) -> PathBuf {
    bucket.join("data").join(&id[id.len() - 2..]).join(id)
}

/// Where the manifest of a key lies, and which of the [`SHARDS`] it belongs to.
pub(super) fn manifest_path(bucket: &Path, key: &str) -> (PathBuf, usize) {
    let digest = Sha256::checksum(key.as_bytes());
    let digest: &[u8] = digest.as_ref();
    let name = hex::encode(digest);
    let path = bucket.join("objects").join(&name[..2]).join(format!("{}.json", &name[2..]));
    (path, usize::from(digest[0]))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    serde_json::to_vec_pretty(value).map_err(io::Error::other)
}

/// Makes an id: twelve hexadecimal digits of time, then twenty of randomness. Ids sort by time.
pub(crate) fn new_id(now_ms: i64, random: u128) -> String {
    format!("{:012x}{:020x}", now_ms.max(0) & 0xffff_ffff_ffff, random >> 48)
}

/// Whether `id` has the form of [`new_id`], and so can be part of a path.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}
