//! Progress: what browsers say of themselves between open and seal. Kept in memory, flushed in batches; losing it
//! loses nothing, because completion never depends on it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use handin_core::RecordingId;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use crate::app::App;
use crate::db::recordings::{Flush, ProgressRow};

/// The latest word of each open recording on this node.
#[derive(Default)]
pub struct Progress(Mutex<HashMap<RecordingId, Said>>);

#[derive(Clone, Copy)]
struct Said {
    seen_at: Timestamp,
    recorded_ms: u64,
    pending_bytes: u64,
    flushed: bool,
}

/// Nobody who was silent for this long counts towards the gauge; an hour, in seconds.
const FORGET_AFTER_S: i64 = 3_600;
/// How often browsers' words are written to the ledger.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Notes that a browser was here, and what it said.
    pub fn note(
        &self,
        id: &RecordingId,
        now: Timestamp,
        recorded_ms: Option<u64>,
        pending_bytes: Option<u64>,
    ) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.get(id).copied();
        let recorded_ms = recorded_ms.or(before.map(|before| before.recorded_ms)).unwrap_or_default();
        let pending_bytes = pending_bytes.or(before.map(|before| before.pending_bytes)).unwrap_or_default();
        said.insert(id.clone(), Said { seen_at: now, recorded_ms, pending_bytes, flushed: false });
    }

    /// Notes a recording that was opened here, or found open: one more to hear of. Of this the ledger knows already.
    pub fn expect(&self, id: &RecordingId, now: Timestamp) {
        let said = Said { seen_at: now, recorded_ms: 0, pending_bytes: 0, flushed: true };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_insert(said);
    }

    /// How many open recordings this node hears of.
    pub fn recordings(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets a recording that is over.
    pub fn forget(&self, id: &RecordingId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The bytes that stand only in browsers known to this node.
    pub fn at_risk_bytes(&self) -> u64 {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.values().map(|said| said.pending_bytes).sum()
    }

    fn take_unflushed(&self, now: Timestamp) -> Vec<ProgressRow> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, said| now.as_second() - said.seen_at.as_second() < FORGET_AFTER_S);
        let unflushed = said.iter_mut().filter(|(_, said)| !said.flushed);
        unflushed
            .map(|(id, said)| {
                said.flushed = true;
                ProgressRow {
                    id: id.clone(),
                    seen_at: said.seen_at,
                    recorded_ms: said.recorded_ms,
                    pending_bytes: said.pending_bytes,
                    confirmed_bytes: None,
                    confirmed_parts: None,
                }
            })
            .collect()
    }
}

/// Flushes every few seconds until `stop`, and once more at the end. Every node that signs does so: only it heard what
/// its browsers said.
pub async fn keep_flushing(app: &App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(FLUSH_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        flush_or_warn(app).await;
    }
    flush_or_warn(app).await;
}

async fn flush_or_warn(app: &App) {
    if let Err(error) = flush(app).await {
        tracing::warn!(%error, "the progress of this round was not written");
    }
}

/// Writes what was said since the last time to the ledger.
///
/// # Errors
/// When the database is not available; the words of this round are then lost, and the next heartbeat brings new ones.
pub async fn flush(app: &App) -> Result<(), Error> {
    let rows = app.progress.take_unflushed(app.clock.now());
    if rows.is_empty() {
        return Ok(());
    }
    app.db.change(Flush(rows)).await?;
    Ok(())
}
