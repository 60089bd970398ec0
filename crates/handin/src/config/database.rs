//! `[database]`: where the ledger is kept.

use secrecy::SecretString;

use super::section::section;

section! {
    /// Where the ledger is kept.
    Database "database" {
        /// `postgres://…` or `sqlite:…`; without it `handin.db` in the data folder.
        url: Option<SecretString> = None, env "DATABASE_URL";
        /// The most connections at the same time.
        max_connections: u32 = 16, in 1..=1_000;
        /// How long a request may wait for a connection, in milliseconds.
        acquire_timeout_ms: u64 = 5_000, in 10..=600_000;
        /// The most changes that wait for SQLite's writer; beyond it the API answers 503.
        queue: usize = 4_096, in 1..=1_000_000;
    }
}
