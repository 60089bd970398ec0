//! `/v1/retention/…`: the runs that end what is due, and what one would do.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Json, Platform};
use crate::app::App;
use crate::service::retention::run::{self, Ran};
use crate::service::retention::survey::{self, Line, Survey};
use crate::service::retention::tally;

/// What a run would mark now, and what it would delete.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "at": "2026-12-22T20:00:00Z", "confirmation": "1782158400000-3f1c0e0b5c2a4d6f8a9b0c1d2e3f4a5b", "of": 51200,
    "recordings": 12480, "bytes": 3298534883328u64, "held": 17, "over": 310, "waiting": 0, "needs": "share",
    "saved_usd_per_month": 76.8,
    "tiered": { "recordings": 900, "bytes": 237494511206u64, "costs_usd": 1.1, "saves_usd": 26.5 },
    "refused": { "recordings": 12, "bytes": 24000000, "costs_usd": 0.0018, "saves_usd": 0.0009 },
    "lines": [{ "exam": "spring-2026", "policy": "spring-2026@2", "rule": "delete 30 days after bell",
        "recordings": 12480, "bytes": 3298534883328u64, "held": 17, "over": 310,
        "tiered": { "recordings": 0, "bytes": 0, "costs_usd": 0.0, "saves_usd": 0.0 },
        "refused": { "recordings": 0, "bytes": 0, "costs_usd": 0.0, "saves_usd": 0.0 } }]
}))]
pub struct Preview {
    /// As of when.
    at: Timestamp,
    /// Confirms this list and no other.
    confirmation: String,
    /// How many finished recordings there are.
    of: u64,
    /// How many would be marked.
    recordings: u64,
    /// Their bytes.
    bytes: u64,
    /// How many are due, but held.
    held: u64,
    /// Those that would go to another storage class.
    tiered: Moved,
    /// Those that rules would have go there, but it costs more than it saves until they are deleted, or they would have to be
    /// restored first. They stay.
    refused: Moved,
    /// How many were marked for long enough and would be deleted; the confirmation is about these too while `needs` is
    /// `clock`.
    over: u64,
    /// How many runs have marked by themselves that are not gone yet; `GET /v1/exams/{exam}/recordings?marked=true` lists
    /// an exam's.
    waiting: u64,
    /// Why a run waits to be confirmed: `old_data` (some were due before their policy was set), `share` (they are more
    /// than the set share of all), or `clock` (it is more than a day ahead of the last run, and nothing is marked or deleted
    /// until `paused_until`); absent if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'static str>,
    /// Until when nothing is marked or deleted but what somebody confirms, as the clock jumped ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<Timestamp>,
    /// What keeping these bytes costs in a month, in US dollars, where the list price in the store's region is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_usd_per_month: Option<f64>,
    /// By exam and rule.
    lines: Vec<PreviewLine>,
}

/// What one rule makes due.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewLine {
    /// The exam.
    exam: String,
    /// Which version of which policy.
    policy: String,
    /// The rule; `maximum` where none was due before it.
    rule: String,
    /// How many would be marked.
    recordings: u64,
    /// Their bytes.
    bytes: u64,
    /// How many are due, but held.
    held: u64,
    /// How many were marked for long enough and would be deleted.
    over: u64,
    /// Those that would go to another storage class.
    tiered: Moved,
    /// Those that stay, although the rule would have them go there.
    refused: Moved,
}

/// Recordings that change their storage class, or would. The amounts are 0 where no price is known (`retention.prices_of`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Moved {
    /// How many.
    recordings: u64,
    /// Their bytes.
    bytes: u64,
    /// What that costs, US dollars: requests, reading, and least times that are not used up.
    costs_usd: f64,
    /// What it saves until they are deleted, US dollars.
    saves_usd: f64,
}

/// A run, confirmed or not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "confirm": "1782158400000-3f1c0e0b5c2a4d6f8a9b0c1d2e3f4a5b" }))]
pub struct NewRun {
    /// `confirmation` of a preview; without it the run marks only what needs none.
    confirm: Option<String>,
}

/// What a run did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "marked": 12480, "deleted": 310, "tiered": 900, "refused": 12, "unconfirmed": 0 }))]
pub struct Run {
    /// Recordings that were marked; they can be restored until their grace is over.
    marked: u64,
    /// Recordings whose grace was over; their objects are being deleted.
    deleted: u64,
    /// Recordings that are taken to another storage class.
    tiered: u64,
    /// Recordings that stay in theirs, as moving them costs more than it saves.
    refused: u64,
    /// Recordings that are due and wait for somebody to confirm.
    unconfirmed: u64,
    /// Why they do: `old_data`, `share` or `clock`.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'static str>,
}

/// See what a retention run would mark now
#[utoipa::path(get, path = "/v1/retention/preview", operation_id = "preview_retention", tag = "platform",
    responses((status = 200, body = Preview)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    _platform: Platform,
) -> Result<axum::Json<Preview>, Problem> {
    let survey = survey::survey(&app, app.clock.now()).await?;
    let saved_usd_per_month = survey::usd_per_month(&app, survey.total.bytes);
    Ok(axum::Json(Preview { saved_usd_per_month, ..survey.into() }))
}

/// Run retention now
///
/// As the server does by itself: it marks what is due, and deletes what was marked for long enough. With the confirmation of
/// a preview it marks exactly what that preview listed.
#[utoipa::path(post, path = "/v1/retention/runs", operation_id = "run_retention", tag = "platform", request_body = NewRun,
    responses((status = 200, body = Run), (status = 409, description = "`list_changed`")))]
pub async fn run(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Json(new): Json<NewRun>,
) -> Result<axum::Json<Run>, Problem> {
    let ran = run::run_as(&app, &who, new.confirm.as_deref()).await?;
    Ok(axum::Json(ran.into()))
}

impl From<Survey> for Preview {
    fn from(it: Survey) -> Preview {
        Preview {
            at: it.at,
            confirmation: it.confirmation,
            of: it.of,
            recordings: it.total.recordings,
            bytes: it.total.bytes,
            held: it.total.held,
            over: it.total.over,
            tiered: it.total.tiered.into(),
            refused: it.total.refused.into(),
            waiting: it.waiting,
            needs: it.needs.map(survey::Needs::word),
            paused_until: it.paused_until,
            saved_usd_per_month: None,
            lines: it.lines.into_iter().map(PreviewLine::from).collect(),
        }
    }
}

impl From<Line> for PreviewLine {
    fn from(it: Line) -> PreviewLine {
        PreviewLine {
            exam: it.exam.to_string(),
            policy: it.policy,
            rule: it.rule,
            recordings: it.tally.recordings,
            bytes: it.tally.bytes,
            held: it.tally.held,
            over: it.tally.over,
            tiered: it.tally.tiered.into(),
            refused: it.tally.refused.into(),
        }
    }
}

impl From<tally::Moved> for Moved {
    fn from(it: tally::Moved) -> Moved {
        let tally::Moved { recordings, bytes, costs_usd, saves_usd } = it;
        Moved { recordings, bytes, costs_usd, saves_usd }
    }
}

impl From<Ran> for Run {
    fn from(it: Ran) -> Run {
        let Ran { marked, deleted, tiered, refused, unconfirmed, needs } = it;
        Run { marked, deleted, tiered, refused, unconfirmed, needs: needs.map(survey::Needs::word) }
    }
}
