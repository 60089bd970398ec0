//! `[tokens]`: what candidates show to be let in.

use std::path::PathBuf;

use super::section::section;

section! {
    /// What candidates show to be let in.
    Tokens "tokens" {
        /// How long a candidate's token is valid at least, unless the platform asks otherwise, in seconds. It lives on until
        /// the recordings of its subject are salvaged, so that a candidate can finish the next day.
        ttl_s: u64 = 28_800, in 60..=31_536_000;
        /// The longest life that the platform may ask for, in seconds.
        max_ttl_s: u64 = 2_592_000, in 60..=31_536_000;
        /// A JWKS file with the Ed25519 public keys of a platform that mints its own tokens.
        platform_jwks_file: Option<PathBuf> = None;
    }
}
