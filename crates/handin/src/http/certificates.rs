//! `/v1/certificates`: signed proof of what retention has deleted.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{CertificateId, ExamId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Problem;
use super::extract::{Id, Platform, Query, optional_field};
use super::page::{Page, read_cursor, read_limit};
use crate::app::App;
use crate::service::retention::certificates;

/// Proof of a deletion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "exam": "spring-2026", "policy": "spring-2026@2",
    "ordered_at": "2026-12-29T20:00:00Z", "ordered_by": "retention", "issued_at": "2026-12-29T20:00:04Z",
    "certificate": "eyJhbGciOiJFZERTQSJ9.eyJpZCI6IuKApiJ9.c2ln"
}))]
pub struct Certificate {
    /// A ULID.
    id: String,
    /// The exam.
    exam: String,
    /// Which version of which policy ordered it.
    policy: String,
    /// When.
    ordered_at: Timestamp,
    /// By whose word the recordings were marked: `retention`, or the API key that confirmed it.
    ordered_by: String,
    /// When it was signed; absent while objects are being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<Timestamp>,
    /// A compact JWS over count, bytes and the hashes of keys; verified with `/.well-known/jwks.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// Which certificates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CertificatesQuery {
    /// Of this exam only.
    exam: Option<String>,
    /// `next` of the page before; absent for the first page.
    cursor: Option<String>,
    /// How many items at most, 1 to 1000; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List certificates of deletion
#[utoipa::path(get, path = "/v1/certificates", operation_id = "list_certificates", tag = "platform",
    params(CertificatesQuery), responses((status = 200, body = Page<Certificate>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Query(query): Query<CertificatesQuery>,
) -> Result<axum::Json<Page<Certificate>>, Problem> {
    let limit = read_limit(query.limit)?;
    let exam: Option<ExamId> = optional_field("exam", query.exam.as_deref())?;
    let after: Option<CertificateId> = read_cursor(query.cursor.as_deref())?;
    let after = after.as_ref().map(CertificateId::as_str);
    let certificates = certificates::list(&app, exam.as_ref(), after, limit).await?;
    Ok(axum::Json(Page::of(certificates, limit, |one| one.order.id.as_str(), Certificate::from)))
}

/// Fetch a certificate of deletion
#[utoipa::path(get, path = "/v1/certificates/{id}", operation_id = "get_certificate", tag = "platform",
    params(("id" = String, Path, description = "The certificate's id")),
    responses((status = 200, body = Certificate)))]
pub async fn show(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(id): Id<CertificateId>,
) -> Result<axum::Json<Certificate>, Problem> {
    Ok(axum::Json(certificates::get(&app, id.as_str()).await?.into()))
}

impl From<certificates::Certificate> for Certificate {
    fn from(it: certificates::Certificate) -> Certificate {
        Certificate {
            id: it.order.id,
            exam: it.order.exam.to_string(),
            policy: it.order.policy,
            ordered_at: it.order.ordered_at,
            ordered_by: it.order.ordered_by,
            issued_at: it.issued_at,
            certificate: it.jws,
        }
    }
}
