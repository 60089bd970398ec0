//! `/v1/webhooks`: where the platform is told of events, and what it was not told.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{RecordingId, WebhookId};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Id, Json, Platform, Query, optional_field};
use super::page::{Page, PageQuery, read_cursor, read_limit};
use crate::app::App;
use crate::service::webhooks;

/// Where events are to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "https://platform.example/handin", "events": ["recording.sealed", "sitting.complete"] }))]
pub struct NewWebhook {
    /// The receiver: `https://`, at an address that the internet can reach.
    url: String,
    /// Which events; all if it is absent or empty.
    #[serde(default)]
    events: Vec<String>,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "url": "https://platform.example/handin",
    "events": ["recording.sealed", "sitting.complete"], "created_at": "2026-12-01T09:00:00Z",
    "created_by": "01JD8Z0QX3V5T9K2M4N6P8R0SX", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
}))]
pub struct Webhook {
    /// A ULID.
    id: String,
    /// The receiver.
    url: String,
    /// Which events; all if empty.
    events: Vec<String>,
    /// When it was added; it is told what happens from then on.
    created_at: Timestamp,
    /// By which API key.
    created_by: String,
    /// What deliveries are signed with; told once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Until when the former secret signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_until: Option<Timestamp>,
}

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    /// The oldest first.
    items: Vec<Webhook>,
}

/// How a secret is changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_s": 86400 }))]
pub struct NewSecret {
    /// How long the former secret signs too, in seconds; the server's setting if absent, 30 days at most.
    overlap_s: Option<u64>,
}

/// What a trial came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "delivered": false, "error": "answered 500 Internal Server Error" }))]
pub struct WebhookTrial {
    /// Whether the receiver answered 200 to 299.
    delivered: bool,
    /// What it did instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// An event that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "event": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "type": "recording.sealed", "at": "2026-12-01T09:00:00Z", "exam": "spring-2026",
    "recording": "01JD8Z0QX3V5T9K2M4N6P8R0SX", "attempts": 10, "dead_at": "2026-12-04T12:10:00Z",
    "error": "answered 500 Internal Server Error"
}))]
pub struct DeadEvent {
    /// The event; `webhook-id` of its deliveries.
    event: String,
    /// What happened.
    r#type: String,
    /// When it happened.
    at: Timestamp,
    /// The exam.
    exam: String,
    /// The recording, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<String>,
    /// How often it was tried.
    attempts: u32,
    /// When it was given up.
    dead_at: Timestamp,
    /// Why the last try failed.
    error: String,
}

/// What is told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "event": "01JD8Z0QX3V5T9K2M4N6P8R0SW" }))]
pub struct NewReplay {
    /// One dead event; all if absent.
    event: Option<String>,
}

/// How many events are told again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "replayed": 3 }))]
pub struct Replayed {
    /// As many.
    replayed: u64,
}

/// Add a webhook
///
/// It is told what happens from now on, by Standard Webhooks. Its secret is shown once.
#[utoipa::path(post, path = "/v1/webhooks", operation_id = "add_webhook", tag = "platform", request_body = NewWebhook,
    responses((status = 201, body = Webhook)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Json(new): Json<NewWebhook>,
) -> Result<(StatusCode, axum::Json<Webhook>), Problem> {
    let (webhook, secret) = webhooks::add(&app, &who, &new.url, new.events).await?;
    Ok((StatusCode::CREATED, axum::Json(Webhook { secret: Some(secret), ..webhook.into() })))
}

/// List webhooks
#[utoipa::path(get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "platform",
    responses((status = 200, body = WebhookList)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
) -> Result<axum::Json<WebhookList>, Problem> {
    let items = webhooks::list(&app).await?.into_iter().map(Webhook::from).collect();
    Ok(axum::Json(WebhookList { items }))
}

/// Remove a webhook
///
/// What it was still to be told is forgotten.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", operation_id = "remove_webhook", tag = "platform",
    params(("id" = String, Path, description = "The webhook's id")), responses((status = 200, body = Webhook)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<WebhookId>,
) -> Result<axum::Json<Webhook>, Problem> {
    Ok(axum::Json(webhooks::remove(&app, &who, &id).await?.into()))
}

/// Change a webhook's secret
///
/// Deliveries carry two signatures until the former secret's time is over.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", operation_id = "rotate_webhook", tag = "platform",
    request_body = NewSecret, params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, body = Webhook)))]
pub async fn rotate(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<WebhookId>,
    Json(new): Json<NewSecret>,
) -> Result<axum::Json<Webhook>, Problem> {
    let (webhook, secret) = webhooks::rotate(&app, &who, &id, new.overlap_s).await?;
    Ok(axum::Json(Webhook { secret: Some(secret), ..webhook.into() }))
}

/// Try a webhook out
///
/// Sends `webhook.test` once, now, and tells what came of it.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", operation_id = "test_webhook", tag = "platform",
    params(("id" = String, Path, description = "The webhook's id")), responses((status = 200, body = WebhookTrial)))]
pub async fn test(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(id): Id<WebhookId>,
) -> Result<axum::Json<WebhookTrial>, Problem> {
    let error = webhooks::test(&app, &id).await?;
    Ok(axum::Json(WebhookTrial { delivered: error.is_none(), error }))
}

/// List the events that a webhook was not told
#[utoipa::path(get, path = "/v1/webhooks/{id}/dead", operation_id = "list_dead_events", tag = "platform",
    params(("id" = String, Path, description = "The webhook's id"), PageQuery),
    responses((status = 200, body = Page<DeadEvent>)))]
pub async fn dead(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(id): Id<WebhookId>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<Page<DeadEvent>>, Problem> {
    let limit = read_limit(query.limit)?;
    // An event's id is a ULID, as a recording's is.
    let after: Option<RecordingId> = read_cursor(query.cursor.as_deref())?;
    let dead = webhooks::dead(&app, &id, after.as_ref().map(RecordingId::as_str), limit).await?;
    Ok(axum::Json(Page::of(dead, limit, |one| one.event.id.as_str(), DeadEvent::from)))
}

/// Tell dead events again
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "platform",
    request_body = NewReplay, params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, body = Replayed)))]
pub async fn replay(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<WebhookId>,
    Json(new): Json<NewReplay>,
) -> Result<axum::Json<Replayed>, Problem> {
    let event: Option<RecordingId> = optional_field("event", new.event.as_deref())?;
    let replayed = webhooks::replay(&app, &who, &id, event.map(|event| event.to_string())).await?;
    Ok(axum::Json(Replayed { replayed }))
}

impl From<webhooks::Webhook> for Webhook {
    fn from(it: webhooks::Webhook) -> Webhook {
        Webhook {
            id: it.id.to_string(),
            url: it.url,
            events: it.kinds,
            created_at: it.created_at,
            created_by: it.created_by,
            secret: None,
            former_until: it.former.map(|(_, until)| until),
        }
    }
}

impl From<webhooks::Dead> for DeadEvent {
    fn from(it: webhooks::Dead) -> DeadEvent {
        DeadEvent {
            event: it.event.id,
            r#type: it.event.kind,
            at: it.event.at,
            exam: it.event.exam.to_string(),
            recording: it.event.recording.map(|id| id.to_string()),
            attempts: it.attempts,
            dead_at: it.dead_at,
            error: it.error,
        }
    }
}
