//! What happens to every request, once and cheaply: request id, time limit, panics, metrics, log line, common headers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, header};

use super::error::Problem;
use crate::app::App;

/// The header that carries a request's id, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids of callers are replaced by ours.
const LONGEST_REQUEST_ID: usize = 64;

/// What the edge keeps between requests.
pub struct Edge {
    time_limit: Duration,
    process: String,
    requests: AtomicU64,
}

impl Edge {
    /// The edge of a process; its random prefix keeps ids of different processes apart.
    pub fn new(app: &App) -> Arc<Edge> {
        let time_limit = Duration::from_millis(app.config.server.request_timeout_ms);
        let process = hex::encode(app.ids.bytes::<4>());
        Arc::new(Edge { time_limit, process, requests: AtomicU64::new(0) })
    }

    fn request_id(&self, given: Option<&HeaderValue>, number: u64) -> HeaderValue {
        let usable = |id: &&HeaderValue| {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
            !id.is_empty() && id.len() <= LONGEST_REQUEST_ID && id.as_bytes().iter().all(plain)
        };
        let ours = || HeaderValue::from_str(&format!("{}-{number:x}", self.process));
        given
            .filter(usable)
            .map_or_else(|| ours().unwrap_or(HeaderValue::from_static("none")), HeaderValue::clone)
    }
}

/// Answers a request within its time limit, whatever happens inside.
pub async fn edge(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let number = edge.requests.fetch_add(1, Ordering::Relaxed);
    let id = edge.request_id(request.headers().get(REQUEST_ID), number);
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    let mut response = within_limits(&edge, request, next).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let shown = id.to_str().unwrap_or_default();
        problem.log(route, shown);
        let headers = std::mem::take(response.headers_mut());
        response = problem.answer(shown, number);
        // What CORS and other layers have added stays.
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    finish(&mut response, id);
    count(route, &response, started);
    response
}

async fn within_limits(edge: &Edge, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(edge.time_limit, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            tracing::error!(message, "a request panicked");
            Problem::new("internal", "something went wrong on our side; it has been logged").into_response()
        }
        Err(_) => {
            let detail = "the request took too long; nothing was lost, try again";
            Problem::new("timeout", detail).retry_after(Duration::from_secs(2)).into_response()
        }
    }
}

fn finish(response: &mut Response, id: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    // Answers carry URLs, handles and tokens: no cache may keep them, and no link may tell where they came from.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn count(route: &str, response: &Response, started: Instant) {
    let status = response.status();
    metrics::counter!("handin_http_requests_total", "route" => route.to_owned(), "status" => status.as_str().to_owned())
        .increment(1);
    let elapsed = started.elapsed();
    if route.ends_with("/sign") {
        metrics::histogram!("handin_sign_seconds").record(elapsed.as_secs_f64());
    }
    tracing::debug!(route, status = status.as_u16(), micros = elapsed.as_micros(), "request");
}
