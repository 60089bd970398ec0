//! `[webhooks]`: how the platform is told of events.

use super::section::section;

section! {
    /// How the platform is told of events.
    Webhooks "webhooks" {
        /// Whether receivers may have addresses that the internet cannot reach. Whoever has an API key can then have this server
        /// call what stands beside it.
        allow_private: bool = false;
        /// Whether receivers may be called by http://, which anybody on the way can read.
        allow_http: bool = false;
        /// How long a receiver may take to answer, in milliseconds.
        timeout_ms: u64 = 15_000, in 100..=60_000;
        /// How many events one webhook is told at the same time; those of one recording come one after the other.
        parallel: usize = 8, in 1..=100;
        /// How long a former secret signs too after a rotation, in seconds, unless the rotation says otherwise.
        overlap_s: u64 = 86_400, in 0..=2_592_000;
        /// An open recording that has not been heard of for so long puts its sitting at risk, in seconds.
        silent_after_s: u64 = 600, in 60..=86_400;
        /// How often sittings at risk are looked for, in seconds.
        look_every_s: u64 = 60, in 1..=86_400;
        /// How many days events are remembered that everybody was told.
        keep_days: u32 = 30, in 1..=3_650;
    }
}
