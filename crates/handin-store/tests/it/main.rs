//! The store from the outside, over real connections.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod support;

mod listings;
mod multipart;
mod objects;

mod conditions;
mod cors;
mod lifecycle;
mod signatures;

mod clients;
mod names;
