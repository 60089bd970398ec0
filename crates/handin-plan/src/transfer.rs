//! What is sent, through what, with how much patience, and how it ended. Plain values; [`crate::share`] moves them.

use crate::load::Load;
use crate::scenario::Outages;

/// Something to be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transfer {
    /// When it begins, seconds after the bell.
    pub start_s: f64,
    /// How much it is, bits, more than 0.
    pub bits: f64,
    /// Whose it is, an index into [`Link::uplinks`]; transfers of one candidate share that uplink evenly.
    pub candidate: usize,
}

/// What the transfers go through.
#[derive(Debug, Clone)]
pub struct Link {
    /// What the shared link carries, bit/s; infinite if there is none.
    pub bits_per_s: f64,
    /// What each candidate's own line carries, bit/s, more than 0.
    pub uplinks: Vec<f64>,
    /// Live streams that share the link and never end.
    pub live: Live,
    /// Breaks of the candidates' lines; each breaks what is on its way.
    pub outages: Outages,
    /// Chooses when they happen.
    pub seed: u64,
}

/// Live streams on a link.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Live {
    /// How many.
    pub streams: usize,
    /// What one of them needs, bit/s.
    pub bits_per_s: f64,
}

/// When a client gives up, and how it begins again: always with the first byte, as soon as its line is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// The longest that one request may take, seconds; infinite for a client that waits for ever.
    pub request_limit_s: f64,
    /// How often it is tried in all.
    pub tries: u32,
    /// How long after the first start a request may still begin, seconds: the life of a presigned URL.
    pub may_begin_for_s: f64,
}

impl Patience {
    /// A client that never gives up.
    pub const ENDLESS: Patience =
        Patience { request_limit_s: f64::INFINITY, tries: u32::MAX, may_begin_for_s: f64::INFINITY };
}

/// How one transfer ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// When the last byte arrived, or when it was given up, seconds after the bell.
    pub end_s: f64,
    /// Whether it arrived.
    pub arrived: bool,
}

/// How all of them ended.
#[derive(Debug, Clone)]
pub struct Drained {
    /// One for each transfer, in their order.
    pub outcomes: Vec<Outcome>,
    /// What the transfers put through the link over time, live streams not counted.
    pub load: Load,
    /// What the live streams got over time, bit/s all together.
    pub live: Load,
    /// All bits that the transfers put through, of tries that came to nothing too.
    pub carried_bits: f64,
    /// How long the live streams got less than they need, seconds.
    pub starved_s: f64,
    /// The least that a live stream got, as a fraction of what it needs.
    pub live_at_worst: f64,
}

impl Drained {
    /// Nothing sent yet.
    pub(crate) fn none(transfers: usize) -> Self {
        Drained {
            outcomes: vec![Outcome { end_s: 0.0, arrived: false }; transfers],
            load: Load::default(),
            live: Load::default(),
            carried_bits: 0.0,
            starved_s: 0.0,
            live_at_worst: 1.0,
        }
    }
}
