//! `/v1/sitting`: a candidate's own sitting, as the page must know it that records it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use handin_core::Track;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::capture::Capture;
use super::error::Problem;
use super::exams::{Subject, texts};
use super::extract::Candidate;
use crate::app::App;
use crate::service::sitting;

/// One candidate in one subject, as the server describes it to its candidate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "exam": { "id": "spring-2026", "title": "Engineers, spring 2026" },
    "subject": { "id": "coding", "title": "Coding", "ends_at": "2026-11-22T06:00:00Z" },
    "candidate": "C-00017", "server_time": "2026-11-22T05:00:00.123Z", "salvage_at": "2026-11-23T06:00:00Z",
    "retention_days": 38, "notice": { "en": "Our recruiters watch this within 30 days." },
    "after_crash": "next_take", "tracks": [{ "track": "webcam", "capture": {
        "width": 640, "height": 480, "frame_rate": 15, "video_bits_per_second": 500000,
        "audio_bits_per_second": 32000, "whole_monitor": false } }],
    "recordings": [{ "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "track": "webcam", "take": 1, "state": "open" }]
}))]
pub struct OwnSitting {
    /// What the exam is called.
    exam: ExamTitle,
    /// The subject, with its bell.
    subject: Subject,
    /// The candidate whose token was shown.
    candidate: String,
    /// The server's clock as it answered.
    server_time: Timestamp,
    /// When a recording that is opened now is salvaged, if it is not sealed by then.
    salvage_at: Timestamp,
    /// How many days after the bell recordings are gone, the grace before they go included, unless somebody places a hold or
    /// what is due waits for somebody to confirm it.
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<u32>,
    /// What the platform tells its candidates of the recording, by language (BCP 47).
    notice: BTreeMap<String, String>,
    /// When a recording broke off: `next_take` (record on) or `seal` (record no more).
    after_crash: &'static str,
    /// What is to be recorded, in the exam's order.
    tracks: Vec<AskedTrack>,
    /// Every take of this sitting, by track, the first first.
    recordings: Vec<OwnTake>,
}

/// What an exam is called.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExamTitle {
    /// Its slug.
    id: String,
    /// For people.
    title: String,
}

/// A track that the candidate is to record.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedTrack {
    /// The track.
    track: String,
    /// How it is captured.
    capture: Capture,
}

/// One take of the candidate's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnTake {
    /// The recording's id.
    id: String,
    /// Its track.
    track: String,
    /// Counted from 1 within the sitting and track.
    take: u32,
    /// `open`, `sealing`, `sealed`, `partial`, `abandoned` or `deleted`.
    state: &'static str,
    /// A compact JWS, once it is sealed or salvaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
}

/// Look up the candidate's own sitting
///
/// What to record, until when, and which takes there are. `server_time` is read last, so that half of the round trip is
/// how wrong a clock set by it may be.
#[utoipa::path(get, path = "/v1/sitting", operation_id = "get_sitting", tag = "candidate",
    responses((status = 200, body = OwnSitting), (status = 404, description = "`not_found`: the token names an exam or \
        subject that is not there")))]
pub async fn show(
    State(app): State<Arc<App>>,
    Candidate(who): Candidate,
) -> Result<axum::Json<OwnSitting>, Problem> {
    Ok(axum::Json(sitting::get(&app, &who).await?.into()))
}

impl From<sitting::OwnSitting> for OwnSitting {
    fn from(it: sitting::OwnSitting) -> OwnSitting {
        let asked = |track: &Track| AskedTrack {
            track: track.to_string(),
            capture: it.exam.capture_of(track).into(),
        };
        OwnSitting {
            exam: ExamTitle { id: it.exam.id.to_string(), title: it.exam.title.clone() },
            subject: (&it.subject).into(),
            candidate: it.candidate.to_string(),
            server_time: it.server_time,
            salvage_at: it.salvage_at,
            retention_days: it.retention_days,
            notice: texts(&it.exam),
            after_crash: it.exam.after_crash.as_str(),
            tracks: it.tracks.iter().map(asked).collect(),
            recordings: it.takes.into_iter().map(OwnTake::from).collect(),
        }
    }
}

impl From<sitting::OwnTake> for OwnTake {
    fn from(it: sitting::OwnTake) -> OwnTake {
        OwnTake {
            id: it.recording.id.to_string(),
            track: it.recording.track.to_string(),
            take: it.recording.take,
            state: it.recording.state.as_str(),
            receipt: it.receipt,
        }
    }
}
