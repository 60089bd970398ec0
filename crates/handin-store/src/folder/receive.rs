//! Writing a body to a file while it arrives, in bounded memory, and checking it against what was declared.
//!
//! One slice of the body is written and hashed on a blocking thread while the next one comes in from the
//! network. It knows nothing of objects and parts.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use s3s::StdError;
use tokio::task::JoinHandle;

use super::blob::Blob;
use super::durable;
use crate::digest::{self, Algorithm, Digests, Sum, Sums};
use crate::error::Error;

/// How much of a body is gathered before it is written. Two such slices are in memory for each upload.
const SLICE: usize = 256 << 10;

/// What the client said about the body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    /// Bytes.
    pub(crate) size: Option<u64>,
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sums: Vec<Sum>,
    /// Algorithms whose sums come as trailers behind the body.
    pub(crate) trailers: Vec<Algorithm>,
}

/// How a body is received.
pub(crate) struct Reception {
    pub(crate) declared: Declared,
    /// The algorithm whose sum is kept.
    pub(crate) algorithm: Algorithm,
    /// Whether MD5 is taken though the client declared none.
    pub(crate) md5: bool,
    /// The most bytes that are taken.
    pub(crate) limit: u64,
    pub(crate) idle_timeout: Duration,
}

/// A body that is on the disk, synced, and whatever was declared of it was true.
pub(crate) struct Received {
    pub(crate) blob: Blob,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) sums: Sums,
}

impl Received {
    /// The sum that is kept, and the ETag.
    pub(crate) fn kept(&self, algorithm: Algorithm) -> Result<(Sum, String), Error> {
        let sum = self.sums.get(algorithm).ok_or(Error::BadDigest(algorithm.name()))?;
        Ok((sum.clone(), digest::etag(self.sums.md5, sum, self.size)))
    }
}

struct Sink {
    file: File,
    digests: Digests,
}

impl Sink {
    fn write(&mut self, slice: &[Bytes]) -> std::io::Result<()> {
        for bytes in slice {
            self.digests.update(bytes);
            self.file.write_all(bytes)?;
        }
        Ok(())
    }
}

/// Receives `body` into the file that `blob` stands for, and syncs it; its name is the caller's to sync.
/// Whatever goes wrong, the file goes with the blob.
pub(crate) async fn receive<S>(mut body: S, blob: Blob, reception: &Reception) -> Result<Received, Error>
where
    S: Stream<Item = Result<Bytes, StdError>> + Unpin,
{
    let mut writer = Writer::create(&blob, reception.digests());
    let mut size = 0;
    let mut slice = Vec::new();
    let mut gathered = 0;
    while let Some(bytes) = next(&mut body, reception.idle_timeout).await? {
        size += bytes.len() as u64;
        reception.check_size(size)?;
        gathered += bytes.len();
        slice.push(bytes);
        if gathered >= SLICE {
            writer.write(std::mem::take(&mut slice)).await?;
            gathered = 0;
        }
    }
    if reception.declared.size.is_some_and(|declared| declared != size) {
        return Err(Error::IncompleteBody);
    }
    let sums = writer.finish(slice).await?;
    reception.declared.check(&sums)?;
    Ok(Received { blob, size, sums })
}

async fn next<S>(body: &mut S, idle_timeout: Duration) -> Result<Option<Bytes>, Error>
where
    S: Stream<Item = Result<Bytes, StdError>> + Unpin,
{
    match tokio::time::timeout(idle_timeout, body.next()).await {
        Ok(next) => next.transpose().map_err(|error| Error::from_body(&error)),
        Err(_) => Err(Error::RequestTimeout),
    }
}

impl Reception {
    fn digests(&self) -> Digests {
        let mut algorithms = vec![self.algorithm];
        let declared = self.declared.sums.iter().map(|sum| sum.algorithm);
        for algorithm in declared.chain(self.declared.trailers.iter().copied()) {
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        Digests::new(&algorithms, self.md5 || self.declared.md5.is_some())
    }

    fn check_size(&self, size: u64) -> Result<(), Error> {
        if size > self.limit { Err(Error::EntityTooLarge) } else { Ok(()) }
    }
}

impl Declared {
    fn check(&self, sums: &Sums) -> Result<(), Error> {
        if self.md5.is_some() && self.md5 != sums.md5 {
            return Err(Error::BadDigest("Content-MD5"));
        }
        match self.sums.iter().find(|sum| sums.get(sum.algorithm) != Some(sum)) {
            Some(sum) => Err(Error::BadDigest(sum.algorithm.name())),
            None => Ok(()),
        }
    }
}

/// A file being written by one blocking task at a time.
struct Writer {
    task: JoinHandle<std::io::Result<Sink>>,
}

impl Writer {
    fn create(blob: &Blob, digests: Digests) -> Self {
        let path = blob.path().to_owned();
        let create = move || {
            let file = File::create_new(path)?;
            Ok(Sink { file, digests })
        };
        Self { task: tokio::task::spawn_blocking(create) }
    }

    async fn write(&mut self, slice: Vec<Bytes>) -> Result<(), Error> {
        let mut sink = self.sink().await?;
        self.task = tokio::task::spawn_blocking(move || {
            sink.write(&slice)?;
            Ok(sink)
        });
        Ok(())
    }

    /// Writes what is left, syncs the file and ends the sums.
    async fn finish(mut self, slice: Vec<Bytes>) -> Result<Sums, Error> {
        let mut sink = self.sink().await?;
        let finish = move || -> std::io::Result<Sums> {
            sink.write(&slice)?;
            sink.file.sync_data()?;
            Ok(sink.digests.finish())
        };
        Ok(blocking(finish).await??)
    }

    async fn sink(&mut self) -> Result<Sink, Error> {
        match (&mut self.task).await {
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NoSuchUpload),
            Ok(sink) => Ok(sink?),
            Err(stopped) => Err(Error::Io(std::io::Error::other(stopped))),
        }
    }
}

/// Runs work that waits for the disk off the connection's thread.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|stopped| Error::Io(std::io::Error::other(stopped)))
}

/// Makes the name of a received data file durable.
pub(crate) fn sync_name(blob: &Blob) -> Result<(), Error> {
    Ok(durable::sync_folder(durable::parent(blob.path()))?)
}
