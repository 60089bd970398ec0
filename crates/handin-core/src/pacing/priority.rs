//! Who goes first: what a sender asks for, and how urgent that is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bucket::Share;
use crate::CandidateId;

/// What a sender wants to send now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The bytes it wants signed.
    pub bytes: u64,
    /// All bytes that stand only with the sender, as it says; never less than [`Asked::bytes`].
    pub pending: u64,
    /// Bytes of a whole part of its recording.
    pub part_size: u64,
    /// Whether the recording has ended, so that nothing will be added.
    pub ended: bool,
    /// How long until the recording is salvaged; negative when that is past.
    pub time_left: SignedDuration,
    /// The turn that it was given when it was turned away before.
    pub turn: Option<Timestamp>,
}

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Whoever waits longer would be too late: let through in any case.
    Deadline,
    /// The recording has ended and little is missing: a sitting is about to be complete.
    Finishing,
    /// Everybody else; the more parts are at risk, the sooner. At most [`Priority::MOST_AT_RISK`].
    AtRisk(u32),
}

/// Who has no more than this many parts left is nearly finished: one is under way while the last one is made.
const FEW_PARTS: u64 = 2;
/// Nobody waits when so little time is left.
const LEAST_TIME_LEFT: SignedDuration = SignedDuration::from_mins(10);
/// The slowest line that the deadline reckons with, in bytes per second: 1 Mb/s.
const SLOW_LINE: u64 = 125_000;

impl Asked {
    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        if self.time_left <= LEAST_TIME_LEFT.max(SignedDuration::from_secs(self.seconds_on_a_slow_line())) {
            return Priority::Deadline;
        }
        match self.is_little() && self.ended {
            true => Priority::Finishing,
            false => Priority::AtRisk(
                u32::try_from(self.parts_pending()).unwrap_or(u32::MAX).min(Priority::MOST_AT_RISK),
            ),
        }
    }

    /// Whether so little is left that it may go at the bell, whatever the spread.
    pub fn is_little(&self) -> bool {
        self.parts_pending() <= FEW_PARTS
    }

    fn parts_pending(&self) -> u64 {
        self.pending.max(self.bytes).div_ceil(self.part_size.max(1))
    }

    fn seconds_on_a_slow_line(&self) -> i64 {
        i64::try_from(self.pending.max(self.bytes) / SLOW_LINE).unwrap_or(i64::MAX)
    }
}

impl Priority {
    /// More parts at risk make nothing more urgent.
    pub const MOST_AT_RISK: u32 = 16;

    /// A request is let through when the bucket holds more than this, in bytes.
    pub(super) fn threshold(self, share: &Share) -> i64 {
        match self {
            Priority::Deadline => i64::MIN,
            Priority::Finishing => -share.debt(),
            Priority::AtRisk(parts) => {
                let spare = i64::from(Priority::MOST_AT_RISK - parts.min(Priority::MOST_AT_RISK));
                share.burst() / 2 / i64::from(Priority::MOST_AT_RISK) * spare
            }
        }
    }
}

/// When a candidate with much to send may begin: at a moment of their own within `spread` from the bell, the same on
/// every node and at every request.
pub fn start_after_bell(candidate: &CandidateId, bell: Timestamp, spread: Duration) -> Timestamp {
    let bell_ms = bell.as_millisecond().to_le_bytes();
    let place = hash(candidate.as_str().bytes().chain(bell_ms)) >> 32;
    let spread_ms = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
    bell + Duration::from_millis((place * spread_ms) >> 32)
}

/// FNV-1a (64 bits), then the finisher of MurmurHash3, as FNV alone leaves the high bits of short texts alike.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let fnv = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let once = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let twice = (once ^ (once >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    twice ^ (twice >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIN_PART_SIZE;

    fn asked(parts: u64) -> Asked {
        Asked {
            bytes: MIN_PART_SIZE,
            pending: parts * MIN_PART_SIZE,
            part_size: MIN_PART_SIZE,
            ended: true,
            time_left: SignedDuration::from_hours(24),
            turn: None,
        }
    }

    #[test]
    fn who_is_nearly_finished_goes_first_then_who_has_most_at_risk() {
        assert_eq!(asked(2).priority(), Priority::Finishing);
        assert_eq!(Asked { ended: false, ..asked(2) }.priority(), Priority::AtRisk(2));
        assert_eq!(asked(3).priority(), Priority::AtRisk(3));
        assert_eq!(asked(1_000).priority(), Priority::AtRisk(Priority::MOST_AT_RISK));
        let share = Share::of(100 << 20, 1);
        let order = [Priority::Deadline, Priority::Finishing, Priority::AtRisk(16), Priority::AtRisk(3)];
        assert!(order.is_sorted_by(|first, second| first.threshold(&share) < second.threshold(&share)));
        assert!(
            Priority::AtRisk(0).threshold(&share) < share.burst(),
            "a full bucket lets everybody through"
        );
    }

    #[test]
    fn who_would_be_too_late_does_not_wait() {
        let short = |parts, minutes| Asked { time_left: SignedDuration::from_mins(minutes), ..asked(parts) };
        assert_eq!(short(1, 10).priority(), Priority::Deadline);
        assert_eq!(short(1, -5).priority(), Priority::Deadline);
        assert_eq!(short(3, 11).priority(), Priority::AtRisk(3));
        assert_eq!(short(100, 60).priority(), Priority::Deadline, "500 MiB take more than an hour at 1 Mb/s");
    }

    #[test]
    fn starts_are_spread_evenly_and_stay_where_they_are() {
        let (bell, spread) = (Timestamp::UNIX_EPOCH, Duration::from_secs(60));
        let mut tenths = [0; 10];
        for number in 0..10_000 {
            let candidate: CandidateId = format!("c{number}").parse().unwrap();
            let start = start_after_bell(&candidate, bell, spread);
            assert_eq!(start, start_after_bell(&candidate, bell, spread));
            let after = usize::try_from(start.as_millisecond()).unwrap();
            tenths[after / 6_000] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
        let candidate: CandidateId = "c1".parse().unwrap();
        assert_eq!(start_after_bell(&candidate, bell, Duration::ZERO), bell);
    }
}
