//! Every route, one line each, by who calls it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edge::{self, Edge, REQUEST_ID};
use super::error::Problem;
use super::shed::{self, Shed};
use super::{
    audit, certificates, drain, exams, health, holds, pace, pages, receipts, recordings, rehearsal,
    retention, roster, runs, seal, sign, sitting, sittings, tokens, webhooks,
};
use crate::app::App;

fn platform() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(exams::create))
        .routes(routes!(exams::list))
        .routes(routes!(exams::show))
        .routes(routes!(pace::show, pace::put))
        .routes(routes!(tokens::mint))
        .routes(routes!(sittings::status))
        .routes(routes!(sittings::list))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::link))
        .routes(routes!(retention::show, retention::put))
        .routes(routes!(retention::post_anchor))
        .routes(routes!(runs::preview))
        .routes(routes!(runs::run))
        .routes(routes!(drain::start, drain::show))
        .routes(routes!(drain::list))
        .routes(routes!(holds::place, holds::list))
        .routes(routes!(holds::release))
        .routes(routes!(holds::restore))
        .routes(routes!(certificates::list))
        .routes(routes!(certificates::show))
        .routes(routes!(webhooks::add, webhooks::list))
        .routes(routes!(webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::dead))
        .routes(routes!(webhooks::replay))
        .routes(routes!(audit::list))
}

/// Apart because a roster may be longer than any other body.
fn roster() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(roster::put))
}

/// Called by browsers, from pages of other origins.
fn candidates() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sitting::show))
        .routes(routes!(rehearsal::rehearse))
        .routes(routes!(recordings::open))
        .routes(routes!(sign::sign))
        .routes(routes!(seal::seal))
        .routes(routes!(recordings::show))
        .routes(routes!(recordings::discard))
        .routes(routes!(receipts::show))
        .routes(routes!(receipts::jwks))
}

fn machines() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
}

/// The whole API, ready to serve.
pub fn router(app: Arc<App>) -> Router {
    let server = &app.config.server;
    let rooms = Shed::new(server.max_requests, Duration::from_millis(server.max_wait_ms));
    let room = axum::middleware::from_fn_with_state(rooms, shed::shed);
    // Inside of CORS, so that pages of other origins can read when to come again.
    let candidates = group(candidates()).layer(room.clone()).layer(cors(&server.cors_origins));
    let others = group(platform())
        .layer(room.clone())
        .merge(candidates)
        .merge(group(machines()))
        .merge(pages::routes());
    let others = others.layer(DefaultBodyLimit::max(server.max_body_bytes));
    let roster = group(roster()).layer(room).layer(DefaultBodyLimit::max(server.max_roster_bytes));
    let edge = axum::middleware::from_fn_with_state(Edge::new(&app), edge::edge);
    others
        .merge(roster)
        .fallback(async || Problem::new("no_such_route", "see /openapi.json for the routes there are"))
        .layer(edge)
        .with_state(app)
}

/// The routes of a group. A method they lack is refused inside of the group's layers, or preflights would be too.
fn group(routes: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let refuse = async || Problem::new("method_not_allowed", "see /openapi.json for its methods");
    Router::from(routes).method_not_allowed_fallback(refuse)
}

/// What the routes say of themselves, before `openapi.rs` completes it.
pub fn described() -> OpenApi {
    platform().merge(roster()).merge(candidates()).merge(machines()).into_openapi()
}

fn cors(origins: &[String]) -> CorsLayer {
    let listed = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins = match origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(listed),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            REQUEST_ID,
        ])
        .expose_headers([header::RETRY_AFTER, REQUEST_ID])
        // Browsers ask before every call to another origin; Chromium keeps an answer for two hours at most.
        .max_age(Duration::from_secs(7_200))
}
