//! `/v1/exams/{exam}/tokens`: the platform lets a candidate in.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use handin_core::ExamId;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Id, Json, Platform, field};
use crate::app::App;
use crate::service::{self, tokens::MintToken};

/// For whom a token is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "candidate": "C-00017", "subject": "coding", "ttl_s": 14400 }))]
pub struct NewToken {
    /// The platform's opaque id of the candidate.
    candidate: String,
    /// The subject the candidate sits.
    subject: String,
    /// How long it lives, in seconds; if absent, until the recordings of its subject are salvaged.
    ttl_s: Option<u64>,
}

/// A candidate's token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "expires_at": "2026-11-22T08:00:00Z",
    "page_url": "https://handin.example/record#token=eyJhbGciOiJFZERTQSJ9.e30.c2ln"
}))]
pub struct Token {
    /// A JWT; a secret of the candidate.
    token: String,
    /// When it ends.
    expires_at: Timestamp,
    /// Where the candidate's browser records; the token stands behind `#`, so that no server log sees it.
    page_url: String,
}

/// Mint a candidate's token
#[utoipa::path(post, path = "/v1/exams/{exam}/tokens", operation_id = "mint_token", tag = "platform", request_body = NewToken,
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 201, body = Token)))]
pub async fn mint(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<Token>), Problem> {
    let wanted = MintToken {
        exam,
        subject: field("subject", &new.subject)?,
        candidate: field("candidate", &new.candidate)?,
        ttl: new.ttl_s.map(Duration::from_secs),
    };
    let minted = service::tokens::mint(&app, &wanted).await?;
    let base = app.config.server.public_url.as_deref().unwrap_or_default();
    let page_url = format!("{}/record#token={}", base.trim_end_matches('/'), minted.token);
    Ok((
        StatusCode::CREATED,
        axum::Json(Token { token: minted.token, expires_at: minted.expires_at, page_url }),
    ))
}
