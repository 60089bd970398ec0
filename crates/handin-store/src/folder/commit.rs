//! The moment an object begins or ceases to exist.
//!
//! A key's stripe is locked from the check of the condition to the change of the index, so that of many
//! writers with `If-None-Match: *` exactly one wins.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::blob::Blob;
use super::bucket::{Bucket, Condition, Entry, manifest_path, to_json};
use super::manifest::Manifest;
use super::{durable, lock, read, write};
use crate::error::Error;

/// A key to delete, and what must hold of its object.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) key: String,
    pub(crate) condition: Condition,
    /// Only an object last modified at this very time (unix milliseconds) is meant.
    pub(crate) modified_ms: Option<i64>,
}

impl Deletion {
    pub(crate) fn of(key: impl Into<String>) -> Self {
        Self { key: key.into(), condition: Condition::None, modified_ms: None }
    }

    fn check(&self, present: Option<&Entry>) -> Result<(), Error> {
        unlocked(present)?;
        self.condition.check(present)?;
        match (self.modified_ms, present) {
            (Some(expected), Some(entry)) if entry.modified_ms != expected => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// What has a legal hold is neither deleted nor replaced.
fn unlocked(present: Option<&Entry>) -> Result<(), Error> {
    match present {
        Some(entry) if entry.legal_hold => Err(Error::Locked),
        _ => Ok(()),
    }
}

impl Bucket {
    /// Makes `blob`, whose bytes and names are synced, the object that `manifest` describes.
    pub(crate) fn commit(
        &self,
        manifest: &Manifest,
        blob: &Arc<Blob>,
        condition: &Condition,
    ) -> Result<(), Error> {
        let deleted = read(&self.deleted);
        if *deleted {
            return Err(Error::NoSuchBucket);
        }
        let (path, shard) = manifest_path(&self.folder, &manifest.key);
        let _stripe = lock(&self.stripes[shard]);
        condition.check(read(&self.objects).get(&manifest.key))?;
        unlocked(read(&self.objects).get(&manifest.key))?;
        self.ensure_shard(&path)?;
        let staged = durable::stage(&path, &to_json(manifest)?)?;
        durable::publish(&staged, &path)?;
        // From here on the disk may hold either manifest, so if syncing fails the data of both must stay.
        blob.keep();
        let synced = durable::sync_folder(durable::parent(&path));
        let entry = Entry::new(manifest, Arc::clone(blob));
        let old = write(&self.objects).insert(manifest.key.clone(), entry);
        synced?;
        if let Some(old) = old {
            old.blob.doom();
        }
        Ok(())
    }

    /// Sets or lifts an object's legal hold durably.
    pub(crate) fn hold(&self, key: &str, legal_hold: bool) -> Result<(), Error> {
        let (path, shard) = manifest_path(&self.folder, key);
        let _stripe = lock(&self.stripes[shard]);
        let (manifest, _) = self.open(key)?;
        if manifest.legal_hold != legal_hold {
            let staged = durable::stage(&path, &to_json(&Manifest { legal_hold, ..manifest })?)?;
            durable::publish(&staged, &path)?;
        }
        durable::sync_folder(durable::parent(&path))?;
        if let Some(entry) = write(&self.objects).get_mut(key) {
            entry.legal_hold = legal_hold;
        }
        Ok(())
    }

    /// The present manifest of a key with the data it names, held so that it stays while it is read.
    pub(crate) fn open(&self, key: &str) -> Result<(Manifest, Arc<Blob>), Error> {
        loop {
            let entry = self.entry(key).ok_or(Error::NoSuchKey)?;
            let (path, _) = manifest_path(&self.folder, key);
            let manifest: Manifest = match fs::read(&path) {
                Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
                // It is being deleted: gone from the disk, and from the index in a moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoSuchKey),
                Err(error) => return Err(error.into()),
            };
            // A writer may have replaced the object between the two looks.
            if entry.blob.path() == self.data_path(&manifest.data) {
                return Ok((manifest, entry.blob));
            }
            std::thread::yield_now();
        }
    }

    /// Deletes objects. A key without an object counts as deleted. One outcome per deletion, in their order.
    pub(crate) fn delete_objects(&self, deletions: &[Deletion]) -> Vec<Result<(), Error>> {
        let mut by_shard: BTreeMap<usize, Vec<(usize, PathBuf)>> = BTreeMap::new();
        for (position, deletion) in deletions.iter().enumerate() {
            let (path, shard) = manifest_path(&self.folder, &deletion.key);
            by_shard.entry(shard).or_default().push((position, path));
        }
        let mut outcomes: Vec<Result<(), Error>> = deletions.iter().map(|_| Ok(())).collect();
        for (shard, paths) in by_shard {
            self.delete_shard(shard, &paths, deletions, &mut outcomes);
        }
        outcomes
    }

    /// Deletes what lies in one shard, syncing its folder once.
    fn delete_shard(
        &self,
        shard: usize,
        paths: &[(usize, PathBuf)],
        deletions: &[Deletion],
        outcomes: &mut [Result<(), Error>],
    ) {
        let _stripe = lock(&self.stripes[shard]);
        let mut removed = Vec::new();
        for (position, path) in paths {
            match self.unlink(path, &deletions[*position]) {
                Ok(true) => removed.push(*position),
                Ok(false) => {}
                Err(error) => outcomes[*position] = Err(error),
            }
        }
        let Some((_, path)) = paths.first().filter(|_| !removed.is_empty()) else { return };
        let synced = durable::sync_folder(durable::parent(path));
        for position in removed {
            let old = write(&self.objects).remove(&deletions[position].key);
            match &synced {
                Ok(()) => old.iter().for_each(|old| old.blob.doom()),
                Err(error) => outcomes[position] = Err(Error::Io(error.kind().into())),
            }
        }
    }

    /// Removes one manifest; false when there is none.
    fn unlink(&self, path: &PathBuf, deletion: &Deletion) -> Result<bool, Error> {
        let present = self.entry(&deletion.key);
        deletion.check(present.as_ref())?;
        if present.is_none() {
            return Ok(false);
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(true),
        }
    }
}
