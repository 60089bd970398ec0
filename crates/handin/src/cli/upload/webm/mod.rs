//! Just enough WebM to carry on a stream that broke off, as if its recorder had never stopped.
//!
//! EBML is RFC 8794, Matroska RFC 9559. Knows elements, clusters and time; refuses to know about codecs, files and the
//! network. [`Reader`] cuts a stream into elements as it comes, [`Outline`] remembers what carrying on needs,
//! [`Splice`] rewrites the stream of a second recorder so that it follows the first one's.

mod element;
mod outline;
mod reader;
mod splice;

pub use element::void;
pub use outline::{Cut, Head, Outline};
pub use reader::NotWebm;
pub use splice::{Refused, Splice, head};

/// The first bytes of every EBML document (RFC 8794, section 11.2.1).
pub const MAGIC: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

#[cfg(test)]
mod tests;
