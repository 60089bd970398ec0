//! A bucket of bytes: it fills at a rate and is emptied by whoever is let through.
//!
//! Signing a part lets its bytes onto the line, so bytes are counted when they are signed. A request is let through
//! whole or not at all; it may take the bucket below zero by its own size, and then everybody waits until that is made
//! up for. Those who are turned away are told when their turn would come, one after the other, as if they stood in a
//! queue: so they come back at about the rate at which they can be let through.

use std::time::Duration;

use jiff::Timestamp;

use super::priority::{Asked, Priority};
use crate::MIN_PART_SIZE;

/// Nobody who is turned away is asked to stay away for longer: the queue is a guess, and the line must not lie idle
/// for long when it was wrong.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What one node may let through of a rate that all of them share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    bytes_per_s: u64,
}

/// How much may go at once, and how much may be owed.
///
/// Over any stretch of time no more goes than the share's rate times the time, its burst, its debt, and one request.
/// Only what would be too late otherwise goes beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// In thousandths of a byte, so that milliseconds leave no remainder; below zero while something is owed.
    level: i64,
    /// When it was last filled, in unix milliseconds.
    filled_ms: i64,
    /// When the last of those who were turned away comes back, in unix milliseconds.
    queue: Queue,
}

/// When the turns end that were given away, in unix milliseconds. Two queues: nobody with much to send stands before
/// somebody who is nearly finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Queue {
    finishing_ms: i64,
    others_ms: i64,
}

/// Thousandths of a byte in a byte.
const MILLI: i64 = 1_000;

impl Share {
    /// The slowest share, in bytes per second: a smallest part in ten minutes. With very many nodes and a very low rate
    /// the exam then goes a little faster than asked, but it goes.
    pub const SLOWEST: u64 = MIN_PART_SIZE / 600;

    /// The share of a rate (bytes per second) that falls to one of so many nodes.
    pub fn of(bytes_per_s: u64, live_nodes: u32) -> Share {
        // No line is faster, and thousandths of its bytes still fit.
        const FASTEST: u64 = 1 << 50;
        let bytes_per_s = bytes_per_s / u64::from(live_nodes.max(1));
        Share { bytes_per_s: bytes_per_s.clamp(Share::SLOWEST, FASTEST) }
    }

    /// Bytes per second.
    pub fn bytes_per_s(&self) -> u64 {
        self.bytes_per_s
    }

    /// What a full bucket holds, in bytes: a second's worth, but at least a smallest part.
    pub fn burst(&self) -> i64 {
        i64::try_from(self.bytes_per_s.max(MIN_PART_SIZE)).unwrap_or(i64::MAX)
    }

    /// What those who are nearly finished may owe before they have to wait too, in bytes.
    pub fn debt(&self) -> i64 {
        self.burst()
    }

    fn rate(&self) -> i64 {
        i64::try_from(self.bytes_per_s).unwrap_or(i64::MAX)
    }

    /// How long it takes until `bytes` more have come, in milliseconds.
    fn millis_for(&self, bytes: i64) -> i64 {
        bytes.max(0).saturating_mul(MILLI) / self.rate()
    }
}

impl Bucket {
    /// A full one.
    pub fn full(share: &Share, now: Timestamp) -> Bucket {
        let now_ms = now.as_millisecond();
        let queue = Queue { finishing_ms: now_ms, others_ms: now_ms };
        Bucket { level: share.burst().saturating_mul(MILLI), filled_ms: now_ms, queue }
    }

    /// What it holds now, in bytes; below zero while something is owed.
    pub fn level(&mut self, share: &Share, now: Timestamp) -> i64 {
        let now_ms = now.as_millisecond();
        // A clock that was set back adds nothing until it has caught up.
        let passed_ms = now_ms.saturating_sub(self.filled_ms).max(0);
        self.filled_ms = self.filled_ms.max(now_ms);
        let filled = self.level.saturating_add(share.rate().saturating_mul(passed_ms));
        self.level = filled.min(share.burst().saturating_mul(MILLI));
        self.level.div_euclid(MILLI)
    }

    /// Whether it is as full as it gets, so that nothing is lost with it.
    pub fn is_full(&mut self, share: &Share, now: Timestamp) -> bool {
        self.level(share, now) >= share.burst()
    }

    /// How long a request has to wait at least if nobody else comes; `None` lets it through. Takes nothing.
    fn early(&mut self, share: &Share, priority: Priority, now: Timestamp) -> Option<i64> {
        let threshold = priority.threshold(share);
        let level = self.level(share, now);
        // One byte more than the threshold is needed, and the last millisecond has to be a whole one.
        (level <= threshold).then(|| share.millis_for(threshold.saturating_sub(level).saturating_add(1)) + 1)
    }

    fn take(&mut self, share: &Share, priority: Priority, bytes: u64) {
        let taken = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_mul(MILLI);
        let after = self.level.saturating_sub(taken);
        self.level = match priority {
            // What is let through in any case is not held against all the others for longer than a debt is.
            Priority::Deadline => after.max(self.level.min(share.debt().saturating_mul(-MILLI))),
            _ => after,
        };
    }

    /// A place in the queue: how long until this one's turn comes, in milliseconds. Who has a turn keeps it.
    fn queue(&mut self, share: &Share, asked: &Asked, early_ms: i64, now: Timestamp) -> i64 {
        let now_ms = now.as_millisecond();
        if let Some(turn) = asked.turn.filter(|turn| *turn > now) {
            return turn.as_millisecond() - now_ms;
        }
        let latest = now_ms.saturating_add(LONGEST_WAIT.as_millis().try_into().unwrap_or(i64::MAX));
        let Queue { finishing_ms, others_ms } = &mut self.queue;
        let (own, before) = match asked.priority() {
            Priority::Finishing => (finishing_ms, i64::MIN),
            _ => (others_ms, *finishing_ms),
        };
        let turn = now_ms.saturating_add(early_ms).max(*own).max(before).min(latest);
        let takes = share.millis_for(i64::try_from(asked.bytes).unwrap_or(i64::MAX));
        *own = turn.saturating_add(takes).min(latest);
        turn - now_ms
    }
}

/// Lets a request through every bucket it has to pass (the exam's, its group's), or none.
///
/// # Errors
/// When it has to wait: for how long, at most [`LONGEST_WAIT`].
pub fn admit(
    buckets: &mut [(&mut Bucket, Share)],
    asked: &Asked,
    now: Timestamp,
) -> Result<Priority, Duration> {
    let priority = asked.priority();
    let mut longest = None;
    for (bucket, share) in buckets.iter_mut() {
        if let Some(early) = bucket.early(share, priority, now) {
            longest = longest.max(Some(bucket.queue(share, asked, early, now)));
        }
    }
    if let Some(wait) = longest {
        return Err(Duration::from_millis(wait.try_into().unwrap_or_default()));
    }
    for (bucket, share) in buckets {
        bucket.take(share, priority, asked.bytes);
    }
    Ok(priority)
}
