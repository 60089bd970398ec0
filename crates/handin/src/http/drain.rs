//! `/v1/exams/{exam}/drain` and `/v1/drains`: recordings on their way to an archive.

use std::sync::Arc;

use axum::extract::State;
use handin_core::ExamId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Id, Json, Platform};
use crate::app::App;
use crate::service::drain::{self, Progress};

/// Where an exam's recordings are to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "nas", "max_bytes_per_s": 25000000 }))]
pub struct NewDrain {
    /// The archive, by its name in the configuration.
    to: String,
    /// At most this many bytes per second, at any time of the week; absent goes by the timetable.
    max_bytes_per_s: Option<u64>,
}

/// What is on its way to archives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{ "exam": "spring-2026", "archive": "nas", "waiting": 120, "failing": 0, "copied": 4000, "moved": 8360,
        "bytes": 3298534883328u64, "bytes_moved": 3266820263936u64 }],
    "paused": "exam"
}))]
pub struct Drains {
    /// By exam and archive.
    items: Vec<Drain>,
    /// Why nothing goes at the moment: `exam` (somebody records) or `timetable` (but what has a rate of its own goes);
    /// absent while recordings may go.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<&'static str>,
}

/// How far an exam's recordings are on their way to an archive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "exam": "spring-2026", "archive": "nas", "waiting": 120, "failing": 0, "copied": 4000, "moved": 8360,
    "bytes": 3298534883328u64, "bytes_moved": 3266820263936u64
}))]
pub struct Drain {
    /// The exam.
    exam: String,
    /// The archive, by its name in the configuration.
    archive: String,
    /// Recordings that are still to be copied.
    waiting: u64,
    /// Those of them whose last try failed; they are tried again.
    failing: u64,
    /// Recordings that live at the archive, and whose first copy stands until the end of the quarantine, or longer while
    /// a hold covers them.
    copied: u64,
    /// Recordings that live at the archive alone.
    moved: u64,
    /// Bytes of all of these.
    bytes: u64,
    /// Bytes of them that stand at the archive.
    bytes_moved: u64,
    /// Why one of those that fail failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Drain an exam to an archive
///
/// Every finished recording goes; what is sealed later waits for the next call, or for a rule. Repeating it changes the rate
/// of what still waits, and nothing else.
#[utoipa::path(post, path = "/v1/exams/{exam}/drain", operation_id = "drain_exam", tag = "platform", request_body = NewDrain,
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = Drains)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(exam): Id<ExamId>,
    Json(new): Json<NewDrain>,
) -> Result<axum::Json<Drains>, Problem> {
    let progress = drain::ask(&app, &who, &exam, &new.to, new.max_bytes_per_s).await?;
    Ok(axum::Json(Drains::of(&app, progress).await?))
}

/// See how far an exam is on its way to its archive
#[utoipa::path(get, path = "/v1/exams/{exam}/drain", operation_id = "get_drain", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = Drains)))]
pub async fn show(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
) -> Result<axum::Json<Drains>, Problem> {
    let progress = drain::progress(&app, Some(&exam)).await?;
    Ok(axum::Json(Drains::of(&app, progress).await?))
}

/// See what is on its way to archives
#[utoipa::path(get, path = "/v1/drains", operation_id = "list_drains", tag = "platform",
    responses((status = 200, body = Drains)))]
pub async fn list(State(app): State<Arc<App>>, _platform: Platform) -> Result<axum::Json<Drains>, Problem> {
    let progress = drain::progress(&app, None).await?;
    Ok(axum::Json(Drains::of(&app, progress).await?))
}

impl Drains {
    async fn of(app: &App, progress: Vec<Progress>) -> Result<Drains, Problem> {
        let paused = drain::pause(app).await?.map(drain::Pause::word);
        Ok(Drains { items: progress.into_iter().map(Drain::from).collect(), paused })
    }
}

impl From<Progress> for Drain {
    fn from(it: Progress) -> Drain {
        Drain {
            exam: it.exam.to_string(),
            archive: it.archive,
            waiting: it.waiting,
            failing: it.failing,
            copied: it.copied,
            moved: it.moved,
            bytes: it.bytes,
            bytes_moved: it.bytes_moved,
            error: it.error,
        }
    }
}
