//! handin: online-exam recordings go straight from browsers into S3-compatible storage, and the server proves them.
//!
//! Arrows between the modules point down only: edges (`cli`, `http`, `jobs`) call `service`, `service` calls the
//! adapters (`db`, `objects`), and those know the domain crates alone.

pub mod db;

pub mod config;

pub mod db;
pub mod objects;
