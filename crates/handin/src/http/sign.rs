//! `POST /v1/recordings/{id}/sign`: the hot path. URLs for the next parts; no database and no store call behind it.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{self as core, RecordingId};
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Candidate, Id, Json};
use super::hex32::Hex32;
use crate::app::App;
use crate::service::sign::{self, PartToSign, SignParts};

/// What to sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "handle": "5d1c0b7e.eyJyIjoi4oCmIn0.dGFn", "parts": [{ "number": 7, "size": 5242880,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }],
    "recorded_ms": 588000, "pending_bytes": 5242880
}))]
pub struct SignRequest {
    /// From opening.
    handle: String,
    /// The parts, a few ahead; none is a heartbeat. Of a `put`, which has none, leave it out.
    #[serde(default)]
    parts: Vec<Part>,
    /// How much was recorded so far, in milliseconds.
    recorded_ms: Option<u64>,
    /// How much of it stands only in the browser, in bytes.
    pending_bytes: Option<u64>,
}

/// A part as its sender knows it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Bytes, exactly.
    pub size: u64,
    /// Its digest; a URL signed with it takes no other bytes.
    pub sha256: Option<Hex32>,
}

/// Signed URLs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "parts": [{
    "number": 7, "url": "https://store.example/handin/webcam/b3/…?partNumber=7&uploadId=…&X-Amz-Signature=…",
    "headers": { "x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=" },
    "expires_at": "2026-11-22T05:20:00Z"
}] }))]
pub struct SignAnswer {
    /// One for each part asked for, in the same order.
    parts: Vec<SignedPart>,
    /// For a `put`.
    #[serde(skip_serializing_if = "Option::is_none")]
    put: Option<SignedUrl>,
    /// What the server asks of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<Pace>,
}

/// Where to send a part.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedPart {
    /// Its number.
    number: u32,
    #[serde(flatten)]
    url: SignedUrl,
}

/// Where to send bytes, with PUT; a secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedUrl {
    /// The URL.
    url: String,
    /// The headers to send, exactly so.
    #[serde(serialize_with = "as_map")]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    headers: Vec<(&'static str, String)>,
    /// The store refuses requests that begin later.
    expires_at: Timestamp,
}

/// What the server asks of everything that sends bytes; an absent field asks nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pace {
    /// Send nothing before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    /// At most this many parts in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel: Option<u32>,
    /// At most this many bytes per second, all tracks of the candidate together.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes_per_s: Option<u64>,
    /// Ask again after this many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    /// Let the server hear of each recording about this often between its parts, in seconds; absent, as often as
    /// usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_s: Option<u64>,
}

/// Sign the next parts
///
/// As often as wanted while the recording is open; a URL that has expired is simply asked for again. Where the exam has
/// a pace, parts wait for their turn: 429 says when to ask again. A heartbeat always passes.
#[utoipa::path(post, path = "/v1/recordings/{id}/sign", operation_id = "sign_parts", tag = "candidate", request_body = SignRequest,
    params(("id" = String, Path, description = "The recording's id")), responses((status = 200, body = SignAnswer),
        (status = 429, description = "`paced`: not their turn, or sending is paused")))]
pub async fn sign(
    State(app): State<Arc<App>>,
    Candidate(who): Candidate,
    Id(id): Id<RecordingId>,
    Json(request): Json<SignRequest>,
) -> Result<axum::Json<SignAnswer>, Problem> {
    let wanted = SignParts::from(request);
    let signed = sign::sign(&app, &who, &id, &wanted)?;
    let numbers = wanted.parts.iter().map(|part| part.number);
    let parts = numbers.zip(signed.parts).map(|(number, url)| SignedPart { number, url: url.into() });
    let (put, pace) = (signed.put.map(SignedUrl::from), Pace::unless_empty(signed.pace));
    Ok(axum::Json(SignAnswer { parts: parts.collect(), put, pace }))
}

fn as_map<S: Serializer>(headers: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(headers.len()))?;
    for (name, value) in headers {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

impl From<SignRequest> for SignParts {
    fn from(request: SignRequest) -> SignParts {
        let SignRequest { handle, parts, recorded_ms, pending_bytes } = request;
        let part = |part: Part| PartToSign {
            number: part.number,
            size: part.size,
            sha256: part.sha256.map(|digest| digest.0),
        };
        SignParts { handle, parts: parts.into_iter().map(part).collect(), recorded_ms, pending_bytes }
    }
}

impl From<sign::SignedUrl> for SignedUrl {
    fn from(signed: sign::SignedUrl) -> SignedUrl {
        SignedUrl { url: signed.url, headers: signed.headers, expires_at: signed.expires_at }
    }
}

impl Pace {
    /// The pace as JSON, if it asks anything.
    pub fn unless_empty(pace: core::Pace) -> Option<Pace> {
        let [retry_after_s, heartbeat_s] =
            [pace.retry_after, pace.heartbeat].map(|span| span.map(|span| span.as_secs()));
        let core::Pace { not_before, parallel, max_bytes_per_s, .. } = pace;
        (!pace.is_empty()).then_some(Pace {
            not_before,
            parallel,
            max_bytes_per_s,
            retry_after_s,
            heartbeat_s,
        })
    }
}
