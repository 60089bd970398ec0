//! `[uploads]`: what candidates may send, and for how long.

use super::section::section;

section! {
    /// What candidates may send, and for how long.
    Uploads "uploads" {
        /// How long a signed URL is valid, in seconds.
        url_ttl_s: u64 = 600, in 10..=604_800;
        /// The most bytes of one recording, unless its exam says otherwise.
        max_bytes: u64 = 4 << 30, in 1..=(5 << 40);
        /// The most takes of one track in one sitting.
        most_takes: u32 = 50, in 1..=10_000;
        /// How long after the bell (or after its opening, without a bell) an unsealed recording is salvaged, in seconds.
        salvage_grace_s: u64 = 86_400, in 0..=31_536_000;
        /// How long the handle of a recording is valid, in seconds.
        handle_ttl_s: u64 = 172_800, in 60..=31_536_000;
        /// How long one completer may take to seal before another may take over, in seconds.
        seal_lease_s: u64 = 60, in 5..=3_600;
        /// The most parts signed in one call.
        sign_ahead: usize = 100, in 1..=1_000;
        /// How many part URLs a recording may have signed per second, counted over ten seconds and on each node. It bounds
        /// clients that do not obey; one that does never meets it.
        part_urls_per_s: u32 = 200, in 1..=100_000;
        /// How many parts a browser is asked to have in flight at most; not asked by default.
        parallel: Option<u32> = None;
        /// How many bytes per second a browser is asked to send at most, all tracks together; not asked by default.
        max_bytes_per_s: Option<u64> = None;
    }
}
