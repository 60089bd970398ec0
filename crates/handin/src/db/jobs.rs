//! Jobs: work queued in the transaction of its cause and claimed by lease. No transaction is held while one runs.
//!
//! A claimed job is one whose `run_at` lies at the end of its lease: a worker that dies gives it back by not renewing.

use handin_core::RecordingId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{Query, bulk, execute, fetch, query};
use super::{Change, Db, Error};

/// A job to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// A ULID.
    pub id: String,
    /// What to do, such as `seal`.
    pub kind: &'static str,
    /// The recording it is about, if it is about one.
    pub recording: Option<RecordingId>,
    /// Not before.
    pub run_at: Timestamp,
    /// More to know, JSON.
    pub payload: Option<String>,
    /// If a job of this key is queued already, this one is left out. See [`unique_key`].
    pub unique_key: Option<String>,
}

/// A job a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What to do.
    pub kind: String,
    /// The recording it is about, if it is about one.
    pub recording: Option<RecordingId>,
    /// More to know, JSON.
    pub payload: Option<String>,
    /// How often it has been claimed, this time included.
    pub attempts: u32,
    /// Why it failed the last time.
    pub error: Option<String>,
}

/// The kind of the job that finishes a seal whose node died. A seal that ends, in any way, takes this job of its
/// recording along, if it was queued with [`unique_key`].
pub const SEAL: &str = "seal";

/// The key that keeps one job of a kind for each recording: `kind:recording`.
pub fn unique_key(kind: &str, recording: &RecordingId) -> String {
    format!("{kind}:{recording}")
}

bulk!(
    ADD,
    "insert into job (id, kind, recording, run_at, payload, unique_key) values ",
    6,
    " on conflict (unique_key) do nothing"
);

pub(super) async fn add(tx: &mut AnyConnection, jobs: &[&NewJob]) -> Result<(), Error> {
    let bind = |query: Query, job: &&NewJob| {
        query
            .bind(job.id.as_str())
            .bind(job.kind)
            .bind(job.recording.as_ref().map(RecordingId::to_string))
            .bind(millis(job.run_at))
            .bind(job.payload.clone())
            .bind(job.unique_key.clone())
    };
    ADD.run(tx, jobs, bind).await.map(drop)
}

/// Queues jobs that nothing in the ledger causes, such as the regular ones.
#[derive(Debug)]
pub struct Enqueue(pub Vec<NewJob>);

impl Change for Enqueue {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        add(tx, &self.0.iter().collect::<Vec<_>>()).await
    }
}

pub(super) const FORGET: &str = "delete from job where unique_key = $1";

/// Takes the job that would finish a seal out of the queue.
pub(super) async fn forget_seal(tx: &mut AnyConnection, recording: &RecordingId) -> Result<(), Error> {
    execute(tx, query(FORGET).bind(unique_key(SEAL, recording))).await.map(drop)
}

pub(super) const HURRY: &str = "\
    update job set run_at = $1 where unique_key = $2 and lease_owner is null and state = 'queued'";

/// Has a job that waits after a failure run at once; one that runs is left alone.
pub(super) async fn hurry(tx: &mut AnyConnection, unique_key: String, now: Timestamp) -> Result<(), Error> {
    execute(tx, query(HURRY).bind(millis(now)).bind(unique_key)).await.map(drop)
}

struct Claim {
    owner: String,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
}

// Two workers may select the same rows on PostgreSQL. The second waits for the first, sees `run_at` moved, and by the
// repeated condition leaves the row alone.
pub(super) const CLAIM: &str = "\
    update job set lease_owner = $1, run_at = $2, attempts = attempts + 1
    where run_at <= $3 and state = 'queued'
      and id in (select id from job where run_at <= $3 and state = 'queued' order by run_at limit $4)
    returning id, kind, recording, payload, attempts, error";

impl Change for Claim {
    type Out = Vec<Job>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Vec<Job>, Error> {
        let claim = query(CLAIM)
            .bind(self.owner.as_str())
            .bind(millis(self.until))
            .bind(millis(self.now))
            .bind(i64::from(self.limit));
        fetch(tx, claim).await?.iter().map(|row| job(&Row::new("job", row))).collect()
    }
}

/// Claims at most `limit` jobs that are due at `now`, until `until`, in no order. `owner` must differ between workers.
pub async fn claim(
    db: &Db,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Job>, Error> {
    // Most polls find nothing; that must not cost a write.
    if next_run_at(db).await?.is_none_or(|due| due > now) {
        return Ok(Vec::new());
    }
    db.change(Claim { owner: owner.to_owned(), now, until, limit }).await
}

fn job(row: &Row<'_>) -> Result<Job, Error> {
    Ok(Job {
        id: row.text("id")?,
        kind: row.text("kind")?,
        recording: row.opt_name("recording")?,
        payload: row.opt_text("payload")?,
        attempts: row.number("attempts")?,
        error: row.opt_text("error")?,
    })
}

/// Ends a job. Gives `false` if it is not this owner's any more: its lease ran out and another took it, or what it did
/// took it out of the queue.
#[derive(Debug, Clone)]
pub struct Done {
    /// The job.
    pub id: String,
    /// Who claimed it.
    pub owner: String,
}

pub(super) const DONE: &str = "delete from job where id = $1 and lease_owner = $2 and state = 'queued'";

impl Change for Done {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        Ok(execute(tx, query(DONE).bind(self.id.as_str()).bind(self.owner.as_str())).await? == 1)
    }
}

/// Gives a job back, to be tried again. Gives `false` if it is not this owner's any more.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The job.
    pub id: String,
    /// Who claimed it.
    pub owner: String,
    /// Not before.
    pub run_at: Timestamp,
    /// Why it failed.
    pub error: String,
}

pub(super) const RETRY: &str = "\
    update job set run_at = $1, error = $2, lease_owner = null
    where id = $3 and lease_owner = $4 and state = 'queued'";

impl Change for Retry {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let retry = query(RETRY)
            .bind(millis(self.run_at))
            .bind(self.error.as_str())
            .bind(self.id.as_str())
            .bind(self.owner.as_str());
        Ok(execute(tx, retry).await? == 1)
    }
}

/// Keeps a job as dead, for people to look at; its unique key is free again. Gives `false` if it is not this owner's
/// any more.
#[derive(Debug, Clone)]
pub struct GiveUp {
    /// The job.
    pub id: String,
    /// Who claimed it.
    pub owner: String,
    /// Why it failed.
    pub error: String,
}

pub(super) const GIVE_UP: &str = "\
    update job set state = 'dead', error = $1, lease_owner = null, unique_key = null
    where id = $2 and lease_owner = $3 and state = 'queued'";

impl Change for GiveUp {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let give_up =
            query(GIVE_UP).bind(self.error.as_str()).bind(self.id.as_str()).bind(self.owner.as_str());
        Ok(execute(tx, give_up).await? == 1)
    }
}

/// Prolongs the lease on a job. Gives `false` if it is not this owner's any more.
#[derive(Debug, Clone)]
pub struct Renew {
    /// The job.
    pub id: String,
    /// Who claimed it.
    pub owner: String,
    /// The new end of the lease.
    pub until: Timestamp,
}

pub(super) const RENEW: &str =
    "update job set run_at = $1 where id = $2 and lease_owner = $3 and state = 'queued'";

impl Change for Renew {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let renew = query(RENEW).bind(millis(self.until)).bind(self.id.as_str()).bind(self.owner.as_str());
        Ok(execute(tx, renew).await? == 1)
    }
}

pub(super) const NEXT_RUN_AT: &str = "select min(run_at) as run_at from job where state = 'queued'";

/// When the next job is due, or the lease of a running one ends; `None` if there is no job.
pub async fn next_run_at(db: &Db) -> Result<Option<Timestamp>, Error> {
    let row = db.one(query(NEXT_RUN_AT)).await?;
    row.map_or(Ok(None), |row| Row::new("job", &row).opt_time("run_at"))
}

/// How many jobs there are of a kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    /// What they do.
    pub kind: String,
    /// `queued` (running ones included) or `dead`.
    pub state: String,
    /// How many.
    pub jobs: u64,
}

pub(super) const COUNTS: &str =
    "select kind, state, count(*) as jobs from job group by kind, state order by kind, state";

/// How many jobs there are, by kind and state.
pub async fn counts(db: &Db) -> Result<Vec<JobCount>, Error> {
    let count = |row| {
        let row = Row::new("job", row);
        Ok(JobCount { kind: row.text("kind")?, state: row.text("state")?, jobs: row.number("jobs")? })
    };
    db.all(query(COUNTS)).await?.iter().map(count).collect()
}
