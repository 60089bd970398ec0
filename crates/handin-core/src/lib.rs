//! The exam rules of handin: what a recording is, how it may change, and when it is whole; and in [`container`] how its
//! file gets an index.
//!
//! Pure types and functions. This crate refuses to know about I/O, async, serde, S3 and SQL: whatever arrives from
//! outside is parsed into one of these types at the edge and trusted from then on. Times are [`jiff::Timestamp`]s
//! passed in by the caller, sizes are bytes, bitrates bits per second.

mod names;
mod exam;
mod capture;
mod recording;
mod storage_class;
mod parts;
mod proof;
mod salvage;
mod sitting;
mod object_key;
mod mapping;
mod pace;
pub mod pacing;
pub mod retention;
pub mod drain;
pub mod container;

pub use capture::{AfterCrash, BadCapture, Capture, CaptureWish};
pub use exam::{Exam, Limits, RosterEntry, Subject, TooManyTracks};
pub use mapping::{BadMapping, Mapped, Mapping};
pub use names::{
    BadName, CandidateId, CertificateId, ExamId, Group, HoldId, Language, RecordingId, SubjectId, Track,
    WebhookId,
};
pub use object_key::{BadKey, ObjectKey, RehearsalKey};
pub use pace::Pace;
pub use parts::{BadPart, MAX_PARTS, MIB, MIN_PART_SIZE, PartPlan, Sha256};
pub use proof::{Claim, ClaimedPart, Proof, Refusal, StoredPart, hash_of_part_hashes_input, prove};
pub use recording::{Reason, State, Upload};
pub use salvage::{Missing, Salvage, contiguous_bytes, salvage};
pub use sitting::{SittingState, Take, sitting_state, track_state};
pub use storage_class::StorageClass;
