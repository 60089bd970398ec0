//! `handin upload` as its users run it: the real binary against the real server, over loopback.

pub mod exam;
pub mod films;

mod files;
mod receipts;
mod faults;
mod pace;
mod usage;
mod streams;
