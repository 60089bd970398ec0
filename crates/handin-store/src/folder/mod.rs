//! Everything on disk. Each fact is a file that was written whole, synced, and renamed into place.
//!
//! ```text
//! root/
//!   format                        the number of this layout
//!   lock                          held by the one process that serves the folder
//!   buckets/{bucket}/
//!     bucket.json                 creation time, CORS rules, lifecycle rules
//!     objects/{hh}/{hash}.json    one manifest per object; {hash} is the SHA-256 of the key
//!     data/{hh}/{id}              the bytes of an object sent in one piece
//!     data/{hh}/{id}/{part…}      the parts of an upload, and later of the object made of them
//!     uploads/{id}.json           one per unfinished multipart upload
//! ```
//!
//! A manifest names its data, so completing an upload writes one small file and moves no bytes. No name on
//! disk comes from a key, so no key can leave the folder. What no manifest and no upload names is rubbish
//! of an interrupted request, and is removed at the next start.
//!
//! This module knows nothing of HTTP, signatures or XML. All its functions block.

pub(crate) mod manifest;
pub(crate) mod upload;

pub(crate) mod bucket;
pub(crate) mod commit;
pub(crate) mod complete;
mod recover;

pub(crate) mod receive;

pub(crate) mod blob;
mod durable;

pub(crate) use bucket::{Bucket, Condition, Settings};
pub(crate) use manifest::{Headers, Manifest, ObjectChecksum};
pub(crate) use recover::open_root;
pub(crate) use upload::{Part, Upload};

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Locks whatever happened to an earlier holder: every change under these locks is a single assignment or
/// map operation, so a panic elsewhere cannot have left half of one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Like [`lock`], for reading.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Like [`lock`], for writing.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
