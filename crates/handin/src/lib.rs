//! handin: online-exam recordings go straight from browsers into S3-compatible storage, and the server proves them.
//!
//! Edges (`cli`, `http`, `jobs`) call `service`; `service` calls the adapters (`db`, `objects`); below them lie the
//! rules of `handin-core` and the protocol of `handin-s3`. Arrows point down only; a test reads them.

pub mod app;
pub mod clock;
pub mod config;
pub mod telemetry;
pub mod report;

pub mod http;
pub mod cli;
pub mod jobs;

pub mod service;

pub mod db;
pub mod objects;
