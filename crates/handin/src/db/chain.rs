//! The chain over the audit log: rows get a place and a hash after they were committed, and signed checkpoints say how far
//! it reached. What is hashed, others know.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::audit::{NewAudit, entry};
use super::rows::{Row, millis};
use super::statement::{Query, bulk, execute, query};
use super::{Change, Db, Error};

/// A row of the audit log with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The row.
    pub entry: NewAudit,
    /// Its place, from 1.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
}

/// The place that a row is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The row.
    pub id: String,
    /// Its place.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
}

/// How far the chain reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last place.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
    /// When.
    pub at: Timestamp,
    /// The signed statement.
    pub jws: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, at, who, action, what, exam, detail, address, seq, hash from audit ", $rest)
    };
}

pub(super) const HEAD: &str = select!("where seq is not null order by seq desc limit 1");

/// The last row of the chain.
pub async fn head(db: &Db) -> Result<Option<Linked>, Error> {
    db.one(query(HEAD)).await?.as_ref().map(linked).transpose()
}

pub(super) const BEHIND: &str = select!("where seq is not null and seq > $1 order by seq limit $2");

/// Rows of the chain in their order, those behind the given place.
pub async fn behind(db: &Db, seq: u64, limit: u32) -> Result<Vec<Linked>, Error> {
    let list = query(BEHIND).bind(i64::try_from(seq).unwrap_or(i64::MAX)).bind(i64::from(limit));
    db.all(list).await?.iter().map(linked).collect()
}

pub(super) const UNLINKED: &str = "\
    select id, at, who, action, what, exam, detail, address from audit where seq is null order by id limit $1";

/// Rows that have no place yet, oldest first.
pub async fn unlinked(db: &Db, limit: u32) -> Result<Vec<NewAudit>, Error> {
    let rows = db.all(query(UNLINKED).bind(i64::from(limit))).await?;
    rows.iter().map(|row| entry(&Row::new("audit", row))).collect()
}

pub(super) const COUNTS: &str = "\
    select cast(count(seq) as bigint) as linked, cast(count(*) - count(seq) as bigint) as unlinked from audit";

/// How many rows are linked, and how many are not yet.
pub async fn counts(db: &Db) -> Result<(u64, u64), Error> {
    let Some(row) = db.one(query(COUNTS)).await? else { return Ok((0, 0)) };
    let row = Row::new("audit", &row);
    Ok((row.number("linked")?, row.number("unlinked")?))
}

/// Gives rows their places. No two rows have the same place, so of two who link at once, one fails and nothing of it is
/// written.
#[derive(Debug, Clone)]
pub struct LinkRows {
    /// In the order of their places, without a gap.
    pub links: Vec<Link>,
    /// How far the chain reaches then.
    pub checkpoint: Option<Checkpoint>,
}

bulk!(
    LINK,
    "with link (id, seq, hash) as (values ",
    3,
    ") update audit set seq = link.seq, hash = link.hash from link where audit.id = link.id and audit.seq is null"
);

pub(super) const ADD_CHECKPOINT: &str =
    "insert into checkpoint (seq, hash, at, jws) values ($1, $2, $3, $4) on conflict (seq) do nothing";

impl Change for LinkRows {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let place = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let bind = |query: Query, link: &Link| {
            query.bind(link.id.as_str()).bind(place(link.seq)).bind(link.hash.as_str())
        };
        if LINK.run(tx, &self.links, bind).await? != self.links.len() as u64 {
            return Err(Error::Corrupt { what: "audit.seq: rows were linked by somebody else".to_owned() });
        }
        if let Some(checkpoint) = &self.checkpoint {
            let add = query(ADD_CHECKPOINT)
                .bind(place(checkpoint.seq))
                .bind(checkpoint.hash.as_str())
                .bind(millis(checkpoint.at))
                .bind(checkpoint.jws.as_str());
            execute(tx, add).await?;
        }
        Ok(true)
    }
}

pub(super) const CHECKPOINTS: &str =
    "select seq, hash, at, jws from checkpoint where seq > $1 order by seq limit $2";

/// Checkpoints in their order, those behind the given place.
pub async fn checkpoints(db: &Db, seq: u64, limit: u32) -> Result<Vec<Checkpoint>, Error> {
    let list = query(CHECKPOINTS).bind(i64::try_from(seq).unwrap_or(i64::MAX)).bind(i64::from(limit));
    db.all(list).await?.iter().map(checkpoint).collect()
}

fn checkpoint(row: &AnyRow) -> Result<Checkpoint, Error> {
    let row = Row::new("checkpoint", row);
    Ok(Checkpoint {
        seq: row.number("seq")?,
        hash: row.text("hash")?,
        at: row.time("at")?,
        jws: row.text("jws")?,
    })
}

fn linked(row: &AnyRow) -> Result<Linked, Error> {
    let row = Row::new("audit", row);
    Ok(Linked {
        entry: entry(&row)?,
        seq: row.number("seq")?,
        hash: row.opt_text("hash")?.unwrap_or_default(),
    })
}
