//! Pacing: how fast an exam's senders may go together, and who goes first.
//!
//! A [`PacePolicy`] is what the operator wants. Every node turns it into its own [`Share`] and lets bytes through a
//! [`Bucket`] by [`Priority`], so that no two nodes need to speak to each other. Refuses to know where the time comes
//! from, how many nodes there are, and how any of this travels.

mod policy;
mod bucket;
mod priority;
mod heartbeat;

pub use bucket::{Bucket, LONGEST_WAIT, Share, admit};
pub use heartbeat::{USUAL_HEARTBEAT, heartbeat};
pub use policy::{BadPolicy, GroupBy, PacePolicy};
pub use priority::{Asked, Priority, start_after_bell};
