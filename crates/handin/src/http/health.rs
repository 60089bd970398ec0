//! What machines ask of a server: is it alive, can it work, how is it doing, what can it do.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::error::Problem;
use super::openapi;
use crate::app::App;
use crate::{db, service, telemetry};

/// How long a readiness check may take; load balancers ask again soon.
const READY_LIMIT: Duration = Duration::from_secs(3);

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", operation_id = "is_alive", tag = "machines", security(()),
    responses((status = 200, description = "It is", body = String, content_type = "text/plain", example = json!("ok"))))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Can it work: do database and store answer?
#[utoipa::path(get, path = "/readyz", operation_id = "is_ready", tag = "machines", security(()),
    responses((status = 200, description = "They do", body = String, content_type = "text/plain", example = json!("ready"))))]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(READY_LIMIT, service::ready(&app)).await {
        Ok(ready) => Ok(ready.map(|()| "ready")?),
        Err(_) => {
            Err(Problem::new("unavailable", "database or store did not answer in time")
                .retry_after(READY_LIMIT))
        }
    }
}

/// How is it doing? Metrics in Prometheus' text format
#[utoipa::path(get, path = "/metrics", operation_id = "get_metrics", tag = "machines", security(()),
    responses((status = 200, description = "docs/reference/metrics.md names each", body = String,
        content_type = "text/plain", example = json!("handin_at_risk_bytes 0"))))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    gauge(&app).await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], telemetry::recorder().render()).into_response()
}

/// Sets what is measured when somebody looks.
async fn gauge(app: &App) {
    metrics::gauge!("handin_at_risk_bytes").set(app.progress.at_risk_bytes() as f64);
    metrics::gauge!("handin_live_nodes").set(f64::from(app.paces.live_nodes()));
    for (exam, level) in app.paces.levels(app.clock.now()) {
        metrics::gauge!("handin_pace_level_bytes", "exam" => exam.to_string()).set(level as f64);
    }
    metrics::gauge!("handin_database_queue").set(app.db.queue_length() as f64);
    if let Ok(backlog) = service::webhooks::backlog(app).await {
        let age = backlog.oldest.map_or(0.0, |oldest| app.clock.now().duration_since(oldest).as_secs_f64());
        metrics::gauge!("handin_webhook_waiting").set(backlog.waiting as f64);
        metrics::gauge!("handin_webhook_oldest_seconds").set(age.max(0.0));
        metrics::gauge!("handin_webhook_dead").set(backlog.dead as f64);
    }
    // Without the database the other metrics are wanted all the more.
    for count in db::jobs::counts(&app.db).await.unwrap_or_default() {
        metrics::gauge!("handin_jobs", "kind" => count.kind, "state" => count.state).set(count.jobs as f64);
    }
}

/// What can it do? This document
#[utoipa::path(get, path = "/openapi.json", operation_id = "get_openapi", tag = "machines", security(()),
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value,
        example = json!({ "openapi": "3.1.0" }))))]
pub async fn openapi() -> axum::Json<utoipa::openapi::OpenApi> {
    axum::Json(openapi::document().clone())
}
