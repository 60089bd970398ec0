//! A multipart upload that is not finished: what it will become, and the parts that are on the disk.
//!
//! A part is its file: everything known of it stands in the file's name, so that receiving a part costs one
//! data file and nothing else. It knows nothing of objects.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::manifest::Headers;
use super::{durable, lock};
use crate::digest::{Algorithm, Kind, Sum};
use crate::error::Error;

/// What was said when the upload was created, as it stands in `uploads/{id}.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Unix milliseconds.
    pub(crate) initiated_ms: i64,
    pub(crate) headers: Headers,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: Kind,
    /// Whether the client named the algorithm. One that did not is not shown one either.
    pub(crate) declared: bool,
}

/// An unfinished upload.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) intent: Intent,
    pub(super) blob: Arc<Blob>,
    state: Mutex<State>,
    /// Held by whoever completes or aborts the upload, so that the second finds the first one's outcome.
    pub(super) ending: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    next_sequence: u64,
    parts: BTreeMap<u16, Part>,
}

/// A part that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Orders the files of one part number: the highest is the part.
    sequence: u64,
    /// Bytes.
    pub(crate) size: u64,
    /// Unix milliseconds.
    pub(crate) modified_ms: i64,
    /// Without quotes.
    pub(crate) etag: Box<str>,
    pub(crate) sum: Sum,
}

impl Part {
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The name of the part's file: number, sequence, size, time, ETag and checksum. Sorting the names sorts
    /// the parts.
    pub(crate) fn file_name(&self, number: u16) -> String {
        let Self { sequence, size, modified_ms, etag, sum } = self;
        format!("{number:05}.{sequence}.{size}.{modified_ms}.{etag}.{}", sum.hex())
    }

    /// Reads a file's name back; `None` for what is not the file of a part.
    pub(crate) fn parse(name: &str, algorithm: Algorithm) -> Option<(u16, Self)> {
        let mut fields = name.split('.');
        let number = fields.next()?.parse().ok()?;
        let part = Self {
            sequence: fields.next()?.parse().ok()?,
            size: fields.next()?.parse().ok()?,
            modified_ms: fields.next()?.parse().ok()?,
            etag: fields.next()?.into(),
            sum: Sum::from_hex(algorithm, fields.next()?)?,
        };
        fields.next().is_none().then_some((number, part))
    }
}

/// A part as it was received, before it is part of the upload.
pub(crate) struct Arrival {
    pub(crate) number: u16,
    pub(crate) size: u64,
    pub(crate) modified_ms: i64,
    pub(crate) etag: Box<str>,
    pub(crate) sum: Sum,
    /// Where the bytes are, synced.
    pub(crate) blob: Blob,
}

impl Upload {
    pub(super) fn new(intent: Intent, blob: Arc<Blob>, parts: BTreeMap<u16, Part>) -> Self {
        let next_sequence = parts.values().map(|part| part.sequence + 1).max().unwrap_or(0);
        let state = State { closed: false, next_sequence, parts };
        Self { intent, blob, state: Mutex::new(state), ending: Mutex::new(()) }
    }

    /// Where the bytes of a part may be written while they arrive. `unique` must differ between any two.
    pub(crate) fn arrival_path(&self, unique: u128) -> PathBuf {
        self.blob.path().join(format!("{unique:032x}{}", durable::UNFINISHED))
    }

    /// Makes received bytes a part, replacing an earlier one of that number. When this returns, the part is
    /// on the disk; before, nobody sees it.
    pub(crate) fn add(&self, arrival: Arrival) -> Result<Part, Error> {
        let part = Part {
            sequence: self.next_sequence()?,
            size: arrival.size,
            modified_ms: arrival.modified_ms,
            etag: arrival.etag,
            sum: arrival.sum,
        };
        let path = self.part_path(arrival.number, &part);
        match fs::rename(arrival.blob.path(), &path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Error::NoSuchUpload),
            renamed => renamed?,
        }
        arrival.blob.keep();
        let superseded = durable::sync_folder(self.blob.path())
            .map_err(Error::from)
            .and_then(|()| self.insert(arrival.number, part.clone()))
            .inspect_err(|_| durable::remove(&path))?;
        if let Some(old) = superseded {
            durable::remove(&self.part_path(arrival.number, &old));
        }
        Ok(part)
    }

    fn next_sequence(&self) -> Result<u64, Error> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Error::NoSuchUpload);
        }
        state.next_sequence += 1;
        Ok(state.next_sequence - 1)
    }

    /// Puts the part into the upload and gives the one whose file is of no use any more. That is the new one
    /// itself when a part with a later sequence overtook it.
    fn insert(&self, number: u16, part: Part) -> Result<Option<Part>, Error> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Error::NoSuchUpload);
        }
        match state.parts.get(&number) {
            Some(present) if present.sequence > part.sequence => Ok(Some(part)),
            _ => Ok(state.parts.insert(number, part)),
        }
    }

    /// The parts on the disk, by number.
    pub(crate) fn parts(&self) -> BTreeMap<u16, Part> {
        lock(&self.state).parts.clone()
    }

    /// From now on no part can be added. Gives the parts as they stay.
    pub(super) fn close(&self) -> BTreeMap<u16, Part> {
        let mut state = lock(&self.state);
        state.closed = true;
        state.parts.clone()
    }

    /// Takes [`Self::close`] back, after an attempt to complete that failed.
    pub(super) fn reopen(&self) {
        lock(&self.state).closed = false;
    }

    pub(super) fn part_path(&self, number: u16, part: &Part) -> PathBuf {
        self.blob.path().join(part.file_name(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_back_from_its_name() {
        let part = Part {
            sequence: 7,
            size: 5 << 20,
            modified_ms: 1_700_000_000_123,
            etag: "ab".repeat(16).into(),
            sum: Sum::new(Algorithm::Sha256, &[0xcd; 32]).unwrap(),
        };
        let name = part.file_name(3);
        assert!(name.len() < 200, "{name}");
        assert_eq!(Part::parse(&name, Algorithm::Sha256), Some((3, part)));
    }

    #[test]
    fn other_names_are_not_parts() {
        for name in ["", "00001", "00001.0.1.2.ab.zz", "0123.unfinished", "70000.0.0.0.00.00"] {
            assert_eq!(Part::parse(name, Algorithm::Crc32), None, "{name}");
        }
    }
}
