//! `/v1/exams/{exam}/pace`: the operator's dial, for a whole exam.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use handin_core::{self as core, ExamId, pacing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::extract::{Id, Json, Platform, field};
use crate::app::App;
use crate::service::{self, Error};

/// How an exam's senders are slowed down. What is absent asks nothing.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "max_bytes_per_s": 250000000, "parallel": 2, "spread_s": 60, "group_by": "roster",
    "group_bytes_per_s": 25000000, "groups": { "seoul-1": 12500000 }
}))]
pub struct PacePolicy {
    /// At most this many bytes per second for the whole exam.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes_per_s: Option<u64>,
    /// At most this many parts of one candidate in flight, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel: Option<u32>,
    /// Those who have much to send after the bell begin within so many seconds from it, each at a moment of their own;
    /// at most an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    spread_s: Option<u64>,
    /// Why nothing is to be sent at the moment, for candidates to read, 1 to 200 characters; absent lets them send.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    /// What makes candidates one group, which shares an uplink: `roster` (the group that the roster names) or `network`
    /// (a /24 of IPv4, a /48 of IPv6); `none` if absent.
    group_by: GroupBy,
    /// At most this many bytes per second for each group that `groups` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    group_bytes_per_s: Option<u64>,
    /// At most this many bytes per second, by group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, u64>,
}

/// What makes candidates one group.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// There are no groups.
    #[default]
    None,
    /// What the roster says.
    Roster,
    /// The network that the sender calls from.
    Network,
}

/// How an exam's senders are slowed down, and who said so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "max_bytes_per_s": 250000000, "group_by": "none", "live_nodes": 2, "changed_at": "2026-11-22T06:00:10Z",
    "changed_by": "01JD8Z0QX3V5T9K2M4N6P8R0SW"
}))]
pub struct ExamPace {
    #[serde(flatten)]
    policy: PacePolicy,
    /// How many nodes share the rates, as the node knows that answers.
    live_nodes: u32,
    /// When it was set; absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<Timestamp>,
    /// The API key that it was set with.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
}

/// Look up an exam's pace
#[utoipa::path(get, path = "/v1/exams/{exam}/pace", operation_id = "get_pace", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = ExamPace)))]
pub async fn show(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(exam): Id<ExamId>,
) -> Result<axum::Json<ExamPace>, Problem> {
    let pace = service::pace::get(&app, &exam).await?;
    Ok(axum::Json(ExamPace::of(&app, pace)))
}

/// Set an exam's pace
///
/// The whole of it: what is absent asks nothing from now on. The node that answers obeys at once, the others within
/// about a second.
#[utoipa::path(put, path = "/v1/exams/{exam}/pace", operation_id = "put_pace", tag = "platform", request_body = PacePolicy,
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = ExamPace)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(exam): Id<ExamId>,
    Json(policy): Json<PacePolicy>,
) -> Result<axum::Json<ExamPace>, Problem> {
    let pace = service::pace::set(&app, &who, &exam, policy.try_into()?).await?;
    Ok(axum::Json(ExamPace::of(&app, Some(pace))))
}

impl ExamPace {
    fn of(app: &App, pace: Option<service::pace::ExamPace>) -> ExamPace {
        let live_nodes = app.paces.live_nodes();
        match pace {
            None => {
                ExamPace { policy: PacePolicy::default(), live_nodes, changed_at: None, changed_by: None }
            }
            Some(pace) => ExamPace {
                policy: (&pace.policy).into(),
                live_nodes,
                changed_at: Some(pace.changed_at),
                changed_by: Some(pace.changed_by),
            },
        }
    }
}

impl TryFrom<PacePolicy> for pacing::PacePolicy {
    type Error = Error;

    fn try_from(policy: PacePolicy) -> Result<Self, Error> {
        let group = |(group, rate): (String, u64)| {
            Ok((field::<core::Group>(&format!("groups.{group}"), &group)?, rate))
        };
        Ok(pacing::PacePolicy {
            max_bytes_per_s: policy.max_bytes_per_s,
            parallel: policy.parallel,
            spread: Duration::from_secs(policy.spread_s.unwrap_or_default()),
            paused: policy.paused,
            group_by: policy.group_by.into(),
            group_bytes_per_s: policy.group_bytes_per_s,
            groups: policy.groups.into_iter().map(group).collect::<Result<_, Error>>()?,
        })
    }
}

impl From<&pacing::PacePolicy> for PacePolicy {
    fn from(policy: &pacing::PacePolicy) -> PacePolicy {
        PacePolicy {
            max_bytes_per_s: policy.max_bytes_per_s,
            parallel: policy.parallel,
            spread_s: (!policy.spread.is_zero()).then_some(policy.spread.as_secs()),
            paused: policy.paused.clone(),
            group_by: policy.group_by.into(),
            group_bytes_per_s: policy.group_bytes_per_s,
            groups: policy.groups.iter().map(|(group, rate)| (group.to_string(), *rate)).collect(),
        }
    }
}

impl From<GroupBy> for pacing::GroupBy {
    fn from(by: GroupBy) -> pacing::GroupBy {
        match by {
            GroupBy::None => pacing::GroupBy::None,
            GroupBy::Roster => pacing::GroupBy::Roster,
            GroupBy::Network => pacing::GroupBy::Network,
        }
    }
}

impl From<pacing::GroupBy> for GroupBy {
    fn from(by: pacing::GroupBy) -> GroupBy {
        match by {
            pacing::GroupBy::None => GroupBy::None,
            pacing::GroupBy::Roster => GroupBy::Roster,
            pacing::GroupBy::Network => GroupBy::Network,
        }
    }
}
