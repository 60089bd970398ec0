//! Element headers and the few element ids that matter (RFC 8794 section 4 and 5; RFC 9559 section 5).

use super::NotWebm;

/// Ids with their length marker, as they stand in the file.
pub mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const VOID: u32 = 0xEC;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114D_9B74;
    pub const INFO: u32 = 0x1549_A966;
    pub const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub const DURATION: u32 = 0x4489;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63A2;
    pub const CODEC_DELAY: u32 = 0x56AA;
    pub const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub const VIDEO: u32 = 0xE0;
    pub const AUDIO: u32 = 0xE1;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    pub const BLOCK_GROUP: u32 = 0xA0;
    pub const BLOCK: u32 = 0xA1;
    pub const CUES: u32 = 0x1C53_BB6B;
    pub const CHAPTERS: u32 = 0x1043_A770;
    pub const TAGS: u32 = 0x1254_C367;
    pub const ATTACHMENTS: u32 = 0x1941_A469;
}

/// Whether an element stands directly in a segment, and therefore ends a cluster of unknown size.
pub fn is_child_of_segment(id: u32) -> bool {
    use id::{ATTACHMENTS, CHAPTERS, CLUSTER, CUES, INFO, SEEK_HEAD, TAGS, TRACKS};
    matches!(id, CLUSTER | CUES | INFO | SEEK_HEAD | TAGS | TRACKS | CHAPTERS | ATTACHMENTS)
}

/// The id and size in front of an element's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// With its length marker.
    pub id: u32,
    /// Bytes of the body; `None` when the writer did not know it.
    pub size: Option<u64>,
    /// Bytes of this header.
    pub length: usize,
}

/// Reads a header; `None` while bytes are missing.
pub fn header(bytes: &[u8]) -> Result<Option<Header>, NotWebm> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err(NotWebm("an element id is longer than four bytes"));
    }
    let Some(id_bytes) = bytes.get(..id_length) else { return Ok(None) };
    let id = id_bytes.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let Some((size, size_length)) = vint(&bytes[id_length..])? else { return Ok(None) };
    Ok(Some(Header { id, size, length: id_length + size_length }))
}

/// Reads a variable-size integer and its length; the value is `None` when all its bits are set, which means "unknown".
pub fn vint(bytes: &[u8]) -> Result<Option<(Option<u64>, usize)>, NotWebm> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return Err(NotWebm("a size is longer than eight bytes"));
    }
    let Some(all) = bytes.get(..length) else { return Ok(None) };
    let value = all.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let mask = (1u64 << (7 * length)) - 1;
    Ok(Some(((value & mask != mask).then_some(value & mask), length)))
}

/// The children of a master element's body, as (id, where the child starts, its body). Stops at the first that is cut
/// off or makes no sense.
pub fn children(body: &[u8]) -> impl Iterator<Item = (u32, usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let header = header(&body[at..]).ok()??;
        let start = at;
        let from = start + header.length;
        let to = from.checked_add(usize::try_from(header.size?).ok()?)?;
        let inner = body.get(from..to)?;
        at = to;
        Some((header.id, start, inner))
    })
}

/// An unsigned integer element's value; 0 when it is empty, as RFC 8794 section 7.2 says.
pub fn unsigned(body: &[u8]) -> u64 {
    body.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// An element that says nothing, `length` bytes in all. At least two are needed for its header.
pub fn void(length: u64) -> Vec<u8> {
    let mut bytes = vec![id::VOID as u8];
    match length {
        ..=128 => bytes.push(0x80 | length.saturating_sub(2) as u8),
        _ => bytes.extend((1u64 << 56 | (length - 9)).to_be_bytes()),
    }
    bytes.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    bytes
}
