//! `/v1/holds`, and the way back for what is marked: what may not be deleted, whatever policies say.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{HoldId, RecordingId};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Problem;
use super::extract::{Id, Json, Platform, Query, optional_field};
use super::page::{Page, read_cursor, read_limit};
use crate::app::App;
use crate::service::Error;
use crate::service::retention::holds;

/// What may not be deleted: an exam, a candidate of it, a sitting (candidate and subject), or one recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "exam": "spring-2026", "candidate": "C-00017", "reason": "appeal 2026-113", "owner": "legal",
    "expires_at": "2027-06-01T00:00:00Z"
}))]
pub struct NewHold {
    /// The exam; it may be absent where a recording is named.
    exam: Option<String>,
    /// Of this candidate only.
    candidate: Option<String>,
    /// Of this subject only.
    subject: Option<String>,
    /// This recording only; the rest of the scope follows from it.
    recording: Option<String>,
    /// Why, 1 to 500 characters.
    reason: String,
    /// Who answers for it, 1 to 500 characters; the API key's id if absent.
    owner: Option<String>,
    /// When its owner is to be reminded by the event `hold.expired`. The hold holds on until it is released.
    expires_at: Option<Timestamp>,
}

/// Why a recording is restored, and who answers for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "the candidate has appealed", "owner": "legal" }))]
pub struct NewRestore {
    /// 1 to 500 characters.
    reason: String,
    /// Who answers for it, 1 to 500 characters; the API key's id if absent.
    owner: Option<String>,
    /// When its owner is to be reminded by the event `hold.expired`. The hold holds on until it is released.
    expires_at: Option<Timestamp>,
}

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "exam": "spring-2026", "candidate": "C-00017", "reason": "appeal 2026-113",
    "owner": "legal", "placed_at": "2026-12-01T09:00:00Z", "placed_by": "01JD8Z0QX3V5T9K2M4N6P8R0SX",
    "expires_at": "2027-06-01T00:00:00Z", "covers": 2
}))]
pub struct Hold {
    /// A ULID.
    id: String,
    /// The exam.
    exam: String,
    /// Of this candidate only.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<String>,
    /// Of this subject only.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// This recording only.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<String>,
    /// Why.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// When it was placed.
    placed_at: Timestamp,
    /// By which API key.
    placed_by: String,
    /// When its owner is reminded.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<Timestamp>,
    /// By which API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_by: Option<String>,
    /// How many finished recordings it covered when it was placed; told then only.
    #[serde(skip_serializing_if = "Option::is_none")]
    covers: Option<u64>,
}

/// Which holds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoldsQuery {
    /// Of this exam only.
    exam: Option<String>,
    /// Those that were released too.
    #[serde(default)]
    released: bool,
    /// `next` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many items at most, 1 to 1000; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Place a hold
///
/// What it covers is not deleted from this moment on; what is marked already is restored. What is sealed later is covered
/// too.
#[utoipa::path(post, path = "/v1/holds", operation_id = "place_hold", tag = "platform", request_body = NewHold,
    responses((status = 201, body = Hold), (status = 404, description = "`not_found`")))]
pub async fn place(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Json(new): Json<NewHold>,
) -> Result<(StatusCode, axum::Json<Hold>), Problem> {
    let (hold, covers) = holds::place(&app, &who, new.try_into()?).await?;
    Ok((StatusCode::CREATED, axum::Json(Hold { covers: Some(covers), ..hold.into() })))
}

/// List holds
#[utoipa::path(get, path = "/v1/holds", operation_id = "list_holds", tag = "platform", params(HoldsQuery),
    responses((status = 200, body = Page<Hold>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Query(query): Query<HoldsQuery>,
) -> Result<axum::Json<Page<Hold>>, Problem> {
    let limit = read_limit(query.limit)?;
    let exam = optional_field("exam", query.exam.as_deref())?;
    let after: Option<HoldId> = read_cursor(query.cursor.as_deref())?;
    let after = after.as_ref().map(HoldId::as_str);
    let holds = holds::list(&app, exam.as_ref(), query.released, after, limit).await?;
    Ok(axum::Json(Page::of(holds, limit, |hold| hold.id.as_str(), Hold::from)))
}

/// Release a hold
///
/// What it covered is looked at soon after: what is due by now is marked, and goes when its grace is over. Releasing it
/// again changes nothing.
#[utoipa::path(delete, path = "/v1/holds/{id}", operation_id = "release_hold", tag = "platform",
    params(("id" = String, Path, description = "The hold's id")), responses((status = 200, body = Hold)))]
pub async fn release(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<HoldId>,
) -> Result<axum::Json<Hold>, Problem> {
    Ok(axum::Json(holds::release(&app, &who, id.as_str()).await?.into()))
}

/// Restore a marked recording
///
/// Takes its mark back, and keeps it by a hold of its own.
#[utoipa::path(post, path = "/v1/recordings/{id}/restore", operation_id = "restore_recording", tag = "platform",
    request_body = NewRestore, params(("id" = String, Path, description = "The recording's id")),
    responses((status = 201, body = Hold), (status = 409, description = "`wrong_state`: it is not marked, or gone")))]
pub async fn restore(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<RecordingId>,
    Json(new): Json<NewRestore>,
) -> Result<(StatusCode, axum::Json<Hold>), Problem> {
    let hold = holds::restore(&app, &who, &id, new.into()).await?;
    Ok((StatusCode::CREATED, axum::Json(Hold { covers: Some(1), ..hold.into() })))
}

impl TryFrom<NewHold> for holds::NewHold {
    type Error = Error;

    fn try_from(new: NewHold) -> Result<Self, Error> {
        Ok(holds::NewHold {
            exam: optional_field("exam", new.exam.as_deref())?,
            candidate: optional_field("candidate", new.candidate.as_deref())?,
            subject: optional_field("subject", new.subject.as_deref())?,
            recording: optional_field("recording", new.recording.as_deref())?,
            reason: new.reason,
            owner: new.owner,
            expires_at: new.expires_at,
        })
    }
}

impl From<NewRestore> for holds::NewHold {
    fn from(new: NewRestore) -> Self {
        let NewRestore { reason, owner, expires_at } = new;
        holds::NewHold { reason, owner, expires_at, ..holds::NewHold::default() }
    }
}

impl From<holds::Hold> for Hold {
    fn from(it: holds::Hold) -> Hold {
        Hold {
            id: it.id,
            exam: it.scope.exam.to_string(),
            candidate: it.scope.candidate.map(|candidate| candidate.to_string()),
            subject: it.scope.subject.map(|subject| subject.to_string()),
            recording: it.scope.recording.map(|recording| recording.to_string()),
            reason: it.reason,
            owner: it.owner,
            placed_at: it.placed_at,
            placed_by: it.placed_by,
            expires_at: it.expires_at,
            released_at: it.released_at,
            released_by: it.released_by,
            covers: None,
        }
    }
}
