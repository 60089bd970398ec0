//! Meters bytes so that, over any stretch of time, no more go than a rate allows.

use std::time::Duration;

use jiff::Timestamp;

/// When the line is free again. What waited in vain is not made up for: a line that lay idle starts at its rate, without
/// a burst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meter {
    free_at: Option<Timestamp>,
}

/// Nobody is asked to wait for longer at a time; a line that seems busy beyond it was taken by a clock that was wrong.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Meter {
    /// Takes the line for `bytes` at `bytes_per_s`, and gives how long to wait before they may go.
    pub fn take(&mut self, now: Timestamp, bytes: u64, bytes_per_s: u64) -> Duration {
        let begin = self.free_at.filter(|free| *free > now && *free <= now + LONGEST).unwrap_or(now);
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bytes_per_s.max(1));
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(LONGEST);
        self.free_at = Some(begin + takes);
        Duration::try_from(begin.duration_since(now)).unwrap_or_default()
    }
}
