//! Drains: which recordings were asked to go to an archive, and how far each is. Where an object lives, its recording's row
//! says; this is the list of what is still to do, and what was done.

use handin_core::{ExamId, RecordingId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::rows::{Row, count, millis, opt_count, opt_millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// Asks finished recordings to go to an archive, those that live where they were sent to, can be read there at once, and were
/// not asked before. Gives how many are new.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Of this exam.
    pub exam: ExamId,
    /// This recording only.
    pub recording: Option<RecordingId>,
    /// Where to.
    pub archive: String,
    /// At most so many bytes per second, whatever the timetable says.
    pub rate: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// By whose word.
    pub by: String,
    /// Written with it, if any is new.
    pub caused: Caused,
}

pub(super) const ASK: &str = "\
    insert into drain (recording, exam, archive, bytes, rate, asked_at, asked_by, next_at)
    select id, exam, cast($1 as text), sealed_size, cast($2 as bigint), cast($3 as bigint), cast($4 as text),
        cast($3 as bigint)
    from recording where exam = $5 and cast($6 as text) in ('', id)
        and state in ('sealed', 'partial') and place = '' and storage_class not in ('GLACIER', 'DEEP_ARCHIVE')
    on conflict (recording) do nothing";

impl Change for Ask {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let ask = query(ASK)
            .bind(self.archive.as_str())
            .bind(opt_count(self.rate))
            .bind(millis(self.at))
            .bind(self.by.as_str())
            .bind(self.exam.as_str())
            .bind(self.recording.as_ref().map_or("", RecordingId::as_str).to_owned());
        let asked = execute(tx, ask).await?;
        if asked > 0 {
            self.caused.write(tx).await?;
        }
        Ok(asked)
    }
}

/// Gives what waits of an exam another rate.
#[derive(Debug, Clone)]
pub struct SetRate {
    /// The exam.
    pub exam: ExamId,
    /// Bytes per second; `None` goes by the timetable.
    pub rate: Option<u64>,
}

pub(super) const SET_RATE: &str = "update drain set rate = $1 where exam = $2 and state = 'waiting'";

impl Change for SetRate {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        execute(tx, query(SET_RATE).bind(opt_count(self.rate)).bind(self.exam.as_str())).await
    }
}

/// A recording that waits to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub recording: RecordingId,
    /// Where to.
    pub archive: String,
    /// Bytes per second, by hand.
    pub rate: Option<u64>,
    /// How often it failed in a row.
    pub tries: u32,
}

// What has its head mended soon would only have to be copied again. Both look-ups go by a unique index.
pub(super) const NEXT: &str = "\
    select recording, archive, rate, tries from drain
    where state = 'waiting' and next_at <= $1 and (cast($2 as bigint) = 1 or rate is not null)
      and not exists (select 1 from job where job.unique_key = 'head:' || drain.recording)
    order by next_at, recording limit $3";

/// At most `limit` recordings that are to be copied now, those that wait for the longest first; with `by_hand` only those
/// that have a rate of their own.
pub async fn next(db: &Db, now: Timestamp, by_hand: bool, limit: u32) -> Result<Vec<Waiting>, Error> {
    let next = query(NEXT).bind(millis(now)).bind(i64::from(!by_hand)).bind(i64::from(limit));
    let waiting = |row| {
        let row = Row::new("drain", row);
        Ok(Waiting {
            recording: row.name("recording")?,
            archive: row.text("archive")?,
            rate: row.opt_number("rate")?,
            tries: row.number("tries")?,
        })
    };
    db.all(next).await?.iter().map(waiting).collect()
}

pub(super) const COUNT_WAITING: &str = "\
    select cast(count(*) as bigint) as waiting, cast(coalesce(sum(case when tries > 0 then 1 else 0 end), 0) as bigint) as failing
    from drain where state = 'waiting'";

/// How many recordings wait to be copied, and how many of them failed the last time.
pub async fn count_waiting(db: &Db) -> Result<(u64, u64), Error> {
    let Some(row) = db.one(query(COUNT_WAITING)).await? else { return Ok((0, 0)) };
    let row = Row::new("drain", &row);
    Ok((row.number("waiting")?, row.number("failing")?))
}

/// What became of a try to copy a recording.
#[derive(Debug, Clone)]
pub struct Note {
    /// Which.
    pub recording: RecordingId,
    /// Bytes that stand at the archive.
    pub bytes_moved: u64,
    /// When to go on; `None` keeps its turn.
    pub next_at: Option<Timestamp>,
    /// Why it failed; `None` if it did not.
    pub error: Option<String>,
}

pub(super) const NOTE: &str = "\
    update drain set bytes_moved = $1, next_at = coalesce($2, next_at), error = $3,
        tries = case when cast($3 as text) is null then 0 else tries + 1 end
    where recording = $4 and state = 'waiting'";

impl Change for Note {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let note = query(NOTE)
            .bind(count(self.bytes_moved))
            .bind(opt_millis(self.next_at))
            .bind(self.error.clone())
            .bind(self.recording.as_str());
        execute(tx, note).await.map(drop)
    }
}

pub(super) const COPIED: &str = "\
    update drain set state = 'copied', bytes_moved = bytes, tries = 0, error = null where recording = $1 and state = 'waiting'";

/// Both copies stand, and the archive's counts.
pub(super) async fn copied(tx: &mut AnyConnection, recording: &RecordingId) -> Result<(), Error> {
    execute(tx, query(COPIED).bind(recording.as_str())).await.map(drop)
}

pub(super) const AGAIN: &str = "\
    update drain set state = 'waiting', bytes_moved = 0, error = 'the copy at the archive was damaged'
    where recording = $1 and state = 'copied'";

/// The archive's copy was taken back; it is to be made once more.
pub(super) async fn again(tx: &mut AnyConnection, recording: &RecordingId) -> Result<(), Error> {
    execute(tx, query(AGAIN).bind(recording.as_str())).await.map(drop)
}

/// Ends the drain of a recording: the first copy is gone, or all of it is.
#[derive(Debug, Clone)]
pub struct End {
    /// Which.
    pub recording: RecordingId,
    /// Whether it lives at the archive alone; otherwise it lives nowhere any more.
    pub moved: bool,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const MOVED: &str = "update drain set state = 'moved' where recording = $1 and state = 'copied'";
pub(super) const ENDED: &str = "update drain set state = 'ended' where recording = $1 and state = 'waiting'";

impl Change for End {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let text = if self.moved { MOVED } else { ENDED };
        let ended = execute(tx, query(text).bind(self.recording.as_str())).await? == 1;
        if ended {
            self.caused.write(tx).await?;
        }
        Ok(ended)
    }
}

pub(super) const IS_EXAM_RUNNING: &str = "\
    select cast(count(*) as bigint) as running from (select 1 from recording
    where state in ('open', 'sealing') and salvage_at >= $1 limit 1) as running";

/// Whether anybody records, or may still come back to finish what they recorded.
pub async fn is_exam_running(db: &Db, now: Timestamp) -> Result<bool, Error> {
    let row = db.one(query(IS_EXAM_RUNNING).bind(millis(now))).await?;
    row.map_or(Ok(false), |row| Ok(Row::new("recording", &row).number::<u8>("running")? == 1))
}

/// How far the recordings of an exam are that were asked to go to an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The exam.
    pub exam: ExamId,
    /// Where to.
    pub archive: String,
    /// Recordings that wait to be copied, or are being copied.
    pub waiting: u64,
    /// Those of them that failed the last time.
    pub failing: u64,
    /// Recordings that live at the archive and still where they came from.
    pub copied: u64,
    /// Recordings that live at the archive alone.
    pub moved: u64,
    /// Bytes of all of these.
    pub bytes: u64,
    /// Bytes of them at the archive.
    pub bytes_moved: u64,
    /// One of the failures.
    pub error: Option<String>,
}

pub(super) const PROGRESS: &str = "\
    select exam, archive, cast(sum(case when state = 'waiting' then 1 else 0 end) as bigint) as waiting,
        cast(sum(case when tries > 0 and state = 'waiting' then 1 else 0 end) as bigint) as failing,
        cast(sum(case when state = 'copied' then 1 else 0 end) as bigint) as copied,
        cast(sum(case when state = 'moved' then 1 else 0 end) as bigint) as moved,
        cast(sum(bytes) as bigint) as bytes, cast(sum(bytes_moved) as bigint) as bytes_moved, max(error) as error
    from drain where cast($1 as text) in ('', exam) and state <> 'ended'
        and exists (select 1 from recording where recording.id = drain.recording and recording.state in ('sealed', 'partial'))
    group by exam, archive order by exam, archive";

/// How far everything is, or one exam.
pub async fn progress(db: &Db, exam: Option<&ExamId>) -> Result<Vec<Progress>, Error> {
    let progress = query(PROGRESS).bind(exam.map_or("", ExamId::as_str).to_owned());
    db.all(progress).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Progress, Error> {
    let row = Row::new("drain", row);
    Ok(Progress {
        exam: row.name("exam")?,
        archive: row.text("archive")?,
        waiting: row.number("waiting")?,
        failing: row.number("failing")?,
        copied: row.number("copied")?,
        moved: row.number("moved")?,
        bytes: row.number("bytes")?,
        bytes_moved: row.number("bytes_moved")?,
        error: row.opt_text("error")?,
    })
}
