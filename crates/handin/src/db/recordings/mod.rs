//! Recordings: one row for each take. How they are opened, sealed and ended is in the files below; reading is here.
//!
//! A row is never removed. Each change of state is one conditional update.

pub(super) mod end;
pub(super) mod open;
pub(super) mod progress;
pub(super) mod seal;
pub(super) mod status;

use std::collections::HashSet;

use handin_core::{
    CandidateId, ExamId, Reason, RecordingId, Sha256, State, StorageClass, SubjectId, Track, Upload,
};
use jiff::Timestamp;
use sqlx::any::AnyRow;

pub use end::{Abandon, Delete};
pub(super) use open::open_all;
pub use open::{NewRecording, OpenRequest, Opened, open};
pub use progress::{Flush, ProgressRow};
pub use seal::{Claim, Claimed, Finish, Renew, Reopen};
pub use status::{StatusRow, status};

use super::rows::{Row, millis};
use super::statement::{bulk, query};
use super::{Db, Error};

/// One take of one track in one sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// The exam.
    pub exam: ExamId,
    /// The subject.
    pub subject: SubjectId,
    /// The candidate.
    pub candidate: CandidateId,
    /// The track.
    pub track: Track,
    /// Counted from 1 within the sitting and track, without gaps.
    pub take: u32,
    /// How it gets in.
    pub upload: Upload,
    /// Where it is in its life.
    pub state: State,
    /// The object's key.
    pub key: String,
    /// Where the object lives: empty is the store that recordings are sent to, else the archive of that name.
    pub place: String,
    /// The store's id of the multipart upload; none for `put`.
    pub upload_id: Option<String>,
    /// The metadata by which the object is known as ours.
    pub write_token: String,
    /// As the object will be stored.
    pub content_type: String,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// The highest part number.
    pub max_parts: u32,
    /// The most bytes it may have.
    pub max_bytes: u64,
    /// The announced bytes of the whole.
    pub size: Option<u64>,
    /// The announced digest of the whole.
    pub sha256: Option<Sha256>,
    /// Whether the multipart upload was created to keep a SHA-256 of each part.
    pub declared_sha256: bool,
    /// What makes a repeated open find this row.
    pub idempotency_key: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the browser says it began to record.
    pub started_at: Option<Timestamp>,
    /// When it is salvaged, if it is not sealed by then.
    pub salvage_at: Timestamp,
    /// The bell, as it stood at open.
    pub ends_at: Option<Timestamp>,
    /// What the browser says it recorded, JSON, once it has said so. Lists leave it out: it has a line for each part.
    pub claim: Option<String>,
    /// Since when a finished one is marked for deletion, if it is.
    pub marked_at: Option<Timestamp>,
    /// When its grace is over; absent too while it is yet to be looked at anew.
    pub gone_at: Option<Timestamp>,
    /// In which class its object is kept; of one that was drained, its first copy.
    pub storage_class: StorageClass,
    /// Since when, if it was not written in it.
    pub tiered_at: Option<Timestamp>,
    /// Who seals it now.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// When it was sealed or salvaged.
    pub sealed_at: Option<Timestamp>,
    /// Bytes of the object.
    pub sealed_size: Option<u64>,
    /// Parts of the object.
    pub sealed_parts: Option<u32>,
    /// Hex SHA-256 over the part hashes.
    pub sha256_parts: Option<String>,
    /// Milliseconds, as the browser says.
    pub duration_ms: Option<u64>,
    /// Why it is partial or abandoned.
    pub reason: Option<Reason>,
    /// When it was abandoned or deleted.
    pub ended_at: Option<Timestamp>,
    /// What a salvaged one lacks, JSON.
    pub missing: Option<String>,
    /// When the browser was last heard of, as of the last [`Flush`].
    pub seen_at: Option<Timestamp>,
    /// Milliseconds recorded, as the browser said last.
    pub recorded_ms: u64,
    /// Bytes in the browser's spool, as it said last.
    pub pending_bytes: u64,
    /// Bytes seen in the store.
    pub confirmed_bytes: Option<u64>,
    /// Parts seen in the store.
    pub confirmed_parts: Option<u32>,
}

/// Every column but `claim`.
macro_rules! columns {
    () => {
        "id, exam, candidate, subject, track, take, state, upload, opened_at, salvage_at, started_at, ends_at, \
         object_key, upload_id, write_token, content_type, part_size, max_parts, max_bytes, size, sha256, \
         declared_sha256, idempotency_key, seen_at, recorded_ms, pending_bytes, confirmed_bytes, confirmed_parts, \
         lease_owner, lease_until, sealed_at, sealed_size, sealed_parts, sha256_parts, duration_ms, reason, \
         ended_at, missing, marked_at, due_at, place, storage_class, tiered_at"
    };
}
use columns;

/// What keeps the index of unfinished recordings in use; word for word as in the migration.
macro_rules! unfinished {
    () => {
        "state in ('open', 'sealing')"
    };
}

pub(in crate::db) const GET: &str = concat!("select ", columns!(), ", claim from recording where id = $1");

/// One recording, with its claim.
pub async fn get(db: &Db, id: &RecordingId) -> Result<Option<Recording>, Error> {
    let row = db.one(query(GET).bind(id.as_str())).await?;
    row.map(|row| recording(&row)).transpose()
}

pub(in crate::db) const BY_IDEMPOTENCY_KEY: &str = concat!(
    "select ",
    columns!(),
    ", null as claim from recording \
     where exam = $1 and candidate = $2 and subject = $3 and track = $4 and idempotency_key = $5"
);

/// The recording that an open with this key made, without its claim.
pub async fn by_idempotency_key(
    db: &Db,
    exam: &ExamId,
    subject: &SubjectId,
    candidate: &CandidateId,
    track: &Track,
    key: &str,
) -> Result<Option<Recording>, Error> {
    let find = query(BY_IDEMPOTENCY_KEY)
        .bind(exam.as_str())
        .bind(candidate.as_str())
        .bind(subject.as_str())
        .bind(track.as_str())
        .bind(key);
    db.one(find).await?.map(|row| recording(&row)).transpose()
}

pub(in crate::db) const COUNT_TAKES: &str = "\
    select count(*) as takes from recording \
    where exam = $1 and candidate = $2 and subject = $3 and track = $4";

/// How many takes of a track a sitting has, in any state.
pub async fn count_takes(
    db: &Db,
    exam: &ExamId,
    subject: &SubjectId,
    candidate: &CandidateId,
    track: &Track,
) -> Result<u32, Error> {
    let count = query(COUNT_TAKES)
        .bind(exam.as_str())
        .bind(candidate.as_str())
        .bind(subject.as_str())
        .bind(track.as_str());
    db.one(count).await?.map_or(Ok(0), |row| Row::new("recording", &row).number("takes"))
}

/// Which recordings of an exam to list; `None` means all.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The exam.
    pub exam: ExamId,
    /// Those of this subject.
    pub subject: Option<SubjectId>,
    /// Those of this candidate.
    pub candidate: Option<CandidateId>,
    /// Those of this track.
    pub track: Option<Track>,
    /// Those in this state.
    pub state: Option<State>,
    /// Those that are marked for deletion.
    pub marked: bool,
}

// Both bounds are bounds of the index, so that a page costs the same wherever it is, and one candidate costs little.
pub(in crate::db) const LIST: &str = concat!(
    "select ",
    columns!(),
    ", null as claim from recording \
     where exam = $1 and (candidate, subject, track, take) > ($2, $3, $4, $5) and candidate <= $6 \
       and (cast($7 as text) is null or subject = $7) and (cast($8 as text) is null or track = $8) \
       and (cast($9 as text) is null or state = $9) \
       and (cast($10 as bigint) = 0 or (marked_at is not null and state in ('sealed', 'partial'))) \
     order by candidate, subject, track, take limit $11"
);

/// Sorts behind every candidate id: they are ASCII without the last character.
const BEHIND_ALL: &str = "\u{7f}";

/// At most `limit` recordings without their claims, by candidate, subject, track and take; those behind `after` if it
/// is given, and none if there is no such recording.
pub async fn list(
    db: &Db,
    filter: &Filter,
    after: Option<&RecordingId>,
    limit: u32,
) -> Result<Vec<Recording>, Error> {
    let candidate = filter.candidate.as_ref().map(CandidateId::to_string);
    let first = (candidate.clone().unwrap_or_default(), String::new(), String::new(), 0);
    let start = match after {
        None => first,
        Some(after) => match get(db, after).await? {
            Some(Recording { candidate, subject, track, take, .. }) => {
                first.max((candidate.to_string(), subject.to_string(), track.to_string(), i64::from(take)))
            }
            None => return Ok(Vec::new()),
        },
    };
    let list = query(LIST)
        .bind(filter.exam.as_str())
        .bind(start.0)
        .bind(start.1)
        .bind(start.2)
        .bind(start.3)
        .bind(candidate.unwrap_or_else(|| BEHIND_ALL.to_owned()))
        .bind(filter.subject.as_ref().map(SubjectId::to_string))
        .bind(filter.track.as_ref().map(Track::to_string))
        .bind(filter.state.map(|state| state.as_str().to_owned()))
        .bind(i64::from(filter.marked))
        .bind(i64::from(limit));
    db.all(list).await?.iter().map(recording).collect()
}

bulk!(
    OF_SITTINGS,
    "with sought (exam, candidate) as (values ",
    2,
    concat!(
        ") select ",
        columns!(),
        ", null as claim from recording where (exam, candidate) in (select exam, candidate from sought) \
         order by candidate, subject, track, take"
    )
);

/// Every recording of these candidates in an exam, without the claims; the order within a candidate is by subject,
/// track and take.
pub async fn of_sittings(
    db: &Db,
    exam: &ExamId,
    candidates: &[CandidateId],
) -> Result<Vec<Recording>, Error> {
    let mut found = Vec::new();
    for (query, candidates) in OF_SITTINGS.cut(db.inner.connector.kind, candidates) {
        let bind =
            |query: super::Query, candidate: &CandidateId| query.bind(exam.as_str()).bind(candidate.as_str());
        let rows = db.all(candidates.iter().fold(query, bind)).await?;
        found.extend(rows.iter().map(recording).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

pub(in crate::db) const UNFINISHED: &str = concat!(
    "select ",
    columns!(),
    ", null as claim from recording where ",
    unfinished!(),
    " and (salvage_at, id) > ($1, $2) and salvage_at <= $3 order by salvage_at, id limit $4"
);

/// At most `limit` recordings that are open or being sealed, without their claims, soonest salvage first; those behind
/// `after` if it is given, whatever has become of it since.
pub async fn open_or_sealing(
    db: &Db,
    after: Option<&RecordingId>,
    limit: u32,
) -> Result<Vec<Recording>, Error> {
    unfinished_until(db, i64::MAX, after, limit).await
}

/// Those of [`open_or_sealing`] that are due for salvage at `now`.
pub async fn to_salvage(
    db: &Db,
    now: Timestamp,
    after: Option<&RecordingId>,
    limit: u32,
) -> Result<Vec<Recording>, Error> {
    unfinished_until(db, millis(now), after, limit).await
}

async fn unfinished_until(
    db: &Db,
    until: i64,
    after: Option<&RecordingId>,
    limit: u32,
) -> Result<Vec<Recording>, Error> {
    let start = match after {
        None => (i64::MIN, String::new()),
        Some(after) => match get(db, after).await? {
            Some(recording) => (millis(recording.salvage_at), recording.id.to_string()),
            None => return Ok(Vec::new()),
        },
    };
    let unfinished = query(UNFINISHED).bind(start.0).bind(start.1).bind(until).bind(i64::from(limit));
    db.all(unfinished).await?.iter().map(recording).collect()
}

bulk!(
    KNOWN,
    "with sought (id) as (values ",
    1,
    ") select recording.id from sought join recording on recording.id = sought.id"
);

/// Those of `ids` that are recordings of ours.
pub async fn known(db: &Db, ids: &[RecordingId]) -> Result<HashSet<RecordingId>, Error> {
    let mut found = HashSet::with_capacity(ids.len());
    for (query, ids) in KNOWN.cut(db.inner.connector.kind, ids) {
        let rows = db.all(ids.iter().fold(query, |query, id| query.bind(id.as_str()))).await?;
        for row in &rows {
            found.insert(Row::new("recording", row).name("id")?);
        }
    }
    Ok(found)
}

fn recording(row: &AnyRow) -> Result<Recording, Error> {
    let row = Row::new("recording", row);
    let state: State = row.name("state")?;
    let marked_at = row.opt_time("marked_at")?.filter(|_| state.has_object());
    // What is not positive is a stamp.
    let gone_at = (marked_at.is_some() && row.number::<i64>("due_at")? > 0).then(|| row.time("due_at"));
    Ok(Recording {
        id: row.name("id")?,
        exam: row.name("exam")?,
        subject: row.name("subject")?,
        candidate: row.name("candidate")?,
        track: row.name("track")?,
        take: row.number("take")?,
        upload: row.name("upload")?,
        state,
        key: row.text("object_key")?,
        place: row.text("place")?,
        upload_id: row.opt_text("upload_id")?,
        write_token: row.text("write_token")?,
        content_type: row.text("content_type")?,
        part_size: row.number("part_size")?,
        max_parts: row.number("max_parts")?,
        max_bytes: row.number("max_bytes")?,
        size: row.opt_number("size")?,
        sha256: row.opt_digest("sha256")?,
        declared_sha256: row.number::<u8>("declared_sha256")? == 1,
        idempotency_key: row.opt_text("idempotency_key")?,
        opened_at: row.time("opened_at")?,
        started_at: row.opt_time("started_at")?,
        salvage_at: row.time("salvage_at")?,
        ends_at: row.opt_time("ends_at")?,
        claim: row.opt_text("claim")?,
        marked_at,
        gone_at: gone_at.transpose()?,
        storage_class: row.name("storage_class")?,
        tiered_at: row.opt_time("tiered_at")?,
        lease_owner: row.opt_text("lease_owner")?,
        lease_until: row.opt_time("lease_until")?,
        sealed_at: row.opt_time("sealed_at")?,
        sealed_size: row.opt_number("sealed_size")?,
        sealed_parts: row.opt_number("sealed_parts")?,
        sha256_parts: row.opt_text("sha256_parts")?,
        duration_ms: row.opt_number("duration_ms")?,
        reason: row.opt_name("reason")?,
        ended_at: row.opt_time("ended_at")?,
        missing: row.opt_text("missing")?,
        seen_at: row.opt_time("seen_at")?,
        recorded_ms: row.number("recorded_ms")?,
        pending_bytes: row.number("pending_bytes")?,
        confirmed_bytes: row.opt_number("confirmed_bytes")?,
        confirmed_parts: row.opt_number("confirmed_parts")?,
    })
}
