//! Holds: what may not be deleted, by whose word. A hold is released, never removed.

use handin_core::{CandidateId, ExamId, RecordingId, SubjectId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::retention::Stamp;
use super::rows::{Row, millis, opt_millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// What a hold covers: an exam, narrowed by whatever else is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The exam.
    pub exam: ExamId,
    /// Of this candidate only.
    pub candidate: Option<CandidateId>,
    /// Of this subject only.
    pub subject: Option<SubjectId>,
    /// This recording only.
    pub recording: Option<RecordingId>,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// A ULID.
    pub id: String,
    /// What it covers.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// By which API key.
    pub placed_by: String,
    /// When its owner is to be reminded; it holds on.
    pub expires_at: Option<Timestamp>,
    /// When they were.
    pub reminded_at: Option<Timestamp>,
    /// When it was released.
    pub released_at: Option<Timestamp>,
    /// By which API key.
    pub released_by: Option<String>,
}

/// Whether a hold covers the row of `recording` that a statement is at. It stands in the condition of every update that
/// marks, deletes, or discards what is still open.
macro_rules! held {
    () => {
        "exists (select 1 from hold where hold.exam = recording.exam and hold.released_at is null \
         and hold.candidate in ('', recording.candidate) and hold.subject in ('', recording.subject) \
         and hold.recording in ('', recording.id))"
    };
}
pub(super) use held;

/// Places a hold and takes back the marks of what it covers. Gives how many finished recordings that are.
#[derive(Debug, Clone)]
pub struct PlaceHold {
    /// The hold.
    pub hold: Hold,
    /// Stands in the recordings' rows afterwards, the unfinished ones too; whoever is about to mark or delete one sees it.
    pub stamp: Stamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const PLACE: &str = "\
    insert into hold (id, exam, candidate, subject, recording, reason, owner, placed_at, placed_by, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Touches the rows in these states that a hold covers, so that it meets whoever is changing one.
macro_rules! touch {
    ($states:literal) => {
        concat!(
            "update recording set due_at = $1, marked_at = null, marked_by = null \
             where exam = $2 and cast($3 as text) in ('', candidate) and cast($4 as text) in ('', subject) \
             and cast($5 as text) in ('', id) and state in (",
            $states,
            ")"
        )
    };
}

pub(super) const TOUCH_UNFINISHED: &str = touch!("'open', 'sealing'");

pub(super) const TAKE_BACK: &str = touch!("'sealed', 'partial'");

impl Change for PlaceHold {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let Hold { id, scope, reason, owner, placed_at, placed_by, expires_at, .. } = &self.hold;
        let [candidate, subject, recording] = scope.texts();
        let place = query(PLACE)
            .bind(id.as_str())
            .bind(scope.exam.as_str())
            .bind(candidate.clone())
            .bind(subject.clone())
            .bind(recording.clone())
            .bind(reason.as_str())
            .bind(owner.as_str())
            .bind(millis(*placed_at))
            .bind(placed_by.as_str())
            .bind(opt_millis(*expires_at));
        execute(tx, place).await?;
        let touch = |text| {
            query(text)
                .bind(self.stamp)
                .bind(scope.exam.as_str())
                .bind(candidate.clone())
                .bind(subject.clone())
                .bind(recording.clone())
        };
        // In this order: what is sealed between the two is met by the second.
        execute(tx, touch(TOUCH_UNFINISHED)).await?;
        let covered = execute(tx, touch(TAKE_BACK)).await?;
        self.caused.write(tx).await?;
        Ok(covered)
    }
}

impl Scope {
    /// Candidate, subject and recording as rows have them.
    fn texts(&self) -> [String; 3] {
        [
            self.candidate.as_ref().map_or_else(String::new, CandidateId::to_string),
            self.subject.as_ref().map_or_else(String::new, SubjectId::to_string),
            self.recording.as_ref().map_or_else(String::new, RecordingId::to_string),
        ]
    }
}

/// Releases a hold. Gives `false` if there is none of this id that still holds.
#[derive(Debug, Clone)]
pub struct ReleaseHold {
    /// Which.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const RELEASE: &str =
    "update hold set released_at = $1, released_by = $2 where id = $3 and released_at is null";

impl Change for ReleaseHold {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let release = query(RELEASE).bind(millis(self.at)).bind(self.by.as_str()).bind(self.id.as_str());
        let released = execute(tx, release).await? == 1;
        if released {
            self.caused.write(tx).await?;
        }
        Ok(released)
    }
}

macro_rules! columns {
    () => {
        "select id, exam, candidate, subject, recording, reason, owner, placed_at, placed_by, expires_at, \
         reminded_at, released_at, released_by from hold "
    };
}

pub(super) const GET: &str = concat!(columns!(), "where id = $1");

/// One hold.
pub async fn get(db: &Db, id: &str) -> Result<Option<Hold>, Error> {
    db.one(query(GET).bind(id.to_owned())).await?.as_ref().map(read).transpose()
}

pub(super) const LIST: &str = concat!(
    columns!(),
    "where id > $1 and cast($2 as text) in ('', exam) and (cast($3 as bigint) = 1 or released_at is null)
     order by id limit $4"
);

/// At most `limit` holds, oldest first, those behind `after` if it is given; of one exam if it is given; those that were
/// released only with `released`.
pub async fn list(
    db: &Db,
    exam: Option<&ExamId>,
    released: bool,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Hold>, Error> {
    let list = query(LIST)
        .bind(after.unwrap_or_default().to_owned())
        .bind(exam.map_or_else(String::new, ExamId::to_string))
        .bind(i64::from(released))
        .bind(i64::from(limit));
    db.all(list).await?.iter().map(read).collect()
}

pub(super) const EXPIRED: &str = concat!(
    columns!(),
    "where released_at is null and reminded_at is null and expires_at <= $1 order by expires_at limit $2"
);

/// At most `limit` holds that expired before `now` and whose owners nobody has reminded.
pub async fn expired(db: &Db, now: Timestamp, limit: u32) -> Result<Vec<Hold>, Error> {
    let expired = query(EXPIRED).bind(millis(now)).bind(i64::from(limit));
    db.all(expired).await?.iter().map(read).collect()
}

/// Notes that the owner of an expired hold is reminded. Gives `false` if that was done already.
#[derive(Debug, Clone)]
pub struct Remind {
    /// Which.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const REMIND: &str =
    "update hold set reminded_at = $1 where id = $2 and reminded_at is null and released_at is null";

impl Change for Remind {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let remind = query(REMIND).bind(millis(self.at)).bind(self.id.as_str());
        let reminded = execute(tx, remind).await? == 1;
        if reminded {
            self.caused.write(tx).await?;
        }
        Ok(reminded)
    }
}

pub(super) const COVERS: &str = concat!("select id from recording where id = $1 and ", held!());

/// Whether a hold covers a recording.
pub async fn covers(db: &Db, recording: &RecordingId) -> Result<bool, Error> {
    Ok(db.one(query(COVERS).bind(recording.as_str())).await?.is_some())
}

pub(super) const COVER: &str = "\
    select id from hold where exam = $1 and released_at is null
      and candidate in ('', $2) and subject in ('', $3) and recording in ('', $4) limit 1";

/// Whether a hold covers what is named exactly, whether or not the ledger knows it.
pub async fn cover(db: &Db, scope: &Scope) -> Result<bool, Error> {
    let [candidate, subject, recording] = scope.texts();
    let cover = query(COVER).bind(scope.exam.as_str()).bind(candidate).bind(subject).bind(recording);
    Ok(db.one(cover).await?.is_some())
}

fn read(row: &AnyRow) -> Result<Hold, Error> {
    let row = Row::new("hold", row);
    let named = |column: &str| Ok::<_, Error>(!row.text(column)?.is_empty());
    Ok(Hold {
        id: row.text("id")?,
        scope: Scope {
            exam: row.name("exam")?,
            candidate: if named("candidate")? { Some(row.name("candidate")?) } else { None },
            subject: if named("subject")? { Some(row.name("subject")?) } else { None },
            recording: if named("recording")? { Some(row.name("recording")?) } else { None },
        },
        reason: row.text("reason")?,
        owner: row.text("owner")?,
        placed_at: row.time("placed_at")?,
        placed_by: row.text("placed_by")?,
        expires_at: row.opt_time("expires_at")?,
        reminded_at: row.opt_time("reminded_at")?,
        released_at: row.opt_time("released_at")?,
        released_by: row.opt_text("released_by")?,
    })
}
