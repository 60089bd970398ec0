//! Retention policies, version by version, the anchors that the platform posts, and when a run looked last.
//!
//! Whatever changes when recordings are due stamps them in the same transaction, so that they are looked at again and
//! nobody writes over it what followed from before.

use handin_core::retention::Anchor;
use handin_core::{CandidateId, ExamId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// The exam; `None` is the house.
    pub exam: Option<ExamId>,
    /// Counted from 1.
    pub version: u32,
    /// The policy, JSON.
    pub policy: String,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it.
    pub set_by: String,
}

/// A negative number that stands in `due_at` until a recording is looked at again; one of its own for each change.
pub type Stamp = i64;

/// Adds a version and stamps the exam's recordings. Gives `false`, and changes nothing, if there is a version of this
/// number already.
#[derive(Debug, Clone)]
pub struct SetPolicy {
    /// The new version.
    pub new: PolicyVersion,
    /// Stands in the recordings' rows afterwards; those of the whole house are left to a job.
    pub stamp: Stamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const SET_POLICY: &str = "\
    insert into retention_policy (exam, version, policy, set_at, set_by) values ($1, $2, $3, $4, $5)
    on conflict (exam, version) do nothing";

impl Change for SetPolicy {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let new = &self.new;
        let set = query(SET_POLICY)
            .bind(exam_text(new.exam.as_ref()))
            .bind(i64::from(new.version))
            .bind(new.policy.as_str())
            .bind(millis(new.set_at))
            .bind(new.set_by.as_str());
        if execute(tx, set).await? == 0 {
            return Ok(false);
        }
        if let Some(exam) = &new.exam {
            stamp(tx, exam, None, self.stamp).await?;
        }
        self.caused.write(tx).await?;
        Ok(true)
    }
}

fn exam_text(exam: Option<&ExamId>) -> String {
    exam.map_or_else(String::new, ExamId::to_string)
}

pub(super) const NEWEST: &str = "\
    select exam, version, policy, set_at, set_by from retention_policy where exam = $1 order by version desc limit 1";

/// The newest version of the policy of an exam, or of the house, if one was ever set.
pub async fn newest_policy(db: &Db, exam: Option<&ExamId>) -> Result<Option<PolicyVersion>, Error> {
    db.one(query(NEWEST).bind(exam_text(exam))).await?.as_ref().map(read).transpose()
}

pub(super) const FIRST: &str = "\
    select exam, version, policy, set_at, set_by from retention_policy where exam = '' order by version limit 1";

/// The first version of the policy of the house: from when on recordings were deleted by policies at all.
pub async fn first_of_house(db: &Db) -> Result<Option<PolicyVersion>, Error> {
    db.one(query(FIRST)).await?.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<PolicyVersion, Error> {
    let row = Row::new("retention_policy", row);
    let exam = row.text("exam")?;
    Ok(PolicyVersion {
        exam: if exam.is_empty() { None } else { Some(row.name("exam")?) },
        version: row.number("version")?,
        policy: row.text("policy")?,
        set_at: row.time("set_at")?,
        set_by: row.text("set_by")?,
    })
}

/// Has all finished recordings of an exam looked at again.
#[derive(Debug, Clone)]
pub struct StampExam {
    /// The exam.
    pub exam: ExamId,
    /// Stands in the recordings' rows afterwards.
    pub stamp: Stamp,
}

impl Change for StampExam {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        stamp(tx, &self.exam, None, self.stamp).await
    }
}

pub(super) const STAMP_EXAM: &str =
    "update recording set due_at = $1 where exam = $2 and state in ('sealed', 'partial')";

pub(super) const STAMP_CANDIDATE: &str = "\
    update recording set due_at = $1 where exam = $2 and candidate = $3 and state in ('sealed', 'partial')";

async fn stamp(
    tx: &mut AnyConnection,
    exam: &ExamId,
    candidate: Option<&CandidateId>,
    stamp: Stamp,
) -> Result<(), Error> {
    let stamping = match candidate {
        None => query(STAMP_EXAM).bind(stamp).bind(exam.as_str()),
        Some(candidate) => query(STAMP_CANDIDATE).bind(stamp).bind(exam.as_str()).bind(candidate.as_str()),
    };
    execute(tx, stamping).await.map(drop)
}

/// What the platform says has come, or takes back.
#[derive(Debug, Clone)]
pub struct PostAnchor {
    /// The exam.
    pub exam: ExamId,
    /// For one candidate; `None` is all.
    pub candidate: Option<CandidateId>,
    /// What has come.
    pub kind: Anchor,
    /// When; `None` takes back what was posted.
    pub at: Option<Timestamp>,
    /// Stands in the recordings' rows afterwards.
    pub stamp: Stamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const POST: &str = "\
    insert into anchor (exam, candidate, kind, at) values ($1, $2, $3, $4)
    on conflict (exam, candidate, kind) do update set at = excluded.at";

pub(super) const WITHDRAW: &str = "delete from anchor where exam = $1 and candidate = $2 and kind = $3";

impl Change for PostAnchor {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let candidate = self.candidate.as_ref().map_or_else(String::new, CandidateId::to_string);
        let place = |text| query(text).bind(self.exam.as_str()).bind(candidate).bind(self.kind.as_str());
        let posting = match self.at {
            Some(at) => place(POST).bind(millis(at)),
            None => place(WITHDRAW),
        };
        execute(tx, posting).await?;
        stamp(tx, &self.exam, self.candidate.as_ref(), self.stamp).await?;
        self.caused.write(tx).await
    }
}

/// When a run looked, and what it made of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When, by the clock of whoever looked.
    pub looked_at: Timestamp,
    /// Until when nothing is marked or deleted.
    pub paused_until: Option<Timestamp>,
}

pub(super) const LOOKED: &str = "select looked_at, paused_until from retention_look where id = 1";

/// The last look, if there was one.
pub async fn last_look(db: &Db) -> Result<Option<Look>, Error> {
    let row = db.one(query(LOOKED)).await?;
    let read = |row| {
        let row = Row::new("retention_look", row);
        let paused_until = Some(row.time("paused_until")?).filter(|until| *until > Timestamp::UNIX_EPOCH);
        Ok(Look { looked_at: row.time("looked_at")?, paused_until })
    };
    row.as_ref().map(read).transpose()
}

/// Notes a look. Gives `false`, and changes nothing, if somebody else has looked since.
#[derive(Debug, Clone)]
pub struct NoteLook {
    /// The last one, as it was read.
    pub last: Option<Look>,
    /// This one.
    pub look: Look,
}

pub(super) const FIRST_LOOK: &str = "\
    insert into retention_look (id, looked_at, paused_until) values (1, $1, $2) on conflict (id) do nothing";

pub(super) const NEXT_LOOK: &str =
    "update retention_look set looked_at = $1, paused_until = $2 where id = 1 and looked_at = $3";

impl Change for NoteLook {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let Look { looked_at, paused_until } = self.look;
        let noting = |text| query(text).bind(millis(looked_at)).bind(paused_until.map_or(0, millis));
        let note = match self.last {
            None => noting(FIRST_LOOK),
            Some(last) => noting(NEXT_LOOK).bind(millis(last.looked_at)),
        };
        Ok(execute(tx, note).await? == 1)
    }
}
