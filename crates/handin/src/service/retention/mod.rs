//! Retention: recordings that are due are marked, stay restorable for a grace, are deleted, proved to be gone, and
//! certified; and until then they go to cheaper storage classes as rules say.
//!
//! `handin_core::retention::due` alone says when a recording is due. What stands in the ledger as `due_at` says when to
//! ask it again. Nothing here deletes what a hold covers: each update that marks or deletes asks for holds itself.

pub mod anchors;
pub mod certificates;
pub mod destroy;
pub mod holds;
pub mod locks;
pub mod pause;
pub mod policies;
pub mod rate;
pub mod run;
pub mod survey;
pub mod tally;
mod verdict;
pub mod tier;

use std::time::Duration;

use handin_core::ExamId;
use jiff::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::db::jobs::NewJob;
use crate::db::outbox::NewEvent;
use crate::db::retention::Stamp;

/// By whose word what no person confirmed is marked.
const BY_ITSELF: &str = "retention";

/// A negative number that no other change has.
fn stamp(app: &App) -> Stamp {
    let random = i64::from_le_bytes(app.ids.bytes());
    -1 - (random & i64::MAX)
}

/// How long what is marked can be restored.
fn grace(app: &App) -> Duration {
    Duration::from_secs(u64::from(app.config.retention.grace_days) * 86_400)
}

/// A job that is about no single recording; of those with the same key one waits at a time.
pub(super) fn job(app: &App, kind: &'static str, payload: Option<&str>, run_at: Timestamp) -> NewJob {
    NewJob {
        id: app.ids.row(app.clock.now()),
        kind,
        recording: None,
        run_at,
        payload: payload.map(str::to_owned),
        unique_key: Some(format!("{kind}:{}", payload.unwrap_or_default())),
    }
}

/// A row of the outbox about an exam.
fn event(app: &App, kind: &'static str, exam: &ExamId, payload: &impl Serialize) -> NewEvent {
    let now = app.clock.now();
    NewEvent {
        id: app.ids.row(now),
        kind: kind.to_owned(),
        exam: exam.clone(),
        recording: None,
        payload: crate::service::json(payload),
        at: now,
    }
}
