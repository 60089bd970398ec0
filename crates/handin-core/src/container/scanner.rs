//! Reads a WebM or Matroska file as it passes and says where a player can seek to and how long it plays. Keeps no media:
//! of a frame it looks at the first few bytes.

use super::ebml::{Element, Read, Vint, id, read_header, read_uint, read_vint};
use super::tracks::{DEFAULT_TIMESTAMP_SCALE, Tracks, read_timestamp_scale};
use super::{HEAD_SIZE, Point};

/// What a Segment holds (RFC 9559, 5.1); any of them ends a cluster of unknown size.
const SEGMENT_CHILDREN: [u32; 8] =
    [id::SEEK_HEAD, id::INFO, id::TRACKS, id::CLUSTER, id::CUES, id::TAGS, id::CHAPTERS, id::ATTACHMENTS];

/// The flag of a block that can be played by itself (RFC 9559, 10.2).
const KEY_FRAME: u8 = 0x80;

/// More points than an honest recording has (eighteen hours of one a second): beyond, every second one goes.
const MAX_POINTS: usize = 1 << 16;

const NANOSECONDS_IN_MS: f64 = 1e6;

/// The end of what has none, or none that is known.
const OPEN_END: u64 = u64::MAX;

/// A cluster that is being read; places are bytes from the start of the file.
#[derive(Debug, Clone, Copy)]
struct Cluster {
    at: u64,
    end: u64,
    ticks: u64,
    has_point: bool,
}

/// A frame whose end has not passed yet; its track is 0 until its block was read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    track: u64,
    ticks: f64,
    key: bool,
    duration_ticks: u64,
    end: u64,
}

/// Reads one file from its first byte on.
#[derive(Debug)]
pub struct Scanner {
    /// Bytes that could not be decided yet: the start of an element, at most [`HEAD_SIZE`] and a header.
    held: Vec<u8>,
    points: Vec<Point>,
    /// Of so many points one is kept; `passed_over` counts those since the last.
    stride: usize,
    passed_over: usize,
    duration_ms: f64,
    /// Whether the file stopped making sense; nothing behind that place is looked at.
    lost: bool,
    /// Where in the file the next byte stands.
    place: u64,
    /// Bytes of payload still to come that are of no interest.
    skip: u64,
    segment_end: Option<u64>,
    cluster: Option<Cluster>,
    frame: Option<Frame>,
    timestamp_scale: u64,
    tracks: Tracks,
}

impl Default for Scanner {
    fn default() -> Scanner {
        Scanner::new()
    }
}

impl Scanner {
    /// A scanner at the start of a file.
    pub fn new() -> Scanner {
        Scanner {
            held: Vec::new(),
            points: Vec::new(),
            stride: 1,
            passed_over: 0,
            duration_ms: 0.0,
            lost: false,
            place: 0,
            skip: 0,
            segment_end: None,
            cluster: None,
            frame: None,
            timestamp_scale: DEFAULT_TIMESTAMP_SCALE,
            tracks: Tracks::default(),
        }
    }

    /// The places to seek to that were found: of each cluster the first key frame of the video track, or the first frame
    /// where there is no video. Only frames that are complete count.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Playing time of the frames that are complete, in milliseconds.
    pub fn duration_ms(&self) -> f64 {
        self.duration_ms
    }

    /// Reads the next bytes, cut anywhere. Bytes that make no sense end the reading; what was found before them stays.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.held.is_empty() {
            let used = self.scan(bytes);
            self.held.extend_from_slice(&bytes[used..]);
            return;
        }
        let mut window = std::mem::take(&mut self.held);
        window.extend_from_slice(bytes);
        let used = self.scan(&window);
        window.drain(..used);
        self.held = window;
    }

    /// Reads what can be decided of a window and answers how many bytes that were.
    fn scan(&mut self, window: &[u8]) -> usize {
        let mut used = 0;
        loop {
            let ahead = (window.len() - used) as u64;
            let passed = self.skip.min(ahead);
            self.skip -= passed;
            used += self.pass(passed as usize);
            if self.lost {
                return window.len();
            }
            if self.skip > 0 {
                return used;
            }
            match self.element(window, used) {
                Some(read) => used += self.pass(read),
                None if self.lost => return window.len(),
                None => return used,
            }
        }
    }

    /// Steps over bytes that were read, and closes what ends there.
    fn pass(&mut self, bytes: usize) -> usize {
        self.place += bytes as u64;
        if let Some(frame) = self.frame.take_if(|frame| frame.end <= self.place) {
            self.close(frame);
        }
        self.cluster.take_if(|cluster| cluster.end <= self.place);
        bytes
    }

    /// Reads one header and what belongs to it; answers how many bytes that were, `None` if they are not all here.
    fn element(&mut self, window: &[u8], at: usize) -> Option<usize> {
        let header = match read_header(window, at) {
            Read::Header(header) => header,
            Read::Incomplete => return None,
            Read::Invalid => return self.lose(),
        };
        let element = Element::new(header, at);
        if SEGMENT_CHILDREN.contains(&element.id) {
            self.cluster = None;
        }
        let fits = element.size.is_none() || self.end_of(&element) <= self.parent_end();
        if (element.id == id::EBML) != (self.place == 0) || !fits {
            return self.lose();
        }
        match (self.segment_end, self.cluster) {
            (None, _) => self.in_file(&element),
            (Some(_), None) => self.in_segment(window, &element),
            (Some(_), Some(cluster)) => self.in_cluster(window, &element, cluster),
        }
    }

    /// Where in the file an element that begins here ends.
    fn end_of(&self, element: &Element) -> u64 {
        element.size.map_or(OPEN_END, |size| self.place + (element.data - element.at) as u64 + size)
    }

    fn parent_end(&self) -> u64 {
        let cluster_end = self.cluster.map(|cluster| cluster.end);
        self.frame.map(|frame| frame.end).or(cluster_end).or(self.segment_end).unwrap_or(OPEN_END)
    }

    fn in_file(&mut self, element: &Element) -> Option<usize> {
        if element.id != id::SEGMENT {
            return self.step_over(element);
        }
        self.segment_end = Some(self.end_of(element));
        Some(element.data - element.at)
    }

    fn in_segment(&mut self, window: &[u8], element: &Element) -> Option<usize> {
        if element.id == id::CLUSTER {
            self.cluster =
                Some(Cluster { at: self.place, end: self.end_of(element), ticks: 0, has_point: false });
            return Some(element.data - element.at);
        }
        if element.id != id::INFO && element.id != id::TRACKS {
            return self.step_over(element);
        }
        if element.size.is_none_or(|size| size > HEAD_SIZE as u64) {
            return self.lose();
        }
        if element.end() > window.len() {
            return None;
        }
        match element.id {
            id::INFO => self.timestamp_scale = read_timestamp_scale(window, element),
            _ => self.tracks = Tracks::read(window, element),
        }
        Some(element.total())
    }

    fn in_cluster(&mut self, window: &[u8], element: &Element, cluster: Cluster) -> Option<usize> {
        if window.len() < element.end().min(element.data + looked_at(element.id)) {
            return None;
        }
        match element.id {
            id::TIMESTAMP => self.cluster = Some(Cluster { ticks: number(window, element), ..cluster }),
            id::SIMPLE_BLOCK | id::BLOCK_GROUP => {
                let end = self.end_of(element);
                self.frame = Some(Frame { track: 0, ticks: 0.0, key: true, duration_ticks: 0, end });
            }
            _ => {}
        }
        if let Some(frame) = &mut self.frame {
            read_into(frame, window, element, cluster.ticks);
        }
        match (element.id, element.size) {
            (id::BLOCK_GROUP, Some(_)) => Some(element.data - element.at),
            _ => self.step_over(element),
        }
    }

    /// Counts a frame that is complete.
    fn close(&mut self, frame: Frame) {
        let Some(cluster) = self.cluster.filter(|_| frame.track != 0) else { return };
        let time_ms = self.to_ms(frame.ticks).max(0.0);
        let declared = self.tracks.default_durations.get(&frame.track).copied().unwrap_or(0);
        let length_ms = match frame.duration_ticks {
            0 => declared as f64 / NANOSECONDS_IN_MS,
            ticks => self.to_ms(ticks as f64),
        };
        self.duration_ms = self.duration_ms.max(time_ms + length_ms);
        let can_start = frame.track == self.tracks.point_track && (frame.key || !self.tracks.is_video);
        if can_start && !cluster.has_point {
            self.cluster = Some(Cluster { has_point: true, ..cluster });
            self.add(Point { time_ms, offset: cluster.at });
        }
    }

    fn add(&mut self, point: Point) {
        self.passed_over += 1;
        if self.passed_over < self.stride && !self.points.is_empty() {
            return;
        }
        self.passed_over = 0;
        self.points.push(point);
        if self.points.len() >= MAX_POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride *= 2;
        }
    }

    fn to_ms(&self, ticks: f64) -> f64 {
        ticks * self.timestamp_scale as f64 / NANOSECONDS_IN_MS
    }

    fn step_over(&mut self, element: &Element) -> Option<usize> {
        let Some(size) = element.size else { return self.lose() };
        self.skip = size;
        Some(element.data - element.at)
    }

    fn lose(&mut self) -> Option<usize> {
        self.lost = true;
        None
    }
}

/// How many bytes of an element's payload must be here before it is read. A block begins with a track number of up to 8
/// bytes, a 16-bit time and a byte of flags (RFC 9559, 10.1); a number has up to 8 bytes.
fn looked_at(id: u32) -> usize {
    match id {
        id::SIMPLE_BLOCK | id::BLOCK => 11,
        id::TIMESTAMP | id::BLOCK_DURATION => 8,
        _ => 0,
    }
}

/// Reads what one element says about the frame it belongs to.
fn read_into(frame: &mut Frame, window: &[u8], element: &Element, cluster_ticks: u64) {
    match element.id {
        id::BLOCK_DURATION => frame.duration_ticks = number(window, element),
        id::REFERENCE_BLOCK => frame.key = false,
        id::SIMPLE_BLOCK | id::BLOCK => read_block(frame, window, element, cluster_ticks),
        _ => {}
    }
}

fn read_block(frame: &mut Frame, window: &[u8], block: &Element, cluster_ticks: u64) {
    let Vint::Value { value: track, length } = read_vint(window, block.data) else { return };
    let time = block.data + length;
    let Some(&[high, low, flags]) = window.get(time..time + 3).and_then(|start| start.first_chunk()) else {
        return;
    };
    if time + 3 > block.end() {
        return;
    }
    frame.track = track;
    frame.ticks = cluster_ticks as f64 + f64::from(i16::from_be_bytes([high, low]));
    if block.id == id::SIMPLE_BLOCK {
        frame.key = flags & KEY_FRAME != 0;
    }
}

/// The number that an element holds; longer ones than EBML allows count as 0.
fn number(window: &[u8], element: &Element) -> u64 {
    element.size.filter(|size| *size <= 8).map_or(0, |size| read_uint(window, element.data, size as usize))
}
