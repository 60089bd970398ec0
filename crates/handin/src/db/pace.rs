//! How fast an exam's senders may go. The newest word counts; what it was before, the audit log says.

use std::collections::BTreeMap;
use std::time::Duration;

use handin_core::pacing::PacePolicy;
use handin_core::{ExamId, Group};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::audit::{self, NewAudit};
use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Change, Db, Error};

/// The policy of an exam, and who set it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamPace {
    /// The exam.
    pub exam: ExamId,
    /// What is asked.
    pub policy: PacePolicy,
    /// When it was set.
    pub changed_at: Timestamp,
    /// Who set it.
    pub changed_by: String,
}

/// Sets the policy of an exam, which must exist.
#[derive(Debug)]
pub struct SetPace {
    /// The new policy.
    pub pace: ExamPace,
    /// Who did it.
    pub audit: NewAudit,
}

pub(super) const SET: &str = "\
    insert into pace (exam, policy, changed_at, changed_by) values ($1, $2, $3, $4)
    on conflict (exam) do update set
        policy = excluded.policy, changed_at = excluded.changed_at, changed_by = excluded.changed_by";

impl Change for SetPace {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        set(tx, &self.pace).await?;
        audit::add(tx, &[&self.audit]).await
    }
}

/// Writes a policy in the transaction of whoever calls.
pub(super) async fn set(tx: &mut AnyConnection, pace: &ExamPace) -> Result<(), Error> {
    let set = query(SET)
        .bind(pace.exam.as_str())
        .bind(policy_json(&pace.policy))
        .bind(millis(pace.changed_at))
        .bind(pace.changed_by.clone());
    execute(tx, set).await.map(drop)
}

pub(super) const GET: &str = "select exam, policy, changed_at, changed_by from pace where exam = $1";

/// The policy of an exam, if one was ever set.
pub async fn get(db: &Db, exam: &ExamId) -> Result<Option<ExamPace>, Error> {
    db.one(query(GET).bind(exam.as_str())).await?.as_ref().map(read).transpose()
}

pub(super) const BETWEEN: &str =
    "select exam, policy, changed_at, changed_by from pace where exam >= $1 and exam <= $2";

/// The policies of all exams from one to another, both included, in the order of their ids.
pub async fn between(db: &Db, first: &ExamId, last: &ExamId) -> Result<Vec<ExamPace>, Error> {
    let between = query(BETWEEN).bind(first.as_str()).bind(last.as_str());
    db.all(between).await?.iter().map(read).collect()
}

pub(super) const CHANGED: &str = "\
    select exam, policy, changed_at, changed_by from pace where changed_at >= $1
    order by changed_at desc limit $2";

/// What was set since then, the newest first and at most `limit`.
pub async fn changed_since(db: &Db, since: Timestamp, limit: u32) -> Result<Vec<ExamPace>, Error> {
    let changed = query(CHANGED).bind(millis(since)).bind(i64::from(limit));
    db.all(changed).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<ExamPace, Error> {
    let row = Row::new("pace", row);
    let stored: StoredPolicy = row.json("policy")?;
    Ok(ExamPace {
        exam: row.name("exam")?,
        policy: stored.policy().map_err(|error| row.corrupt("policy", error))?,
        changed_at: row.time("changed_at")?,
        changed_by: row.text("changed_by")?,
    })
}

/// A [`PacePolicy`] as it stands in a row, JSON; what asks nothing is left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes_per_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spread_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_bytes_per_s: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, u64>,
}

/// A policy as JSON, as it is stored and as the audit log tells of it.
pub fn policy_json(policy: &PacePolicy) -> String {
    let stored = StoredPolicy {
        max_bytes_per_s: policy.max_bytes_per_s,
        parallel: policy.parallel,
        spread_s: (!policy.spread.is_zero()).then_some(policy.spread.as_secs()),
        paused: policy.paused.clone(),
        group_by: Some(policy.group_by.to_string()),
        group_bytes_per_s: policy.group_bytes_per_s,
        groups: policy.groups.iter().map(|(group, rate)| (group.to_string(), *rate)).collect(),
    };
    serde_json::json!(stored).to_string()
}

impl StoredPolicy {
    fn policy(self) -> Result<PacePolicy, handin_core::BadName> {
        let group = |(group, rate): (String, u64)| Ok((group.parse::<Group>()?, rate));
        Ok(PacePolicy {
            max_bytes_per_s: self.max_bytes_per_s,
            parallel: self.parallel,
            spread: Duration::from_secs(self.spread_s.unwrap_or_default()),
            paused: self.paused,
            group_by: self.group_by.map(|word| word.parse()).transpose()?.unwrap_or_default(),
            group_bytes_per_s: self.group_bytes_per_s,
            groups: self.groups.into_iter().map(group).collect::<Result<_, _>>()?,
        })
    }
}
