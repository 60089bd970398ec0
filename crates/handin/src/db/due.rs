//! Recordings whose time has come to be looked at, and what becomes of them: they are looked at later, marked, or deleted
//! by a certificate that is yet to be signed.
//!
//! Every update names what `due_at` was when its row was read, so that whoever changed policy, anchors or holds in
//! between is not written over, and asks for holds itself. When a recording *is* due, this module does not know.

use std::collections::BTreeMap;

use handin_core::retention::{Anchor, Facts};
use handin_core::{CandidateId, ExamId, RecordingId, StorageClass};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::certificates::{self, NewCertificate};
use super::holds::held;
use super::jobs::{self, NewJob};
use super::outbox::{self, NewEvent};
use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// A finished recording that retention is to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    /// Its id.
    pub id: RecordingId,
    /// The exam.
    pub exam: ExamId,
    /// The candidate.
    pub candidate: CandidateId,
    /// The object's key.
    pub key: String,
    /// Bytes of the object.
    pub size: u64,
    /// Parts of the object.
    pub parts: u32,
    /// In which class it is kept.
    pub storage_class: StorageClass,
    /// Since when, if it was not written in it.
    pub tiered_at: Option<Timestamp>,
    /// From which follows when it is due.
    pub facts: Facts,
    /// `due_at` as it stood; what is written back names it.
    pub seen: i64,
    /// Since when it is marked.
    pub marked_at: Option<Timestamp>,
    /// By whose word it is marked.
    pub marked_by: Option<String>,
    /// Whether a hold covered it.
    pub held: bool,
    /// Whether it was asked to go to an archive.
    pub drained: bool,
}

/// An anchor, as it stands for the candidate, else for the whole exam.
macro_rules! anchor {
    ($kind:literal) => {
        concat!(
            "coalesce((select at from anchor where exam = recording.exam and candidate = recording.candidate and kind = '",
            $kind,
            "'), (select at from anchor where exam = recording.exam and candidate = '' and kind = '",
            $kind,
            "')) as ",
            $kind
        )
    };
}

/// What is read of a recording that is looked at.
macro_rules! looked_at {
    () => {
        concat!(
            "select id, exam, candidate, track, state, object_key, sealed_size, sealed_parts, storage_class, tiered_at, \
             ends_at, sealed_at, due_at, marked_at, marked_by, cast(case when ",
            held!(),
            " then 1 else 0 end as bigint) as held, cast(case when exists (select 1 from drain \
             where drain.recording = recording.id) then 1 else 0 end as bigint) as drained, ",
            anchor!("result_published"),
            ", ",
            anchor!("hiring_decided"),
            ", ",
            anchor!("review_closed"),
            ", ",
            anchor!("flagged"),
            " from recording "
        )
    };
}

pub(super) const ONE: &str = concat!(looked_at!(), "where id = $1 and state in ('sealed', 'partial')");

/// One recording, if it is finished, whenever it is to be looked at.
pub async fn one(db: &Db, id: &RecordingId) -> Result<Option<DueRow>, Error> {
    db.one(query(ONE).bind(id.as_str())).await?.as_ref().map(read).transpose()
}

pub(super) const WALK: &str = concat!(
    looked_at!(),
    "where state in ('sealed', 'partial') and (due_at, id) > ($1, $2) and due_at <= $3 \
     order by due_at, id limit $4"
);

/// At most `limit` recordings that are to be looked at by `until`, the most urgent first; those behind `after` if it is
/// given.
pub async fn walk(
    db: &Db,
    until: Timestamp,
    after: Option<&DueRow>,
    limit: u32,
) -> Result<Vec<DueRow>, Error> {
    let (seen, id) = after.map_or((i64::MIN, String::new()), |row| (row.seen, row.id.to_string()));
    let walk = query(WALK).bind(seen).bind(id).bind(millis(until)).bind(i64::from(limit));
    db.all(walk).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<DueRow, Error> {
    let row = Row::new("recording", row);
    let mut posted = BTreeMap::new();
    for anchor in Anchor::ALL.iter().filter(|anchor| anchor.is_posted()) {
        posted.extend(row.opt_time(anchor.as_str())?.map(|at| (*anchor, at)));
    }
    Ok(DueRow {
        id: row.name("id")?,
        exam: row.name("exam")?,
        candidate: row.name("candidate")?,
        key: row.text("object_key")?,
        size: row.number("sealed_size")?,
        parts: row.opt_number("sealed_parts")?.unwrap_or(1),
        storage_class: row.name("storage_class")?,
        tiered_at: row.opt_time("tiered_at")?,
        facts: Facts {
            track: row.name("track")?,
            state: row.name("state")?,
            bell: row.opt_time("ends_at")?,
            sealed: row.time("sealed_at")?,
            posted,
        },
        seen: row.number("due_at")?,
        marked_at: row.opt_time("marked_at")?,
        marked_by: row.opt_text("marked_by")?,
        held: row.number::<u8>("held")? == 1,
        drained: row.number::<u8>("drained")? == 1,
    })
}

pub(super) const COUNT: &str =
    "select cast(count(*) as bigint) as recordings from recording where state in ('sealed', 'partial')";

/// How many finished recordings there are.
pub async fn count(db: &Db) -> Result<u64, Error> {
    db.one(query(COUNT)).await?.map_or(Ok(0), |row| Row::new("recording", &row).number("recordings"))
}

pub(super) const COUNT_MARKED: &str = "\
    select cast(count(*) as bigint) as recordings from recording
    where marked_by = $1 and marked_by is not null and state in ('sealed', 'partial')";

/// How many recordings are marked by somebody's word and are not gone yet.
pub async fn count_marked(db: &Db, by: &str) -> Result<u64, Error> {
    let count = query(COUNT_MARKED).bind(by.to_owned());
    db.one(count).await?.map_or(Ok(0), |row| Row::new("recording", &row).number("recordings"))
}

/// What becomes of a recording that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Which.
    pub id: RecordingId,
    /// [`DueRow::seen`].
    pub seen: i64,
    /// When to look again.
    pub due_at: Timestamp,
    /// What becomes of its mark.
    pub mark: Mark,
}

/// What becomes of a recording's mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// It is marked from now on, unless a hold covers it or it is marked already.
    Set {
        /// Since when.
        at: Timestamp,
        /// By whose word.
        by: String,
    },
    /// It stays as it is.
    Keep,
    /// It is taken back.
    TakeBack,
}

/// Carries out moves; those whose recordings were changed since are left out. Gives how many were marked.
#[derive(Debug, Clone)]
pub struct Moves(pub Vec<Move>);

pub(super) const LATER: &str = "\
    update recording set due_at = $1 where id = $2 and due_at = $3 and state in ('sealed', 'partial')";

pub(super) const UNMARK: &str = "\
    update recording set due_at = $1, marked_at = null, marked_by = null
    where id = $2 and due_at = $3 and state in ('sealed', 'partial')";

pub(super) const MARK: &str = concat!(
    "update recording set due_at = $1, marked_at = $4, marked_by = $5 \
     where id = $2 and due_at = $3 and state in ('sealed', 'partial') and marked_at is null and not ",
    held!()
);

impl Change for Moves {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let mut marked = 0;
        for one in &self.0 {
            let moving = |text| query(text).bind(millis(one.due_at)).bind(one.id.as_str()).bind(one.seen);
            match &one.mark {
                Mark::Set { at, by } => {
                    marked += execute(tx, moving(MARK).bind(millis(*at)).bind(by.as_str())).await?;
                }
                Mark::Keep => {
                    execute(tx, moving(LATER)).await?;
                }
                Mark::TakeBack => {
                    execute(tx, moving(UNMARK)).await?;
                }
            }
        }
        Ok(marked)
    }
}

/// A recording to be deleted, with the event that tells of it.
#[derive(Debug, Clone)]
pub struct Doomed {
    /// Which.
    pub id: RecordingId,
    /// [`DueRow::seen`].
    pub seen: i64,
    /// Written if it goes.
    pub event: NewEvent,
}

/// `sealed` or `partial` → `deleted` for all of `doomed` that are still marked and that no hold covers, together with the
/// certificate that will tell of them and the job that deletes their objects. Gives how many that are; none writes nothing.
#[derive(Debug, Clone)]
pub struct DeleteMarked {
    /// What goes.
    pub doomed: Vec<Doomed>,
    /// What will tell of it.
    pub certificate: NewCertificate,
    /// Deletes the objects and has the certificate signed.
    pub job: NewJob,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const DELETE: &str = concat!(
    "update recording set state = 'deleted', ended_at = $1, certificate = $2 \
     where id = $3 and due_at = $4 and state in ('sealed', 'partial') and marked_at is not null and not ",
    held!()
);

impl Change for DeleteMarked {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let mut events = Vec::new();
        for doomed in &self.doomed {
            let delete = query(DELETE)
                .bind(millis(self.certificate.ordered_at))
                .bind(self.certificate.id.as_str())
                .bind(doomed.id.as_str())
                .bind(doomed.seen);
            if execute(tx, delete).await? == 1 {
                events.push(&doomed.event);
            }
        }
        if !events.is_empty() {
            certificates::add(tx, &self.certificate).await?;
            outbox::add(tx, &events).await?;
            jobs::add(tx, &[&self.job]).await?;
            self.caused.write(tx).await?;
        }
        Ok(events.len() as u64)
    }
}

/// A recording that a certificate is to tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRow {
    /// Which.
    pub id: RecordingId,
    /// The key that its object had.
    pub key: String,
    /// Where it stood; see [`super::recordings::Recording::place`].
    pub place: String,
    /// The upload that made it.
    pub upload_id: Option<String>,
    /// The metadata by which it is known as ours.
    pub write_token: String,
    /// Bytes of the object.
    pub size: u64,
}

pub(super) const OF_CERTIFICATE: &str = "select id, object_key, place, upload_id, write_token, sealed_size from recording where certificate = $1 order by id";

/// The recordings that went with a certificate.
pub async fn of_certificate(db: &Db, certificate: &str) -> Result<Vec<DeletedRow>, Error> {
    let row = |row| {
        let row = Row::new("recording", row);
        Ok(DeletedRow {
            id: row.name("id")?,
            key: row.text("object_key")?,
            place: row.text("place")?,
            upload_id: row.opt_text("upload_id")?,
            write_token: row.text("write_token")?,
            size: row.number("sealed_size")?,
        })
    };
    db.all(query(OF_CERTIFICATE).bind(certificate.to_owned())).await?.iter().map(row).collect()
}
