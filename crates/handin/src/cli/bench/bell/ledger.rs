//! What was sent, recording by recording, as the senders know it: what the server's word is held against.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One recording that has its receipt.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Whose, from 0.
    pub candidate: u32,
    /// Its track.
    pub track: usize,
    /// Its id.
    pub id: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// What it holds.
    pub class: u8,
    /// How many parts.
    pub parts: u32,
    /// SHA-256 in hex over the digests of the parts.
    pub sha256_parts: String,
    /// Compact JWS.
    pub receipt: String,
    /// When the receipt came, from the start of the run.
    pub at: Duration,
}

/// Everything that was sent, and what was given up.
#[derive(Default)]
pub struct Ledger {
    kept: Mutex<Vec<Kept>>,
    lost: Mutex<Vec<String>>,
}

impl Ledger {
    /// Notes a receipt.
    pub fn keep(&self, kept: Kept) {
        lock(&self.kept).push(kept);
    }

    /// Notes a recording that its sender has given up, and why.
    pub fn lose(&self, what: String) {
        lock(&self.lost).push(what);
    }

    /// All that have a receipt, by candidate and track.
    pub fn kept(&self) -> Vec<Kept> {
        let mut kept = lock(&self.kept).clone();
        kept.sort_by_key(|kept| (kept.candidate, kept.track));
        kept
    }

    /// All that were given up.
    pub fn lost(&self) -> Vec<String> {
        let mut lost = lock(&self.lost).clone();
        lost.sort();
        lost
    }
}

fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The platform's name of a candidate.
pub fn candidate_id(number: u32) -> String {
    format!("C-{number:06}")
}
