//! Obeys what the server asks of its senders, for all tracks of this process together: when to start, how many parts
//! at once, how many bytes a second. The live call goes first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handin_core::Pace;
use handin_core::pacing::USUAL_HEARTBEAT;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock::Clock;

/// Lets parts through, one by one.
pub struct Pacer {
    clock: Clock,
    parallel: usize,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    pace: Pace,
    flying: usize,
    /// When the bytes that were let through so far have gone at the asked rate.
    free_at: Instant,
    ask_at: Instant,
}

/// The right to send one part; given back when dropped.
pub struct Permit(Arc<Pacer>);

impl Pacer {
    /// Lets `parallel` parts through at once, or fewer if the server says so.
    pub fn new(clock: Clock, parallel: usize) -> Arc<Pacer> {
        let now = Instant::now();
        let state = State { pace: Pace::default(), flying: 0, free_at: now, ask_at: now };
        Arc::new(Pacer { clock, parallel, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Takes the server's latest word; it replaces the one before.
    pub fn obey(&self, pace: Pace) {
        let now = Instant::now();
        let mut state = self.lock();
        state.pace = pace;
        state.ask_at = now + pace.retry_after.unwrap_or_default();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until one more part may be sent.
    pub async fn enter(self: &Arc<Pacer>) -> Permit {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Listening before looking, so that no change falls between the two.
            changed.as_mut().enable();
            let wait = match self.try_enter() {
                Ok(permit) => return permit,
                Err(wait) => wait,
            };
            tokio::select! {
                () = changed => {}
                () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }

    /// A permit, or how long it will be until one can be had at the earliest (`None`: until somebody is done).
    fn try_enter(self: &Arc<Pacer>) -> Result<Permit, Option<Duration>> {
        let mut state = self.lock();
        let early = state.pace.not_before.map(|from| from.duration_since(self.clock.now()));
        if let Some(early) =
            early.and_then(|early| Duration::try_from(early).ok()).filter(|early| !early.is_zero())
        {
            return Err(Some(early));
        }
        let asked = state.pace.parallel.map_or(usize::MAX, |parallel| parallel as usize);
        if state.flying >= self.parallel.min(asked).max(1) {
            return Err(None);
        }
        state.flying += 1;
        Ok(Permit(self.clone()))
    }

    /// Waits until `bytes` more may go at the rate the server asked for.
    pub async fn spend(&self, bytes: usize) {
        let until = self.book(bytes);
        sleep_until(until).await;
    }

    fn book(&self, bytes: usize) -> Instant {
        let mut state = self.lock();
        let from = state.free_at.max(Instant::now());
        if let Some(rate) = state.pace.max_bytes_per_s {
            let takes = Duration::try_from_secs_f64(bytes as f64 / rate.max(1) as f64);
            state.free_at = from + takes.unwrap_or_default();
        }
        from
    }

    /// Waits until the server wants to be asked again.
    pub async fn may_ask(&self) {
        let at = self.lock().ask_at;
        sleep_until(at).await;
    }

    /// How often the server wants to hear of a recording between its parts.
    pub fn heartbeat(&self) -> Duration {
        self.lock().pace.heartbeat.unwrap_or(USUAL_HEARTBEAT)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().flying -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::*;

    fn pacer(parallel: usize) -> (Arc<Pacer>, crate::clock::Hand) {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH);
        (Pacer::new(clock, parallel), hand)
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_parts_fly_than_both_sides_want() {
        let (pacer, _) = pacer(2);
        let first = pacer.enter().await;
        let _second = pacer.enter().await;
        assert!(pacer.enter().now_or_never().is_none());
        drop(first);
        let third = pacer.enter().now_or_never().unwrap();
        pacer.obey(Pace { parallel: Some(1), ..Pace::default() });
        drop(third);
        assert!(pacer.enter().now_or_never().is_none());
        pacer.obey(Pace { parallel: Some(9), ..Pace::default() });
        let _again = pacer.enter().now_or_never().unwrap();
        assert!(pacer.enter().now_or_never().is_none(), "the server cannot raise our own limit");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_starts_before_its_time() {
        let (pacer, hand) = pacer(2);
        let start = Timestamp::from_second(30).unwrap();
        pacer.obey(Pace { not_before: Some(start), ..Pace::default() });
        assert!(pacer.enter().now_or_never().is_none());
        hand.set(start);
        assert!(pacer.enter().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_go_at_the_asked_rate() {
        let (pacer, _) = pacer(2);
        let start = Instant::now();
        pacer.spend(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "without a rate nobody waits");
        pacer.obey(Pace { max_bytes_per_s: Some(1_000), ..Pace::default() });
        for _ in 0..5 {
            pacer.spend(500).await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2), "the first goes at once, the others wait for it");
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_is_not_asked_too_early() {
        let (pacer, _) = pacer(2);
        pacer.obey(Pace { retry_after: Some(Duration::from_secs(9)), ..Pace::default() });
        let start = Instant::now();
        pacer.may_ask().await;
        assert_eq!(start.elapsed(), Duration::from_secs(9));
    }
}
