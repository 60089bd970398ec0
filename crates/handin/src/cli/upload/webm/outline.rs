//! What carrying on a stream needs to know of it: its tracks, where it may be cut, and how far its time has come.

use std::collections::BTreeMap;
use std::ops::Range;

use super::element::{children, header, id, unsigned};
use super::reader::{Element, Leaf, NotWebm, Reader, block};

/// What stands in front of the clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Nanoseconds of one tick of time.
    pub scale: u64,
    /// The tracks, in the order of the file.
    pub tracks: Vec<TrackEntry>,
    /// Whether the writer knew the length of the whole: then it is a finished file and nothing can be added.
    pub finished: bool,
    /// Where the head says how long the whole plays, if it does; bytes from the start.
    pub duration: Option<Range<u64>>,
}

/// One track: its number, and what must be equal for another recorder's frames to be decoded as this track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackEntry {
    /// The number that its blocks carry.
    pub number: u64,
    /// Type, codec, private data, picture and sound settings: ids and bodies, in ascending order of id.
    pub traits: Vec<(u32, Vec<u8>)>,
}

/// Where a broken-off stream is cut, and with what it is made whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Keep this many bytes.
    pub keep: u64,
    /// Then write a void element of this many bytes (0: none), because the open cluster's size was promised already.
    pub fill: u64,
}

/// The largest void that is worth writing; no recorder makes clusters anywhere near it.
const MOST_FILL: u64 = 16 << 20;
/// One millisecond, the default of RFC 9559 section 5.1.2.9.
const DEFAULT_SCALE: u64 = 1_000_000;

/// Follows a stream from its first byte.
#[derive(Debug)]
pub struct Outline {
    reader: Reader,
    broken: Option<NotWebm>,
    head: Head,
    whole: u64,
    cluster_time: u64,
    tracks: BTreeMap<u64, Pulse>,
}

/// The last frame of a track and how far apart its frames are, in ticks.
#[derive(Debug, Clone, Copy)]
struct Pulse {
    last: u64,
    step: u64,
}

impl Outline {
    /// The outline of a stream that has no bytes yet.
    pub fn empty() -> Outline {
        let head = Head { scale: DEFAULT_SCALE, ..Head::default() };
        Outline {
            reader: Reader::new(),
            broken: None,
            head,
            whole: 0,
            cluster_time: 0,
            tracks: BTreeMap::new(),
        }
    }

    /// Takes the next bytes of the stream. After bytes that make no sense it follows no further.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        self.reader.feed(bytes);
        loop {
            match self.reader.next() {
                Ok(Some(element)) => self.note(&element),
                Ok(None) => return,
                Err(error) => return self.broken = Some(error),
            }
        }
    }

    /// Up to where the stream consists of whole elements, in bytes; `None` when it is no WebM, or none that can be
    /// followed. What lies before may be sent: wherever the stream breaks off later, it is carried on from behind that.
    pub fn whole(&self) -> Option<u64> {
        self.broken.is_none().then_some(self.whole)
    }

    /// The head, once the stream has come to its tracks.
    pub fn head(&self) -> Option<&Head> {
        (!self.head.tracks.is_empty()).then_some(&self.head)
    }

    /// How far the stream's time has come, in milliseconds.
    pub fn recorded_ms(&self) -> u64 {
        let last = self.tracks.values().map(|pulse| pulse.last).max().unwrap_or_default();
        last.saturating_mul(self.head.scale) / 1_000_000
    }

    /// Where the next frame belongs if it follows at once, in ticks.
    pub fn next_time(&self) -> u64 {
        self.tracks.values().map(|pulse| pulse.last + pulse.step).max().unwrap_or_default()
    }

    /// How to cut the stream so that it can be carried on.
    ///
    /// # Errors
    /// When it cannot: it is no WebM, a finished file, or broke off before its tracks.
    pub fn cut(&self) -> Result<Cut, NotWebm> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if self.head.finished {
            return Err(NotWebm("it has a fixed length, like a finished file"));
        }
        if self.head.tracks.is_empty() {
            return Err(NotWebm("it broke off before its tracks were named"));
        }
        // A cluster of which nothing but the opening has come is cut off; it promises nothing.
        let keep = self.whole;
        let promised = self.reader.end_of_cluster().filter(|_| self.reader.position() == keep);
        match promised.map_or(0, |end| end.saturating_sub(keep)) {
            1 | MOST_FILL.. => Err(NotWebm("its last cluster promises more than can be filled up")),
            fill => Ok(Cut { keep, fill }),
        }
    }

    /// Goes on as if the stream ended at [`Cut::keep`].
    pub fn cut_back(&mut self, cut: Cut) {
        self.reader.cut_back(cut.keep);
    }

    fn note(&mut self, element: &Element) {
        match element {
            Element::Opens { id: id::SEGMENT, end, .. } => self.head.finished = end.is_some(),
            Element::Opens { .. } => {}
            Element::Leaf(leaf) => {
                self.whole = self.reader.position();
                self.note_leaf(leaf);
            }
        }
    }

    fn note_leaf(&mut self, leaf: &Leaf) {
        match leaf.id {
            id::INFO => self.note_info(leaf),
            id::TRACKS => self.head.tracks = tracks(leaf.body()),
            id::TIMESTAMP => self.cluster_time = unsigned(leaf.body()),
            _ => {
                if let Some((track, time, _)) = block(leaf) {
                    self.note_frame(track, self.cluster_time.saturating_add_signed(time.into()));
                }
            }
        }
    }

    fn note_info(&mut self, leaf: &Leaf) {
        let body_at = leaf.at + leaf.header as u64;
        for (id, start, body) in children(leaf.body()) {
            let start = body_at + start as u64;
            match id {
                id::TIMESTAMP_SCALE => self.head.scale = unsigned(body).max(1),
                id::DURATION => {
                    let header = header(&leaf.bytes[(start - leaf.at) as usize..]);
                    let length = header.ok().flatten().map_or(0, |header| header.length);
                    self.head.duration = Some(start..start + (length + body.len()) as u64);
                }
                _ => {}
            }
        }
    }

    fn note_frame(&mut self, track: u64, time: u64) {
        let pulse = self.tracks.entry(track).or_insert(Pulse { last: time, step: 1 });
        if time > pulse.last {
            *pulse = Pulse { last: time, step: time - pulse.last };
        }
    }
}

/// Reads the body of a `Tracks` element.
fn tracks(body: &[u8]) -> Vec<TrackEntry> {
    children(body).filter(|(id, _, _)| *id == id::TRACK_ENTRY).map(|(_, _, entry)| track(entry)).collect()
}

fn track(entry: &[u8]) -> TrackEntry {
    const SHAPING: [u32; 7] = [
        id::TRACK_TYPE,
        id::CODEC_ID,
        id::CODEC_PRIVATE,
        id::CODEC_DELAY,
        id::CONTENT_ENCODINGS,
        id::VIDEO,
        id::AUDIO,
    ];
    let number = children(entry).find(|(id, _, _)| *id == id::TRACK_NUMBER);
    let shaping = children(entry).filter(|(id, _, _)| SHAPING.contains(id));
    let mut traits: Vec<_> = shaping.map(|(id, _, body)| (id, body.to_vec())).collect();
    traits.sort();
    TrackEntry { number: number.map_or(0, |(_, _, body)| unsigned(body)), traits }
}
