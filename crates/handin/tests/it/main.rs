//! The integration tests: one binary, folders as in `src`.

mod arrows;
mod reference;

mod proxy;
mod stores;
