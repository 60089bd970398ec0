//! `[jobs]`: what happens in the background.

use super::section::section;

section! {
    /// What happens in the background.
    Jobs "jobs" {
        /// How often the queue is looked at when nothing wakes the runner, in milliseconds.
        poll_ms: u64 = 1_000, in 10..=600_000;
        /// The most jobs at the same time in one process.
        workers: usize = 4, in 1..=1_000;
        /// How long one runner may hold a job before another may take it, in seconds.
        lease_s: u64 = 60, in 5..=3_600;
        /// Whether unfinished heads of WebM streams are finished after sealing, so that players can seek in them.
        mend_heads: bool = true;
        /// How long after sealing heads are looked at, in seconds: each at a moment of its own between this and twice
        /// it. At the bell everybody seals, and what a worker reads from the store then would meet the live calls.
        mend_after_s: u64 = 900, in 0..=604_800;
        /// How long after sealing an object is compared with the ledger again, in seconds.
        verify_after_s: u64 = 3_600, in 0..=31_536_000;
        /// How often open recordings and the store's uploads are compared, in seconds.
        reconcile_every_s: u64 = 900, in 1..=86_400;
    }
}
