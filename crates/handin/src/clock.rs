//! Time and chance, both injected: the only places that read the machine's clock and its randomness.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handin_core::RecordingId;
use jiff::Timestamp;

/// Where the time comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// The hand that moves a [`Clock::manual`].
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock of the machine")]
    pub fn system() -> Clock {
        Clock(Arc::new(Timestamp::now))
    }

    /// A clock that stands still at `start` until its hand moves it.
    pub fn manual(start: Timestamp) -> (Clock, Hand) {
        let hand = Hand(Arc::new(AtomicI64::new(start.as_millisecond())));
        let seen = hand.clone();
        (Clock(Arc::new(move || seen.now())), hand)
    }

    /// The current moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Hand {
    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        let millis = self.0.load(Ordering::SeqCst);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_millisecond(), Ordering::SeqCst);
    }
}

/// Where ids and other random bytes come from.
#[derive(Clone)]
pub struct Ids(Arc<Fill>);

/// Fills a buffer with random bytes.
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Ids {
    /// The randomness of the operating system.
    ///
    /// # Panics
    /// If the operating system has none to give, in which case no id and no key can be trusted.
    #[expect(clippy::disallowed_methods, reason = "the one place that takes randomness from the machine")]
    pub fn system() -> Ids {
        Ids(Arc::new(|buffer| getrandom::fill(buffer).expect("the operating system gives random bytes")))
    }

    /// The same "random" bytes on every run, for tests: a counter, hashed.
    pub fn repeatable(seed: u64) -> Ids {
        use sha2::{Digest, Sha256};
        let counter = AtomicI64::new(0);
        Ids(Arc::new(move |buffer| {
            for chunk in buffer.chunks_mut(32) {
                let next = counter.fetch_add(1, Ordering::SeqCst);
                let hash = Sha256::digest([seed.to_le_bytes(), next.to_le_bytes()].concat());
                chunk.copy_from_slice(&hash[..chunk.len()]);
            }
        }))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A new recording's id: a ULID, so ids sort by the time they were made.
    pub fn recording(&self, now: Timestamp) -> RecordingId {
        let text = self.ulid(now);
        text.parse().expect("the text of a ULID is a recording id")
    }

    /// A new id for a row that no user names (job, event, audit entry); a ULID too.
    pub fn row(&self, now: Timestamp) -> String {
        self.ulid(now)
    }

    /// A secret word of 32 hex digits, such as a write token.
    pub fn word(&self) -> String {
        hex::encode(self.bytes::<16>())
    }

    fn ulid(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        ulid::Ulid::from_parts(millis, u128::from_le_bytes(self.bytes())).to_string()
    }
}
