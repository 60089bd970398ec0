//! `handin bench` as its users run it.

mod bell;
mod data_centre;
