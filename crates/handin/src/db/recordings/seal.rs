//! Sealing: one completer at a time holds a lease, and ends it with a proof, a way back, or by dying.

use handin_core::{Reason, RecordingId, State};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::super::jobs::{self, NewJob};
use super::super::receipts::{self, NewReceipt};
use super::super::rows::{count, millis, opt_count};
use super::super::statement::{execute, fetch, query};
use super::super::{Caused, Change, Error};
use super::{GET, Recording, columns, recording};

/// Takes the lease on a recording that is open, or whose completer let its lease run out: `open` or `sealing` →
/// `sealing`. Afterwards the recording is this owner's until the lease ends.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The recording.
    pub id: RecordingId,
    /// The completer; two that run at once have different names.
    pub owner: String,
    /// A lease that ended before this has run out.
    pub now: Timestamp,
    /// The end of the new lease.
    pub until: Timestamp,
    /// What the browser says it recorded, JSON; `None` keeps what it said before.
    pub claim_json: Option<String>,
    /// Finishes the seal if this completer dies; left out if it is queued already (see [`jobs::unique_key`]).
    pub job: NewJob,
}

/// What [`Claim`] gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The lease is ours.
    Yes(Box<Recording>),
    /// Another completer has it.
    Busy {
        /// The end of its lease.
        until: Timestamp,
    },
    /// It is neither open nor being sealed.
    Other(Box<Recording>),
    /// There is no such recording.
    Unknown,
}

pub(in crate::db) const CLAIM: &str = concat!(
    "update recording set state = 'sealing', lease_owner = $1, lease_until = $2, claim = coalesce($3, claim) \
     where id = $4 and (state = 'open' or (state = 'sealing' and lease_until < $5)) returning ",
    columns!(),
    ", claim"
);

impl Change for Claim {
    type Out = Claimed;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Claimed, Error> {
        let claim = query(CLAIM)
            .bind(self.owner.as_str())
            .bind(millis(self.until))
            .bind(self.claim_json.clone())
            .bind(self.id.as_str())
            .bind(millis(self.now));
        if let Some(row) = fetch(tx, claim).await?.first() {
            jobs::add(tx, &[&self.job]).await?;
            return Ok(Claimed::Yes(Box::new(recording(row)?)));
        }
        match fetch(tx, query(GET).bind(self.id.as_str())).await?.first().map(recording).transpose()? {
            Some(Recording { state: State::Sealing, lease_until: Some(until), .. }) => {
                Ok(Claimed::Busy { until })
            }
            Some(other) => Ok(Claimed::Other(Box::new(other))),
            None => Ok(Claimed::Unknown),
        }
    }
}

/// Prolongs a lease; gives `false` if it is not this owner's any more.
#[derive(Debug, Clone)]
pub struct Renew {
    /// The recording.
    pub id: RecordingId,
    /// The completer.
    pub owner: String,
    /// The new end of the lease.
    pub until: Timestamp,
}

pub(in crate::db) const RENEW: &str =
    "update recording set lease_until = $1 where id = $2 and state = 'sealing' and lease_owner = $3";

impl Change for Renew {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let renew = query(RENEW).bind(millis(self.until)).bind(self.id.as_str()).bind(self.owner.as_str());
        Ok(execute(tx, renew).await? == 1)
    }
}

/// `sealing` → `open`: the claim was refused, parts are missing. Lease, claim and seal job are gone. Gives `false`, and
/// changes nothing, if the lease is not this owner's any more.
#[derive(Debug, Clone)]
pub struct Reopen {
    /// The recording.
    pub id: RecordingId,
    /// The completer.
    pub owner: String,
}

pub(in crate::db) const REOPEN: &str = "\
    update recording set state = 'open', lease_owner = null, lease_until = null, claim = null
    where id = $1 and state = 'sealing' and lease_owner = $2";

impl Change for Reopen {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let reopen = query(REOPEN).bind(self.id.as_str()).bind(self.owner.as_str());
        let reopened = execute(tx, reopen).await? == 1;
        if reopened {
            jobs::forget_seal(tx, &self.id).await?;
        }
        Ok(reopened)
    }
}

/// `sealing` → `sealed` or `partial`, with its receipt. The seal job is gone. Gives `false`, and changes nothing, if
/// the lease is not this owner's any more, or `state` is neither of the two.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The recording.
    pub id: RecordingId,
    /// The completer.
    pub owner: String,
    /// `Sealed` or `Partial`.
    pub state: State,
    /// When.
    pub sealed_at: Timestamp,
    /// Bytes of the object.
    pub size: u64,
    /// Parts of the object.
    pub parts: u32,
    /// Hex SHA-256 over the part hashes.
    pub sha256_parts: Option<String>,
    /// Milliseconds, as the browser says.
    pub duration_ms: Option<u64>,
    /// Why it is partial.
    pub reason: Option<Reason>,
    /// What a partial one lacks, JSON.
    pub missing: Option<String>,
    /// The signed statement.
    pub receipt: NewReceipt,
    /// Written with it.
    pub caused: Caused,
}

pub(in crate::db) const FINISH: &str = "\
    update recording set state = $1, sealed_at = $2, sealed_size = $3, sealed_parts = $4, sha256_parts = $5,
        duration_ms = $6, reason = $7, missing = $8, confirmed_bytes = $3, confirmed_parts = $4,
        pending_bytes = 0, lease_owner = null, lease_until = null
    where id = $9 and state = 'sealing' and lease_owner = $10";

impl Change for Finish {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let finish = query(FINISH)
            .bind(self.state.as_str())
            .bind(millis(self.sealed_at))
            .bind(count(self.size))
            .bind(i64::from(self.parts))
            .bind(self.sha256_parts.clone())
            .bind(opt_count(self.duration_ms))
            .bind(self.reason.map(|reason| reason.as_str().to_owned()))
            .bind(self.missing.clone())
            .bind(self.id.as_str())
            .bind(self.owner.as_str());
        if !self.state.has_object() || execute(tx, finish).await? == 0 {
            return Ok(false);
        }
        receipts::add(tx, &self.receipt).await?;
        jobs::forget_seal(tx, &self.id).await?;
        self.caused.write(tx).await?;
        Ok(true)
    }
}
