//! The figures behind an exam's status, added up by the database.

use handin_core::{CandidateId, ExamId, State, SubjectId, Track};
use jiff::Timestamp;

use super::super::rows::Row;
use super::super::statement::query;
use super::super::{Db, Error};

/// The takes of one track in one sitting that are in one state, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// The subject.
    pub subject: SubjectId,
    /// The candidate.
    pub candidate: CandidateId,
    /// The track.
    pub track: Track,
    /// The state they are in.
    pub state: State,
    /// How many.
    pub takes: u32,
    /// Bytes of their objects, or of what was seen in the store so far.
    pub bytes: u64,
    /// Bytes in the browsers' spools, as they said last.
    pub pending_bytes: u64,
    /// Milliseconds recorded, as they said last.
    pub recorded_ms: u64,
    /// When one of them was last heard of.
    pub seen_at: Option<Timestamp>,
}

pub(in crate::db) const STATUS: &str = "\
    select candidate, subject, track, state, count(*) as takes,
        cast(sum(coalesce(sealed_size, confirmed_bytes, 0)) as bigint) as bytes,
        cast(sum(pending_bytes) as bigint) as pending_bytes,
        cast(sum(recorded_ms) as bigint) as recorded_ms,
        max(seen_at) as seen_at
    from recording where exam = $1
    group by candidate, subject, track, state
    order by candidate, subject, track, state";

/// The status of an exam: a row for each candidate, subject, track and state there is.
pub async fn status(db: &Db, exam: &ExamId) -> Result<Vec<StatusRow>, Error> {
    let status_row = |row| {
        let row = Row::new("recording", row);
        Ok(StatusRow {
            subject: row.name("subject")?,
            candidate: row.name("candidate")?,
            track: row.name("track")?,
            state: row.name("state")?,
            takes: row.number("takes")?,
            bytes: row.number("bytes")?,
            pending_bytes: row.number("pending_bytes")?,
            recorded_ms: row.number("recorded_ms")?,
            seen_at: row.opt_time("seen_at")?,
        })
    };
    db.all(query(STATUS).bind(exam.as_str())).await?.iter().map(status_row).collect()
}
