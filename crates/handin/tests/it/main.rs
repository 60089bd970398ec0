//! The integration tests: one binary, folders as in `src`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod app;
mod caller;
mod call;
mod onlooker;
mod process;
mod unfinished;

mod arrows;
mod end_to_end;
mod http;
mod reference;
mod service;
mod retention;
mod webhooks;
mod audit;
mod drain;

mod proxy;
mod wire;
mod stores;
mod upload;
mod bench;

mod demo;
mod doctor;
mod reconcile;
mod plan;

mod faults;
