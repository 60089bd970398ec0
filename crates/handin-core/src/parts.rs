//! Parts: how a recording is cut, and which parts may be asked for.
//!
//! All parts but the last are of one size, because some stores (R2, GCS) demand it and because then the place of a
//! part in the file follows from its number alone.

/// One mebibyte, in bytes.
pub const MIB: u64 = 1 << 20;
/// The smallest size S3 allows for every part but the last (S3 user guide, "Multipart upload limits").
pub const MIN_PART_SIZE: u64 = 5 * MIB;
/// The largest part number S3 allows (same source).
pub const MAX_PARTS: u32 = 10_000;

/// A SHA-256 digest, 32 bytes.
pub type Sha256 = [u8; 32];

/// Why a part may not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPart {
    /// Part numbers run from 1 to [`PartPlan::max_parts`].
    #[error("part {number} is outside 1 to {max}")]
    Number {
        /// The number asked for.
        number: u32,
        /// The highest allowed for this recording.
        max: u32,
    },
    /// A part has at least one byte and at most the part size.
    #[error("part {number} has {size} bytes; a part of this recording has 1 to {part_size}")]
    Size {
        /// The number asked for.
        number: u32,
        /// The size asked for, in bytes.
        size: u64,
        /// The size of every part but the last, in bytes.
        part_size: u64,
    },
    /// The recording was announced with a length, and this part does not fit into it.
    #[error("part {number} of a file of {file_size} bytes has {expected} bytes, not {size}")]
    NotOfThisFile {
        /// The number asked for.
        number: u32,
        /// The size asked for, in bytes.
        size: u64,
        /// The size it must have, in bytes.
        expected: u64,
        /// The announced length of the whole, in bytes.
        file_size: u64,
    },
    /// The part would end beyond the exam's byte limit.
    #[error("part {number} would end at {end} bytes; this exam allows {max_bytes} a recording")]
    Budget {
        /// The number asked for.
        number: u32,
        /// Where the part would end, in bytes from the start.
        end: u64,
        /// The limit, in bytes.
        max_bytes: u64,
    },
}

/// How one recording is cut into parts, fixed when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlan {
    /// The size of every part but the last, in bytes.
    pub part_size: u64,
    /// The highest part number.
    pub max_parts: u32,
    /// The most bytes the recording may have.
    pub max_bytes: u64,
    /// The length of the whole in bytes, where it was announced (`file` and `put`).
    pub size: Option<u64>,
}

impl PartPlan {
    /// Cuts a recording of at most `max_bytes` (or exactly `size`, which is not above it) into at most `most_parts`
    /// parts of whole mebibytes, none below [`MIN_PART_SIZE`].
    pub fn new(max_bytes: u64, size: Option<u64>, most_parts: u32) -> PartPlan {
        let length = size.unwrap_or(max_bytes).max(1);
        let most_parts = u64::from(most_parts.clamp(1, MAX_PARTS));
        let part_size = (length.div_ceil(most_parts).div_ceil(MIB) * MIB).max(MIN_PART_SIZE);
        let parts = u32::try_from(length.div_ceil(part_size)).unwrap_or(MAX_PARTS);
        PartPlan { part_size, max_parts: parts, max_bytes, size }
    }

    /// Checks that a part of `size` bytes may be signed under `number`.
    pub fn check(&self, number: u32, size: u64) -> Result<(), BadPart> {
        if number == 0 || number > self.max_parts {
            return Err(BadPart::Number { number, max: self.max_parts });
        }
        if size == 0 || size > self.part_size {
            return Err(BadPart::Size { number, size, part_size: self.part_size });
        }
        let start = u64::from(number - 1) * self.part_size;
        if let Some(file_size) = self.size {
            let expected = (file_size - start).min(self.part_size);
            return match size == expected {
                true => Ok(()),
                false => Err(BadPart::NotOfThisFile { number, size, expected, file_size }),
            };
        }
        match start + size <= self.max_bytes {
            true => Ok(()),
            false => Err(BadPart::Budget { number, end: start + size, max_bytes: self.max_bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stream_of_four_gibibytes_has_parts_of_five_mebibytes() {
        let plan = PartPlan::new(4 << 30, None, 1_000);
        assert_eq!((plan.part_size, plan.max_parts), (5 * MIB, 820));
        assert_eq!(plan.check(0, 1), Err(BadPart::Number { number: 0, max: 820 }));
        assert_eq!(plan.check(821, 1), Err(BadPart::Number { number: 821, max: 820 }));
        assert!(matches!(plan.check(1, 5 * MIB + 1), Err(BadPart::Size { .. })));
        assert!(matches!(plan.check(820, 5 * MIB), Err(BadPart::Budget { .. })));
        assert_eq!(plan.check(819, 5 * MIB), Ok(()));
    }

    #[test]
    fn a_file_has_exactly_its_parts() {
        let plan = PartPlan::new(4 << 30, Some(12 * MIB), 1_000);
        assert_eq!(plan.max_parts, 3);
        assert_eq!(plan.check(3, 2 * MIB), Ok(()));
        assert!(
            matches!(plan.check(3, 2 * MIB - 1), Err(BadPart::NotOfThisFile { expected, .. }) if expected == 2 * MIB)
        );
        assert!(matches!(plan.check(4, 1), Err(BadPart::Number { .. })));
    }

    proptest! {
        #[test]
        fn every_byte_of_a_file_is_in_exactly_one_part(size in 1u64..(200 << 30), most in 1u32..=10_000) {
            let plan = PartPlan::new(size, Some(size), most);
            prop_assert!(plan.max_parts <= most && plan.part_size >= MIN_PART_SIZE);
            let last = size - u64::from(plan.max_parts - 1) * plan.part_size;
            prop_assert!(plan.check(plan.max_parts, last).is_ok());
            prop_assert!(plan.max_parts == 1 || plan.check(1, plan.part_size).is_ok());
        }
    }
}
