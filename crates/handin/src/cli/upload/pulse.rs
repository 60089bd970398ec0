//! The pulse of a request body: notices when the network has taken nothing for too long.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Moved by the sender of a body, watched by whoever waits for the answer.
#[derive(Debug)]
pub struct Pulse {
    sent: AtomicU64,
    last: Mutex<Option<Instant>>,
}

impl Pulse {
    /// A pulse that beats now.
    pub fn start() -> Pulse {
        Pulse { sent: AtomicU64::new(0), last: Mutex::new(Some(Instant::now())) }
    }

    /// `bytes` more have been handed to the network.
    pub fn beat(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// From here to the next beat, the wait is our own wish.
    pub fn rest(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Bytes handed to the network.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends when there was no beat for `limit`.
    pub async fn stalled(&self, limit: Duration) {
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let due = last.unwrap_or_else(Instant::now) + limit;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_silence_that_we_did_not_ask_for() {
        let (pulse, limit, start) = (Pulse::start(), Duration::from_secs(10), Instant::now());
        let beats = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            pulse.beat(5);
            pulse.rest();
            tokio::time::sleep(Duration::from_secs(60)).await;
            pulse.beat(5);
        };
        tokio::join!(beats, pulse.stalled(limit));
        assert_eq!(start.elapsed(), Duration::from_secs(79));
        assert_eq!(pulse.sent(), 10);
    }
}
