//! `/v1/receipts/{id}` and the keys that verify receipts: open to anyone who knows the id.

use std::sync::Arc;

use axum::extract::State;
use handin_core::RecordingId;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::Id;
use crate::app::App;
use crate::service::receipts;

/// A receipt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "receipt": "eyJhbGciOiJFZERTQSJ9.eyJpZCI6IuKApiJ9.c2ln"
}))]
pub struct Receipt {
    /// The recording's id.
    id: String,
    /// A compact JWS over what was proved of the recording.
    receipt: String,
}

/// Fetch a receipt
#[utoipa::path(get, path = "/v1/receipts/{id}", operation_id = "get_receipt", tag = "anyone", security(()),
    params(("id" = String, Path, description = "The recording's id")), responses((status = 200, body = Receipt)))]
pub async fn show(
    State(app): State<Arc<App>>,
    Id(id): Id<RecordingId>,
) -> Result<axum::Json<Receipt>, Problem> {
    let receipt = receipts::get(&app, &id).await?;
    Ok(axum::Json(Receipt { id: id.to_string(), receipt }))
}

/// Fetch the public keys that verify receipts
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "get_jwks", tag = "anyone", security(()),
    responses((status = 200, description = "A JWK set (RFC 7517)", body = serde_json::Value,
        example = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "5d1c0b7e", "x": "…" }] }))))]
pub async fn jwks(State(app): State<Arc<App>>) -> axum::Json<serde_json::Value> {
    axum::Json(receipts::jwks(&app))
}
