//! Pace: what the server asks of everything that sends bytes, so that a live call goes first.

use std::time::Duration;

use jiff::Timestamp;

/// When and how fast to send. An absent field asks nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Send nothing before this moment.
    pub not_before: Option<Timestamp>,
    /// At most this many parts in flight.
    pub parallel: Option<u32>,
    /// At most this many bytes per second for all tracks of the candidate together.
    pub max_bytes_per_s: Option<u64>,
    /// Ask the server again after this long.
    pub retry_after: Option<Duration>,
    /// Let the server hear of a recording this often between its parts.
    pub heartbeat: Option<Duration>,
}

impl Pace {
    /// Whether nothing is asked, so that an answer need not carry it.
    pub fn is_empty(&self) -> bool {
        *self == Pace::default()
    }
}
