//! Storage classes: how a store keeps an object, by the names that S3 gives them.
//!
//! Refuses to know prices and which stores have which.

use std::fmt;
use std::str::FromStr;

use crate::BadName;
use crate::recording::words;

/// How a store keeps an object, the dearest to keep first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StorageClass {
    /// As stores keep objects of which nothing else was said.
    #[default]
    Standard,
    /// Cheaper to keep, dearer to read.
    StandardIa,
    /// An archive that is read at once.
    GlacierIr,
    /// An archive: somebody has to have an object restored, for minutes to hours, before it can be read.
    Glacier,
    /// An archive that takes half a day to restore an object.
    DeepArchive,
}

words!(
    StorageClass,
    "storage class",
    Standard = "STANDARD",
    StandardIa = "STANDARD_IA",
    GlacierIr = "GLACIER_IR",
    Glacier = "GLACIER",
    DeepArchive = "DEEP_ARCHIVE"
);

impl StorageClass {
    /// Whether an object can be read without having it restored first.
    pub fn is_read_at_once(self) -> bool {
        !matches!(self, StorageClass::Glacier | StorageClass::DeepArchive)
    }
}
