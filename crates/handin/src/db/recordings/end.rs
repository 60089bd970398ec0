//! Ends without an object: abandoned before there was one, deleted after.

use handin_core::{Reason, RecordingId};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::super::holds::held;
use super::super::jobs;
use super::super::rows::millis;
use super::super::statement::{execute, query};
use super::super::{Caused, Change, Error};

/// Waits for whoever is changing the row. On PostgreSQL a statement sees the ledger as it stood when the statement began;
/// the one after this sees what they wrote, a hold too.
pub(in crate::db) const MEET: &str = "update recording set due_at = due_at where id = $1";

pub(in crate::db) async fn meet(tx: &mut AnyConnection, id: &RecordingId) -> Result<(), Error> {
    execute(tx, query(MEET).bind(id.as_str())).await.map(drop)
}

/// `open` → `abandoned`, or `sealing` → `abandoned` by the completer that holds the lease. The seal job is gone. Gives
/// `false`, and changes nothing, if the recording is not in that state, if it is open and a hold covers it, or if the lease
/// is not this owner's any more.
#[derive(Debug, Clone)]
pub struct Abandon {
    /// The recording.
    pub id: RecordingId,
    /// The completer; `None` abandons an open recording.
    pub from_owner: Option<String>,
    /// Why: nothing arrived, or somebody discarded it.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
    /// Written with it.
    pub caused: Caused,
}

pub(in crate::db) const ABANDON: &str = concat!(
    "update recording set state = 'abandoned', reason = $1, ended_at = $2, pending_bytes = 0, \
     lease_owner = null, lease_until = null, claim = null \
     where id = $3 and ((state = 'open' and cast($4 as text) is null and not ",
    held!(),
    ") or (state = 'sealing' and lease_owner = $4))"
);

impl Change for Abandon {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        meet(tx, &self.id).await?;
        let abandon = query(ABANDON)
            .bind(self.reason.as_str())
            .bind(millis(self.at))
            .bind(self.id.as_str())
            .bind(self.from_owner.clone());
        let abandoned = execute(tx, abandon).await? == 1;
        if abandoned {
            jobs::forget_seal(tx, &self.id).await?;
            self.caused.write(tx).await?;
        }
        Ok(abandoned)
    }
}

/// `sealed` or `partial` → `deleted`. Gives `false`, and changes nothing, if it is in another state or a hold covers it.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The recording.
    pub id: RecordingId,
    /// When.
    pub at: Timestamp,
    /// Written with it.
    pub caused: Caused,
}

pub(in crate::db) const DELETE: &str = concat!(
    "update recording set state = 'deleted', ended_at = $1 \
     where id = $2 and state in ('sealed', 'partial') and not ",
    held!()
);

impl Change for Delete {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        meet(tx, &self.id).await?;
        let delete = query(DELETE).bind(millis(self.at)).bind(self.id.as_str());
        let deleted = execute(tx, delete).await? == 1;
        if deleted {
            self.caused.write(tx).await?;
        }
        Ok(deleted)
    }
}
