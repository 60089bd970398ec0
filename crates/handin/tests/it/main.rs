//! The integration tests: one binary, folders as in `src`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod arrows;
mod reference;

mod proxy;
mod stores;
