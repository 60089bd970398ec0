//! Events for the platform, written with what they report and delivered later.

use handin_core::{ExamId, RecordingId};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{Query, bulk, query};
use super::{Db, Error};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// A ULID; the receiver tells repeated deliveries by it.
    pub id: String,
    /// What happened, such as `recording.sealed`.
    pub kind: String,
    /// The exam.
    pub exam: ExamId,
    /// The recording, if it is about one.
    pub recording: Option<RecordingId>,
    /// The body, a JSON object.
    pub payload: String,
    /// When it happened.
    pub at: Timestamp,
}

bulk!(ADD, "insert into outbox (id, kind, exam, recording, payload, at) values ", 6, "");

pub(super) async fn add(tx: &mut AnyConnection, events: &[&NewEvent]) -> Result<(), Error> {
    let bind = |query: Query, event: &&NewEvent| {
        query
            .bind(event.id.as_str())
            .bind(event.kind.as_str())
            .bind(event.exam.as_str())
            .bind(event.recording.as_ref().map(RecordingId::to_string))
            .bind(event.payload.as_str())
            .bind(millis(event.at))
    };
    ADD.run(tx, events, bind).await.map(drop)
}

pub(super) const LIST: &str =
    "select id, kind, exam, recording, payload, at from outbox where id > $1 order by id limit $2";

/// At most `limit` events, oldest first, those behind `after` if it is given.
pub async fn list(db: &Db, after: Option<&str>, limit: u32) -> Result<Vec<NewEvent>, Error> {
    let event = |row| {
        let row = Row::new("outbox", row);
        Ok(NewEvent {
            id: row.text("id")?,
            kind: row.text("kind")?,
            exam: row.name("exam")?,
            recording: row.opt_name("recording")?,
            payload: row.text("payload")?,
            at: row.time("at")?,
        })
    };
    let list = query(LIST).bind(after.unwrap_or_default()).bind(i64::from(limit));
    db.all(list).await?.iter().map(event).collect()
}
