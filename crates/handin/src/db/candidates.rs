//! The roster: who sits an exam, and which of its subjects.

use std::collections::{BTreeMap, HashMap};

use handin_core::{CandidateId, ExamId, Group, RosterEntry, SubjectId};
use sqlx::AnyConnection;

use super::audit::{self, NewAudit};
use super::rows::{Row, names_json};
use super::statement::{bulk, fetch, query};
use super::{Change, Db, Error};

/// Adds candidates to an exam and updates those it has; nobody is removed.
#[derive(Debug)]
pub struct PutRoster {
    /// The exam; it must exist.
    pub exam: ExamId,
    /// The candidates. Of two entries for one candidate the later one holds.
    pub entries: Vec<RosterEntry>,
    /// Who did it.
    pub audit: NewAudit,
}

/// What [`PutRoster`] did. Entries that were there already, word for word, count as neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterCounts {
    /// Candidates who were not on the roster before.
    pub added: u64,
    /// Candidates whose name, subjects or group changed.
    pub updated: u64,
}

bulk!(
    PUT,
    "insert into candidate (exam, candidate, name, subjects, pace_group) values ",
    5,
    " on conflict (exam, candidate) do update set
          name = excluded.name, subjects = excluded.subjects, pace_group = excluded.pace_group
      where candidate.name is distinct from excluded.name
         or candidate.subjects is distinct from excluded.subjects
         or candidate.pace_group is distinct from excluded.pace_group"
);

pub(super) const COUNT: &str = "select count(*) as candidates from candidate where exam = $1";

impl Change for PutRoster {
    type Out = RosterCounts;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<RosterCounts, Error> {
        let before = self.count(tx).await?;
        // PostgreSQL refuses to touch a row twice in one statement. The order keeps two rosters that are put at
        // once from waiting for each other.
        let entries: BTreeMap<&CandidateId, &RosterEntry> =
            self.entries.iter().map(|entry| (&entry.candidate, entry)).collect();
        let entries: Vec<&RosterEntry> = entries.into_values().collect();
        let touched = PUT
            .run(tx, &entries, |query, entry| {
                query
                    .bind(self.exam.as_str())
                    .bind(entry.candidate.as_str())
                    .bind(entry.name.clone())
                    .bind(entry.subjects.as_deref().map(names_json))
                    .bind(entry.group.as_ref().map(Group::to_string))
            })
            .await?;
        let added = self.count(tx).await?.saturating_sub(before);
        audit::add(tx, &[&self.audit]).await?;
        Ok(RosterCounts { added, updated: touched.saturating_sub(added) })
    }
}

impl PutRoster {
    async fn count(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let rows = fetch(tx, query(COUNT).bind(self.exam.as_str())).await?;
        rows.first().map_or(Ok(0), |row| Row::new("candidate", row).number("candidates"))
    }
}

pub(super) const BY_SUBJECTS: &str =
    "select subjects, count(*) as candidates from candidate where exam = $1 group by subjects";
pub(super) const SUBJECTS: &str = "select id from subject where exam = $1 order by position";

/// How many candidates are expected in each subject of an exam, in the order of the subjects.
pub async fn expected(db: &Db, exam: &ExamId) -> Result<Vec<(SubjectId, i64)>, Error> {
    let (mut in_all, mut in_some) = (0, HashMap::<SubjectId, i64>::new());
    for row in db.all(query(BY_SUBJECTS).bind(exam.as_str())).await? {
        let row = Row::new("candidate", &row);
        let candidates: i64 = row.number("candidates")?;
        match row.opt_names::<SubjectId>("subjects")? {
            None => in_all += candidates,
            Some(subjects) => {
                subjects.into_iter().for_each(|id| *in_some.entry(id).or_default() += candidates);
            }
        }
    }
    let subjects = db.all(query(SUBJECTS).bind(exam.as_str())).await?;
    let subject = |row| Row::new("subject", row).name::<SubjectId>("id");
    let total = |id: SubjectId| {
        let some = in_some.get(&id).copied().unwrap_or(0);
        (id, in_all + some)
    };
    subjects.iter().map(|row| subject(row).map(total)).collect()
}

pub(super) const GROUP_OF: &str = "select pace_group from candidate where exam = $1 and candidate = $2";

/// With whom a candidate shares an uplink, as the roster says.
pub async fn group_of(db: &Db, exam: &ExamId, candidate: &CandidateId) -> Result<Option<Group>, Error> {
    let row = db.one(query(GROUP_OF).bind(exam.as_str()).bind(candidate.as_str())).await?;
    row.map_or(Ok(None), |row| Row::new("candidate", &row).opt_name("pace_group"))
}

/// Which candidates of an exam to list; `None` means all.
#[derive(Debug, Clone, Default)]
pub struct RosterFilter {
    /// Those who sit this subject.
    pub subject: Option<SubjectId>,
    /// This one.
    pub candidate: Option<CandidateId>,
}

// A subject is looked for with its quotes: a slug has none, so no other subject contains it. Who was seen without being
// on the roster follows with no subject of their own; both halves stop at the limit, so a page costs a page.
pub(super) const PAGE: &str = "\
    select candidate, name, subjects, pace_group from (
        select * from (
            select candidate, name, subjects, pace_group from candidate
            where exam = $1 and candidate > $2 and (cast($3 as text) is null or candidate = $3)
              and (cast($4 as text) is null or subjects is null or replace(subjects, '\"' || $4 || '\"', '') <> subjects)
            order by candidate limit $5
        ) listed
        union all
        select * from (
            select distinct candidate, null as name, '[]' as subjects, null as pace_group from recording
            where exam = $1 and candidate > $2 and (cast($3 as text) is null or candidate = $3)
              and cast($4 as text) is null
              and not exists (
                  select 1 from candidate listed
                  where listed.exam = recording.exam and listed.candidate = recording.candidate)
            order by candidate limit $5
        ) seen
    ) known
    order by candidate limit $5";

/// At most `limit` candidates of an exam in the order of their ids, those behind `after` if it is given: those on the
/// roster, and those who were seen without being on it (with an empty list of subjects).
pub async fn page(
    db: &Db,
    exam: &ExamId,
    filter: &RosterFilter,
    after: Option<&CandidateId>,
    limit: u32,
) -> Result<Vec<RosterEntry>, Error> {
    let page = query(PAGE)
        .bind(exam.as_str())
        .bind(after.map_or("", CandidateId::as_str))
        .bind(filter.candidate.as_ref().map(CandidateId::to_string))
        .bind(filter.subject.as_ref().map(SubjectId::to_string))
        .bind(i64::from(limit));
    let entry = |row| {
        let row = Row::new("candidate", row);
        let (candidate, name) = (row.name("candidate")?, row.opt_text("name")?);
        let (subjects, group) = (row.opt_names("subjects")?, row.opt_name("pace_group")?);
        Ok(RosterEntry { candidate, name, subjects, group })
    };
    db.all(page).await?.iter().map(entry).collect()
}
