//! The store from the outside, over real connections.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod process;
mod support;

mod listings;
mod copies;
mod multipart;
mod objects;

mod conditions;
mod cors;
mod lifecycle;
mod locks;
mod signatures;

mod clients;
mod full_disk;
mod killed;
mod memory;
mod names;
