//! Cuts a WebM stream into elements as its bytes come in. Holds one element at a time.

use bytes::{Bytes, BytesMut};

use super::element::{self, Header, header, id, is_child_of_segment};

/// Why a stream is not WebM, or not one that can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a WebM stream that can be followed: {0}")]
pub struct NotWebm(pub &'static str);

/// The largest element that is held in memory, in bytes. A key frame of a 4K screen has one or two million.
const MOST_HELD: u64 = 32 << 20;

/// One complete element, or the opening of one that holds others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// The header of a segment or cluster; its children follow.
    Opens {
        /// Which.
        id: u32,
        /// Where its header starts, in bytes from the start of the stream.
        at: u64,
        /// Where its body ends; `None` when the writer did not know.
        end: Option<u64>,
    },
    /// Any other element, whole.
    Leaf(Leaf),
}

/// An element with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Which.
    pub id: u32,
    /// Where its header starts, in bytes from the start of the stream.
    pub at: u64,
    /// Header and body.
    pub bytes: Bytes,
    /// Bytes of the header.
    pub header: usize,
}

impl Leaf {
    /// What follows the header.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.header..]
    }
}

/// Where the next element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Document,
    Segment,
    Cluster { end: Option<u64> },
}

/// Takes bytes in slices of any size and gives elements.
#[derive(Debug)]
pub struct Reader {
    waiting: BytesMut,
    at: u64,
    place: Place,
}

impl Reader {
    /// A reader at the start of a stream.
    pub fn new() -> Reader {
        Reader { waiting: BytesMut::new(), at: 0, place: Place::Start }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Where the next element starts, in bytes from the start of the stream.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Where the cluster ends in which the next element stands, if its writer said so.
    pub fn end_of_cluster(&self) -> Option<u64> {
        match self.place {
            Place::Cluster { end } => end,
            _ => None,
        }
    }

    /// Goes on as if the stream ended at `keep`, the end of an element that has been given out, and perhaps of more.
    pub fn cut_back(&mut self, keep: u64) {
        self.waiting.clear();
        if keep < self.at {
            // Only the opening of a cluster can lie between.
            self.at = keep;
            self.place = Place::Segment;
        }
    }

    /// The next element; `None` while bytes are missing.
    ///
    /// # Errors
    /// When the stream cannot be WebM, or has an element that is too large to hold.
    pub fn next(&mut self) -> Result<Option<Element>, NotWebm> {
        let Some(header) = header(&self.waiting)? else { return Ok(None) };
        self.leave_cluster(&header);
        match (self.place, header.id) {
            (Place::Start, id::EBML) => self.leaf(header),
            (Place::Start, _) => Err(NotWebm("it does not begin with an EBML header")),
            (Place::Document, id::SEGMENT) | (Place::Segment, id::CLUSTER) => Ok(Some(self.open(&header))),
            (Place::Document, id::VOID) | (Place::Segment | Place::Cluster { .. }, _) => self.leaf(header),
            (Place::Document, _) => Err(NotWebm("no segment follows the EBML header")),
        }
    }

    fn leave_cluster(&mut self, next: &Header) {
        let over = match self.place {
            Place::Cluster { end: Some(end) } => self.at >= end,
            Place::Cluster { end: None } => is_child_of_segment(next.id),
            _ => false,
        };
        if over {
            self.place = Place::Segment;
        }
    }

    fn open(&mut self, header: &Header) -> Element {
        let at = self.at;
        self.take(header.length);
        let end = header.size.map(|size| self.at.saturating_add(size));
        self.place = match header.id {
            id::CLUSTER => Place::Cluster { end },
            _ => Place::Segment,
        };
        Element::Opens { id: header.id, at, end }
    }

    fn leaf(&mut self, header: Header) -> Result<Option<Element>, NotWebm> {
        let size = header.size.ok_or(NotWebm("an element other than segment and cluster has no size"))?;
        if size > MOST_HELD {
            return Err(NotWebm("an element is larger than 32 MiB"));
        }
        let length = header.length + size as usize;
        if self.end_of_cluster().is_some_and(|end| self.at + length as u64 > end) {
            return Err(NotWebm("an element reaches beyond its cluster"));
        }
        if self.waiting.len() < length {
            return Ok(None);
        }
        let at = self.at;
        let bytes = self.take(length);
        if self.place == Place::Start {
            self.place = Place::Document;
        }
        Ok(Some(Element::Leaf(Leaf { id: header.id, at, bytes, header: header.length })))
    }

    fn take(&mut self, length: usize) -> Bytes {
        self.at += length as u64;
        self.waiting.split_to(length).freeze()
    }
}

/// The track and the time, relative to its cluster, of a `SimpleBlock` or `BlockGroup`; and where, in the leaf's bytes,
/// the track number stands. `None` for any other element.
pub fn block(leaf: &Leaf) -> Option<(u64, i16, std::ops::Range<usize>)> {
    let from = match leaf.id {
        id::SIMPLE_BLOCK => leaf.header,
        id::BLOCK_GROUP => {
            let inner = element::children(leaf.body()).find(|(id, _, _)| *id == id::BLOCK)?;
            leaf.bytes.len() - leaf.body().len() + inner.1 + header(&leaf.body()[inner.1..]).ok()??.length
        }
        _ => return None,
    };
    let (track, length) = element::vint(leaf.bytes.get(from..)?).ok()??;
    let time = leaf.bytes.get(from + length..from + length + 2)?;
    Some((track?, i16::from_be_bytes([time[0], time[1]]), from..from + length))
}
