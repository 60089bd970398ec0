//! Exams and their subjects. An exam is written once and not changed, so a caller may keep what it read.

use std::collections::BTreeMap;

use handin_core::{Capture, Exam, ExamId, Language, Limits, Subject, Track};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::audit::{self, NewAudit};
use super::pace::{self, ExamPace};
use super::rows::{Row, millis, names_json, opt_count, opt_millis};
use super::statement::{bulk, execute, query};
use super::{Change, Db, Error};

/// Creates an exam with its subjects; gives `false`, and writes nothing, if the id is taken.
#[derive(Debug)]
pub struct CreateExam {
    /// The exam.
    pub exam: Exam,
    /// How fast its senders may go.
    pub pace: Option<ExamPace>,
    /// Who did it.
    pub audit: NewAudit,
}

pub(super) const CREATE: &str = "\
    insert into exam (id, title, tracks, max_bytes, retention_days, created_at, capture, notice, after_crash)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (id) do nothing";

bulk!(CREATE_SUBJECTS, "insert into subject (exam, id, position, title, ends_at) values ", 5, "");

impl Change for CreateExam {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let Exam { id, title, tracks, subjects, limits, retention_days, created_at, .. } = &self.exam;
        let create = query(CREATE)
            .bind(id.as_str())
            .bind(title.as_str())
            .bind(names_json(tracks))
            .bind(opt_count(limits.max_bytes))
            .bind(retention_days.map(i64::from))
            .bind(millis(*created_at))
            .bind(capture_json(&self.exam.capture))
            .bind(notice_json(&self.exam.notice))
            .bind(self.exam.after_crash.as_str());
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
        if let Some(pace) = &self.pace {
            pace::set(tx, pace).await?;
        }
        audit::add(tx, &[&self.audit]).await?;
        Ok(true)
    }
}

macro_rules! exam_with_subjects {
    () => {
        "select e.id, e.title, e.tracks, e.max_bytes, e.retention_days, e.created_at,
             e.capture, e.notice, e.after_crash, s.id as subject, s.title as subject_title, s.ends_at
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
    let tracks = row.names("tracks")?;
    Ok(Exam {
        id,
        title: row.text("title")?,
        capture: capture(row, &tracks)?,
        notice: notice(row)?,
        after_crash: row.name("after_crash")?,
        tracks,
        subjects: Vec::new(),
        limits: Limits { max_bytes: row.opt_number("max_bytes")? },
        retention_days: row.opt_number("retention_days")?,
        created_at: row.time("created_at")?,
    })
}

/// A [`Capture`] as it stands in a row, JSON.
#[derive(Serialize, Deserialize)]
struct StoredCapture {
    width: u32,
    height: u32,
    frame_rate: u32,
    video_bits_per_second: u32,
    audio_bits_per_second: u32,
    whole_monitor: bool,
}

fn capture_json(capture: &BTreeMap<Track, Capture>) -> String {
    let stored = |capture: &Capture| StoredCapture {
        width: capture.width,
        height: capture.height,
        frame_rate: capture.frame_rate,
        video_bits_per_second: capture.video_bits_per_second,
        audio_bits_per_second: capture.audio_bits_per_second,
        whole_monitor: capture.whole_monitor,
    };
    let tracks = capture.iter().map(|(track, capture)| (track.as_str(), serde_json::json!(stored(capture))));
    serde_json::Value::from_iter(tracks).to_string()
}

/// How each of the tracks is captured; as is usual, where the row says nothing.
fn capture(row: &Row<'_>, tracks: &[Track]) -> Result<BTreeMap<Track, Capture>, Error> {
    let mut stored: BTreeMap<String, StoredCapture> = row.opt_json("capture")?.unwrap_or_default();
    let mut of = |track: &Track| match stored.remove(track.as_str()) {
        None => Capture::usual(track),
        Some(stored) => Capture {
            width: stored.width,
            height: stored.height,
            frame_rate: stored.frame_rate,
            video_bits_per_second: stored.video_bits_per_second,
            audio_bits_per_second: stored.audio_bits_per_second,
            whole_monitor: stored.whole_monitor,
        },
    };
    Ok(tracks.iter().map(|track| (track.clone(), of(track))).collect())
}

fn notice_json(notice: &BTreeMap<Language, String>) -> Option<String> {
    let texts = notice.iter().map(|(language, text)| (language.as_str(), text.as_str()));
    (!notice.is_empty()).then(|| serde_json::Value::from_iter(texts).to_string())
}

fn notice(row: &Row<'_>) -> Result<BTreeMap<Language, String>, Error> {
    let stored: BTreeMap<String, String> = row.opt_json("notice")?.unwrap_or_default();
    let text = |(language, text): (String, String)| {
        Ok((language.parse().map_err(|error| row.corrupt("notice", error))?, text))
    };
    stored.into_iter().map(text).collect()
}
