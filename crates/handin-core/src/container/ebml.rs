//! EBML elements (RFC 8794), read and written: an id, a size, a payload. Knows which number is which Matroska element
//! (RFC 9559), but nothing of what a recording looks like.

/// The elements that we look at, with the ids of RFC 9559.
pub(super) mod id {
    pub const EBML: u32 = 0x1a45_dfa3;
    pub const VOID: u32 = 0xec;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114d_9b74;
    pub const SEEK: u32 = 0x4dbb;
    pub const SEEK_ID: u32 = 0x53ab;
    pub const SEEK_POSITION: u32 = 0x53ac;
    pub const INFO: u32 = 0x1549_a966;
    pub const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;
    pub const DURATION: u32 = 0x4489;
    pub const TRACKS: u32 = 0x1654_ae6b;
    pub const TRACK_ENTRY: u32 = 0xae;
    pub const TRACK_NUMBER: u32 = 0xd7;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const DEFAULT_DURATION: u32 = 0x0023_e383;
    pub const CLUSTER: u32 = 0x1f43_b675;
    pub const TIMESTAMP: u32 = 0xe7;
    pub const SIMPLE_BLOCK: u32 = 0xa3;
    pub const BLOCK_GROUP: u32 = 0xa0;
    pub const BLOCK: u32 = 0xa1;
    pub const BLOCK_DURATION: u32 = 0x9b;
    pub const REFERENCE_BLOCK: u32 = 0xfb;
    pub const CUES: u32 = 0x1c53_bb6b;
    pub const CUE_POINT: u32 = 0xbb;
    pub const CUE_TIME: u32 = 0xb3;
    pub const CUE_TRACK_POSITIONS: u32 = 0xb7;
    pub const CUE_TRACK: u32 = 0xf7;
    pub const CUE_CLUSTER_POSITION: u32 = 0xf1;
    pub const TAGS: u32 = 0x1254_c367;
    pub const CHAPTERS: u32 = 0x1043_a770;
    pub const ATTACHMENTS: u32 = 0x1941_a469;
}

/// Sizes beyond this are refused: JavaScript's numbers are exact up to here, and no recording comes near.
const MAX_SIZE: u64 = (1 << 53) - 1;

/// The start of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub id: u32,
    /// Bytes of payload; `None` where the writer did not know (RFC 8794, 6.2).
    pub size: Option<u64>,
    /// Bytes of id and size together.
    pub length: usize,
}

/// What stands where a header is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Header(Header),
    Incomplete,
    /// No element can begin here.
    Invalid,
}

/// An element whose header is complete; its payload may reach beyond the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub id: u32,
    pub size: Option<u64>,
    /// Where the header begins.
    pub at: usize,
    /// Where the payload begins.
    pub data: usize,
}

impl Element {
    pub fn new(header: Header, at: usize) -> Element {
        Element { id: header.id, size: header.size, at, data: at + header.length }
    }

    /// Where the payload ends, as far as addresses reach; where the writer did not know, at the end of all bytes.
    pub fn end(&self) -> usize {
        let size = self.size.and_then(|size| usize::try_from(size).ok());
        size.map_or(usize::MAX, |size| self.data.saturating_add(size))
    }

    /// Bytes of the whole element.
    pub fn total(&self) -> usize {
        self.end() - self.at
    }
}

/// A big-endian unsigned number; what is missing counts as zero.
pub(super) fn read_uint(bytes: &[u8], at: usize, length: usize) -> u64 {
    (at..at + length.min(8))
        .fold(0, |value, place| value << 8 | u64::from(bytes.get(place).copied().unwrap_or(0)))
}

/// What a variable-length number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vint {
    Value {
        value: u64,
        length: usize,
    },
    /// The reserved value of all ones.
    Unknown {
        length: usize,
    },
    Incomplete,
    Invalid,
}

/// Reads a variable-length number without its marker.
pub(super) fn read_vint(bytes: &[u8], at: usize) -> Vint {
    let Some(&first) = bytes.get(at) else { return Vint::Incomplete };
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return Vint::Invalid;
    }
    if at + length > bytes.len() {
        return Vint::Incomplete;
    }
    let all_ones = (1 << (7 * length)) - 1;
    match read_uint(bytes, at, length) & all_ones {
        value if value == all_ones => Vint::Unknown { length },
        value if value > MAX_SIZE => Vint::Invalid,
        value => Vint::Value { value, length },
    }
}

/// Reads an element's header.
pub(super) fn read_header(bytes: &[u8], at: usize) -> Read {
    let Some(&first) = bytes.get(at) else { return Read::Incomplete };
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Read::Invalid;
    }
    let Ok(id) = u32::try_from(read_uint(bytes, at, id_length)) else { return Read::Invalid };
    match read_vint(bytes, at + id_length) {
        Vint::Value { value, length } => {
            Read::Header(Header { id, size: Some(value), length: id_length + length })
        }
        Vint::Unknown { length } => Read::Header(Header { id, size: None, length: id_length + length }),
        Vint::Incomplete => Read::Incomplete,
        Vint::Invalid => Read::Invalid,
    }
}

/// The elements that begin between `from` and `to`, one behind the other, up to the first that cannot be read.
pub(super) fn elements(bytes: &[u8], from: usize, to: usize) -> impl Iterator<Item = Element> {
    let mut at = from;
    std::iter::from_fn(move || {
        if at >= to.min(bytes.len()) {
            return None;
        }
        let Read::Header(header) = read_header(bytes, at) else { return None };
        let element = Element::new(header, at);
        at = element.end();
        Some(element)
    })
}

/// An unsigned number in as few bytes as it takes, at least one.
pub(super) fn uint(value: u64) -> Vec<u8> {
    let needed = (64 - value.leading_zeros() as usize).div_ceil(8).max(1);
    value.to_be_bytes()[8 - needed..].to_vec()
}

/// An element with its payload; sizes of 127 and more take three bytes, which is less than 2 MiB and all that we write.
pub(super) fn element(id: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = uint(id.into());
    bytes.extend(if payload.len() < 127 {
        uint(0x80 | payload.len() as u64)
    } else {
        uint(0x20_0000 + payload.len() as u64)
    });
    bytes.extend_from_slice(payload);
    bytes
}

/// A Void of `total` bytes whose payload begins with `mark`; there must be room for it and for 4 bytes more.
pub(super) fn void(total: usize, mark: &[u8]) -> Vec<u8> {
    let mut bytes = uint(id::VOID.into());
    bytes.extend(if total - 2 < 127 {
        uint(0x80 | (total as u64 - 2))
    } else {
        uint(0x20_0000 + total as u64 - 4)
    });
    bytes.extend_from_slice(mark);
    bytes.resize(total, 0);
    bytes
}
