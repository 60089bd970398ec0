//! `/v1/recordings`: opened by candidates, looked up, listed, linked to and discarded.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use handin_core::{ExamId, RecordingId};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Problem;
use super::extract::{Address, Candidate, Id, Json, Platform, Query, Who, field, optional_field};
use super::hex32::Hex32;
use super::page::{Page, read_cursor, read_limit};
use super::sign::{Pace, SignedUrl};
use super::view::{ConfirmedRecording, Recording};
use crate::app::App;
use crate::service::recordings::{self, OpenRecording, RecordingFilter};
use crate::service::{self, Error};

/// What a candidate asks for at the start of a take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "track": "webcam", "upload": "stream", "content_type": "video/webm;codecs=vp9,opus", "checksum": "sha256",
    "started_at": "2026-11-22T05:00:00Z"
}))]
pub struct NewRecording {
    /// Which track; one of the token's.
    track: String,
    /// `stream` (multipart while recording), `file` (multipart of a finished file) or `put` (one request).
    upload: String,
    /// MIME type, with parameters.
    content_type: String,
    /// The length in bytes: absent for `stream`, needed for `put`.
    size: Option<u64>,
    /// The digest of a `put`; it is signed in.
    sha256: Option<Hex32>,
    /// Whether parts come with their SHA-256 (`sha256`, the default) or not (`none`); fixed for the recording.
    #[serde(default)]
    checksum: Checksum,
    /// When the browser began to record.
    started_at: Option<Timestamp>,
}

/// Whether parts come with a digest.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    /// Each part with its SHA-256.
    #[default]
    Sha256,
    /// None at all.
    None,
}

/// A recording that takes parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "handle": "5d1c0b7e.eyJyIjoi4oCmIn0.dGFn",
    "key": "webcam/b3/2026-11-22/spring-2026/coding/C-00017/01JD8Z0QX3V5T9K2M4N6P8R0SW.webm",
    "take": 1, "state": "open", "part_size": 5242880, "max_parts": 820, "expires_at": "2026-11-23T06:00:00Z"
}))]
pub struct Opened {
    /// The recording's id.
    id: String,
    /// What signing and sealing want to see; opaque, a secret.
    handle: String,
    /// The object's key in the bucket.
    key: String,
    /// Which take of its track it is, from 1.
    take: u32,
    /// `open`; a repeated request may find that it has gone on.
    state: &'static str,
    /// Bytes of every part but the last.
    part_size: u64,
    /// The highest part number.
    max_parts: u32,
    /// When the handle ends.
    expires_at: Timestamp,
    /// Where to send a `put`.
    #[serde(skip_serializing_if = "Option::is_none")]
    put: Option<SignedUrl>,
    /// What the server asks of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<Pace>,
}

/// Which recordings to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordingQuery {
    /// Only in this state.
    state: Option<String>,
    /// Only of this track.
    track: Option<String>,
    /// Only of this candidate.
    candidate: Option<String>,
    /// Only of this subject.
    subject: Option<String>,
    /// Only those that are marked for deletion and can still be restored; all if absent.
    #[serde(default)]
    marked: bool,
    /// `next` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<u32>,
}

/// How a reviewer wants to watch.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ttl_s": 600, "download": false }))]
pub struct NewLink {
    /// How long the URL lives, in seconds; the server's setting if absent, 12 hours at most.
    ttl_s: Option<u64>,
    /// Whether the browser saves the file instead of playing it.
    #[serde(default)]
    download: bool,
    /// Why, at most 500 characters; stands in the audit log. The server may be set to insist on it.
    reason: Option<String>,
}

/// A URL to read an object with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "url": "https://store.example/handin/webcam/b3/…?X-Amz-Signature=…", "expires_at": "2026-11-22T07:10:00Z"
}))]
pub struct Link {
    /// A presigned GET; a secret.
    url: String,
    /// When it ends.
    expires_at: Timestamp,
}

/// The longest idempotency key, in bytes.
const LONGEST_KEY: usize = 128;

/// Open a recording
///
/// The next take of a track. Repeating the request with the same `Idempotency-Key` gives the same recording, also
/// after the browser was started anew.
#[utoipa::path(post, path = "/v1/recordings", operation_id = "open_recording", tag = "candidate", request_body = NewRecording,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters")),
    responses((status = 201, body = Opened), (status = 409, description = "`idempotency_key_reused`"),
        (status = 429, description = "`too_many_takes`")))]
pub async fn open(
    State(app): State<Arc<App>>,
    Candidate(who): Candidate,
    Address(address): Address,
    headers: HeaderMap,
    Json(new): Json<NewRecording>,
) -> Result<(StatusCode, axum::Json<Opened>), Problem> {
    let wanted = new.parse(idempotency_key(&headers)?, address)?;
    let opened = recordings::open(&app, &who, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(opened.into())))
}

/// Look up a recording
///
/// Asks the store which parts have arrived; a sender that lost its state learns here what to send again.
#[utoipa::path(get, path = "/v1/recordings/{id}", operation_id = "get_recording", tag = "both",
    params(("id" = String, Path, description = "The recording's id")),
    responses((status = 200, body = ConfirmedRecording)))]
pub async fn show(
    State(app): State<Arc<App>>,
    Who(who): Who,
    Id(id): Id<RecordingId>,
) -> Result<axum::Json<ConfirmedRecording>, Problem> {
    Ok(axum::Json(recordings::get(&app, &who, &id).await?.into()))
}

/// List the recordings of an exam
#[utoipa::path(get, path = "/v1/exams/{exam}/recordings", operation_id = "list_recordings", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id"), RecordingQuery),
    responses((status = 200, body = Page<Recording>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
    Query(query): Query<RecordingQuery>,
) -> Result<axum::Json<Page<Recording>>, Problem> {
    let (after, limit) = (read_cursor(query.cursor.as_deref())?, read_limit(query.limit)?);
    let rows = recordings::list(&app, &exam, query.try_into()?, after, limit).await?;
    Ok(axum::Json(Page::of(rows, limit, |row| row.id.as_str(), |row| (&row).into())))
}

/// Discard a recording
///
/// A candidate may discard an open one of their own, the platform any; a sealed one is deleted from the store.
#[utoipa::path(delete, path = "/v1/recordings/{id}", operation_id = "discard_recording", tag = "both",
    params(("id" = String, Path, description = "The recording's id")),
    responses((status = 200, body = Recording), (status = 409, description = "`wrong_state`, `sealing`")))]
pub async fn discard(
    State(app): State<Arc<App>>,
    Who(who): Who,
    Id(id): Id<RecordingId>,
) -> Result<axum::Json<Recording>, Problem> {
    let recording = service::discard::discard(&app, &who, &id).await?;
    Ok(axum::Json((&recording).into()))
}

/// Make a link to watch a recording
#[utoipa::path(post, path = "/v1/recordings/{id}/link", operation_id = "link_recording", tag = "platform", request_body = NewLink,
    params(("id" = String, Path, description = "The recording's id")),
    responses((status = 200, body = Link),
        (status = 409, description = "`wrong_state`: there is no object; `archived`: it lies in a class that cannot be read at once"),
        (status = 422, description = "`invalid`, `reason_required`")))]
pub async fn link(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<RecordingId>,
    Json(new): Json<NewLink>,
) -> Result<axum::Json<Link>, Problem> {
    let ttl = new.ttl_s.map(Duration::from_secs);
    let recordings::Link { url, expires_at } =
        recordings::link(&app, &who, &id, ttl, new.download, new.reason.as_deref()).await?;
    Ok(axum::Json(Link { url, expires_at }))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(Error::invalid("Idempotency-Key", "use 1 to 128 printable ASCII characters")),
    }
}

impl NewRecording {
    fn parse(self, idempotency_key: Option<String>, address: Option<IpAddr>) -> Result<OpenRecording, Error> {
        Ok(OpenRecording {
            track: field("track", &self.track)?,
            upload: field("upload", &self.upload)?,
            content_type: self.content_type,
            size: self.size,
            sha256: self.sha256.map(|digest| digest.0),
            checksums: self.checksum == Checksum::Sha256,
            started_at: self.started_at,
            idempotency_key,
            address,
        })
    }
}

impl From<recordings::Opened> for Opened {
    fn from(opened: recordings::Opened) -> Opened {
        let recording = opened.recording;
        Opened {
            id: recording.id.to_string(),
            handle: opened.handle,
            key: recording.key,
            take: recording.take,
            state: recording.state.as_str(),
            part_size: recording.part_size,
            max_parts: recording.max_parts,
            expires_at: opened.expires_at,
            put: opened.put.map(SignedUrl::from),
            pace: Pace::unless_empty(opened.pace),
        }
    }
}

impl From<service::sign::SignedUrl> for Link {
    fn from(signed: service::sign::SignedUrl) -> Link {
        Link { url: signed.url, expires_at: signed.expires_at }
    }
}

impl TryFrom<RecordingQuery> for RecordingFilter {
    type Error = Error;

    fn try_from(query: RecordingQuery) -> Result<Self, Error> {
        Ok(RecordingFilter {
            state: optional_field("state", query.state.as_deref())?,
            track: optional_field("track", query.track.as_deref())?,
            candidate: optional_field("candidate", query.candidate.as_deref())?,
            subject: optional_field("subject", query.subject.as_deref())?,
            marked: query.marked,
        })
    }
}
