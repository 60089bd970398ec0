//! A recording as JSON.

use handin_core::StoredPart;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::hex32::Hex32;
use crate::service::recordings::{self, Row};

/// One take of one track in one sitting. What is not known, or not yet, is absent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "exam": "spring-2026", "subject": "coding", "candidate": "C-00017",
    "track": "webcam", "take": 1, "upload": "stream", "state": "sealed",
    "key": "webcam/b3/2026-11-22/spring-2026/coding/C-00017/01JD8Z0QX3V5T9K2M4N6P8R0SW.webm",
    "content_type": "video/webm", "part_size": 5242880, "max_parts": 820, "max_bytes": 4294967296u64,
    "opened_at": "2026-11-22T05:00:00Z", "salvage_at": "2026-11-23T06:00:00Z", "recorded_ms": 3600000,
    "pending_bytes": 0, "sealed_at": "2026-11-22T06:00:02Z", "sealed_size": 225000000, "sealed_parts": 43,
    "duration_ms": 3600000, "storage_class": "STANDARD"
}))]
pub struct Recording {
    /// A ULID.
    id: String,
    /// The exam.
    exam: String,
    /// The subject.
    subject: String,
    /// The candidate.
    candidate: String,
    /// The track.
    track: String,
    /// Counted from 1 within the sitting and track.
    take: u32,
    /// `stream`, `file` or `put`.
    upload: &'static str,
    /// `open`, `sealing`, `sealed`, `partial`, `abandoned` or `deleted`.
    state: &'static str,
    /// The object's key in the bucket.
    key: String,
    /// As the object is stored.
    content_type: String,
    /// Bytes of every part but the last.
    part_size: u64,
    /// The highest part number.
    max_parts: u32,
    /// The most bytes it may have.
    max_bytes: u64,
    /// The announced bytes of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// When it was opened.
    opened_at: Timestamp,
    /// When the browser says it began to record.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    /// The bell.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
    /// When it is salvaged, if it is not sealed by then.
    salvage_at: Timestamp,
    /// When the browser was last heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<Timestamp>,
    /// Milliseconds recorded, as the browser said last.
    recorded_ms: u64,
    /// Bytes that stand only in the browser, as it said last.
    pending_bytes: u64,
    /// When it was sealed or salvaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_at: Option<Timestamp>,
    /// Bytes of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_size: Option<u64>,
    /// Parts of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_parts: Option<u32>,
    /// Since when it is marked for deletion; it can be restored until its grace is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_at: Option<Timestamp>,
    /// When its grace is over. Absent while it is yet to be looked at anew, as a policy or an anchor has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_at: Option<Timestamp>,
    /// In which storage class its object is kept.
    storage_class: &'static str,
    /// Since when, if a tier rule moved it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    tiered_at: Option<Timestamp>,
    /// Hex SHA-256 over the part hashes, one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_parts: Option<String>,
    /// How long it plays, in milliseconds, as the browser says.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Why it is partial or abandoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What a partial one lacks: `{from_part, from_byte, to_byte?}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<serde_json::Value>,
}

/// A part that the store holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedPart {
    /// From 1.
    number: u32,
    /// Bytes.
    size: u64,
    /// Its digest, where the store keeps one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Hex32>,
}

/// A recording with what the store confirms of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedRecording {
    #[serde(flatten)]
    recording: Recording,
    /// The parts that the store holds at this moment; of a finished recording none, since they are one object then.
    parts: Vec<ConfirmedPart>,
    /// How many bytes are there from the start without a gap.
    contiguous_bytes: u64,
    /// A compact JWS, once it is sealed or salvaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// How to read it, as its recorder said with the seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    manifest: Option<recordings::Manifest>,
}

impl From<&Row> for Recording {
    fn from(row: &Row) -> Recording {
        Recording {
            id: row.id.to_string(),
            exam: row.exam.to_string(),
            subject: row.subject.to_string(),
            candidate: row.candidate.to_string(),
            track: row.track.to_string(),
            take: row.take,
            upload: row.upload.as_str(),
            state: row.state.as_str(),
            key: row.key.clone(),
            content_type: row.content_type.clone(),
            part_size: row.part_size,
            max_parts: row.max_parts,
            max_bytes: row.max_bytes,
            size: row.size,
            opened_at: row.opened_at,
            started_at: row.started_at,
            ends_at: row.ends_at,
            salvage_at: row.salvage_at,
            seen_at: row.seen_at,
            recorded_ms: row.recorded_ms,
            pending_bytes: row.pending_bytes,
            sealed_at: row.sealed_at,
            sealed_size: row.sealed_size,
            sealed_parts: row.sealed_parts,
            marked_at: row.marked_at,
            gone_at: row.gone_at,
            storage_class: row.storage_class.as_str(),
            tiered_at: row.tiered_at,
            sha256_parts: row.sha256_parts.clone(),
            duration_ms: row.duration_ms,
            reason: row.reason.map(handin_core::Reason::as_str),
            missing: row.missing.as_deref().and_then(|json| serde_json::from_str(json).ok()),
        }
    }
}

impl From<recordings::View> for ConfirmedRecording {
    fn from(view: recordings::View) -> Self {
        ConfirmedRecording {
            recording: (&view.recording).into(),
            parts: view.confirmed.iter().map(ConfirmedPart::from).collect(),
            contiguous_bytes: view.contiguous_bytes,
            receipt: view.receipt,
            manifest: view.manifest,
        }
    }
}

impl From<&StoredPart> for ConfirmedPart {
    fn from(part: &StoredPart) -> Self {
        ConfirmedPart { number: part.number, size: part.size, sha256: part.sha256.map(Hex32) }
    }
}
