//! Salvage: what can be kept when the browser never came back.
//!
//! Only the contiguous parts from 1 make a playable file; what lies behind a hole is named as missing.

use crate::StoredPart;

/// The bytes that never came, counted from the start of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The first missing part.
    pub from_part: u32,
    /// The first missing byte.
    pub from_byte: u64,
    /// The last byte known to have been recorded, exclusive; `None` when nobody ever said.
    pub to_byte: Option<u64>,
}

/// What salvage decides for one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Salvage {
    /// Nothing usable arrived: part 1 is not there.
    Nothing,
    /// Keep these parts; the rest is missing.
    Keep {
        /// The contiguous parts from 1, in order.
        parts: Vec<StoredPart>,
        /// What is not there.
        missing: Missing,
    },
}

/// Decides what to keep of `stored` (any order), cut in parts of `part_size` bytes, when the browser last said it had
/// recorded `recorded` bytes in all.
pub fn salvage(stored: &[StoredPart], part_size: u64, recorded: Option<u64>) -> Salvage {
    let parts = contiguous(stored, part_size);
    let Some(last) = parts.last() else { return Salvage::Nothing };
    let from_byte = parts.iter().map(|part| part.size).sum();
    // Parts behind the hole prove that at least that much was recorded, even if the browser never said so.
    let seen = stored.iter().map(|part| u64::from(part.number - 1) * part_size + part.size).max();
    let to_byte = recorded.max(seen).filter(|end| *end > from_byte);
    let missing = Missing { from_part: last.number + 1, from_byte, to_byte };
    Salvage::Keep { parts, missing }
}

/// How many bytes from the start are there without a gap.
pub fn contiguous_bytes(stored: &[StoredPart], part_size: u64) -> u64 {
    contiguous(stored, part_size).iter().map(|part| part.size).sum()
}

fn contiguous(stored: &[StoredPart], part_size: u64) -> Vec<StoredPart> {
    let mut sorted: Vec<&StoredPart> = stored.iter().collect();
    sorted.sort_by_key(|part| part.number);
    let mut kept: Vec<StoredPart> = Vec::new();
    for (expected, part) in (1..).zip(sorted) {
        // A short part is the last of its recording, so nothing may follow it.
        let after_short = kept.last().is_some_and(|last| last.size < part_size);
        if part.number != expected || after_short {
            break;
        }
        kept.push(part.clone());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, size: u64) -> StoredPart {
        StoredPart { number, size, etag: String::new(), sha256: None }
    }

    #[test]
    fn keeps_what_lies_before_the_hole_and_names_the_rest() {
        let stored = [part(1, 5), part(2, 5), part(4, 5)];
        let Salvage::Keep { parts, missing } = salvage(&stored, 5, None) else { panic!() };
        assert_eq!(parts.len(), 2);
        assert_eq!(missing, Missing { from_part: 3, from_byte: 10, to_byte: Some(20) });
    }

    #[test]
    fn without_part_one_nothing_is_playable() {
        assert_eq!(salvage(&[part(2, 5)], 5, Some(10)), Salvage::Nothing);
        assert_eq!(salvage(&[], 5, None), Salvage::Nothing);
    }

    #[test]
    fn a_short_part_ends_the_file() {
        let Salvage::Keep { parts, missing } = salvage(&[part(1, 3), part(2, 5)], 5, Some(12)) else {
            panic!()
        };
        assert_eq!(parts.len(), 1);
        assert_eq!(missing, Missing { from_part: 2, from_byte: 3, to_byte: Some(12) });
    }

    #[test]
    fn when_all_that_was_said_is_there_only_the_end_is_unknown() {
        let Salvage::Keep { missing, .. } = salvage(&[part(1, 5)], 5, Some(5)) else { panic!() };
        assert_eq!(missing.to_byte, None);
        assert_eq!(contiguous_bytes(&[part(2, 5), part(1, 5)], 5), 10);
    }
}
