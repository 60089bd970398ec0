//! The head of a WebM or Matroska file: everything before the first cluster.
//!
//! While recording, three Void elements with our marks keep room for what is known only at the end:
//!
//! ```text
//! EBML │ Segment (unknown size) │ Void → SeekHead │ Info … Void → Duration │ Tracks │ Void → Cues │ clusters …
//! ```

use super::Point;
use super::ebml::{Element, element, elements, id, uint, void};
use super::tracks::{Tracks, read_timestamp_scale};

/// Bytes kept for the SeekHead; three entries take 56.
const SEEK_ROOM: usize = 96;
/// Bytes kept for the Duration: exactly one element with a 64-bit float.
const DURATION_ROOM: usize = 11;
/// Bytes kept for the Cues: some 3,600 points of 18 bytes, or one every two seconds for two hours.
const CUES_ROOM: usize = 64 * 1024;
/// What Cues take beside their points, at most: id, size, and a Void with a mark behind them.
const CUES_FRAME: usize = 24;

const SEEK_MARK: &[u8] = b"handin1S";
const DURATION_MARK: &[u8] = b"handin1D";
const CUES_MARK: &[u8] = b"handin1C";
/// Stands in what is left of a room once something was written there.
const FINISHED_MARK: &[u8] = b"handin1F";

const NANOSECONDS_IN_MS: f64 = 1e6;

/// Where a file stands that begins with some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadState {
    /// It has our marks and waits to be finished.
    Open,
    /// It has been finished by us.
    Finished,
    /// We cannot finish it.
    Foreign,
}

/// Says where a file stands by its first bytes: all that are before its first cluster, or [`super::HEAD_SIZE`] of them.
pub fn head_state(head: &[u8]) -> HeadState {
    let Some(segment) = Segment::find(head) else { return HeadState::Foreign };
    if Rooms::find(head, &segment).is_some() {
        return HeadState::Open;
    }
    match segment.marked(head, FINISHED_MARK) {
        Some(_) => HeadState::Finished,
        None => HeadState::Foreign,
    }
}

/// Finishes the head of a file: `head` are its first bytes, all that are before its first cluster or more, the answer is
/// what stands there in the end, equally long. A head that is not [`HeadState::Open`] comes back as it was.
pub fn finish_head(head: &[u8], points: &[Point], duration_ms: f64) -> Vec<u8> {
    let mut finished = head.to_vec();
    let Some(rooms) = Segment::find(head).and_then(|segment| Rooms::find(head, &segment)) else {
        return finished;
    };
    let scale = read_timestamp_scale(head, &rooms.info) as f64;
    if duration_ms > 0.0 {
        let ticks = duration_ms * NANOSECONDS_IN_MS / scale;
        overwrite(&mut finished, rooms.duration.at, &element(id::DURATION, &ticks.to_be_bytes()));
    }
    let track = Tracks::read(head, &rooms.tracks).point_track;
    let cue_points = points.iter().map(|point| cue_point(point, track, scale, rooms.segment_data)).collect();
    let chosen = thinned(cue_points, CUES_ROOM - CUES_FRAME);
    let mut entries =
        vec![seek_entry(id::INFO, &rooms.info, &rooms), seek_entry(id::TRACKS, &rooms.tracks, &rooms)];
    let mut cues = Vec::new();
    if !chosen.is_empty() {
        entries.push(seek_entry(id::CUES, &rooms.cues, &rooms));
        cues = element(id::CUES, &chosen.concat());
    }
    fill(&mut finished, &rooms.seek, &element(id::SEEK_HEAD, &entries.concat()));
    fill(&mut finished, &rooms.cues, &cues);
    finished
}

/// Writes into a room and keeps the rest of it as a Void, marked as finished.
fn fill(head: &mut [u8], room: &Element, bytes: &[u8]) {
    overwrite(head, room.at, bytes);
    overwrite(head, room.at + bytes.len(), &void(room.total() - bytes.len(), FINISHED_MARK));
}

fn overwrite(head: &mut [u8], at: usize, bytes: &[u8]) {
    head[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Places in a SeekHead count from the Segment's payload (RFC 9559, 5.1.1.1.2).
fn seek_entry(id: u32, found: &Element, rooms: &Rooms) -> Vec<u8> {
    let position = (found.at - rooms.segment_data) as u32;
    let name = element(id::SEEK_ID, &uint(id.into()));
    element(id::SEEK, &[name, element(id::SEEK_POSITION, &position.to_be_bytes())].concat())
}

/// Places in Cues count from the Segment's payload too (RFC 9559, 5.1.5.1.2.2).
fn cue_point(point: &Point, track: u64, scale: f64, segment_data: usize) -> Vec<u8> {
    let time = (point.time_ms * NANOSECONDS_IN_MS / scale + 0.5).floor() as u64;
    let position = point.offset.saturating_sub(segment_data as u64);
    let positions =
        [element(id::CUE_TRACK, &uint(track)), element(id::CUE_CLUSTER_POSITION, &uint(position))].concat();
    let payload = [element(id::CUE_TIME, &uint(time)), element(id::CUE_TRACK_POSITIONS, &positions)].concat();
    element(id::CUE_POINT, &payload)
}

/// As many of the points as fit into `room` bytes, evenly spread from the first on.
fn thinned(points: Vec<Vec<u8>>, room: usize) -> Vec<Vec<u8>> {
    if points.iter().map(Vec::len).sum::<usize>() <= room {
        return points;
    }
    let count = points.len() as u64;
    let largest = points.iter().map(Vec::len).max().unwrap_or(1);
    let fitting = (room / largest) as u64;
    let spread = points.into_iter().zip(0_u64..);
    spread.filter(|(_, index)| index * fitting % count < fitting).map(|(point, _)| point).collect()
}

struct Segment {
    /// Where the Segment's payload begins.
    data: usize,
    /// Those before the first cluster.
    children: Vec<Element>,
}

impl Segment {
    fn find(bytes: &[u8]) -> Option<Segment> {
        let mut top = elements(bytes, 0, bytes.len());
        top.next().filter(|first| first.id == id::EBML)?;
        let segment = top.next().filter(|second| second.id == id::SEGMENT)?;
        let children = elements(bytes, segment.data, segment.end())
            .take_while(|child| child.id != id::CLUSTER && child.end() <= bytes.len())
            .collect();
        Some(Segment { data: segment.data, children })
    }

    fn child(&self, id: u32) -> Option<Element> {
        self.children.iter().find(|child| child.id == id).copied()
    }

    fn marked(&self, head: &[u8], mark: &[u8]) -> Option<Element> {
        self.children.iter().find(|child| is_marked(head, child, mark)).copied()
    }
}

/// Everything that finishing needs to find.
struct Rooms {
    segment_data: usize,
    info: Element,
    tracks: Element,
    seek: Element,
    duration: Element,
    cues: Element,
}

impl Rooms {
    fn find(head: &[u8], segment: &Segment) -> Option<Rooms> {
        let info = segment.child(id::INFO)?;
        let duration =
            elements(head, info.data, info.end()).find(|child| is_marked(head, child, DURATION_MARK))?;
        let rooms = Rooms {
            segment_data: segment.data,
            info,
            tracks: segment.child(id::TRACKS)?,
            seek: segment.marked(head, SEEK_MARK)?,
            duration,
            cues: segment.marked(head, CUES_MARK)?,
        };
        let sizes = [rooms.seek.total(), rooms.duration.total(), rooms.cues.total()];
        (sizes == [SEEK_ROOM, DURATION_ROOM, CUES_ROOM] && duration.end() <= info.end()).then_some(rooms)
    }
}

fn is_marked(bytes: &[u8], found: &Element, mark: &[u8]) -> bool {
    let payload = bytes.get(found.data..found.end().min(bytes.len())).unwrap_or_default();
    found.id == id::VOID && payload.starts_with(mark)
}
