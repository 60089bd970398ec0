//! Failures as the outside sees them: RFC 9457 problem documents. The only place that knows status codes.
//!
//! Every code is in [`PROBLEMS`], from which the reference page is generated. A handler gives back a [`Problem`];
//! the edge adds the request id, logs it once and writes the body.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::sign::Pace;
use crate::service;

/// One kind of failure.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The stable code that clients may compare with.
    pub code: &'static str,
    /// The status it is sent with.
    pub status: StatusCode,
    /// What it is, whatever the occasion.
    pub title: &'static str,
}

const fn kind(code: &'static str, status: StatusCode, title: &'static str) -> ProblemKind {
    ProblemKind { code, status, title }
}

/// Every kind of failure, by status.
pub const PROBLEMS: &[ProblemKind] = &[
    kind("bad_json", StatusCode::BAD_REQUEST, "The body is not JSON"),
    kind("bad_body", StatusCode::BAD_REQUEST, "The body could not be read"),
    kind("unauthenticated", StatusCode::UNAUTHORIZED, "The caller is not known"),
    kind("expired", StatusCode::UNAUTHORIZED, "The credential's time is over"),
    kind("forbidden", StatusCode::FORBIDDEN, "The caller may not do this"),
    kind("bad_handle", StatusCode::FORBIDDEN, "The handle is not one for this recording"),
    kind("not_found", StatusCode::NOT_FOUND, "There is no such thing"),
    kind("no_such_route", StatusCode::NOT_FOUND, "There is no such route"),
    kind("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "The route has no such method"),
    kind("exists", StatusCode::CONFLICT, "The id is taken"),
    kind("idempotency_key_reused", StatusCode::CONFLICT, "The idempotency key was used for another request"),
    kind("parts_missing", StatusCode::CONFLICT, "Parts have not arrived"),
    kind("wrong_state", StatusCode::CONFLICT, "The recording's state does not allow this"),
    kind("sealing", StatusCode::CONFLICT, "The recording is being sealed"),
    kind("upload_lost", StatusCode::CONFLICT, "The store no longer knows the upload"),
    kind("object_differs", StatusCode::CONFLICT, "The stored object is not what was recorded"),
    kind("held", StatusCode::CONFLICT, "A hold covers the recording"),
    kind("archived", StatusCode::CONFLICT, "The object lies in an archive and was not restored"),
    kind("list_changed", StatusCode::CONFLICT, "What is due has changed since the preview"),
    kind("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
    kind(
        "unsupported_media_type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The content type cannot be read here",
    ),
    kind("invalid", StatusCode::UNPROCESSABLE_ENTITY, "A field does not fit"),
    kind("reason_required", StatusCode::UNPROCESSABLE_ENTITY, "It has to be said why"),
    kind("part_number", StatusCode::UNPROCESSABLE_ENTITY, "The recording has no part of this number"),
    kind("part_size", StatusCode::UNPROCESSABLE_ENTITY, "A part of this recording has another size"),
    kind("beyond_budget", StatusCode::UNPROCESSABLE_ENTITY, "The recording would become too large"),
    kind("parts_invalid", StatusCode::UNPROCESSABLE_ENTITY, "The parts are not a whole recording"),
    kind("size_mismatch", StatusCode::UNPROCESSABLE_ENTITY, "Sizes differ"),
    kind("checksum_mismatch", StatusCode::UNPROCESSABLE_ENTITY, "Checksums differ"),
    kind("paced", StatusCode::TOO_MANY_REQUESTS, "Others go first, or sending is paused"),
    kind("too_many_takes", StatusCode::TOO_MANY_REQUESTS, "No further take can be opened"),
    kind("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side"),
    kind("unavailable", StatusCode::SERVICE_UNAVAILABLE, "A part of the server is not available"),
    kind("overloaded", StatusCode::SERVICE_UNAVAILABLE, "More is asked of the server than it can do"),
    kind("timeout", StatusCode::SERVICE_UNAVAILABLE, "The request took too long"),
];

/// What a failed request is answered with.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static ProblemKind,
    detail: String,
    field: Option<String>,
    parts: Vec<u32>,
    state: Option<&'static str>,
    retry_after: Option<Duration>,
    /// Whether the pause was spread by whoever asks for it.
    is_spread: bool,
    pace: Option<Box<Pace>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Problem {
    /// A problem that arises at the edge itself; `code` is one of [`PROBLEMS`].
    pub fn new(code: &'static str, detail: impl Into<String>) -> Problem {
        let kind = find(code);
        let (field, parts, state, retry_after, is_spread) = (None, Vec::new(), None, None, false);
        let (pace, source) = (None, None);
        Problem { kind, detail: detail.into(), field, parts, state, retry_after, is_spread, pace, source }
    }

    /// The same problem, about one field of the body.
    pub fn about(self, field: impl Into<String>) -> Problem {
        Problem { field: Some(field.into()), ..self }
    }

    /// The same problem, with its field inside another one.
    pub fn within(self, outer: &str) -> Problem {
        let detail = format!("{outer}: {}", self.detail);
        let field = self.field.map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"));
        Problem { detail, field: Some(field), ..self }
    }

    /// The same problem, with when to try again.
    pub fn retry_after(self, pause: Duration) -> Problem {
        Problem { retry_after: Some(pause), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.kind.code
    }

    /// Writes the one line about this failure; never what the caller sent, which may name people.
    pub fn log(&self, route: &str, request_id: &str) {
        let (status, code, field) = (self.kind.status.as_u16(), self.code(), self.field.as_deref());
        match &self.source {
            Some(source) => {
                let cause = chain(source.as_ref());
                tracing::error!(request_id, route, status, code, cause, "request failed");
            }
            None => tracing::info!(request_id, route, status, code, field, "request refused"),
        }
    }

    /// The finished answer. `chance` spreads the pauses of many callers; any number serves.
    pub fn answer(&self, request_id: &str, chance: u64) -> Response {
        let document = Document {
            r#type: format!("urn:handin:problem:{}", self.code()),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: &self.detail,
            code: self.code(),
            request_id,
            field: self.field.as_deref(),
            parts: &self.parts,
            state: self.state,
            pace: self.pace.as_deref(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response =
            (self.kind.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(pause) = self.retry_after {
            let seconds = if self.is_spread { pause.as_secs() } else { jittered(pause, chance) };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<service::Error> for Problem {
    fn from(error: service::Error) -> Problem {
        let mut problem = Problem::new(error.code(), error.to_string());
        problem.parts = error.parts().to_vec();
        problem.retry_after = error.retry_after();
        match error {
            service::Error::Invalid { field, .. } => problem.field = Some(field),
            service::Error::Paced { pace, .. } => {
                problem.is_spread = true;
                problem.pace = Pace::unless_empty(pace).map(Box::new);
            }
            service::Error::State { state, .. } => problem.state = Some(state.as_str()),
            service::Error::Unavailable { source, .. } | service::Error::Internal(source) => {
                problem.source = Some(source.into());
            }
            _ => {}
        }
        problem
    }
}

/// The body is written at the edge, which knows the request id; until then the problem travels as an extension.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The JSON of a problem document.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:handin:problem:parts_missing", "title": "Parts have not arrived", "status": 409,
    "detail": "the store does not hold parts [3]", "code": "parts_missing", "request_id": "5f0c-2a", "parts": [3]
}))]
pub struct Document<'a> {
    /// `urn:handin:problem:` and the code.
    r#type: String,
    /// What it is, whatever the occasion.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, for people.
    detail: &'a str,
    /// The stable code, for programs.
    code: &'a str,
    /// Under which the server's log speaks of it.
    request_id: &'a str,
    /// The field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The parts that are missing or differ, ascending.
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    parts: &'a [u32],
    /// The state of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    /// What the server asks of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<&'a Pace>,
}

fn find(code: &str) -> &'static ProblemKind {
    const UNKNOWN: &ProblemKind =
        &kind("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side");
    PROBLEMS.iter().find(|kind| kind.code == code).unwrap_or(UNKNOWN)
}

/// Whole seconds between one and two times the pause, so that those who were refused together do not return together.
fn jittered(pause: Duration, chance: u64) -> u64 {
    let least = pause.as_secs_f64().ceil().max(1.0) as u64;
    // Fibonacci hashing: neighbouring numbers land far from each other.
    let spread = chance.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    least + spread % (least + 1)
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// The reference page of all problems, in Markdown.
pub fn reference_page() -> String {
    let mut page = "# Problems\n\nGenerated; a test fails when it is stale. Every failure is an RFC 9457 problem document \
        (`application/problem+json`) with\n`type`, `title`, `status`, `detail`, `code` and `request_id`; some name the \
        `field`, the `parts`, the `state` or the `pace` too.\nCompare `code`, show `detail`. A 503 or 429 that passes carries \
        `Retry-After`.\n\n| code | status | |\n|---|---|---|\n"
        .to_owned();
    for ProblemKind { code, status, title } in PROBLEMS {
        page.push_str(&format!("| `{code}` | {} | {title} |\n", status.as_u16()));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        for (place, kind) in PROBLEMS.iter().enumerate() {
            assert!(PROBLEMS[..place].iter().all(|earlier| earlier.code != kind.code), "{}", kind.code);
        }
    }

    #[test]
    fn pauses_are_spread_between_one_and_two_times_the_wish() {
        let pauses: Vec<u64> = (0..100).map(|chance| jittered(Duration::from_secs(4), chance)).collect();
        assert!(pauses.iter().all(|pause| (4..=8).contains(pause)), "{pauses:?}");
        for wanted in 4..=8 {
            assert!(pauses.contains(&wanted), "{wanted}: {pauses:?}");
        }
        assert!((1..=2).contains(&jittered(Duration::from_millis(10), 7)));
    }
}
