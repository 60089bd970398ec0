//! `/v1/exams/{exam}/retention` and `/events`: how long recordings are kept, and what periods are counted from.

use std::sync::Arc;

use axum::extract::State;
use handin_core::{Exam, ExamId};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Id, Json, Platform, field, optional_field};
use crate::app::App;
use crate::service;
use crate::service::retention::anchors;
use crate::service::retention::pause;
use crate::service::retention::policies::{self, Effective, PolicyText};

/// How long recordings are kept. What is absent is as in the house.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "time_zone": "Asia/Seoul", "maximum_days": 365, "reason": "appeals may take a year",
    "rules": ["delete 30 days after bell if not flagged", "delete 14 days after hiring_decided",
        "delete 6 months after review_closed if track webcam and flagged"]
}))]
pub struct RetentionPolicy {
    /// Where days begin and end, such as `Asia/Seoul`.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// Each a sentence: `delete PERIOD after ANCHOR [if CONDITION [and CONDITION]…]`. Periods count days, months or years;
    /// anchors are `bell`, `sealed`, `result_published`, `hiring_decided`, `review_closed` and `flagged`; conditions
    /// `track NAME`, `sealed`, `partial`, `flagged` and `not flagged`. Of the rules that delete the one that is
    /// due first counts; of `tier:CLASS PERIOD after ANCHOR …`, which moves recordings to `STANDARD_IA`, `GLACIER_IR`, `GLACIER`
    /// or `DEEP_ARCHIVE`, the one that was due last.
    rules: Vec<String>,
    /// The most days after the bell, whatever the rules say.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_days: Option<u32>,
    /// Why that is more than the house's, 1 to 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The storage class that new recordings are written in: `STANDARD`, `STANDARD_IA` or `GLACIER_IR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
}

/// The policy that counts for an exam, and who set it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "time_zone": "UTC", "maximum_days": 180, "rules": ["delete 30 days after bell"], "version": "house@1",
    "set_at": "2026-11-01T00:00:00Z", "set_by": "configuration", "promised_days": 38
}))]
pub struct ExamRetention {
    #[serde(flatten)]
    policy: RetentionPolicy,
    /// As certificates name it: the exam's own (`spring-2026@2`), or the house's; version 0 is the days that the exam was
    /// created with.
    version: String,
    /// When it was set.
    set_at: Timestamp,
    /// The API key that it was set with; `configuration` or `exam` where there was none.
    set_by: String,
    /// After how many days from the bell everything is gone, the grace included, unless somebody places a hold.
    promised_days: u32,
    /// Until when nothing is marked or deleted, of no exam, as the clock jumped ahead; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<Timestamp>,
}

/// Something that periods are counted from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "hiring_decided", "at": "2026-12-10T09:00:00Z", "candidate": "C-00017" }))]
pub struct NewAnchor {
    /// `result_published`, `hiring_decided`, `review_closed` or `flagged`.
    kind: String,
    /// When it came; now if absent.
    at: Option<Timestamp>,
    /// For one candidate, for whom it counts instead of what is posted for all; all if absent.
    candidate: Option<String>,
    /// Takes back what was posted.
    #[serde(default)]
    withdrawn: bool,
}

/// What counts from now on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "kind": "hiring_decided", "at": "2026-12-10T09:00:00Z", "candidate": "C-00017" }))]
pub struct Anchor {
    /// What has come.
    kind: &'static str,
    /// When; absent if it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// For whom; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<String>,
}

/// Look up how long an exam's recordings are kept
#[utoipa::path(get, path = "/v1/exams/{exam}/retention", operation_id = "get_retention", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = ExamRetention)))]
pub async fn show(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
) -> Result<axum::Json<ExamRetention>, Problem> {
    let exam = service::exams::get(&app, &exam).await?;
    Ok(axum::Json(ExamRetention::of(&app, &exam, policies::of(&app, &exam).await?).await?))
}

/// Set how long an exam's recordings are kept
///
/// A new version, which counts for all recordings from now on, those that are marked too. What was due before a version was
/// set is marked only when somebody confirms it.
#[utoipa::path(put, path = "/v1/exams/{exam}/retention", operation_id = "put_retention", tag = "platform",
    request_body = RetentionPolicy, params(("exam" = String, Path, description = "The exam's id")),
    responses((status = 200, body = ExamRetention)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(id): Id<ExamId>,
    Json(policy): Json<RetentionPolicy>,
) -> Result<axum::Json<ExamRetention>, Problem> {
    let policy = policies::set(&app, &who, &id, policy.into()).await?;
    let exam = service::exams::get(&app, &id).await?;
    Ok(axum::Json(ExamRetention::of(&app, &exam, policy).await?))
}

/// Post what has come that periods are counted from
///
/// The last word counts. What it makes due is looked at soon after.
#[utoipa::path(post, path = "/v1/exams/{exam}/events", operation_id = "post_anchor", tag = "platform",
    request_body = NewAnchor, params(("exam" = String, Path, description = "The exam's id")),
    responses((status = 201, body = Anchor)))]
pub async fn post_anchor(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(exam): Id<ExamId>,
    Json(new): Json<NewAnchor>,
) -> Result<(StatusCode, axum::Json<Anchor>), Problem> {
    let kind = field("kind", &new.kind)?;
    let candidate = optional_field("candidate", new.candidate.as_deref())?;
    let anchor = anchors::NewAnchor { kind, at: new.at, candidate, withdrawn: new.withdrawn };
    let at = anchors::post(&app, &who, &exam, anchor).await?;
    let posted = Anchor { kind: kind.as_str(), at, candidate: new.candidate };
    Ok((StatusCode::CREATED, axum::Json(posted)))
}

impl ExamRetention {
    async fn of(app: &App, exam: &Exam, it: Effective) -> Result<ExamRetention, service::Error> {
        Ok(ExamRetention {
            policy: PolicyText::of(&it.policy).into(),
            version: it.version,
            set_at: it.set_at,
            set_by: it.set_by,
            promised_days: policies::promised_days(app, exam).await?,
            paused_until: pause::until(app, app.clock.now()).await?,
        })
    }
}

impl From<RetentionPolicy> for PolicyText {
    fn from(it: RetentionPolicy) -> PolicyText {
        let RetentionPolicy { time_zone, rules, maximum_days, reason, storage_class } = it;
        PolicyText { time_zone, rules, maximum_days, reason, storage_class }
    }
}

impl From<PolicyText> for RetentionPolicy {
    fn from(it: PolicyText) -> RetentionPolicy {
        let PolicyText { time_zone, rules, maximum_days, reason, storage_class } = it;
        RetentionPolicy { time_zone, rules, maximum_days, reason, storage_class }
    }
}
