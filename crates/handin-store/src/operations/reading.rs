//! Reading an object: which bytes are asked for, in which files they lie, and streaming them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use s3s::dto::{Range, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::folder::Manifest;
use crate::folder::blob::Blob;
use crate::folder::receive::blocking;

/// How much is read from the disk at once, in bytes. One such slice is in memory for each reader.
const SLICE: u64 = 256 << 10;

/// The bytes that a request asks for.
pub(super) struct Reading {
    start: u64,
    pub(super) length: u64,
    /// The answer's `Content-Range`, unless the whole object is asked for.
    pub(super) content_range: Option<String>,
    /// The object's number of parts, if the request names one.
    pub(super) parts_count: Option<i32>,
}

impl Reading {
    /// Works out what `Range` or `partNumber` mean for this object.
    pub(super) fn new(manifest: &Manifest, range: Option<&Range>, part: Option<i32>) -> S3Result<Self> {
        match (range, part) {
            (None, None) => {
                Ok(Self { start: 0, length: manifest.size, content_range: None, parts_count: None })
            }
            (Some(range), None) => {
                let span = range.check(manifest.size)?;
                Ok(Self::span(manifest, span.start, span.end - span.start))
            }
            (None, Some(number)) => Self::part(manifest, number),
            (Some(_), Some(_)) => Err(S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                "Cannot specify both Range header and partNumber query parameter",
            )),
        }
    }

    fn span(manifest: &Manifest, start: u64, length: u64) -> Self {
        let last = (start + length).saturating_sub(1);
        let content_range = Some(format!("bytes {start}-{last}/{}", manifest.size));
        Self { start, length, content_range, parts_count: None }
    }

    fn part(manifest: &Manifest, number: i32) -> S3Result<Self> {
        if manifest.parts.is_empty() && number == 1 {
            return Ok(Self { start: 0, length: manifest.size, content_range: None, parts_count: None });
        }
        let mut start = 0;
        for part in &manifest.parts {
            if i32::from(part.number) == number {
                let parts_count = i32::try_from(manifest.parts.len()).ok();
                return Ok(Self { parts_count, ..Self::span(manifest, start, part.size) });
            }
            start += part.size;
        }
        let message = "The requested partnumber is not satisfiable";
        let mut error = S3Error::with_message(S3ErrorCode::Custom("InvalidPartNumber".into()), message);
        error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
        Err(error)
    }

    /// The pieces of files that hold the bytes.
    fn pieces(&self, manifest: &Manifest, blob: &Blob) -> VecDeque<Piece> {
        if manifest.parts.is_empty() {
            let whole = Piece { path: blob.path().to_owned(), skip: self.start, left: self.length };
            return VecDeque::from([whole]);
        }
        let (mut skip, mut left) = (self.start, self.length);
        let mut pieces = VecDeque::new();
        for part in &manifest.parts {
            if skip >= part.size {
                skip -= part.size;
                continue;
            }
            let length = left.min(part.size - skip);
            if length == 0 {
                break;
            }
            pieces.push_back(Piece { path: blob.path().join(&part.file), skip, left: length });
            left -= length;
            skip = 0;
        }
        pieces
    }
}

struct Piece {
    path: PathBuf,
    skip: u64,
    left: u64,
}

/// The open end of an object being read. It holds the blob, so that a deletion waits for it.
struct Reader {
    pieces: VecDeque<Piece>,
    open: Option<(File, u64)>,
    _blob: Arc<Blob>,
}

/// Streams the bytes, opening one file at a time.
pub(super) fn stream(manifest: &Manifest, blob: Arc<Blob>, reading: &Reading) -> StreamingBlob {
    let pieces = reading.pieces(manifest, &blob);
    let reader = Reader { pieces, open: None, _blob: blob };
    StreamingBlob::wrap(futures_util::stream::try_unfold(reader, |mut reader| async move {
        let read = blocking(move || io::Result::Ok((reader.slice()?, reader))).await;
        let (slice, reader) = read.map_err(io::Error::other)??;
        io::Result::Ok(slice.map(|slice| (slice, reader)))
    }))
}

impl Reader {
    /// The next slice; none at the end.
    fn slice(&mut self) -> io::Result<Option<Bytes>> {
        let (mut file, left) = match self.open.take() {
            Some(open) => open,
            None => match self.pieces.pop_front() {
                Some(piece) => piece.open()?,
                None => return Ok(None),
            },
        };
        let mut slice = Vec::with_capacity(usize::try_from(left.min(SLICE)).map_err(io::Error::other)?);
        let read = (&mut file).take(left.min(SLICE)).read_to_end(&mut slice)? as u64;
        if read < left.min(SLICE) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if left > read {
            self.open = Some((file, left - read));
        }
        Ok((read > 0).then(|| slice.into()))
    }
}

impl Piece {
    fn open(self) -> io::Result<(File, u64)> {
        let mut file = File::open(&self.path)?;
        if self.skip > 0 {
            file.seek(SeekFrom::Start(self.skip))?;
        }
        Ok((file, self.left))
    }
}
