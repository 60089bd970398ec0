//! Revisions: the objects that a recording has or had besides the one its row names. A new one is written, takes the
//! place of the old one in one transaction, and the old one is erased later.
//!
//! A row is never removed, so that no number, and with it no key, is given twice.

use handin_core::{RecordingId, StorageClass};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::holds::held;
use super::receipts::{self, NewReceipt};
use super::recordings::end::meet;
use super::rows::{Row, millis, opt_millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error, drains};

/// One object of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The recording.
    pub recording: RecordingId,
    /// Counted from 0, the object that was recorded.
    pub number: u32,
    /// Where it is in its life.
    pub state: RevisionState,
    /// The object's key.
    pub key: String,
    /// Where it stands: empty is the store that recordings are sent to, else the archive of that name.
    pub place: String,
    /// The store's id of the upload that makes it; `None` until it is known.
    pub upload_id: Option<String>,
    /// The metadata by which the object is known as ours.
    pub write_token: String,
    /// When it may be erased for good: its writer has had its time, or the last link to it has ended.
    pub erase_at: Timestamp,
}

/// Where an object is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionState {
    /// Somebody is making it.
    Writing,
    /// It counts: the recording's row names it.
    Current,
    /// Another took its place.
    Replaced,
    /// It does not count, and never will.
    GivenUp,
    /// It is not in the store any more.
    Gone,
}

impl RevisionState {
    fn parse(word: &str) -> Option<RevisionState> {
        match word {
            "writing" => Some(RevisionState::Writing),
            "current" => Some(RevisionState::Current),
            "replaced" => Some(RevisionState::Replaced),
            "given_up" => Some(RevisionState::GivenUp),
            "gone" => Some(RevisionState::Gone),
            _ => None,
        }
    }
}

macro_rules! columns {
    () => {
        "recording, number, state, object_key, place, upload_id, write_token, erase_at"
    };
}

pub(super) const OF: &str =
    concat!("select ", columns!(), " from revision where recording = $1 order by number");

/// Every object that a recording has or had, by number; none for one whose first object is its only one.
pub async fn of(db: &Db, recording: &RecordingId) -> Result<Vec<Revision>, Error> {
    db.all(query(OF).bind(recording.as_str())).await?.iter().map(revision).collect()
}

fn revision(row: &AnyRow) -> Result<Revision, Error> {
    let row = Row::new("revision", row);
    let state = row.text("state")?;
    Ok(Revision {
        recording: row.name("recording")?,
        number: row.number("number")?,
        state: RevisionState::parse(&state).ok_or_else(|| row.corrupt("state", &state))?,
        key: row.text("object_key")?,
        place: row.text("place")?,
        upload_id: row.opt_text("upload_id")?,
        write_token: row.text("write_token")?,
        erase_at: row.time("erase_at")?,
    })
}

/// Begins a new object of a finished recording. Whoever wrote one before has lost: theirs is given up. Gives `false`,
/// and begins nothing, if the recording has another object by now, or none, or the number is taken.
#[derive(Debug, Clone)]
pub struct Begin {
    /// What is to be made, in the state `Writing` and without an upload.
    pub revision: Revision,
    /// The key of the object that it is made of.
    pub from: String,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const GIVE_UP_OTHERS: &str =
    "update revision set state = 'given_up' where recording = $1 and number < $2 and state = 'writing'";

pub(super) const BEGIN: &str = "\
    insert into revision (recording, number, state, object_key, place, write_token, erase_at)
    select id, cast($1 as bigint), 'writing', cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as bigint)
    from recording where id = $6 and object_key = $7 and state in ('sealed', 'partial')
    on conflict (recording, number) do nothing";

impl Change for Begin {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let new = &self.revision;
        let begin = query(BEGIN)
            .bind(i64::from(new.number))
            .bind(new.key.as_str())
            .bind(new.place.as_str())
            .bind(new.write_token.as_str())
            .bind(millis(new.erase_at))
            .bind(new.recording.as_str())
            .bind(self.from.as_str());
        let begun = execute(tx, begin).await? == 1;
        // Only who has begun may take the others' place, or two at once would give each other up.
        if begun {
            let others = query(GIVE_UP_OTHERS).bind(new.recording.as_str()).bind(i64::from(new.number));
            execute(tx, others).await?;
            self.caused.write(tx).await?;
        }
        Ok(begun)
    }
}

/// Notes the upload that makes an object. Gives `false` if it was given up meanwhile.
#[derive(Debug, Clone)]
pub struct Attach {
    /// The recording.
    pub recording: RecordingId,
    /// Which of its objects.
    pub number: u32,
    /// The store's id of the upload.
    pub upload_id: String,
}

pub(super) const ATTACH: &str =
    "update revision set upload_id = $1 where recording = $2 and number = $3 and state = 'writing'";

impl Change for Attach {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let attach = query(ATTACH)
            .bind(self.upload_id.as_str())
            .bind(self.recording.as_str())
            .bind(i64::from(self.number));
        Ok(execute(tx, attach).await? == 1)
    }
}

/// Puts a new object in the place of the one that counted, with its receipt. Gives `false` if the new one was given up,
/// or the recording has another object by now, or none, or is held; then the new one is given up, and nothing else has changed.
#[derive(Debug, Clone)]
pub struct Replace {
    /// The object that counts from now on; it is being written.
    pub new: Revision,
    /// The object that counted, in the state `Replaced`.
    pub old: Revision,
    /// Hex SHA-256 over the digests of the new object's parts.
    pub sha256_parts: String,
    /// In which class the new object is kept.
    pub storage_class: StorageClass,
    /// Since when, if that is why it was made. Nothing takes its place then that cannot be read at once, while a hold covers
    /// the recording.
    pub tiered_at: Option<Timestamp>,
    /// The statement about the new object.
    pub receipt: NewReceipt,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const MAKE_CURRENT: &str =
    "update revision set state = 'current' where recording = $1 and number = $2 and state = 'writing'";

pub(super) const REPLACE: &str = concat!(
    "update recording set object_key = $1, place = $2, upload_id = $3, write_token = $4, sha256_parts = $5, \
     storage_class = $8, tiered_at = coalesce(cast($9 as bigint), tiered_at) \
     where id = $6 and object_key = $7 and state in ('sealed', 'partial') and (cast($10 as bigint) = 0 or not ",
    held!(),
    ")"
);

pub(super) const NOT_CURRENT: &str =
    "update revision set state = 'given_up' where recording = $1 and number = $2 and state = 'current'";

pub(super) const KEEP_OLD: &str = "\
    insert into revision (recording, number, state, object_key, place, upload_id, write_token, erase_at)
    values ($1, $2, 'replaced', $3, $4, $5, $6, $7)
    on conflict (recording, number) do update set state = 'replaced', erase_at = excluded.erase_at";

impl Change for Replace {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let Replace { new, old, .. } = self;
        let numbered = |text| query(text).bind(new.recording.as_str()).bind(i64::from(new.number));
        // First, because this row is what whoever gives the new object up locks too.
        if execute(tx, numbered(MAKE_CURRENT)).await? == 0 {
            return Ok(false);
        }
        let away = self.tiered_at.is_some() && !self.storage_class.is_read_at_once();
        if away {
            meet(tx, &new.recording).await?;
        }
        let replace = query(REPLACE)
            .bind(new.key.as_str())
            .bind(new.place.as_str())
            .bind(new.upload_id.clone())
            .bind(new.write_token.as_str())
            .bind(self.sha256_parts.as_str())
            .bind(new.recording.as_str())
            .bind(old.key.as_str())
            .bind(self.storage_class.as_str())
            .bind(opt_millis(self.tiered_at))
            .bind(i64::from(away));
        if execute(tx, replace).await? == 0 {
            execute(tx, numbered(NOT_CURRENT)).await?;
            return Ok(false);
        }
        execute(tx, keep_old(old)).await?;
        if new.place != old.place {
            drains::copied(tx, &new.recording).await?;
        }
        receipts::replace(tx, &self.receipt).await?;
        self.caused.write(tx).await?;
        Ok(true)
    }
}

pub(super) fn keep_old(old: &Revision) -> super::statement::Query {
    query(KEEP_OLD)
        .bind(old.recording.as_str())
        .bind(i64::from(old.number))
        .bind(old.key.as_str())
        .bind(old.place.as_str())
        .bind(old.upload_id.clone())
        .bind(old.write_token.as_str())
        .bind(millis(old.erase_at))
}

/// Gives an object up that is being written: from now on it can never count. Gives `false` if nobody is writing it.
#[derive(Debug, Clone)]
pub struct GiveUp {
    /// The recording.
    pub recording: RecordingId,
    /// Which of its objects.
    pub number: u32,
}

pub(super) const GIVE_UP: &str =
    "update revision set state = 'given_up' where recording = $1 and number = $2 and state = 'writing'";

impl Change for GiveUp {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let give_up = query(GIVE_UP).bind(self.recording.as_str()).bind(i64::from(self.number));
        Ok(execute(tx, give_up).await? == 1)
    }
}

/// Gives more time to whoever is writing an object. Gives `false` if it was given up.
#[derive(Debug, Clone)]
pub struct Prolong {
    /// The recording.
    pub recording: RecordingId,
    /// Which of its objects.
    pub number: u32,
    /// Until when it is being written.
    pub until: Timestamp,
}

pub(super) const PROLONG: &str =
    "update revision set erase_at = $1 where recording = $2 and number = $3 and state = 'writing'";

impl Change for Prolong {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let prolong = query(PROLONG)
            .bind(millis(self.until))
            .bind(self.recording.as_str())
            .bind(i64::from(self.number));
        Ok(execute(tx, prolong).await? == 1)
    }
}

/// Notes that an object is not in the store any more, of those that may be erased. Gives `false` for others.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The recording.
    pub recording: RecordingId,
    /// Which of its objects.
    pub number: u32,
}

pub(super) const GONE: &str = "\
    update revision set state = 'gone' where recording = $1 and number = $2 and state in ('replaced', 'given_up')";

impl Change for Gone {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let gone = query(GONE).bind(self.recording.as_str()).bind(i64::from(self.number));
        Ok(execute(tx, gone).await? == 1)
    }
}
