//! The events that the platform is told, and what each says. A type here is what is written into the outbox, sent to
//! receivers and described in the OpenAPI document.
//!
//! Who is told, and how, is the business of `webhooks`.

use handin_core::RecordingId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::recordings::Recording;

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    /// Its name, such as `recording.sealed`.
    pub name: &'static str,
    /// When it is told, as a sentence.
    pub when: &'static str,
    /// Its place in the life of a recording; nodes' clocks may differ, so times alone do not order events.
    stage: char,
}

const fn kind(name: &'static str, stage: char, when: &'static str) -> EventKind {
    EventKind { name, when, stage }
}

/// Tried out by hand; sent to one webhook only.
pub const TEST: &str = "webhook.test";
/// Once for each sitting, when every track that the exam asks for is sealed.
pub const SITTING_COMPLETE: &str = "sitting.complete";
/// Once for each sitting, when a recording went silent.
pub const SITTING_AT_RISK: &str = "sitting.at_risk";

/// A recording went to another storage class.
pub const RECORDING_TIERED: &str = "recording.tiered";
/// A recording was moved to an archive.
pub const DRAIN_DONE: &str = "drain.done";

/// Every kind that webhooks may ask for.
pub const KINDS: &[EventKind] = &[
    kind("recording.opened", '0', "A candidate opened a recording."),
    kind(
        SITTING_AT_RISK,
        '1',
        "A recording is open, and its browser has not been heard of for some minutes. Told once for each sitting.",
    ),
    kind("recording.sealed", '2', "A recording is whole and proved; the receipt says what it covers."),
    kind("recording.partial", '2', "What arrived of a recording was kept; the receipt says what is missing."),
    kind("recording.abandoned", '2', "Nothing of a recording arrived, or somebody discarded it."),
    kind("recording.mended", '3', "A recording can be seeked in now; the receipt names its new object."),
    kind(RECORDING_TIERED, '3', "A recording is kept in another storage class, under another key."),
    kind(SITTING_COMPLETE, '3', "Every track that the exam asks for is sealed. Told once for each sitting."),
    kind("recording.deleted", '4', "A recording was deleted, by hand or by a policy."),
    kind(
        "retention.certified",
        '5',
        "Objects were deleted, the store shows none of them, and a certificate says so.",
    ),
    kind("hold.expired", '5', "The time of a hold is over. It holds on until it is released."),
    kind(
        DRAIN_DONE,
        '5',
        "A recording stands at an archive, proved; its first copy goes at the end of the quarantine.",
    ),
];

/// Whether there is such a kind.
pub fn is_kind(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// Where an event stands among those of its recording, compared as text: by stage, then by id.
pub(super) fn place(kind: &str, id: &str) -> String {
    let stage = KINDS.iter().find(|known| known.name == kind).map_or('9', |known| known.stage);
    format!("{stage}{id}")
}

/// What `recording.opened` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingOpened {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// The subject.
    pub subject: String,
    /// Whose.
    pub candidate: String,
    /// Of which track.
    pub track: String,
    /// Where the object will be in the bucket.
    pub key: String,
}

/// What `recording.abandoned` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingAbandoned {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// The subject.
    pub subject: String,
    /// Whose.
    pub candidate: String,
    /// Of which track.
    pub track: String,
    /// Why, such as `nothing_arrived` or `discarded_by_candidate`.
    pub reason: String,
}

impl RecordingAbandoned {
    pub(super) fn new(recording: &Recording, reason: handin_core::Reason) -> RecordingAbandoned {
        RecordingAbandoned {
            id: recording.id.to_string(),
            exam: recording.exam.to_string(),
            subject: recording.subject.to_string(),
            candidate: recording.candidate.to_string(),
            track: recording.track.to_string(),
            reason: reason.to_string(),
        }
    }
}

/// What `recording.deleted` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingDeleted {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// Where the object was in the bucket; it is gone, or goes now.
    pub key: String,
}

impl RecordingDeleted {
    pub(super) fn new(id: &RecordingId, exam: &handin_core::ExamId, key: &str) -> RecordingDeleted {
        RecordingDeleted { id: id.to_string(), exam: exam.to_string(), key: key.to_owned() }
    }
}

/// What `sitting.complete` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SittingComplete {
    /// The exam.
    pub exam: String,
    /// The subject.
    pub subject: String,
    /// Whose.
    pub candidate: String,
    /// The sealed recordings of the sitting.
    pub recordings: Vec<String>,
}

/// What `sitting.at_risk` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SittingAtRisk {
    /// The exam.
    pub exam: String,
    /// The subject.
    pub subject: String,
    /// Whose.
    pub candidate: String,
    /// The recording that went silent.
    pub recording: String,
    /// Of which track.
    pub track: String,
    /// When its browser was last heard of.
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
    /// Bytes that stood only in the browser then.
    pub pending_bytes: u64,
}

/// What `retention.certified` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetentionCertified {
    /// The certificate; `GET /v1/certificates/{id}` gives it.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// Which version of which policy ordered it.
    pub policy: String,
    /// How many recordings are gone.
    pub recordings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the store was seen to hold none of them.
    pub certified_at: String,
}

/// What `hold.expired` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldExpired {
    /// The hold.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it was placed.
    pub reason: String,
    /// When its time was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// What `recording.tiered` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordingTiered {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// Where the object is in the bucket.
    pub key: String,
    /// Where it was; that object goes when no link to it can be alive.
    pub replaces: String,
    /// How the store keeps it, by S3's names.
    pub storage_class: String,
}

/// What `drain.done` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DrainDone {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// The archive that it stands at.
    pub archive: String,
    /// Where the object is in the archive's bucket.
    pub key: String,
    /// Its bytes.
    pub size: u64,
    /// Until when the first copy stands, too.
    #[schema(value_type = String, format = DateTime)]
    pub first_copy_until: Timestamp,
}

/// What `webhook.test` says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookTest {
    /// The webhook.
    pub webhook: String,
}
