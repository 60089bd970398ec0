//! What is told once about a sitting: that it is complete, or at risk.

use handin_core::{CandidateId, ExamId, RecordingId, SubjectId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::outbox::{self, NewEvent};
use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Change, Db, Error};

/// Tells of a sitting once: writes the event unless this kind was told of it before, and says whether it did.
#[derive(Debug, Clone)]
pub struct Tell {
    /// Whose sitting.
    pub candidate: CandidateId,
    /// In which subject.
    pub subject: SubjectId,
    /// What is told.
    pub event: NewEvent,
}

pub(super) const TELL: &str = "\
    insert into told (exam, candidate, subject, kind, at) values ($1, $2, $3, $4, $5) on conflict do nothing";

impl Change for Tell {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let tell = query(TELL)
            .bind(self.event.exam.to_string())
            .bind(self.candidate.to_string())
            .bind(self.subject.to_string())
            .bind(self.event.kind.clone())
            .bind(millis(self.event.at));
        if execute(tx, tell).await? == 0 {
            return Ok(false);
        }
        outbox::add(tx, &[&self.event]).await?;
        Ok(true)
    }
}

/// An open recording that nobody has heard of for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// The recording.
    pub id: RecordingId,
    /// Its exam.
    pub exam: ExamId,
    /// Its candidate.
    pub candidate: CandidateId,
    /// Its subject.
    pub subject: SubjectId,
    /// Its track.
    pub track: String,
    /// When its browser was last heard of.
    pub seen_at: Timestamp,
    /// Bytes that stood only in the browser then.
    pub pending_bytes: u64,
}

pub(super) const SILENT: &str = "\
    select id, exam, candidate, subject, track, coalesce(seen_at, opened_at) as seen_at, pending_bytes
    from recording
    where state = 'open' and state in ('open', 'sealing') and upload = 'stream'
      and coalesce(seen_at, opened_at) < $1 and coalesce(seen_at, opened_at) >= $2
      and not exists (select 1 from told where told.exam = recording.exam
          and told.candidate = recording.candidate and told.subject = recording.subject and told.kind = $3)
    order by salvage_at, id limit $4";

/// Streams last heard of between two moments, of sittings that `kind` was not told of, those first that are salvaged first.
pub async fn silent(
    db: &Db,
    between: (Timestamp, Timestamp),
    kind: &'static str,
    limit: u32,
) -> Result<Vec<Silent>, Error> {
    let list =
        query(SILENT).bind(millis(between.1)).bind(millis(between.0)).bind(kind).bind(i64::from(limit));
    let silent = |row: &AnyRow| {
        let row = Row::new("recording", row);
        Ok(Silent {
            id: row.name("id")?,
            exam: row.name("exam")?,
            candidate: row.name("candidate")?,
            subject: row.name("subject")?,
            track: row.text("track")?,
            seen_at: row.time("seen_at")?,
            pending_bytes: row.number("pending_bytes")?,
        })
    };
    db.all(list).await?.iter().map(silent).collect()
}
