//! The spool of a live stream: one file that only grows, on disk before any of it counts.
//!
//! Knows how far the stream may be sent and how it is carried on after a break; refuses to know about the network and
//! about who writes the stream.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::send::Ready;
use super::webm::{Cut, Head, NotWebm, Outline, void};

/// How much is read at once when a spool is looked through, in bytes.
const PIECE: usize = 256 << 10;

/// A spool that is open for writing.
#[derive(Debug)]
pub struct Spool {
    file: File,
    outline: Outline,
    written: u64,
    durable: u64,
    /// The longest the recording may become, in bytes.
    most: u64,
}

/// Why nothing more goes into a spool.
#[derive(Debug, thiserror::Error)]
pub enum Full {
    /// The disk does not take it.
    #[error("the spool cannot be written: {0}")]
    Disk(#[from] io::Error),
    /// The recording has reached the exam's limit.
    #[error("the recording has reached the {0} bytes that this exam allows")]
    Limit(u64),
}

impl Spool {
    /// The spool at `path`, made if need be, and looked through from its first byte.
    ///
    /// # Errors
    /// When the file cannot be made or read.
    pub fn open(path: &Path) -> io::Result<Spool> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        path.parent().map_or(Ok(()), super::state::sync_folder)?;
        let (mut outline, mut piece) = (Outline::empty(), vec![0; PIECE]);
        loop {
            match file.read(&mut piece)? {
                0 => break,
                count => outline.feed(&piece[..count]),
            }
        }
        let written = file.stream_position()?;
        Ok(Spool { file, outline, written, durable: written, most: u64::MAX })
    }

    /// Bytes in the spool.
    pub fn size(&self) -> u64 {
        self.written
    }

    /// The head of the spooled stream, if it is WebM.
    pub fn head(&self) -> Option<&Head> {
        self.outline.head()
    }

    /// How long ago the last byte came.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn silent_for(&self, now: SystemTime) -> io::Result<Duration> {
        Ok(now.duration_since(self.file.metadata()?.modified()?).unwrap_or_default())
    }

    /// Nothing is written beyond `most` bytes from now on.
    pub fn limit(&mut self, most: u64) {
        self.most = most;
    }

    /// Appends bytes of the stream. They count after [`Spool::sync`].
    ///
    /// # Errors
    /// [`Full`]; what was written before stays.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if self.written + bytes.len() as u64 > self.most {
            return Err(Full::Limit(self.most));
        }
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.outline.feed(bytes);
        Ok(())
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.durable < self.written {
            self.file.sync_data()?;
            self.durable = self.written;
        }
        Ok(())
    }

    /// What may be sent. Of a WebM stream that goes on, only whole elements: then a later break can always be mended
    /// behind what was sent.
    pub fn ready(&self, ended: bool) -> Ready {
        let whole = self.outline.whole().filter(|_| !ended).unwrap_or(u64::MAX);
        let recorded_ms = self.outline.head().map(|_| self.outline.recorded_ms());
        Ready { bytes: self.durable.min(whole), ended, recorded_ms }
    }

    /// Whether the stream can be carried on by another recorder's, and when in ticks that one would begin if it
    /// followed at once.
    ///
    /// # Errors
    /// When the spooled stream is not one that can be carried on.
    pub fn joint(&self) -> Result<(Cut, u64), NotWebm> {
        Ok((self.outline.cut()?, self.outline.next_time()))
    }

    /// Makes the broken-off stream whole, so that other clusters can follow: drops an element that is cut off, fills
    /// up the cluster it stood in, and takes back a duration that has become wrong.
    ///
    /// # Errors
    /// When the disk does not take it. Repeating it, after a kill too, gives the same.
    pub fn mend(&mut self, cut: Cut) -> Result<(), Full> {
        if let Some(duration) = self.outline.head().and_then(|head| head.duration.clone()) {
            // Part 1 may have been sent; its digest differs now, so it is sent again.
            self.file.write_all_at(&void(duration.end - duration.start), duration.start)?;
        }
        self.file.set_len(cut.keep)?;
        self.file.seek(SeekFrom::Start(cut.keep))?;
        self.written = cut.keep;
        self.outline.cut_back(cut);
        if cut.fill > 0 {
            self.append(&void(cut.fill))?;
        }
        self.file.sync_data()?;
        self.durable = self.written;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBCAM: &[u8] = include_bytes!("../../../../../samples/webcam-1.webm");

    fn spool(bytes: &[u8]) -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(&folder.path().join("spool")).unwrap();
        spool.append(bytes).unwrap();
        (folder, spool)
    }

    #[test]
    fn only_durable_bytes_are_ready_and_of_webm_only_whole_elements() {
        let (_folder, mut raw) = spool(b"not a film");
        assert_eq!(raw.ready(false).bytes, 0);
        raw.sync().unwrap();
        assert_eq!(raw.ready(false), Ready { bytes: 10, ended: false, recorded_ms: None });
        let cut = WEBCAM.len() / 2;
        let (_folder, mut film) = spool(&WEBCAM[..cut]);
        film.sync().unwrap();
        assert!((1..cut as u64).contains(&film.ready(false).bytes));
        assert_eq!(film.ready(true).bytes, cut as u64);
    }

    #[test]
    fn a_spool_reopened_is_the_same_spool() {
        let (folder, mut before) = spool(&WEBCAM[..100_000]);
        before.sync().unwrap();
        let after = Spool::open(&folder.path().join("spool")).unwrap();
        assert_eq!(after.ready(false), before.ready(false));
        assert_eq!(after.joint(), before.joint());
    }

    #[test]
    fn beyond_the_limit_nothing_is_written() {
        let (folder, mut spool) = spool(b"12345");
        spool.limit(8);
        spool.append(b"678").unwrap();
        assert!(matches!(spool.append(b"9"), Err(Full::Limit(8))));
        assert_eq!(std::fs::read(folder.path().join("spool")).unwrap(), b"12345678");
    }
}
