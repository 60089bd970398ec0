//! The state folder: what must survive a kill so that a recording is found again and carried on.
//!
//! One folder per take: `take.json`, for a stream the spool, and a lock while a process works on it. Everything is on
//! disk before the step that relies on it. Knows files; refuses to know about the network.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::api::Opened;
use super::token::Sitting;

/// What a recording is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Standard input.
    Stream,
    /// A file, known by what changes when it is written to.
    File {
        /// Absolute.
        path: PathBuf,
        /// Bytes.
        size: u64,
        /// Nanoseconds since 1970.
        modified_ns: i128,
    },
}

/// The contents of `take.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The server's address.
    pub server: String,
    /// Whose.
    pub sitting: Sitting,
    /// Of which track.
    pub track: String,
    /// What from.
    pub origin: Origin,
    /// `stream`, `file` or `put`.
    pub upload: String,
    /// MIME type.
    pub content_type: String,
    /// Which take of this origin on this machine, from 1.
    pub attempt: u32,
    /// How often it had to be begun anew because the server's recording could not be carried on.
    pub renewed: u32,
    /// Finds the recording again when we were killed before its id was written down.
    pub idempotency_key: String,
    /// The recording, once it is open.
    pub opened: Option<Opened>,
    /// Whether nothing more may be added to the spool, because the seal has been asked for.
    pub ended: bool,
    /// The receipt, once it is sealed.
    pub receipt: Option<String>,
}

/// One take, ours alone until it is dropped.
#[derive(Debug)]
pub struct Take {
    /// What is written down about it.
    pub record: Record,
    folder: PathBuf,
    _lock: File,
}

/// All takes on this machine.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The state folder at `root`, made if need be. Only its owner can look into it: a spool is footage.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> anyhow::Result<Folder> {
        make_folder(root).with_context(|| format!("the state folder {} cannot be made", root.display()))?;
        Ok(Folder { root: root.to_owned() })
    }

    /// Where the server's receipt keys are remembered.
    pub fn keys_of(&self, server: &str) -> PathBuf {
        self.root.join(format!("keys-{}.json", short_hash(&[server])))
    }

    /// The latest take of this origin, or a first one.
    ///
    /// # Errors
    /// When another process is working on it, or its folder cannot be used.
    pub fn latest(&self, wanted: &Record) -> anyhow::Result<Take> {
        let mut attempt = 1;
        while self.place(wanted, attempt + 1).join(RECORD).exists() {
            attempt += 1;
        }
        self.take(wanted, attempt)
    }

    /// A new take of the same origin.
    ///
    /// # Errors
    /// As [`Folder::latest`].
    pub fn next(&self, wanted: &Record, after: u32) -> anyhow::Result<Take> {
        self.take(wanted, after + 1)
    }

    /// The takes of a sitting that are not sealed yet. Those that another process works on are left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unsealed(&self, server: &str, sitting: &Sitting) -> anyhow::Result<Vec<Take>> {
        let mut takes = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let folder = entry?.path();
            let Some(record) = read_record(&folder)? else { continue };
            let ours = record.server == server && record.sitting == *sitting;
            if ours
                && record.receipt.is_none()
                && let Some(lock) = lock(&folder)?
            {
                takes.push(Take { record, folder, _lock: lock });
            }
        }
        takes.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(takes)
    }

    fn take(&self, wanted: &Record, attempt: u32) -> anyhow::Result<Take> {
        let folder = self.place(wanted, attempt);
        make_folder(&folder)?;
        let Some(lock) = lock(&folder)? else {
            bail!("another process is sending this recording ({} is locked)", folder.display());
        };
        let record = match read_record(&folder)? {
            Some(record) => record,
            None => {
                let record = Record { attempt, idempotency_key: wanted.key_for(attempt), ..wanted.clone() };
                write_record(&folder, &record)?;
                record
            }
        };
        Ok(Take { record, folder, _lock: lock })
    }

    fn place(&self, wanted: &Record, attempt: u32) -> PathBuf {
        self.root.join(format!("{}-{}-{attempt:03}", wanted.track, wanted.identity()))
    }
}

impl Record {
    /// A record of something that is to be sent. `nonce` goes into the idempotency key; leave it empty where the origin
    /// itself tells one recording from another, so that even a lost state folder leads to the same recording.
    pub fn new(
        server: &str,
        sitting: &Sitting,
        track: &str,
        origin: Origin,
        upload: &str,
        nonce: &str,
    ) -> Record {
        Record {
            server: server.to_owned(),
            sitting: sitting.clone(),
            track: track.to_owned(),
            origin,
            upload: upload.to_owned(),
            content_type: String::new(),
            attempt: 1,
            renewed: 0,
            idempotency_key: nonce.to_owned(),
            opened: None,
            ended: false,
            receipt: None,
        }
    }

    fn identity(&self) -> String {
        let Sitting { exam, subject, candidate } = &self.sitting;
        let origin = match &self.origin {
            Origin::Stream => "stream".to_owned(),
            Origin::File { path, size, modified_ns } => format!("{}\n{size}\n{modified_ns}", path.display()),
        };
        short_hash(&[&self.server, exam, subject, candidate, &self.track, &self.upload, &origin])
    }

    fn key_for(&self, attempt: u32) -> String {
        short_hash(&[&self.identity(), &self.idempotency_key, &attempt.to_string()])
    }
}

impl Take {
    /// Where a stream is spooled.
    pub fn spool(&self) -> PathBuf {
        self.folder.join("spool")
    }

    /// Writes the record down, durably.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self) -> io::Result<()> {
        write_record(&self.folder, &self.record)
    }

    /// Lets the same bytes go into a new recording.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn renew(&mut self) -> io::Result<()> {
        self.record.renewed += 1;
        let renewed = self.record.renewed.to_string();
        self.record.idempotency_key = short_hash(&[&self.record.idempotency_key, "renewed", &renewed]);
        self.record.opened = None;
        self.save()
    }

    /// Keeps the receipt and removes the spool.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sealed(&mut self, receipt: String) -> io::Result<()> {
        self.record.receipt = Some(receipt);
        self.save()?;
        match fs::remove_file(self.spool()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

const RECORD: &str = "take.json";

/// Writes a file so that after a crash it holds either the old contents or the new.
///
/// # Errors
/// When the disk does not take it.
pub fn write_durably(path: &Path, contents: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the entries of a folder durable.
///
/// # Errors
/// When the disk does not take it.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

fn write_record(folder: &Path, record: &Record) -> io::Result<()> {
    write_durably(&folder.join(RECORD), &serde_json::to_vec_pretty(record)?)
}

fn read_record(folder: &Path) -> anyhow::Result<Option<Record>> {
    let path = folder.join(RECORD);
    match fs::read(&path) {
        Ok(text) => {
            Ok(Some(serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// The lock of a take; `None` while another process has it. The system gives it back when a process dies.
fn lock(folder: &Path) -> anyhow::Result<Option<File>> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("the state folder cannot be locked"),
    }
}

fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists run together.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(origin: Origin, nonce: &str) -> Record {
        let sitting = Sitting { exam: "e".into(), subject: "s".into(), candidate: "c".into() };
        Record::new("http://server", &sitting, "webcam", origin, "file", nonce)
    }

    fn file(modified_ns: i128) -> Origin {
        Origin::File { path: "/a/b.webm".into(), size: 9, modified_ns }
    }

    #[test]
    fn a_take_is_found_again_by_its_origin_and_locked_meanwhile() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let mut take = folder.latest(&record(file(1), "")).unwrap();
        assert!(folder.latest(&record(file(1), "")).is_err(), "locked");
        take.record.content_type = "video/webm".into();
        take.save().unwrap();
        let saved = take.record.clone();
        drop(take);
        assert_eq!(folder.latest(&record(file(1), "")).unwrap().record, saved);
        assert_ne!(
            folder.latest(&record(file(2), "")).unwrap().record.idempotency_key,
            saved.idempotency_key
        );
    }

    #[test]
    fn the_idempotency_key_of_a_file_survives_a_lost_folder_and_that_of_a_stream_does_not() {
        let key = |origin: Origin, nonce: &str| {
            let root = tempfile::tempdir().unwrap();
            Folder::open(root.path()).unwrap().latest(&record(origin, nonce)).unwrap().record.idempotency_key
        };
        assert_eq!(key(file(1), ""), key(file(1), ""));
        assert_ne!(key(Origin::Stream, "a"), key(Origin::Stream, "b"));
    }

    #[test]
    fn the_next_take_is_the_latest_from_then_on_and_sealed_ones_are_not_open() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let wanted = record(Origin::Stream, "n");
        let mut first = folder.latest(&wanted).unwrap();
        fs::write(first.spool(), b"footage").unwrap();
        first.sealed("receipt".into()).unwrap();
        assert!(!first.spool().exists());
        drop(first);
        let second = folder.next(&wanted, 1).unwrap();
        assert_eq!(second.record.attempt, 2);
        assert_eq!(folder.unsealed("http://server", &wanted.sitting).unwrap().len(), 0, "locked by us");
        drop(second);
        let open = folder.unsealed("http://server", &wanted.sitting).unwrap();
        assert_eq!(open.iter().map(|take| take.record.attempt).collect::<Vec<_>>(), [2]);
        drop(open);
        assert_eq!(folder.latest(&wanted).unwrap().record.attempt, 2);
    }
}
