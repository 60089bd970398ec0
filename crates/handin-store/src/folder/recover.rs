//! Opening a folder: taking its lock, reading what is there, sweeping what a crash left behind.
//!
//! Rubbish is what no manifest and no upload names. A bucket with a file that cannot be read is served
//! without it, and nothing of it is swept: deleting on a misunderstanding cannot be made good.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::blob::Blob;
use super::bucket::{self, Bucket, Entry, Settings};
use super::durable;
use super::manifest::Manifest;
use super::upload::{Intent, Part, Upload};
use crate::error::OpenError;

/// The number of the layout that this version reads and writes.
const FORMAT: u32 = 1;

/// An open folder. The lock is held for as long as the file is.
pub(crate) struct Root {
    pub(crate) lock: File,
    pub(crate) buckets_folder: PathBuf,
    pub(crate) buckets: BTreeMap<String, Arc<Bucket>>,
}

/// Opens the folder, creating it when it is missing and repairing it when it was left in a hurry.
pub(crate) fn open_root(root: &Path) -> Result<Root, OpenError> {
    let buckets_folder = root.join("buckets");
    let io_error = |source| OpenError::Io { path: root.to_owned(), source };
    fs::create_dir_all(&buckets_folder).map_err(io_error)?;
    let lock = take_lock(root)?;
    check_format(root)?;
    let mut buckets = BTreeMap::new();
    for entry in entries(&buckets_folder)? {
        if let Some(bucket) = open_bucket(&entry)? {
            buckets.insert(bucket.name.clone(), Arc::new(bucket));
        }
    }
    Ok(Root { lock, buckets_folder, buckets })
}

fn take_lock(root: &Path) -> Result<File, OpenError> {
    let path = root.join("lock");
    let io_error = |source| OpenError::Io { path: path.clone(), source };
    let lock = File::options().create(true).append(true).open(&path).map_err(io_error)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(root.to_owned())),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path: path.clone(), source }),
    }
}

fn check_format(root: &Path) -> Result<(), OpenError> {
    let path = root.join("format");
    let io_error = |source| OpenError::Io { path: path.clone(), source };
    match fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(FORMAT) => Ok(()),
            Ok(found) => Err(OpenError::Format { path: root.to_owned(), found, expected: FORMAT }),
            Err(_) => Err(damaged(&path, "it should hold a number")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            durable::write_whole(&path, format!("{FORMAT}\n").as_bytes()).map_err(io_error)
        }
        Err(error) => Err(io_error(error)),
    }
}

/// Opens one bucket. A folder without `bucket.json` is a bucket that was never finished or just deleted.
fn open_bucket(entry: &DirEntry) -> Result<Option<Bucket>, OpenError> {
    let folder = entry.path();
    let settings_path = folder.join("bucket.json");
    let name = entry.file_name().into_string().map_err(|_| damaged(&folder, "its name is not a bucket's"))?;
    if !settings_path.exists() {
        durable::remove(&folder);
        return Ok(None);
    }
    let settings: Settings = read_json(&settings_path)?;
    let mut reading = Reading { bucket: &folder, damaged: 0 };
    let objects = reading.objects()?;
    let uploads = reading.uploads(&objects)?;
    let damaged = reading.damaged + reading.sweep(&objects, &uploads)?;
    tracing::info!(bucket = name, objects = objects.len(), uploads = uploads.len(), damaged, "bucket opened");
    Ok(Some(Bucket::new(folder, name, settings, objects, uploads)))
}

type Objects = BTreeMap<String, Entry>;
type Uploads = BTreeMap<(String, String), Arc<Upload>>;

/// Reads one bucket's folder, counting what it cannot make sense of.
struct Reading<'a> {
    bucket: &'a Path,
    damaged: usize,
}

impl Reading<'_> {
    fn objects(&mut self) -> Result<Objects, OpenError> {
        let mut objects = Objects::new();
        for shard in entries(&self.bucket.join("objects"))? {
            for file in entries(&shard.path())? {
                let path = file.path();
                if swept_unfinished(&path) {
                    continue;
                }
                if let Some(manifest) = self.readable(&path, self.manifest(&path)) {
                    let blob = Arc::new(Blob::kept(bucket::data_path(self.bucket, &manifest.data)));
                    let entry = Entry::new(&manifest, blob);
                    objects.insert(manifest.key, entry);
                }
            }
        }
        Ok(objects)
    }

    fn manifest(&self, path: &Path) -> Result<Manifest, OpenError> {
        let manifest: Manifest = read_json(path)?;
        let expected = bucket::manifest_path(self.bucket, &manifest.key).0;
        if expected != path || !bucket::is_id(&manifest.data) {
            return Err(damaged(path, "it does not belong to the key it names"));
        }
        Ok(manifest)
    }

    fn uploads(&mut self, objects: &Objects) -> Result<Uploads, OpenError> {
        let mut uploads = Uploads::new();
        for file in entries(&self.bucket.join("uploads"))? {
            let path = file.path();
            if swept_unfinished(&path) {
                continue;
            }
            let Some(intent) = self.readable(&path, intent(&path)) else { continue };
            let data = bucket::data_path(self.bucket, &intent.id);
            if objects.get(&intent.key).is_some_and(|entry| entry.blob.path() == data) {
                self.finish_tidying(&intent, &data)?;
                durable::remove(&path);
            } else if let Some(parts) = self.readable(&path, read_parts(&data, &intent)) {
                let name = (intent.key.clone(), intent.id.clone());
                uploads.insert(name, Arc::new(Upload::new(intent, Arc::new(Blob::kept(data)), parts)));
            }
        }
        Ok(uploads)
    }

    /// Ends a completion that was interrupted after its commit: what the manifest does not list goes.
    fn finish_tidying(&self, intent: &Intent, data: &Path) -> Result<(), OpenError> {
        let manifest = self.manifest(&bucket::manifest_path(self.bucket, &intent.key).0)?;
        let listed: HashSet<&str> = manifest.parts.iter().map(|part| part.file.as_str()).collect();
        for file in entries(data)? {
            if !file.file_name().to_str().is_some_and(|name| listed.contains(name)) {
                durable::remove(&file.path());
            }
        }
        Ok(())
    }

    /// Removes data that nothing names. Gives the number of names that have no data.
    fn sweep(&self, objects: &Objects, uploads: &Uploads) -> Result<usize, OpenError> {
        let mut missing: HashSet<&Path> = objects
            .values()
            .map(|entry| entry.blob.path())
            .chain(uploads.values().map(|upload| upload.blob.path()))
            .collect();
        for shard in entries(&self.bucket.join("data"))? {
            for data in entries(&shard.path())? {
                if !missing.remove(data.path().as_path()) && self.damaged == 0 {
                    tracing::info!(data = %data.path().display(), "removing data of an interrupted request");
                    durable::remove(&data.path());
                }
            }
        }
        for path in &missing {
            tracing::error!(path = %path.display(), "data is missing");
        }
        Ok(missing.len())
    }

    fn readable<T>(&mut self, path: &Path, read: Result<T, OpenError>) -> Option<T> {
        read.inspect_err(|error| {
            self.damaged += 1;
            tracing::error!(path = %path.display(), %error, "skipping a damaged file");
        })
        .ok()
    }
}

fn intent(path: &Path) -> Result<Intent, OpenError> {
    let intent: Intent = read_json(path)?;
    if !bucket::is_id(&intent.id) || path.file_stem() != Some(OsStr::new(&intent.id)) {
        return Err(damaged(path, "it does not belong to the upload it names"));
    }
    Ok(intent)
}

/// Reads the parts of an upload. Of two files for one number the later stays.
fn read_parts(data: &Path, intent: &Intent) -> Result<BTreeMap<u16, Part>, OpenError> {
    let mut found: Vec<(u16, Part, PathBuf)> = Vec::new();
    for file in entries(data)? {
        let path = file.path();
        let name = file.file_name();
        match name.to_str().and_then(|name| Part::parse(name, intent.algorithm)) {
            Some((number, part)) => found.push((number, part, path)),
            None if swept_unfinished(&path) => {}
            None => return Err(damaged(&path, "it is not the name of a part")),
        }
    }
    found.sort_by_key(|(number, part, _)| (*number, part.sequence()));
    let mut parts: BTreeMap<u16, (Part, PathBuf)> = BTreeMap::new();
    for (number, part, path) in found {
        if let Some((_, superseded)) = parts.insert(number, (part, path)) {
            durable::remove(&superseded);
        }
    }
    Ok(parts.into_iter().map(|(number, (part, _))| (number, part)).collect())
}

/// Removes a file that was never finished; says whether `path` was one.
fn swept_unfinished(path: &Path) -> bool {
    let unfinished = path.as_os_str().as_encoded_bytes().ends_with(durable::UNFINISHED.as_bytes());
    if unfinished {
        durable::remove(path);
    }
    unfinished
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, OpenError> {
    let io_error = |source| OpenError::Io { path: folder.to_owned(), source };
    fs::read_dir(folder).map_err(io_error)?.collect::<Result<_, _>>().map_err(io_error)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, OpenError> {
    let bytes = fs::read(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(path, error.to_string()))
}

fn damaged(path: &Path, reason: impl Into<String>) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), reason: reason.into() }
}
