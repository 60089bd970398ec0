//! Certificates of deletion: written with the decision, signed when the objects are proved to be gone, kept for good.

use handin_core::ExamId;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// A deletion that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// A ULID.
    pub id: String,
    /// The exam whose recordings go.
    pub exam: ExamId,
    /// Which version of which policy ordered it.
    pub policy: String,
    /// When.
    pub ordered_at: Timestamp,
    /// By whose word its recordings were marked: `retention`, or the API key that confirmed it.
    pub ordered_by: String,
}

/// A deletion, and the statement about it once there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What was ordered.
    pub order: NewCertificate,
    /// When it was signed.
    pub issued_at: Option<Timestamp>,
    /// Compact JWS; `None` while objects are being deleted.
    pub jws: Option<String>,
}

pub(super) const ADD: &str =
    "insert into certificate (id, exam, policy, ordered_at, ordered_by) values ($1, $2, $3, $4, $5)";

pub(super) async fn add(tx: &mut AnyConnection, new: &NewCertificate) -> Result<(), Error> {
    let add = query(ADD)
        .bind(new.id.as_str())
        .bind(new.exam.as_str())
        .bind(new.policy.as_str())
        .bind(millis(new.ordered_at))
        .bind(new.ordered_by.as_str());
    execute(tx, add).await.map(drop)
}

/// Keeps the signed statement. Gives `false`, and changes nothing, if there is one already.
#[derive(Debug, Clone)]
pub struct Certify {
    /// The certificate.
    pub id: String,
    /// The statement, compact JWS.
    pub jws: String,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const CERTIFY: &str =
    "update certificate set jws = $1, issued_at = $2 where id = $3 and jws is null";

impl Change for Certify {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let certify =
            query(CERTIFY).bind(self.jws.as_str()).bind(millis(self.issued_at)).bind(self.id.as_str());
        let certified = execute(tx, certify).await? == 1;
        if certified {
            self.caused.write(tx).await?;
        }
        Ok(certified)
    }
}

pub(super) const GET: &str = "\
    select id, exam, policy, ordered_at, ordered_by, issued_at, jws from certificate where id = $1";

/// One certificate.
pub async fn get(db: &Db, id: &str) -> Result<Option<Certificate>, Error> {
    db.one(query(GET).bind(id.to_owned())).await?.as_ref().map(read).transpose()
}

pub(super) const UNSIGNED: &str =
    "select id from certificate where jws is null and ordered_at <= $1 order by ordered_at limit $2";

/// At most `limit` deletions that were ordered by `until` and have no statement yet, the oldest first.
pub async fn unsigned(db: &Db, until: Timestamp, limit: u32) -> Result<Vec<String>, Error> {
    let unsigned = query(UNSIGNED).bind(millis(until)).bind(i64::from(limit));
    db.all(unsigned).await?.iter().map(|row| Row::new("certificate", row).text("id")).collect()
}

pub(super) const LIST: &str = "\
    select id, exam, policy, ordered_at, ordered_by, issued_at, jws from certificate
    where id > $1 and cast($2 as text) in ('', exam) order by id limit $3";

/// At most `limit` certificates, oldest first, those behind `after` and of one exam if they are given.
pub async fn list(
    db: &Db,
    exam: Option<&ExamId>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Certificate>, Error> {
    let list = query(LIST)
        .bind(after.unwrap_or_default().to_owned())
        .bind(exam.map_or_else(String::new, ExamId::to_string))
        .bind(i64::from(limit));
    db.all(list).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Certificate, Error> {
    let row = Row::new("certificate", row);
    Ok(Certificate {
        order: NewCertificate {
            id: row.text("id")?,
            exam: row.name("exam")?,
            policy: row.text("policy")?,
            ordered_at: row.time("ordered_at")?,
            ordered_by: row.text("ordered_by")?,
        },
        issued_at: row.opt_time("issued_at")?,
        jws: row.opt_text("jws")?,
    })
}
