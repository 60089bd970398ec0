//! A file on this machine whose ranges are hashed and sent: the recording itself, or the spool of a live stream.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use handin_core::Sha256;
use sha2::Digest;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::pace::Pacer;
use super::pulse::Pulse;

/// How much is read and handed to the network at once, in bytes.
const PIECE: usize = 128 << 10;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub struct Source {
    path: Arc<PathBuf>,
}

impl Source {
    /// The file at `path`.
    pub fn new(path: &Path) -> Source {
        Source { path: Arc::new(path.to_owned()) }
    }

    /// The SHA-256 of a range.
    ///
    /// # Errors
    /// When the file cannot be read, or ends before the range does.
    pub async fn digest(&self, range: Range<u64>) -> io::Result<Sha256> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || digest(&path, range)).await.map_err(io::Error::other)?
    }

    /// A range as a request body, read piece by piece at the pace the server asked for. Every piece moves the pulse.
    pub fn body(&self, range: Range<u64>, pacer: Arc<Pacer>, pulse: Arc<Pulse>) -> reqwest::Body {
        let start = Pieces { path: self.path.clone(), file: None, range, pacer, pulse };
        reqwest::Body::wrap_stream(stream::try_unfold(start, Pieces::next))
    }
}

struct Pieces {
    path: Arc<PathBuf>,
    file: Option<tokio::fs::File>,
    range: Range<u64>,
    pacer: Arc<Pacer>,
    pulse: Arc<Pulse>,
}

impl Pieces {
    async fn next(mut self) -> io::Result<Option<(Bytes, Pieces)>> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(None);
        }
        let length = left.min(PIECE);
        self.pulse.rest();
        self.pacer.spend(length).await;
        self.pulse.beat(length as u64);
        let mut piece = BytesMut::zeroed(length);
        self.file().await?.read_exact(&mut piece).await?;
        self.range.start += length as u64;
        Ok(Some((piece.freeze(), self)))
    }

    async fn file(&mut self) -> io::Result<&mut tokio::fs::File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = tokio::fs::File::open(self.path.as_path()).await?;
                file.seek(SeekFrom::Start(self.range.start)).await?;
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

fn digest(path: &Path, range: Range<u64>) -> io::Result<Sha256> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let length = range.end - range.start;
    let (mut rest, mut hash, mut piece) = (file.take(length), sha2::Sha256::new(), vec![0; PIECE]);
    let mut seen = 0;
    loop {
        match rest.read(&mut piece)? {
            0 if seen == length => return Ok(hash.finalize().into()),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                hash.update(&piece[..count]);
                seen += count as u64;
            }
        }
    }
}
