//! Exams and their subjects. An exam is written once and not changed, so a caller may keep what it read.

use handin_core::{Exam, ExamId, Limits, Subject};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::audit::{self, NewAudit};
use super::rows::{Row, millis, names_json, opt_count, opt_millis};
use super::statement::{bulk, execute, query};
use super::{Change, Db, Error};

/// Creates an exam with its subjects; gives `false`, and writes nothing, if the id is taken.
#[derive(Debug)]
pub struct CreateExam {
    /// The exam.
    pub exam: Exam,
    /// Who did it.
    pub audit: NewAudit,
}

pub(super) const CREATE: &str = "\
    insert into exam (id, title, tracks, max_bytes, retention_days, created_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (id) do nothing";

bulk!(CREATE_SUBJECTS, "insert into subject (exam, id, position, title, ends_at) values ", 5, "");

impl Change for CreateExam {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let Exam { id, title, tracks, subjects, limits, retention_days, created_at } = &self.exam;
        let create = query(CREATE)
            .bind(id.as_str())
            .bind(title.as_str())
            .bind(names_json(tracks))
            .bind(opt_count(limits.max_bytes))
            .bind(retention_days.map(i64::from))
            .bind(millis(*created_at));
        if execute(tx, create).await? == 0 {
            return Ok(false);
        }
        let placed: Vec<(i64, &Subject)> = (1..).zip(subjects).collect();
        CREATE_SUBJECTS
            .run(tx, &placed, |query, (position, subject)| {
                query
                    .bind(id.as_str())
                    .bind(subject.id.as_str())
                    .bind(*position)
                    .bind(subject.title.clone())
                    .bind(opt_millis(subject.ends_at))
            })
            .await?;
        audit::add(tx, &[&self.audit]).await?;
        Ok(true)
    }
}

macro_rules! exam_with_subjects {
    () => {
        "select e.id, e.title, e.tracks, e.max_bytes, e.retention_days, e.created_at,
             s.id as subject, s.title as subject_title, s.ends_at
         from exam e left join subject s on s.exam = e.id "
    };
}

pub(super) const GET: &str = concat!(exam_with_subjects!(), "where e.id = $1 order by s.position");

/// One exam.
pub async fn get(db: &Db, id: &ExamId) -> Result<Option<Exam>, Error> {
    let rows = db.all(query(GET).bind(id.as_str())).await?;
    Ok(fold(&rows)?.pop())
}

pub(super) const LIST: &str = concat!(
    exam_with_subjects!(),
    "where e.id in (select id from exam where id > $1 order by id limit $2) order by e.id, s.position"
);

/// At most `limit` exams in the order of their ids, those behind `after` if it is given.
pub async fn list(db: &Db, after: Option<&ExamId>, limit: u32) -> Result<Vec<Exam>, Error> {
    let after = after.map_or("", ExamId::as_str);
    let rows = db.all(query(LIST).bind(after).bind(i64::from(limit))).await?;
    fold(&rows)
}

/// Gathers rows of exam and subject, which come in order, into exams.
fn fold(rows: &[AnyRow]) -> Result<Vec<Exam>, Error> {
    let mut exams: Vec<Exam> = Vec::new();
    for row in rows {
        let row = Row::new("exam", row);
        let id: ExamId = row.name("id")?;
        if exams.last().is_none_or(|exam| exam.id != id) {
            exams.push(exam(&row, id)?);
        }
        if let (Some(exam), Some(id)) = (exams.last_mut(), row.opt_name("subject")?) {
            let (title, ends_at) = (row.opt_text("subject_title")?, row.opt_time("ends_at")?);
            exam.subjects.push(Subject { id, title, ends_at });
        }
    }
    Ok(exams)
}

fn exam(row: &Row<'_>, id: ExamId) -> Result<Exam, Error> {
    Ok(Exam {
        id,
        title: row.text("title")?,
        tracks: row.names("tracks")?,
        subjects: Vec::new(),
        limits: Limits { max_bytes: row.opt_number("max_bytes")? },
        retention_days: row.opt_number("retention_days")?,
        created_at: row.time("created_at")?,
    })
}
