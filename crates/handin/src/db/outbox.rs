//! Events for the platform, written with what they report and delivered later.

use handin_core::{ExamId, RecordingId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::connect::Kind;
use super::rows::{Row, millis};
use super::statement::{Query, bulk, execute, fetch, query};
use super::{Change, Db, Error};

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
    let list = query(LIST).bind(after.unwrap_or_default()).bind(i64::from(limit));
    db.all(list).await?.iter().map(event).collect()
}

pub(super) const GET: &str = "select id, kind, exam, recording, payload, at from outbox where id = $1";

/// One event.
pub async fn get(db: &Db, id: &str) -> Result<Option<NewEvent>, Error> {
    db.one(query(GET).bind(id)).await?.as_ref().map(event).transpose()
}

// What happened before there was anybody to tell stays new for good, and is looked at by nobody.
pub(super) const NEW: &str = "\
    select id, kind, exam, recording, payload, at from outbox
    where fanned = 0 and at >= (select min(created_at) from webhook) order by at, id limit $1";

/// Events whose deliveries are still to be written, oldest first.
pub async fn new(db: &Db, limit: u32) -> Result<Vec<NewEvent>, Error> {
    db.all(query(NEW).bind(i64::from(limit))).await?.iter().map(event).collect()
}

bulk!(
    TAKE,
    "update outbox set fanned = 1 where fanned = 0 and id in (values ",
    1,
    ") returning id, kind, exam, recording, payload, at"
);

/// Takes those of the events that nobody took before.
pub(super) async fn take(tx: &mut AnyConnection, ids: &[String]) -> Result<Vec<NewEvent>, Error> {
    let mut taken = Vec::with_capacity(ids.len());
    for (query, ids) in TAKE.cut(Kind::of(tx), ids) {
        let rows = fetch(tx, ids.iter().fold(query, |query, id| query.bind(id.as_str()))).await?;
        taken.extend(rows.iter().map(event).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(taken)
}

pub(super) const FORGET: &str = "\
    delete from outbox where id in (
        select id from outbox where at < $1
          and (fanned = 1 or at < (select coalesce(min(created_at), $1) from webhook))
          and not exists (select 1 from delivery where delivery.event = outbox.id)
        order by at limit $2)";

/// Forgets events from before `before` that everybody was told, at most `limit` of them; gives how many those were.
#[derive(Debug, Clone)]
pub struct Forget {
    /// Older than this.
    pub before: Timestamp,
    /// The most at once.
    pub limit: u32,
}

impl Change for Forget {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        execute(tx, query(FORGET).bind(millis(self.before)).bind(i64::from(self.limit))).await
    }
}

pub(super) fn event(row: &AnyRow) -> Result<NewEvent, Error> {
    let row = Row::new("outbox", row);
    Ok(NewEvent {
        id: row.text("id")?,
        kind: row.text("kind")?,
        exam: row.name("exam")?,
        recording: row.opt_name("recording")?,
        payload: row.text("payload")?,
        at: row.time("at")?,
    })
}
