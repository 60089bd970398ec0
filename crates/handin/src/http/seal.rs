//! `POST /v1/recordings/{id}/seal`: what the browser says it recorded goes in, the receipt comes out.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{ClaimedPart, RecordingId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Candidate, Id, Json};
use super::hex32::Hex32;
use super::sign::Part;
use crate::app::App;
use crate::service::recordings::Manifest;
use crate::service::seal::{self, SealRecording};

/// What the browser says it recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "handle": "5d1c0b7e.eyJyIjoi4oCmIn0.dGFn", "size": 5242895,
    "parts": [{ "number": 1, "size": 5242880 }, { "number": 2, "size": 15 }], "duration_ms": 84000,
    "manifest": { "version": 1, "started_at": "2026-11-22T05:00:00Z", "gaps": [], "ended": "stopped" }
}))]
pub struct SealRequest {
    /// From opening.
    handle: String,
    /// Bytes of the whole.
    size: u64,
    /// Every part in ascending order from 1; absent for a `put`.
    #[serde(default)]
    parts: Vec<Part>,
    /// The digest of a `put`.
    sha256: Option<Hex32>,
    /// How long it plays, in milliseconds.
    duration_ms: Option<u64>,
    /// How to read the recording (gaps, clock, what it continues): any JSON object of at most 64 KiB, kept as it is.
    #[schema(value_type = Option<Object>)]
    manifest: Option<Manifest>,
}

/// A proved recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "state": "sealed", "receipt": "eyJhbGciOiJFZERTQSJ9.eyJpZCI6IuKApiJ9.c2ln" }))]
pub struct SealAnswer {
    /// `sealed`, or `partial` when salvage came first.
    state: &'static str,
    /// A compact JWS; verify it with `/.well-known/jwks.json`.
    receipt: String,
}

/// Seal a recording
///
/// The server lists the parts in the store, compares, completes and looks at the object. Only then is there a
/// receipt, and only then may the tab be closed. Repeating the request gives the same receipt.
#[utoipa::path(post, path = "/v1/recordings/{id}/seal", operation_id = "seal_recording", tag = "candidate", request_body = SealRequest,
    params(("id" = String, Path, description = "The recording's id")),
    responses((status = 200, body = SealAnswer), (status = 409, description = "`parts_missing` with the `parts` to \
        send again; `sealing`: ask again after `Retry-After`; `wrong_state`; `upload_lost`; `object_differs`")))]
pub async fn seal(
    State(app): State<Arc<App>>,
    Candidate(who): Candidate,
    Id(id): Id<RecordingId>,
    Json(request): Json<SealRequest>,
) -> Result<axum::Json<SealAnswer>, Problem> {
    let sealed = seal::seal(&app, &who, &id, request.into()).await?;
    Ok(axum::Json(SealAnswer { state: sealed.state.as_str(), receipt: sealed.receipt }))
}

impl From<SealRequest> for SealRecording {
    fn from(request: SealRequest) -> SealRecording {
        let part = |part: Part| ClaimedPart {
            number: part.number,
            size: part.size,
            sha256: part.sha256.map(|digest| digest.0),
        };
        SealRecording {
            handle: request.handle,
            size: request.size,
            parts: request.parts.into_iter().map(part).collect(),
            sha256: request.sha256.map(|digest| digest.0),
            duration_ms: request.duration_ms,
            manifest: request.manifest,
        }
    }
}
