//! Who did what: rows are added, never changed.

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
}

bulk!(ADD, "insert into audit (id, at, who, action, what, exam, detail) values ", 7, "");

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
    };
    ADD.run(tx, entries, bind).await.map(drop)
}

pub(super) const LIST: &str =
    "select id, at, who, action, what, exam, detail from audit where id > $1 order by id limit $2";

/// At most `limit` entries, oldest first, those behind `after` if it is given.
pub async fn list(db: &Db, after: Option<&str>, limit: u32) -> Result<Vec<NewAudit>, Error> {
    let entry = |row| {
        let row = Row::new("audit", row);
        Ok(NewAudit {
            id: row.text("id")?,
            at: row.time("at")?,
            who: row.text("who")?,
            action: row.text("action")?,
            what: row.text("what")?,
            exam: row.opt_name("exam")?,
            detail: row.text("detail")?,
        })
    };
    let list = query(LIST).bind(after.unwrap_or_default()).bind(i64::from(limit));
    db.all(list).await?.iter().map(entry).collect()
}
