//! One candidate's line: it carries so many bits a second, and is down at times.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A line, shared by the tracks of its candidate.
pub struct Line {
    started: Instant,
    bits_per_s: u64,
    outages: Box<[(Duration, Duration)]>,
    free_at: Mutex<Instant>,
}

impl Line {
    /// A line of a run that began at `started`, from which its outages are counted.
    pub fn new(started: Instant, bits_per_s: u64, outages: Box<[(Duration, Duration)]>) -> Line {
        Line { started, bits_per_s, outages, free_at: Mutex::new(started) }
    }

    /// Waits until the line is up, as a browser does that hears from its system when it is online again.
    pub async fn up(&self) {
        while let Some(until) = self.down_until(Instant::now()) {
            sleep_until(until).await;
        }
    }

    /// Waits until these bytes have left.
    ///
    /// # Errors
    /// When the line goes down meanwhile: the connection is lost.
    pub async fn carry(&self, bytes: usize) -> io::Result<()> {
        let until = self.book(bytes);
        sleep_until(until).await;
        match self.down_until(Instant::now()) {
            Some(_) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "the line is down")),
            None => Ok(()),
        }
    }

    fn book(&self, bytes: usize) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / self.bits_per_s.max(1) as f64);
        *free_at = (*free_at).max(Instant::now()) + takes;
        *free_at
    }

    fn down_until(&self, now: Instant) -> Option<Instant> {
        let at = now.duration_since(self.started);
        let outage = self.outages.iter().find(|(from, until)| (*from..*until).contains(&at));
        outage.map(|(_, until)| self.started + *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn two_tracks_share_what_the_line_carries() {
        let start = Instant::now();
        let line = Line::new(start, 8_000, Box::new([]));
        let (first, second) = tokio::join!(line.carry(1_000), line.carry(2_000));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(start.elapsed(), s(3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_breaks_what_is_on_its_way_and_ends() {
        let start = Instant::now();
        let line = Line::new(start, 8_000, Box::new([(s(1), s(5))]));
        assert!(line.carry(2_000).await.is_err());
        line.up().await;
        assert_eq!(start.elapsed(), s(5));
        assert!(line.carry(1_000).await.is_ok());
    }
}
