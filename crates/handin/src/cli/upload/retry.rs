//! When to try again, and when to stop: the one layer of this command that retries.
//!
//! Capped exponential backoff with full jitter and a budget of time, not of attempts. Knows answers by their status
//! and code; refuses to know what was asked for.

use std::time::Duration;

use anyhow::Context;
use tokio::time::{Instant, sleep};

use crate::clock::Ids;

/// The longest wait before the second attempt.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait before any other.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a failed attempt means for the next one.
#[derive(Debug)]
pub enum Failure {
    /// Network error, 5xx, 408, 429, S3's `400 RequestTimeout`: try again, not before `after`.
    Again {
        /// From `Retry-After`.
        after: Option<Duration>,
        /// For the person who waits.
        why: anyhow::Error,
    },
    /// 429 `paced`: nothing has failed, others go first. Ask again after `after`, however often that happens.
    Held {
        /// From `Retry-After`.
        after: Duration,
        /// For the person who waits.
        why: anyhow::Error,
    },
    /// The signed URL was refused (403): have it signed again, then try again.
    SignAgain(anyhow::Error),
    /// Trying again would give the same.
    Final(anyhow::Error),
}

impl From<Failure> for anyhow::Error {
    fn from(failure: Failure) -> anyhow::Error {
        let (Failure::Again { why, .. }
        | Failure::Held { why, .. }
        | Failure::SignAgain(why)
        | Failure::Final(why)) = failure;
        why
    }
}

/// How long to wait when others go first: as long as the server says, and a little more so that not all return at once.
pub fn held(after: Duration, jitter: f64) -> Duration {
    after + FIRST_WAIT.mul_f64(jitter.clamp(0.0, 1.0))
}

/// The failures of one thing in a row, and what is left of its budget.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempts: u32,
    since: Option<Instant>,
}

impl Backoff {
    /// How long to wait before the next attempt; `None` when the failures have lasted for `patience`.
    ///
    /// `jitter` is a random number from 0 to 1; the wait is never shorter than `after`.
    pub fn next(
        &mut self,
        now: Instant,
        patience: Duration,
        after: Option<Duration>,
        jitter: f64,
    ) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let longest = FIRST_WAIT.saturating_mul(1 << self.attempts.min(10)).min(LONGEST_WAIT);
        self.attempts += 1;
        let wait = longest.mul_f64(jitter.clamp(0.0, 1.0)).max(after.unwrap_or_default());
        (now + wait < since + patience).then_some(wait)
    }

    /// Failures in a row so far.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// A random number from 0 up to 1.
pub fn jitter(ids: &Ids) -> f64 {
    f64::from(u32::from_le_bytes(ids.bytes())) / f64::from(u32::MAX)
}

/// Tries `attempt` until it succeeds, fails for good, or has failed for `patience`, which is asked for at each
/// failure. Before each pause `tell` hears why.
///
/// # Errors
/// With the reason of the last attempt.
pub async fn persist<T, F>(
    ids: &Ids,
    patience: impl Fn() -> Duration,
    tell: impl Fn(&anyhow::Error),
    mut attempt: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut backoff = Backoff::default();
    loop {
        let (after, why) = match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Again { after, why }) => (after, why),
            Err(Failure::Held { after, why }) => {
                tell(&why);
                sleep(held(after, jitter(ids))).await;
                continue;
            }
            Err(Failure::SignAgain(why) | Failure::Final(why)) => return Err(why),
        };
        match backoff.next(Instant::now(), patience(), after, jitter(ids)) {
            Some(wait) => {
                tell(&why);
                sleep(wait).await;
            }
            None => return Err(why).context(format!("gave up after {} attempts", backoff.attempts())),
        }
    }
}

/// Whether a status is worth another attempt (FACTS of S3: 5xx, 408, 429; `400 RequestTimeout` is told by its code).
pub fn is_passing(status: u16, code: Option<&str>) -> bool {
    matches!(status, 408 | 429 | 500..) || (status == 400 && code == Some("RequestTimeout"))
}

/// Reads `Retry-After` in seconds; its other form, a date, is not used by any store or by us.
pub fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn waits_grow_to_a_cap_and_end_with_the_budget() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        let mut at = start;
        let mut waits = Vec::new();
        while let Some(wait) = backoff.next(at, PATIENCE, None, 1.0) {
            waits.push(wait.as_millis());
            at += wait;
        }
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000]);
        assert!(at - start < PATIENCE);
    }

    #[test]
    fn jitter_is_full_and_retry_after_is_a_floor() {
        let now = Instant::now();
        assert_eq!(Backoff::default().next(now, PATIENCE, None, 0.0), Some(Duration::ZERO));
        let floor = Some(Duration::from_secs(7));
        assert_eq!(Backoff::default().next(now, PATIENCE, floor, 0.0), floor);
        assert_eq!(Backoff::default().next(now, PATIENCE, Some(PATIENCE), 0.0), None);
    }

    #[test]
    fn the_retry_set_is_the_documented_one() {
        for (status, code) in
            [(500, None), (503, Some("SlowDown")), (408, None), (429, None), (400, Some("RequestTimeout"))]
        {
            assert!(is_passing(status, code), "{status}");
        }
        for (status, code) in
            [(400, None), (400, Some("BadDigest")), (403, None), (404, None), (409, None), (422, None)]
        {
            assert!(!is_passing(status, code), "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn persisting_ends_with_success_or_the_last_reason() {
        let ids = Ids::repeatable(1);
        let left = Cell::new(3);
        let flaky = || async {
            left.set(left.get() - 1);
            match left.get() {
                0 => Ok("done"),
                _ => Err(Failure::Again { after: None, why: anyhow::anyhow!("away") }),
            }
        };
        let told = Cell::new(0);
        let tell = |_: &anyhow::Error| told.set(told.get() + 1);
        assert_eq!(persist(&ids, || PATIENCE, tell, flaky).await.unwrap(), "done");
        assert_eq!(told.get(), 2);
        let never =
            || async { Err::<(), _>(Failure::Again { after: None, why: anyhow::anyhow!("still away") }) };
        let error = persist(&ids, || PATIENCE, |_| {}, never).await.unwrap_err();
        assert!(format!("{error:#}").ends_with("still away"), "{error:#}");
    }
}
