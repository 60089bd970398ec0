//! Which part is to be sent next. A part that fails waits by itself; the others go on.
//!
//! Pure: knows numbers, times and digests; refuses to know about bytes, files and the network.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use handin_core::Sha256;
use tokio::time::Instant;

use super::retry::{Backoff, Failure, held};

/// A part that the store has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Sha256,
}

/// Parts that were sent, by number.
pub type SentParts = BTreeMap<u32, Sent>;

/// Refusals of a freshly signed URL in a row after which it is not about the time any more.
const MOST_REFUSALS: u32 = 4;

/// The parts of one recording.
#[derive(Debug, Default)]
pub struct Board {
    offered: u32,
    waiting: BTreeMap<u32, Instant>,
    flying: BTreeSet<u32>,
    failing: BTreeMap<u32, Backoff>,
    sent: SentParts,
    lost: Option<anyhow::Error>,
}

impl Board {
    /// A board on which some parts are sent already.
    pub fn new(sent: SentParts) -> Board {
        Board { sent, ..Board::default() }
    }

    /// Parts up to this number may be sent now.
    pub fn offer(&mut self, up_to: u32, now: Instant) {
        for number in self.offered + 1..=up_to {
            if !self.sent.contains_key(&number) {
                self.waiting.insert(number, now);
            }
        }
        self.offered = self.offered.max(up_to);
    }

    /// Takes the lowest part whose time has come.
    pub fn take(&mut self, now: Instant) -> Option<u32> {
        let (&number, _) = self.waiting.iter().find(|(_, due)| **due <= now)?;
        self.waiting.remove(&number);
        self.flying.insert(number);
        Some(number)
    }

    /// The next parts after `number` that wait, for signing ahead.
    pub fn ahead_of(&self, number: u32, most: usize) -> Vec<u32> {
        self.waiting.range(number + 1..).map(|(number, _)| *number).take(most).collect()
    }

    /// When the next waiting part's time comes.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().min().copied()
    }

    /// The store has taken a part.
    pub fn succeed(&mut self, number: u32, sent: Sent) {
        self.flying.remove(&number);
        self.failing.remove(&number);
        self.sent.insert(number, sent);
    }

    /// A part was not taken. It waits for another attempt; after `patience`, or a final failure, it is given up.
    pub fn fail(&mut self, number: u32, failure: Failure, now: Instant, patience: Duration, jitter: f64) {
        self.flying.remove(&number);
        if let Failure::Held { after, .. } = failure {
            self.waiting.insert(number, now + held(after, jitter));
            return;
        }
        let backoff = self.failing.entry(number).or_default();
        let (wait, why) = match failure {
            Failure::Again { after, why } => (backoff.next(now, patience, after, jitter), why),
            Failure::SignAgain(why) => {
                let wait = backoff.next(now, patience, None, jitter);
                (wait.filter(|_| backoff.attempts() < MOST_REFUSALS), why)
            }
            Failure::Final(why) | Failure::Held { why, .. } => (None, why),
        };
        match wait {
            Some(wait) => drop(self.waiting.insert(number, now + wait)),
            None => self.lost = Some(why.context(format!("part {number} could not be sent"))),
        }
    }

    /// Whether nothing waits and nothing flies.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty()
    }

    /// Bytes sent.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.values().map(|part| part.size).sum()
    }

    /// All parts that were sent.
    ///
    /// # Errors
    /// When one was given up, with the reason of the latest.
    pub fn finish(self) -> anyhow::Result<SentParts> {
        match self.lost {
            None => Ok(self.sent),
            Some(why) => Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);
    const SENT: Sent = Sent { size: 5, sha256: [1; 32] };

    fn away() -> Failure {
        Failure::Again { after: None, why: anyhow::anyhow!("away") }
    }

    #[test]
    fn a_failing_part_waits_while_the_others_pass() {
        let (mut board, mut now) = (Board::default(), Instant::now());
        board.offer(4, now);
        assert_eq!(board.take(now), Some(1));
        assert_eq!(board.ahead_of(1, 2), [2, 3]);
        board.fail(1, away(), now, PATIENCE, 1.0);
        for number in 2..=4 {
            assert_eq!(board.take(now), Some(number));
            board.succeed(number, SENT);
        }
        assert_eq!(board.take(now), None);
        now = board.next_due().unwrap();
        assert_eq!(board.take(now), Some(1));
        board.succeed(1, SENT);
        assert!(board.is_idle());
        assert_eq!(board.finish().unwrap().len(), 4);
    }

    #[test]
    fn a_part_is_given_up_when_its_patience_ends_and_the_reason_is_kept() {
        let (mut board, mut now) = (Board::default(), Instant::now());
        let end = now + PATIENCE;
        board.offer(1, now);
        while let Some(number) = board.take(now) {
            board.fail(number, away(), now, PATIENCE, 1.0);
            now = board.next_due().unwrap_or(now);
        }
        assert!(now < end);
        assert_eq!(format!("{:#}", board.finish().unwrap_err()), "part 1 could not be sent: away");
    }

    #[test]
    fn a_part_that_waits_for_its_turn_has_all_its_patience_left() {
        let (mut board, mut now) = (Board::default(), Instant::now());
        board.offer(1, now);
        for _ in 0..100 {
            assert_eq!(board.take(now), Some(1));
            let failure = Failure::Held { after: PATIENCE, why: anyhow::anyhow!("paced") };
            board.fail(1, failure, now, PATIENCE, 0.0);
            now += PATIENCE;
        }
        assert_eq!(board.take(now), Some(1));
        board.succeed(1, SENT);
        assert_eq!(board.finish().unwrap().len(), 1);
    }

    #[test]
    fn a_url_that_is_refused_again_and_again_is_not_an_expired_one() {
        let (mut board, mut now) = (Board::default(), Instant::now());
        board.offer(1, now);
        let mut attempts = 0;
        while let Some(number) = board.take(now) {
            attempts += 1;
            board.fail(number, Failure::SignAgain(anyhow::anyhow!("403")), now, PATIENCE, 0.0);
            now = board.next_due().unwrap_or(now);
        }
        assert_eq!(attempts, 4);
        assert!(board.finish().is_err());
    }

    #[test]
    fn what_is_sent_is_not_offered_again() {
        let (mut board, now) = (Board::new(SentParts::from([(2, SENT)])), Instant::now());
        board.offer(3, now);
        assert_eq!((board.take(now), board.take(now), board.take(now)), (Some(1), Some(3), None));
        assert_eq!(board.sent_bytes(), 5);
    }
}
