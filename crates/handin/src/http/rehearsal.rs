//! `POST /v1/rehearsal`: a trial object for the device check before exam day.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Candidate, Json};
use super::hex32::Hex32;
use super::recordings::Link;
use super::sign::SignedUrl;
use crate::app::App;
use crate::service::rehearsal::{self, Trial};

/// The bytes to try with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "size": 1048576 }))]
pub struct NewTrial {
    /// Bytes, exactly; 5 MiB (5242880) at most.
    size: u64,
    /// Their digest; the store then takes no other bytes.
    sha256: Option<Hex32>,
}

/// Where to send a trial object, and where to read it back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "put": { "url": "https://store.example/handin/_rehearsal/4c/spring-2026/coding/C-00017?X-Amz-Signature=…",
        "headers": { "content-type": "application/octet-stream" }, "expires_at": "2026-11-20T05:10:00Z" },
    "get": { "url": "https://store.example/handin/_rehearsal/4c/spring-2026/coding/C-00017?X-Amz-Signature=…",
        "expires_at": "2026-11-20T05:10:00Z" }
}))]
pub struct SignedTrial {
    /// To be sent as often as wanted; each takes the place of the former.
    put: SignedUrl,
    /// What was sent last, for a day.
    get: Link,
}

/// Rehearse with a trial object
///
/// The same way as a part of a recording takes, to the same store: whoever gets the bytes back unchanged can record. Nothing
/// is written down, and the store deletes the object after a day.
#[utoipa::path(post, path = "/v1/rehearsal", operation_id = "rehearse", tag = "candidate", request_body = NewTrial,
    responses((status = 200, body = SignedTrial)))]
pub async fn rehearse(
    State(app): State<Arc<App>>,
    Candidate(who): Candidate,
    Json(new): Json<NewTrial>,
) -> Result<axum::Json<SignedTrial>, Problem> {
    let trial = Trial { size: new.size, sha256: new.sha256.map(|digest| digest.0) };
    let rehearsal::SignedTrial { put, get } = rehearsal::rehearse(&app, &who, &trial)?;
    Ok(axum::Json(SignedTrial { put: put.into(), get: get.into() }))
}
