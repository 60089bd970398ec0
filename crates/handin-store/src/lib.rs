//! An S3-compatible server over a folder, to be embedded in another program.
//!
//! It speaks S3 to unmodified clients, answers a write only when it is on the disk, and refuses every
//! signature it cannot fully check. It has never heard of exams: buckets, keys and bytes are all it knows.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use handin_store::{AccessKey, Config, Store};
//!
//! let config = Config::new("data", "us-east-1", vec![AccessKey::new("id", "secret")]);
//! let store = Store::open(config).await?;
//! store.ensure_bucket("recordings").await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9000").await?;
//! store.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in: [`Store::serve`] accepts connections, `guard` refuses what must not get further,
//! the `s3s` crate parses the request and checks its signature, `operations` turns it into calls on
//! `folder`, which owns every file.

mod config;
mod store;

mod serve;

mod guard;

mod operations;

mod folder;

mod cors;
mod digest;
mod error;
mod lifecycle;
mod listing;

pub use config::{AccessKey, Clock, Config, Random};
pub use error::{BucketError, OpenError, ServeError};
pub use lifecycle::Swept;
pub use store::Store;
