//! `/v1/exams/{exam}/status` and `/sittings`: how complete an exam is.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{ExamId, SittingState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Problem;
use super::extract::{Id, Platform, Query, optional_field};
use super::page::{Page, read_cursor, read_limit, write_cursor};
use super::view::Recording;
use crate::app::App;
use crate::service::Error;
use crate::service::sittings::{self, SittingFilter};

/// How an exam stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "subjects": [{
    "subject": "coding", "expected": 120, "recording": 3, "complete": 110, "partial": 2, "missing": 5,
    "bytes": 41230000000u64, "at_risk_s": 12
}] }))]
pub struct Status {
    /// One entry for each subject, in the exam's order.
    subjects: Vec<SubjectStatus>,
}

/// How one subject stands; the first five are numbers of sittings.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectStatus {
    /// The subject.
    subject: String,
    /// On the roster, or seen without being on it.
    expected: u64,
    /// With a take on its way.
    recording: u64,
    /// With every track sealed.
    complete: u64,
    /// With something kept that has holes.
    partial: u64,
    /// With nothing.
    missing: u64,
    /// Bytes that are sealed or salvaged.
    bytes: u64,
    /// Footage that stands only in browsers, in seconds.
    at_risk_s: u64,
}

/// Which sittings to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SittingQuery {
    /// Only in this state: `complete`, `recording`, `partial` or `missing`.
    state: Option<String>,
    /// Only of this subject.
    subject: Option<String>,
    /// Only of this candidate.
    candidate: Option<String>,
    /// `next` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many candidates at most, 1 to 1000; 100 if absent. A page has all sittings of a candidate.
    limit: Option<u32>,
}

/// One candidate in one subject.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "candidate": "C-00017", "name": "Kim Minji", "subject": "coding", "state": "recording",
    "tracks": [{ "track": "webcam", "state": "recording", "takes": [] }], "bytes": 0, "at_risk_s": 4
}))]
pub struct Sitting {
    /// The candidate.
    candidate: String,
    /// The name from the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The subject.
    subject: String,
    /// `complete`, `recording`, `partial` or `missing`.
    state: &'static str,
    /// One entry for each track the exam asks for.
    tracks: Vec<SittingTrack>,
    /// Bytes that are sealed or salvaged.
    bytes: u64,
    /// Footage that stands only in the browser, in seconds.
    at_risk_s: u64,
}

/// One track of a sitting.
#[derive(Debug, Serialize, ToSchema)]
pub struct SittingTrack {
    /// The track.
    track: String,
    /// As of a sitting.
    state: &'static str,
    /// Its takes, the first first.
    takes: Vec<Recording>,
}

/// How complete an exam is, by subject
#[utoipa::path(get, path = "/v1/exams/{exam}/status", operation_id = "get_status", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = Status)))]
pub async fn status(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
) -> Result<axum::Json<Status>, Problem> {
    let status = sittings::status(&app, &exam).await?;
    Ok(axum::Json(Status { subjects: status.subjects.into_iter().map(SubjectStatus::from).collect() }))
}

/// List sittings by candidate
#[utoipa::path(get, path = "/v1/exams/{exam}/sittings", operation_id = "list_sittings", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id"), SittingQuery),
    responses((status = 200, body = Page<Sitting>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
    Query(query): Query<SittingQuery>,
) -> Result<axum::Json<Page<Sitting>>, Problem> {
    let (after, limit) = (read_cursor(query.cursor.as_deref())?, read_limit(query.limit)?);
    let page = sittings::list(&app, &exam, &query.try_into()?, after, limit).await?;
    let next = page.next.map(|candidate| write_cursor(candidate.as_str()));
    Ok(axum::Json(Page { items: page.sittings.into_iter().map(Sitting::from).collect(), next }))
}

impl TryFrom<SittingQuery> for SittingFilter {
    type Error = Error;

    fn try_from(query: SittingQuery) -> Result<Self, Error> {
        Ok(SittingFilter {
            state: query.state.as_deref().map(read_state).transpose()?,
            subject: optional_field("subject", query.subject.as_deref())?,
            candidate: optional_field("candidate", query.candidate.as_deref())?,
        })
    }
}

fn read_state(text: &str) -> Result<SittingState, Error> {
    let all = [SittingState::Complete, SittingState::Recording, SittingState::Partial, SittingState::Missing];
    let known = all.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| Error::invalid("state", "use one of: complete recording partial missing"))
}

impl From<sittings::SubjectStatus> for SubjectStatus {
    fn from(it: sittings::SubjectStatus) -> Self {
        SubjectStatus {
            subject: it.subject.to_string(),
            expected: it.expected,
            recording: it.recording,
            complete: it.complete,
            partial: it.partial,
            missing: it.missing,
            bytes: it.bytes,
            at_risk_s: it.at_risk_s,
        }
    }
}

impl From<sittings::Sitting> for Sitting {
    fn from(it: sittings::Sitting) -> Self {
        Sitting {
            candidate: it.candidate.to_string(),
            name: it.name,
            subject: it.subject.to_string(),
            state: it.state.as_str(),
            tracks: it.tracks.into_iter().map(SittingTrack::from).collect(),
            bytes: it.bytes,
            at_risk_s: it.at_risk_s,
        }
    }
}

impl From<sittings::SittingTrack> for SittingTrack {
    fn from(it: sittings::SittingTrack) -> Self {
        let takes = it.takes.iter().map(Recording::from).collect();
        SittingTrack { track: it.track.to_string(), state: it.state.as_str(), takes }
    }
}
