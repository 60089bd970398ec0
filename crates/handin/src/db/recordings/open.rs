//! Opening recordings: the hot write, many rows in one statement.

use std::collections::HashMap;

use handin_core::{CandidateId, ExamId, RecordingId, Sha256, State, StorageClass, SubjectId, Track, Upload};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::super::connect::Kind;
use super::super::rows::{Row, count, millis, opt_count, opt_millis};
use super::super::statement::{Query, bulk, fetch, query};
use super::super::{Caused, Db, Error};
use super::{BY_IDEMPOTENCY_KEY, Recording, recording};

/// What is known of a recording when it is opened; the fields are those of [`Recording`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is described in `Recording`")]
pub struct NewRecording {
    pub id: RecordingId,
    pub exam: ExamId,
    pub subject: SubjectId,
    pub candidate: CandidateId,
    pub track: Track,
    pub upload: Upload,
    pub key: String,
    pub upload_id: Option<String>,
    pub write_token: String,
    pub content_type: String,
    pub part_size: u64,
    pub max_parts: u32,
    pub max_bytes: u64,
    pub size: Option<u64>,
    pub sha256: Option<Sha256>,
    pub declared_sha256: bool,
    pub idempotency_key: Option<String>,
    pub opened_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub salvage_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub storage_class: StorageClass,
}

/// A recording to be opened and what that causes.
#[derive(Debug, Clone)]
pub struct OpenRequest {
    /// The recording.
    pub new: NewRecording,
    /// Written with it; not written if the recording was there already.
    pub caused: Caused,
}

/// What an open gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The recording as it stands.
    pub recording: Recording,
    /// Whether it was made now. If not, an open with the same idempotency key for the same sitting and track had made
    /// it before.
    pub fresh: bool,
}

/// Opens a recording as the next take of its sitting and track.
///
/// # Errors
/// `Busy` if too many writes wait; `Unavailable` if the database cannot be reached in time; `Other` if the id is taken.
pub async fn open(db: &Db, new: NewRecording, caused: Caused) -> Result<Opened, Error> {
    db.inner.writer.open(OpenRequest { new, caused }).await
}

/// The columns known at open, in the order in which [`bind`] binds them.
macro_rules! opening {
    () => {
        "id, exam, candidate, subject, track, upload, opened_at, salvage_at, started_at, ends_at, \
         object_key, upload_id, write_token, content_type, part_size, max_parts, max_bytes, size, sha256, \
         declared_sha256, idempotency_key, storage_class"
    };
}

// A row that is not returned was not inserted: its idempotency key is there already, or another node took its take.
// PostgreSQL keeps its plan, made when the ledger may be empty. The key is looked up in a way that leaves it no choice:
// with `not exists` it reads all recordings at once, at every open of an exam that is just beginning.
bulk!(
    OPEN,
    concat!("with new (", opening!(), ") as (values "),
    22,
    concat!(
        ") insert into recording (",
        opening!(),
        ", take) select ",
        opening!(),
        ", 1 + coalesce((select max(other.take) from recording other where other.exam = new.exam
              and other.candidate = new.candidate and other.subject = new.subject and other.track = new.track), 0)
        from new
        where new.idempotency_key is null or 0 = (
            select count(*) from recording same where same.exam = new.exam and same.candidate = new.candidate
              and same.subject = new.subject and same.track = new.track
              and same.idempotency_key = new.idempotency_key)
        on conflict (exam, candidate, subject, track, take) do nothing
        returning id, take"
    )
);

/// Opens recordings in one transaction; the answers are in the order of the requests.
///
/// Two of one sitting and track cannot be in one statement, as both would get the same take: they go in rounds.
pub(in crate::db) async fn open_all(
    tx: &mut AnyConnection,
    requests: &[&OpenRequest],
) -> Result<Vec<Opened>, Error> {
    let mut opened: Vec<Option<Opened>> = requests.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..requests.len()).collect();
    while !waiting.is_empty() {
        let round = one_of_each_place(requests, &waiting);
        let takes = insert(tx, requests, &round).await?;
        for request in round {
            let new = &requests[request].new;
            opened[request] = match takes.get(new.id.as_str()) {
                Some(take) => Some(Opened { recording: new.clone().opened_as(*take), fresh: true }),
                None => repeated(tx, new).await?,
            };
        }
        waiting.retain(|request| opened[*request].is_none());
    }
    let opened: Vec<Opened> = opened.into_iter().flatten().collect();
    let fresh = requests.iter().zip(&opened).filter(|(_, opened)| opened.fresh);
    Caused::write_all(tx, &fresh.map(|(request, _)| &request.caused).collect::<Vec<_>>()).await?;
    Ok(opened)
}

/// The first of `waiting` in each sitting and track. Their order is the same in every transaction, so that two of them
/// that meet on PostgreSQL do not wait for each other in a circle.
fn one_of_each_place(requests: &[&OpenRequest], waiting: &[usize]) -> Vec<usize> {
    let place = |request: &usize| {
        let new = &requests[*request].new;
        (&new.exam, &new.candidate, &new.subject, &new.track)
    };
    let mut round = waiting.to_vec();
    round.sort_by(|a, b| place(a).cmp(&place(b)));
    round.dedup_by(|a, b| place(a) == place(b));
    round
}

/// Gives the take of each row that was inserted.
async fn insert(
    tx: &mut AnyConnection,
    requests: &[&OpenRequest],
    round: &[usize],
) -> Result<HashMap<String, u32>, Error> {
    let mut takes = HashMap::with_capacity(round.len());
    for (query, round) in OPEN.cut(Kind::of(tx), round) {
        let query = round.iter().fold(query, |query, request| bind(query, &requests[*request].new));
        for row in &fetch(tx, query).await? {
            let row = Row::new("recording", row);
            takes.insert(row.text("id")?, row.number("take")?);
        }
    }
    Ok(takes)
}

/// The recording that an earlier open with this idempotency key made.
async fn repeated(tx: &mut AnyConnection, new: &NewRecording) -> Result<Option<Opened>, Error> {
    let Some(key) = &new.idempotency_key else { return Ok(None) };
    let find = query(BY_IDEMPOTENCY_KEY)
        .bind(new.exam.as_str())
        .bind(new.candidate.as_str())
        .bind(new.subject.as_str())
        .bind(new.track.as_str())
        .bind(key.as_str());
    let rows = fetch(tx, find).await?;
    rows.first().map(|row| Ok(Opened { recording: recording(row)?, fresh: false })).transpose()
}

fn bind(query: Query, new: &NewRecording) -> Query {
    query
        .bind(new.id.as_str())
        .bind(new.exam.as_str())
        .bind(new.candidate.as_str())
        .bind(new.subject.as_str())
        .bind(new.track.as_str())
        .bind(new.upload.as_str())
        .bind(millis(new.opened_at))
        .bind(millis(new.salvage_at))
        .bind(opt_millis(new.started_at))
        .bind(opt_millis(new.ends_at))
        .bind(new.key.as_str())
        .bind(new.upload_id.clone())
        .bind(new.write_token.as_str())
        .bind(new.content_type.as_str())
        .bind(count(new.part_size))
        .bind(i64::from(new.max_parts))
        .bind(count(new.max_bytes))
        .bind(opt_count(new.size))
        .bind(new.sha256.map(hex::encode))
        .bind(i64::from(new.declared_sha256))
        .bind(new.idempotency_key.clone())
        .bind(new.storage_class.as_str())
}

impl NewRecording {
    /// The row as it stands right after it was opened.
    fn opened_as(self, take: u32) -> Recording {
        Recording {
            id: self.id,
            exam: self.exam,
            subject: self.subject,
            candidate: self.candidate,
            track: self.track,
            take,
            upload: self.upload,
            state: State::Open,
            key: self.key,
            place: String::new(),
            upload_id: self.upload_id,
            write_token: self.write_token,
            content_type: self.content_type,
            part_size: self.part_size,
            max_parts: self.max_parts,
            max_bytes: self.max_bytes,
            size: self.size,
            sha256: self.sha256,
            declared_sha256: self.declared_sha256,
            idempotency_key: self.idempotency_key,
            opened_at: self.opened_at,
            started_at: self.started_at,
            salvage_at: self.salvage_at,
            ends_at: self.ends_at,
            claim: None,
            marked_at: None,
            gone_at: None,
            storage_class: self.storage_class,
            tiered_at: None,
            lease_owner: None,
            lease_until: None,
            sealed_at: None,
            sealed_size: None,
            sealed_parts: None,
            sha256_parts: None,
            duration_ms: None,
            reason: None,
            ended_at: None,
            missing: None,
            seen_at: None,
            recorded_ms: 0,
            pending_bytes: 0,
            confirmed_bytes: None,
            confirmed_parts: None,
        }
    }
}
