//! What the ledger says of objects: for a listing of the bucket by recording, and of finished recordings one after the
//! other. Whether an object is where it should be, this module does not know.

use std::collections::HashMap;

use handin_core::{ExamId, Reason, RecordingId, State};
use jiff::Timestamp;

use super::rows::Row;
use super::statement::{bulk, query};
use super::{Db, Error};

/// What is said of one recording's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The recording.
    pub id: RecordingId,
    /// Its exam.
    pub exam: ExamId,
    /// Where it is in its life.
    pub state: State,
    /// The key of the object that counts, or counted last.
    pub key: String,
    /// The store that it stands in, as in [`recordings::Recording::place`](super::recordings::Recording::place).
    pub place: String,
    /// Bytes of that object, once it was sealed.
    pub size: Option<u64>,
    /// Why it is partial or abandoned.
    pub reason: Option<Reason>,
    /// The deletion by policy that it went with.
    pub certificate: Option<String>,
}

macro_rules! columns {
    () => {
        "recording.id, exam, state, object_key, place, sealed_size, reason, certificate"
    };
}

bulk!(
    ITEMS,
    "with sought (id) as (values ",
    1,
    concat!(") select ", columns!(), " from sought join recording on recording.id = sought.id")
);

/// What is said of these recordings, without those that are none of ours.
pub async fn items(db: &Db, ids: &[RecordingId]) -> Result<HashMap<RecordingId, Item>, Error> {
    let mut found = HashMap::with_capacity(ids.len());
    for (query, ids) in ITEMS.cut(db.inner.connector.kind, ids) {
        let rows = db.all(ids.iter().fold(query, |query, id| query.bind(id.as_str()))).await?;
        for row in &rows {
            let item = item(&Row::new("recording", row))?;
            found.insert(item.id.clone(), item);
        }
    }
    Ok(found)
}

pub(super) const FINISHED: &str = concat!(
    "select ",
    columns!(),
    " from recording where id > $1 and state in ('sealed', 'partial') order by id limit $2"
);

/// At most `limit` finished recordings by id, those behind `after` if it is given.
pub async fn finished(db: &Db, after: Option<&RecordingId>, limit: u32) -> Result<Vec<Item>, Error> {
    let after = after.map_or_else(String::new, RecordingId::to_string);
    let rows = db.all(query(FINISHED).bind(after).bind(i64::from(limit))).await?;
    rows.iter().map(|row| item(&Row::new("recording", row))).collect()
}

pub(super) const NEWEST: &str = "select id from recording where id > '' order by id desc limit 1";

/// The recording that was opened last.
pub async fn newest(db: &Db) -> Result<Option<RecordingId>, Error> {
    db.one(query(NEWEST)).await?.map(|row| Row::new("recording", &row).name("id")).transpose()
}

pub(super) const RUN_AT: &str = "select run_at from job where unique_key = $1 and state = 'queued'";

/// When the job of this key runs next, if it is queued.
pub async fn run_at(db: &Db, unique_key: &str) -> Result<Option<Timestamp>, Error> {
    let row = db.one(query(RUN_AT).bind(unique_key.to_owned())).await?;
    row.map(|row| Row::new("job", &row).time("run_at")).transpose()
}

fn item(row: &Row<'_>) -> Result<Item, Error> {
    Ok(Item {
        id: row.name("id")?,
        exam: row.name("exam")?,
        state: row.name("state")?,
        key: row.text("object_key")?,
        place: row.text("place")?,
        size: row.opt_number("sealed_size")?,
        reason: row.opt_name("reason")?,
        certificate: row.opt_text("certificate")?,
    })
}
