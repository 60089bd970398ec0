//! Recordings that are to go to another storage class: each with the job that makes it so.

use handin_core::RecordingId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::holds::held;
use super::jobs::{self, NewJob};
use super::rows::millis;
use super::statement::{execute, query};
use super::{Change, Error};

/// A recording that is to go to another class.
#[derive(Debug, Clone)]
pub struct ToTier {
    /// Which.
    pub id: RecordingId,
    /// [`super::due::DueRow::seen`].
    pub seen: i64,
    /// When to look again, at the latest.
    pub due_at: Timestamp,
    /// Whether it cannot be read at once from there, so that no hold may cover it.
    pub away: bool,
    /// Makes it so.
    pub job: NewJob,
}

/// Queues the jobs of those that were not changed since they were read. Gives how many they are.
#[derive(Debug, Clone)]
pub struct QueueTiers(pub Vec<ToTier>);

pub(super) const QUEUE: &str = concat!(
    "update recording set due_at = $1 \
     where id = $2 and due_at = $3 and state in ('sealed', 'partial') and place = '' and marked_at is null \
     and (cast($4 as bigint) = 0 or not ",
    held!(),
    ")"
);

impl Change for QueueTiers {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let mut queued = Vec::new();
        for one in &self.0 {
            let queue = query(QUEUE)
                .bind(millis(one.due_at))
                .bind(one.id.as_str())
                .bind(one.seen)
                .bind(i64::from(one.away));
            if execute(tx, queue).await? == 1 {
                queued.push(&one.job);
            }
        }
        jobs::add(tx, &queued).await?;
        Ok(queued.len() as u64)
    }
}
