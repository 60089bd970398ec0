//! The container of a recording: finishes the head of a WebM or Matroska file, so that it says how long it plays and
//! can be seeked in.
//!
//! The browser's recorder rewrites the stream as it passes and leaves room at the front (`web/recorder/src/container`).
//! This is its twin for browsers that are gone: [`Scanner`] reads the object, [`finish_head`] writes into the room, byte
//! for byte what the browser would have written; `samples/container/vectors.json` holds both to it. Bytes are whatever a
//! candidate sent: none of this panics, and memory is bounded. Media is never looked into.

mod ebml;
mod tracks;
mod head;
mod scanner;

pub use head::{HeadState, finish_head, head_state};
pub use scanner::Scanner;

/// How many bytes at the start of a file may change at its end, at most; far less than the smallest part.
pub const HEAD_SIZE: usize = 128 * 1024;

/// A place that a player can seek to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Playing time in milliseconds.
    pub time_ms: f64,
    /// Bytes from the start of the file.
    pub offset: u64,
}
