//! How fast this node deletes: no faster than `retention.deletes_per_s`, however many deletions are due at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// So much may be ahead of the rate, so that small deletions do not wait for one another.
const AHEAD: Duration = Duration::from_secs(1);
/// No deletion takes longer than this by itself; what is further away was taken by a clock that was wrong.
const LONGEST: Duration = Duration::from_secs(3_600);

/// When this node has room for deletions again.
#[derive(Debug, Default)]
pub struct Rate {
    free_at: Mutex<Option<Timestamp>>,
}

impl Rate {
    /// Takes room for so many deletions at `per_s`.
    ///
    /// # Errors
    /// How long to wait, when there is none now.
    pub(super) fn take(&self, now: Timestamp, deletions: usize, per_s: u64) -> Result<(), Duration> {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let free = free_at.filter(|free| *free > now && *free <= now + LONGEST).unwrap_or(now);
        if free > now + AHEAD {
            return Err(Duration::try_from(free.duration_since(now)).unwrap_or(AHEAD));
        }
        *free_at = Some(free + Duration::from_secs_f64(deletions as f64 / per_s as f64));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_makes_the_next_wait_and_what_is_small_does_not() {
        let (rate, now) = (Rate::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..10 {
            assert_eq!(rate.take(now, 10, 100), Ok(()));
        }
        assert_eq!(rate.take(now, 500, 100), Ok(()));
        assert_eq!(rate.take(now, 1, 100), Err(Duration::from_secs(6)));
        let later = now + Duration::from_secs(5);
        assert_eq!(rate.take(later, 1, 100), Ok(()));
        assert_eq!(rate.take(now - Duration::from_secs(86_400), 1, 100), Ok(()), "a clock was set right");
    }
}
