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
    /// Since when there is something to write; `None` when the ledger knows it all.
    waits_since: Option<Timestamp>,
}

/// Nobody who was silent for this long counts towards the gauge; an hour, in seconds.
const FORGET_AFTER_S: i64 = 3_600;
/// How often browsers' words are written to the ledger.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// So many of them at a time by all nodes together, those first that wait longest: at the bell everybody says something,
/// and the ledger has receipts to write. It is as many as are to be heard of in that time (`handin_core::pacing::heartbeat`).
const FLUSH_MOST: usize = 2_500;

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
        let waits_since = before.and_then(|before| before.waits_since).or(Some(now));
        said.insert(id.clone(), Said { seen_at: now, recorded_ms, pending_bytes, waits_since });
    }

    /// Notes a recording that was opened here, or found open: one more to hear of. Of this the ledger knows already.
    pub fn expect(&self, id: &RecordingId, now: Timestamp) {
        let said = Said { seen_at: now, recorded_ms: 0, pending_bytes: 0, waits_since: None };
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

    /// Words that the ledger does not know, at most so many.
    fn take_unflushed(&self, now: Timestamp, most: usize) -> Vec<ProgressRow> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, said| now.as_second() - said.seen_at.as_second() < FORGET_AFTER_S);
        let mut waiting: Vec<_> =
            said.iter_mut().filter_map(|(id, said)| Some((said.waits_since?, id, said))).collect();
        if waiting.len() > most {
            waiting.select_nth_unstable_by_key(most, |(since, ..)| *since);
            waiting.truncate(most);
        }
        waiting.into_iter().map(|(_, id, said)| said.take(id)).collect()
    }
}

impl Said {
    fn take(&mut self, id: &RecordingId) -> ProgressRow {
        self.waits_since = None;
        ProgressRow {
            id: id.clone(),
            seen_at: self.seen_at,
            recorded_ms: self.recorded_ms,
            pending_bytes: self.pending_bytes,
            confirmed_bytes: None,
            confirmed_parts: None,
        }
    }
}

/// Flushes every few seconds until `stop`, and once more at the end. Every node that signs does so: only it heard what
/// its browsers said.
pub async fn keep_flushing(app: &App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(FLUSH_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        flush_or_warn(app, FLUSH_MOST.div_ceil(app.paces.live_nodes() as usize)).await;
    }
    flush_or_warn(app, usize::MAX).await;
}

async fn flush_or_warn(app: &App, most: usize) {
    if let Err(error) = flush(app, most).await {
        tracing::warn!(%error, "the progress of this round was not written");
    }
}

/// Writes what was said to the ledger, of `most` recordings at most.
///
/// # Errors
/// When the database is not available; the words of this round are then lost, and the next heartbeat brings new ones.
async fn flush(app: &App, most: usize) -> Result<(), Error> {
    let rows = app.progress.take_unflushed(app.clock.now(), most);
    if rows.is_empty() {
        return Ok(());
    }
    app.db.change(Flush(rows)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> RecordingId {
        format!("01{number:024}").parse().unwrap()
    }

    #[test]
    fn who_waits_longest_is_written_first() {
        let progress = Progress::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        for number in 0..5 {
            progress.note(&id(number), at(number as i64), Some(1), None);
        }
        // Who says more does not wait shorter for it.
        progress.note(&id(0), at(9), Some(2), None);
        let mut taken: Vec<_> = progress.take_unflushed(at(9), 2);
        taken.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!(
            taken.iter().map(|row| (row.id.clone(), row.recorded_ms)).collect::<Vec<_>>(),
            [(id(0), 2), (id(1), 1)]
        );
        assert_eq!(progress.take_unflushed(at(9), usize::MAX).len(), 3);
        assert!(progress.take_unflushed(at(9), usize::MAX).is_empty());
    }
}
