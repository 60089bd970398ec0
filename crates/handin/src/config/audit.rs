//! `[audit]`: how it is written down who did what.

use super::section::section;

section! {
    /// How it is written down who did what.
    Audit "audit" {
        /// Whether whoever asks for a link to a recording has to say why.
        require_link_reason: bool = false;
        /// How often new rows are linked into the chain and its end is signed, in seconds.
        link_every_s: u64 = 60, in 1..=86_400;
    }
}
