//! The pages for people, built into the binary. They use the public API like any other client.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

/// Scripts and styles of our own only; the candidate's browser may talk to any store. Nothing may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src *; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The candidate's page and what it loads.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    const HTML: &str = include_str!("../../assets/record/index.html");
    const CSS: &str = include_str!("../../assets/record/record.css");
    const JS: &str = include_str!("../../assets/record/record.js");
    Router::new()
        .route("/record", get(|| async { page("text/html; charset=utf-8", HTML) }))
        .route("/record/record.css", get(|| async { page("text/css; charset=utf-8", CSS) }))
        .route("/record/record.js", get(|| async { page("text/javascript; charset=utf-8", JS) }))
}

fn page(content_type: &'static str, body: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body)
}
