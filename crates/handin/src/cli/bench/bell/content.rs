//! What virtual candidates record: bytes cut from one shared buffer, whose digests are known without reading a recording.
//!
//! A recording is an endless walk through the buffer that begins at the place of its **class**; parts and whole objects
//! are stretches of that walk. No candidate has a buffer of its own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use handin_core::Sha256 as Digest32;
use sha2::{Digest, Sha256};

use crate::cli::bench::chance::Chance;

/// All sizes are multiples of this, so that few digests are needed; in bytes.
pub const BLOCK: u64 = 16 << 10;
/// How many different recordings there are.
pub const CLASSES: u8 = 16;
/// The length of the buffer: parts, which are whole mebibytes, begin at few different places of it.
const LENGTH: u64 = 8 << 20;
/// From the place of one class to the next.
const STEP: u64 = LENGTH / CLASSES as u64 + (64 << 10);
/// What is sent at a time.
const PIECE: u64 = 64 << 10;

/// The buffer and the digests of its stretches.
pub struct Content {
    buffer: Bytes,
    digests: Mutex<HashMap<u64, Stretches>>,
}

/// The digests of the stretches that begin at one place: of one block, of two, ….
#[derive(Default)]
struct Stretches {
    hasher: Sha256,
    digests: Vec<Digest32>,
}

impl Content {
    /// The buffer of a seed.
    pub fn new(seed: u64) -> Content {
        let mut chance = Chance::of(seed, u32::MAX);
        let bytes: Vec<u8> = (0..LENGTH / 8).flat_map(|_| chance.next().to_le_bytes()).collect();
        Content { buffer: bytes.into(), digests: Mutex::default() }
    }

    /// SHA-256 of a stretch of a recording, whose length is a multiple of [`BLOCK`].
    pub fn digest(&self, class: u8, range: &Range<u64>) -> Digest32 {
        let start = place(class, range.start);
        let blocks = ((range.end - range.start) / BLOCK).max(1) as usize;
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = digests.entry(start).or_default();
        while known.digests.len() < blocks {
            let from = start + known.digests.len() as u64 * BLOCK;
            self.walk(from, BLOCK).for_each(|piece| known.hasher.update(&piece));
            known.digests.push(known.hasher.clone().finalize().into());
        }
        known.digests[blocks - 1]
    }

    /// A stretch of a recording, in pieces of at most 64 KiB that copy nothing.
    pub fn pieces(&self, class: u8, range: &Range<u64>) -> impl Iterator<Item = Bytes> + Send + use<> {
        self.walk(place(class, range.start), range.end - range.start)
    }

    /// Whether `found` is what a recording holds from `offset` on.
    pub fn matches(&self, class: u8, offset: u64, found: &[u8]) -> bool {
        let mut at = 0;
        self.walk(place(class, offset), found.len() as u64).all(|piece| {
            at += piece.len();
            found[at - piece.len()..at] == piece[..]
        })
    }

    fn walk(&self, start: u64, length: u64) -> impl Iterator<Item = Bytes> + Send + use<> {
        let (buffer, mut at, end) = (self.buffer.clone(), start, start + length);
        std::iter::from_fn(move || {
            let from = at % LENGTH;
            let size = PIECE.min(end - at).min(LENGTH - from);
            at += size;
            (size > 0).then(|| buffer.slice(from as usize..(from + size) as usize))
        })
    }
}

fn place(class: u8, offset: u64) -> u64 {
    (u64::from(class % CLASSES) * STEP + offset) % LENGTH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn digests_pieces_and_comparison_speak_of_the_same_bytes(
            class in 0..CLASSES, start in 0u64..40, blocks in prop::collection::vec(1u64..330, 1..4),
        ) {
            let content = Content::new(5);
            for blocks in blocks {
                let range = (start << 20)..(start << 20) + blocks * BLOCK;
                let bytes = content.pieces(class, &range).collect::<Vec<_>>().concat();
                prop_assert_eq!(bytes.len() as u64, blocks * BLOCK);
                prop_assert_eq!(content.digest(class, &range), <Digest32>::from(Sha256::digest(&bytes)));
                prop_assert!(content.matches(class, range.start, &bytes));
                let mut wrong = bytes.clone();
                *wrong.last_mut().unwrap() ^= 1;
                prop_assert!(!content.matches(class, range.start, &wrong));
            }
        }
    }

    #[test]
    fn classes_differ() {
        let content = Content::new(5);
        let digests: std::collections::BTreeSet<_> =
            (0..CLASSES).map(|class| content.digest(class, &(0..BLOCK))).collect();
        assert_eq!(digests.len(), usize::from(CLASSES));
    }
}
