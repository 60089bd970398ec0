//! Rewrites the stream of a second recorder so that it carries on the first one's.
//!
//! Its head is dropped, its blocks get the first one's track numbers, its clusters a later time. Everything else, such
//! as its index and tags, would be wrong in the new place and is dropped too.

use std::collections::BTreeMap;

use super::element::{id, unsigned};
use super::outline::{Head, Outline};
use super::reader::{Element, Leaf, NotWebm, Reader, block};

/// Why a stream cannot carry on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// One of the two is not WebM, or breaks off.
    #[error(transparent)]
    NotWebm(#[from] NotWebm),
    /// Time is counted in another unit.
    #[error("the new stream counts time in another unit")]
    Scale,
    /// Not the same tracks.
    #[error("the new stream has other tracks, codecs or settings")]
    Tracks,
}

/// Turns the bytes of the second stream into the bytes to append to the first.
#[derive(Debug)]
pub struct Splice {
    reader: Reader,
    numbers: BTreeMap<u64, u64>,
    starts_at: u64,
    first_time: Option<u64>,
}

impl Splice {
    /// Carries on the stream of `before` with one that has the head `next`, its first cluster `starts_at` ticks after
    /// the start of the first stream.
    ///
    /// # Errors
    /// When the two have different tracks or units of time.
    pub fn new(before: &Head, next: &Head, starts_at: u64) -> Result<Splice, Refused> {
        if before.scale != next.scale {
            return Err(Refused::Scale);
        }
        let numbers = pair_up(before, next).ok_or(Refused::Tracks)?;
        Ok(Splice { reader: Reader::new(), numbers, starts_at, first_time: None })
    }

    /// Takes the next bytes of the second stream, from its first one, and gives bytes to append.
    ///
    /// # Errors
    /// When the second stream stops being WebM.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, NotWebm> {
        self.reader.feed(bytes);
        let mut out = Vec::with_capacity(bytes.len());
        while let Some(element) = self.reader.next()? {
            if let Element::Leaf(leaf) = element {
                self.rewrite(&leaf, &mut out)?;
            }
        }
        Ok(out)
    }

    fn rewrite(&mut self, leaf: &Leaf, out: &mut Vec<u8>) -> Result<(), NotWebm> {
        match leaf.id {
            id::TIMESTAMP => self.open_cluster(unsigned(leaf.body()), out),
            id::SIMPLE_BLOCK | id::BLOCK_GROUP => self.rewrite_block(leaf, out)?,
            _ => {}
        }
        Ok(())
    }

    /// The new cluster has no size, so that it can be written before its end is known, and no cut ever has to fill it.
    fn open_cluster(&mut self, time: u64, out: &mut Vec<u8>) {
        const UNKNOWN: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        let first = *self.first_time.get_or_insert(time);
        out.extend(id::CLUSTER.to_be_bytes());
        out.extend(UNKNOWN);
        out.extend([id::TIMESTAMP as u8, 0x88]);
        out.extend((self.starts_at + time.saturating_sub(first)).to_be_bytes());
    }

    fn rewrite_block(&self, leaf: &Leaf, out: &mut Vec<u8>) -> Result<(), NotWebm> {
        let (track, _, place) = block(leaf).ok_or(NotWebm("a block has no track number"))?;
        let number =
            *self.numbers.get(&track).ok_or(NotWebm("a block belongs to a track that was not named"))?;
        let from = out.len();
        out.extend_from_slice(&leaf.bytes);
        // `pair_up` has made sure that the number fits into as many bytes as it takes in the second stream.
        write_vint(number, &mut out[from..][place]);
        Ok(())
    }
}

/// Which number each track of `next` has in `before`; `None` unless the two have the same tracks.
fn pair_up(before: &Head, next: &Head) -> Option<BTreeMap<u64, u64>> {
    if before.tracks.len() != next.tracks.len() {
        return None;
    }
    let mut free: Vec<_> = before.tracks.iter().collect();
    let mut numbers = BTreeMap::new();
    for track in &next.tracks {
        let place = free.iter().position(|other| other.traits == track.traits)?;
        let number = free.remove(place).number;
        // Block headers take one byte for up to 126 tracks, and nobody has more.
        (number < 127 && track.number < 127).then_some(())?;
        numbers.insert(track.number, number);
    }
    Some(numbers)
}

fn write_vint(value: u64, place: &mut [u8]) {
    let length = place.len();
    let marked = value | 1 << (7 * length);
    place.copy_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// The head of a stream from its first bytes; `None` while more of them are needed.
///
/// # Errors
/// When they are not the beginning of a WebM stream.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, NotWebm> {
    let mut outline = Outline::empty();
    outline.feed(bytes);
    match (outline.whole(), outline.head()) {
        (None, _) => Err(NotWebm("it does not begin like one")),
        (Some(_), head) => Ok(head.cloned()),
    }
}
