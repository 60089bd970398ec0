//! What the head of a file says that is needed to read its clusters: the unit of time, and the tracks.

use std::collections::BTreeMap;

use super::ebml::{Element, elements, id, read_uint};

/// Nanoseconds in a tick where the file does not say (RFC 9559, 5.1.2.9).
pub(super) const DEFAULT_TIMESTAMP_SCALE: u64 = 1_000_000;

/// `TrackType` of a video track (RFC 9559, 5.1.4.1.3).
const VIDEO: u64 = 1;

/// The tracks of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracks {
    /// The number of the track whose key frames are seeked to: the first video track, else the first; 0 if there is none.
    pub point_track: u64,
    /// Whether that is a video track; in others each frame can be played by itself.
    pub is_video: bool,
    /// How long a frame lasts, in nanoseconds by track number; 0 where the file does not say.
    pub default_durations: BTreeMap<u64, u64>,
}

impl Tracks {
    /// The tracks, from the payload of a Tracks element.
    pub fn read(bytes: &[u8], tracks: &Element) -> Tracks {
        let mut found = Tracks::default();
        for entry in elements(bytes, tracks.data, tracks.end()).filter(|entry| entry.id == id::TRACK_ENTRY) {
            let number = number_in(bytes, &entry, id::TRACK_NUMBER);
            let is_video = number_in(bytes, &entry, id::TRACK_TYPE) == VIDEO;
            if found.default_durations.is_empty() || (is_video && !found.is_video) {
                found.point_track = number;
                found.is_video = is_video;
            }
            found.default_durations.insert(number, number_in(bytes, &entry, id::DEFAULT_DURATION));
        }
        found
    }
}

/// Nanoseconds in a tick, from the payload of an Info element.
pub(super) fn read_timestamp_scale(bytes: &[u8], info: &Element) -> u64 {
    match number_in(bytes, info, id::TIMESTAMP_SCALE) {
        0 => DEFAULT_TIMESTAMP_SCALE,
        scale => scale,
    }
}

/// The number in the first child of that id; 0 where there is none.
fn number_in(bytes: &[u8], parent: &Element, wanted: u32) -> u64 {
    elements(bytes, parent.data, parent.end())
        .filter(|child| child.id == wanted)
        .find_map(|child| {
            child.size.filter(|size| *size <= 8).map(|size| read_uint(bytes, child.data, size as usize))
        })
        .unwrap_or(0)
}
