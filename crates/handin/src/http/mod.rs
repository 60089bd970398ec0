//! The REST API: JSON in, one service call, JSON out.
//!
//! A handler extracts, converts, calls one service function and converts back. Outside input becomes a core type
//! here or is refused by name; below, nothing re-checks. Status codes are known in `error.rs` alone. Bytes of
//! recordings never pass here.

mod router;
mod serve;

mod exams;
mod capture;
mod roster;
mod pace;
mod tokens;
mod sitting;
mod sittings;
mod recordings;
mod view;
mod sign;
mod seal;
mod receipts;
mod retention;
mod runs;
mod holds;
mod certificates;
mod webhooks;
mod audit;
mod drain;
mod rehearsal;
mod health;
mod pages;

mod extract;
mod page;
mod hex32;
mod csv;

mod edge;
mod shed;
mod error;
mod openapi;
mod told;

pub use error::{PROBLEMS, ProblemKind, reference_page};
pub use openapi::document;
pub use router::router;
pub use serve::{bind, serve};
