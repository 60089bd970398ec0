//! Data that lives as long as somebody reads it, writes it or names it.
//!
//! A blob begins doomed: unless a commit keeps it, the end of the request that made it removes it, whether
//! that end is an answer, an error or a lost connection.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::durable;

/// A data file, or a folder of parts.
#[derive(Debug)]
pub(crate) struct Blob {
    path: PathBuf,
    doomed: AtomicBool,
}

impl Blob {
    /// Data that nothing names yet.
    pub(crate) fn doomed(path: PathBuf) -> Self {
        Self { path, doomed: AtomicBool::new(true) }
    }

    /// Data that a manifest or an upload names.
    pub(crate) fn kept(path: PathBuf) -> Self {
        Self { path, doomed: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Something durable names this data now.
    pub(crate) fn keep(&self) {
        self.doomed.store(false, Ordering::Release);
    }

    /// Nothing names this data any more. It goes when its last reader is done.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.doomed.load(Ordering::Acquire) {
            return;
        }
        let path = std::mem::take(&mut self.path);
        // The last reader may be a connection's task, which must not wait for the disk.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || durable::remove(&path))),
            Err(_) => durable::remove(&path),
        }
    }
}
