//! The line of this node: bytes wait for their turn on it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use handin_core::drain::{Meter, Rate};

use crate::app::App;

/// The most that goes at once, in bytes: more would come in bursts.
const MOST: u64 = 1 << 20;
/// The least, in bytes: less would be one request after the other.
const LEAST: u64 = 64 << 10;

/// What this node drains goes over one of these.
#[derive(Debug, Default)]
pub struct Line {
    meter: Mutex<Meter>,
}

impl Line {
    /// Waits for a turn, and gives how many of `left` bytes may go then; `None` when none may at this time of the week.
    pub(super) async fn turn(&self, app: &App, by_hand: Option<u64>, left: u64) -> Option<u64> {
        let (bytes, wait) = match super::rate(app, by_hand) {
            Rate::Off => return None,
            Rate::Full => return Some(left),
            Rate::Limit(bytes_per_s) => {
                // A quarter of a second at a time.
                let bytes = left.min((bytes_per_s / 4).clamp(LEAST, MOST));
                let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
                (bytes, meter.take(app.clock.now(), bytes, bytes_per_s))
            }
        };
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
        Some(bytes)
    }
}
