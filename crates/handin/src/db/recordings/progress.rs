//! Progress: what browsers said and the store showed, kept in memory by others and written here in batches.

use handin_core::RecordingId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::super::connect::Kind;
use super::super::rows::{count, millis, opt_count};
use super::super::statement::{Query, bulk, execute, query};
use super::super::{Change, Error};

/// The latest figures of one recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressRow {
    /// The recording.
    pub id: RecordingId,
    /// When its browser was last heard of.
    pub seen_at: Timestamp,
    /// Milliseconds recorded.
    pub recorded_ms: u64,
    /// Bytes in the browser's spool.
    pub pending_bytes: u64,
    /// Bytes seen in the store; `None` keeps what is known.
    pub confirmed_bytes: Option<u64>,
    /// Parts seen in the store; `None` keeps what is known.
    pub confirmed_parts: Option<u32>,
}

/// Writes the figures of recordings that are still open or being sealed; gives how many those were. Each recording may
/// be there once.
#[derive(Debug, Clone)]
pub struct Flush(pub Vec<ProgressRow>);

bulk!(
    FLUSH,
    "with progress (id, seen_at, recorded_ms, pending_bytes, confirmed_bytes, confirmed_parts) as (values ",
    6,
    ") update recording set seen_at = progress.seen_at, recorded_ms = progress.recorded_ms,
        pending_bytes = progress.pending_bytes,
        confirmed_bytes = coalesce(progress.confirmed_bytes, recording.confirmed_bytes),
        confirmed_parts = coalesce(progress.confirmed_parts, recording.confirmed_parts)
    from progress where recording.id = progress.id and recording.state in ('open', 'sealing')"
);

/// PostgreSQL makes its plan for as many recordings as there are, not for as many as there were when it first had to.
const PLAN_ANEW: &str = "set local plan_cache_mode = force_custom_plan";

impl Change for Flush {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        if Kind::of(tx) == Kind::Postgres {
            execute(tx, query(PLAN_ANEW)).await?;
        }
        let bind = |query: Query, row: &ProgressRow| {
            query
                .bind(row.id.as_str())
                .bind(millis(row.seen_at))
                .bind(count(row.recorded_ms))
                .bind(count(row.pending_bytes))
                .bind(opt_count(row.confirmed_bytes))
                .bind(row.confirmed_parts.map(i64::from))
        };
        FLUSH.run(tx, &self.0, bind).await
    }
}
