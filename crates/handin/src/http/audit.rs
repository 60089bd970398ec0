//! `/v1/audit`: who did what to whose data, when, from where and why.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{ExamId, RecordingId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Problem;
use super::extract::{Platform, Query, optional_field};
use super::page::{Page, read_cursor, read_limit};
use crate::app::App;
use crate::service::audit;

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "at": "2026-12-01T09:00:00Z", "who": "01JD8Z0QX3V5T9K2M4N6P8R0SX",
    "address": "203.0.113.7", "action": "recording.link", "what": "01JD8Z0QX3V5T9K2M4N6P8R0SY", "exam": "spring-2026",
    "detail": { "reason": "appeal 2026-113", "download": false, "ttl_s": 600 }
}))]
pub struct AuditEntry {
    /// A ULID.
    id: String,
    /// When.
    at: Timestamp,
    /// The API key's id, the candidate, `operator`, or what of the server did it.
    who: String,
    /// From where, for calls of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The verb.
    action: String,
    /// What it was done to, such as a recording's id.
    what: String,
    /// The exam it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    exam: Option<String>,
    /// More, such as the reason.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of this exam only.
    exam: Option<String>,
    /// Of what was done to this only: the id of a recording, a hold, a webhook, …
    what: Option<String>,
    /// `next` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many items at most, 1 to 1000; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List the audit log
///
/// Oldest first. `handin audit verify` checks that no entry was changed or removed since it was linked.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "platform", params(AuditQuery),
    responses((status = 200, body = Page<AuditEntry>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Query(query): Query<AuditQuery>,
) -> Result<axum::Json<Page<AuditEntry>>, Problem> {
    let limit = read_limit(query.limit)?;
    let exam: Option<ExamId> = optional_field("exam", query.exam.as_deref())?;
    // An entry's id is a ULID, as a recording's is.
    let after: Option<RecordingId> = read_cursor(query.cursor.as_deref())?;
    let after = after.as_ref().map(RecordingId::as_str);
    let entries = audit::list(&app, exam.as_ref(), query.what.as_deref(), after, limit).await?;
    Ok(axum::Json(Page::of(entries, limit, |entry| entry.id.as_str(), AuditEntry::from)))
}

impl From<audit::Entry> for AuditEntry {
    fn from(it: audit::Entry) -> AuditEntry {
        AuditEntry {
            id: it.id,
            at: it.at,
            who: it.who,
            address: it.address,
            action: it.action,
            what: it.what,
            exam: it.exam.map(|exam| exam.to_string()),
            detail: serde_json::from_str(&it.detail).unwrap_or_default(),
        }
    }
}
