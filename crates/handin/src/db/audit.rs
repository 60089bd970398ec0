//! Who did what: rows are added, never changed but for their place in the chain (`chain.rs`).

use handin_core::ExamId;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{Query, bulk, query};
use super::{Db, Error};

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// A ULID.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The API key's id, `candidate`, or the name of a job.
    pub who: String,
    /// The verb, such as `discard`.
    pub action: String,
    /// What it was done to, such as a recording's id.
    pub what: String,
    /// The exam it belongs to, if any.
    pub exam: Option<ExamId>,
    /// More, as a JSON object.
    pub detail: String,
    /// The address it was asked from, where the edge knows it.
    pub address: Option<String>,
}

bulk!(ADD, "insert into audit (id, at, who, action, what, exam, detail, address) values ", 8, "");

pub(super) async fn add(tx: &mut AnyConnection, entries: &[&NewAudit]) -> Result<(), Error> {
    let bind = |query: Query, entry: &&NewAudit| {
        query
            .bind(entry.id.as_str())
            .bind(millis(entry.at))
            .bind(entry.who.as_str())
            .bind(entry.action.as_str())
            .bind(entry.what.as_str())
            .bind(entry.exam.as_ref().map(ExamId::to_string))
            .bind(entry.detail.as_str())
            .bind(entry.address.clone())
    };
    ADD.run(tx, entries, bind).await.map(drop)
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, at, who, action, what, exam, detail, address from audit where id > $1 ", $rest)
    };
}

pub(super) const LIST: &str = select!("order by id limit $2");

/// At most `limit` entries, oldest first, those behind `after` if it is given.
pub async fn list(db: &Db, after: Option<&str>, limit: u32) -> Result<Vec<NewAudit>, Error> {
    all(db, query(LIST).bind(after.unwrap_or_default().to_owned()).bind(i64::from(limit))).await
}

pub(super) const OF_EXAM: &str = select!("and exam = $2 order by id limit $3");

/// The same, of one exam.
pub async fn of_exam(
    db: &Db,
    exam: &ExamId,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<NewAudit>, Error> {
    let list = query(OF_EXAM).bind(after.unwrap_or_default().to_owned()).bind(exam.to_string());
    all(db, list.bind(i64::from(limit))).await
}

pub(super) const OF_WHAT: &str = select!("and what = $2 order by id limit $3");

/// The same, of one thing that something was done to.
pub async fn of_what(db: &Db, what: &str, after: Option<&str>, limit: u32) -> Result<Vec<NewAudit>, Error> {
    let list = query(OF_WHAT).bind(after.unwrap_or_default().to_owned()).bind(what.to_owned());
    all(db, list.bind(i64::from(limit))).await
}

async fn all(db: &Db, list: Query) -> Result<Vec<NewAudit>, Error> {
    db.all(list).await?.iter().map(|row| entry(&Row::new("audit", row))).collect()
}

pub(super) fn entry(row: &Row<'_>) -> Result<NewAudit, Error> {
    Ok(NewAudit {
        id: row.text("id")?,
        at: row.time("at")?,
        who: row.text("who")?,
        action: row.text("action")?,
        what: row.text("what")?,
        exam: row.opt_name("exam")?,
        detail: row.text("detail")?,
        address: row.opt_text("address")?,
    })
}
