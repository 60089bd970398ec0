//! `/v1/exams`: created and looked up by the platform.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use handin_core as core;
use handin_core::{BadName, ExamId};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::capture::CaptureWish;
use super::error::Problem;
use super::extract::{Id, Json, Platform, Query, field, optional_field};
use super::pace::PacePolicy;
use super::page::{Page, PageQuery, read_cursor, read_limit};
use crate::app::App;
use crate::service::{self, Error};

/// What a platform says of a new exam.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "spring-2026", "title": "Engineers, spring 2026", "tracks": ["webcam", "screen"],
    "subjects": [{ "id": "coding", "title": "Coding", "ends_at": "2026-11-22T06:00:00Z" }],
    "limits": { "max_bytes": 2147483648u64 }, "retention": { "days": 30 },
    "capture": { "webcam": { "width": 1280, "height": 720, "video_bits_per_second": 900000 } },
    "notice": { "en": "Our recruiters watch this within 30 days." }, "after_crash": "next_take",
    "pace": { "max_bytes_per_s": 250000000, "parallel": 2, "spread_s": 60 }
}))]
pub struct NewExam {
    /// Its slug; one is made if absent.
    id: Option<String>,
    /// For people, 1 to 200 characters.
    title: String,
    /// What is recorded; `webcam` and `screen` if absent.
    tracks: Option<Vec<String>>,
    /// Its timed parts, at least one.
    subjects: Vec<Subject>,
    /// What one recording may take.
    #[serde(default)]
    limits: Limits,
    /// How long recordings are kept.
    #[serde(default)]
    retention: Retention,
    /// How tracks are captured, by track.
    #[serde(default)]
    capture: BTreeMap<String, CaptureWish>,
    /// What candidates are told of the recording before they consent, by language (BCP 47): 1 to 4000 characters each.
    #[serde(default)]
    notice: BTreeMap<String, String>,
    /// What a candidate may do when a recording broke off: `next_take` (record on, the default) or `seal` (no more).
    after_crash: Option<String>,
    /// How fast its senders may go; `PUT /v1/exams/{exam}/pace` changes it at any time.
    #[serde(default)]
    pace: PacePolicy,
}

/// An exam.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "spring-2026", "title": "Engineers, spring 2026", "tracks": ["webcam", "screen"],
    "subjects": [{ "id": "coding", "title": "Coding", "ends_at": "2026-11-22T06:00:00Z" }],
    "limits": {}, "retention": {}, "capture": {
        "webcam": { "width": 640, "height": 480, "frame_rate": 15, "video_bits_per_second": 500000,
            "audio_bits_per_second": 32000, "whole_monitor": false },
        "screen": { "width": 1280, "height": 720, "frame_rate": 5, "video_bits_per_second": 300000,
            "audio_bits_per_second": 0, "whole_monitor": true }
    }, "notice": {}, "after_crash": "next_take", "pace": { "group_by": "none" }, "created_at": "2026-11-01T00:00:00Z"
}))]
pub struct Exam {
    /// Its slug.
    id: String,
    /// For people.
    title: String,
    /// What is recorded.
    tracks: Vec<String>,
    /// Its timed parts.
    subjects: Vec<Subject>,
    /// What one recording may take.
    limits: Limits,
    /// How long recordings are kept.
    retention: Retention,
    /// How each track is captured.
    capture: BTreeMap<String, CaptureWish>,
    /// What candidates are told of the recording, by language.
    notice: BTreeMap<String, String>,
    /// `next_take` or `seal`.
    after_crash: &'static str,
    /// How fast its senders may go at the moment.
    pace: PacePolicy,
    /// When it was created.
    created_at: Timestamp,
}

/// A timed part of an exam.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its slug, unique within the exam.
    id: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The bell.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
}

/// What one recording may take.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one recording; the server's setting if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<u64>,
}

/// How long recordings are kept.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days after the bell; the house default if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

/// Create an exam
///
/// Repeating the same request under the same `id` gives the same exam.
#[utoipa::path(post, path = "/v1/exams", operation_id = "create_exam", tag = "platform", request_body = NewExam,
    responses((status = 201, body = Exam), (status = 409, description = "`exists`")))]
pub async fn create(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Json(new): Json<NewExam>,
) -> Result<(StatusCode, axum::Json<Exam>), Problem> {
    let exam = service::exams::create(&app, &who, new.try_into()?).await?;
    Ok((StatusCode::CREATED, axum::Json(with_pace(&app, &exam).await?)))
}

/// List exams
#[utoipa::path(get, path = "/v1/exams", operation_id = "list_exams", tag = "platform", params(PageQuery),
    responses((status = 200, body = Page<Exam>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<Exam>>, Problem> {
    let limit = read_limit(page.limit)?;
    let exams = service::exams::list(&app, read_cursor(page.cursor.as_deref())?, limit).await?;
    let paces = service::pace::of_exams(&app, &exams).await?;
    let exams = exams.into_iter().zip(paces).collect();
    Ok(axum::Json(Page::of(
        exams,
        limit,
        |(exam, _)| exam.id.as_str(),
        |(exam, pace)| Exam::of(&exam, &pace),
    )))
}

/// Look up an exam
#[utoipa::path(get, path = "/v1/exams/{exam}", operation_id = "get_exam", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")), responses((status = 200, body = Exam)))]
pub async fn show(
    State(app): State<Arc<App>>,
    _platform: Platform,
    Id(id): Id<ExamId>,
) -> Result<axum::Json<Exam>, Problem> {
    let exam = service::exams::get(&app, &id).await?;
    Ok(axum::Json(with_pace(&app, &exam).await?))
}

async fn with_pace(app: &App, exam: &core::Exam) -> Result<Exam, Error> {
    let pace = service::pace::get(app, &exam.id).await?;
    Ok(Exam::of(exam, &pace.map(|pace| pace.policy).unwrap_or_default()))
}

impl TryFrom<NewExam> for service::exams::NewExam {
    type Error = Error;

    fn try_from(new: NewExam) -> Result<Self, Error> {
        let track = |(place, track): (usize, &String)| field(&format!("tracks[{place}]"), track);
        let tracks = new.tracks.as_ref().map(|tracks| tracks.iter().enumerate().map(track).collect());
        let subjects = new.subjects.into_iter().enumerate().map(|(place, subject)| subject.parse(place));
        Ok(service::exams::NewExam {
            id: new.id.map(|id| field("id", &id)).transpose()?,
            title: new.title,
            tracks: tracks.transpose()?,
            subjects: subjects.collect::<Result<_, _>>()?,
            limits: core::Limits { max_bytes: new.limits.max_bytes },
            retention_days: new.retention.days,
            capture: by_name("capture", new.capture)?,
            notice: by_name("notice", new.notice)?,
            after_crash: optional_field("after_crash", new.after_crash.as_deref())?.unwrap_or_default(),
            pace: new.pace.try_into().map_err(|error: Error| error.within("pace"))?,
        })
    }
}

/// A map whose keys are names of ours; a refusal names the map and the key.
fn by_name<N: Ord + FromStr<Err = BadName>, T, U: From<T>>(
    name: &str,
    given: BTreeMap<String, T>,
) -> Result<BTreeMap<N, U>, Error> {
    let entry = |(key, value): (String, T)| Ok((field(&format!("{name}.{key}"), &key)?, value.into()));
    given.into_iter().map(entry).collect()
}

impl Subject {
    fn parse(self, place: usize) -> Result<core::Subject, Error> {
        let id = field(&format!("subjects[{place}].id"), &self.id)?;
        Ok(core::Subject { id, title: self.title, ends_at: self.ends_at })
    }
}

impl Exam {
    fn of(exam: &core::Exam, pace: &core::pacing::PacePolicy) -> Exam {
        Exam {
            id: exam.id.to_string(),
            title: exam.title.clone(),
            tracks: exam.tracks.iter().map(ToString::to_string).collect(),
            subjects: exam.subjects.iter().map(Subject::from).collect(),
            limits: Limits { max_bytes: exam.limits.max_bytes },
            retention: Retention { days: exam.retention_days },
            capture: exam
                .capture
                .iter()
                .map(|(track, capture)| (track.to_string(), (*capture).into()))
                .collect(),
            notice: texts(exam),
            after_crash: exam.after_crash.as_str(),
            pace: pace.into(),
            created_at: exam.created_at,
        }
    }
}

/// What candidates are told, by language.
pub fn texts(exam: &core::Exam) -> BTreeMap<String, String> {
    exam.notice.iter().map(|(language, text)| (language.to_string(), text.clone())).collect()
}

impl From<&core::Subject> for Subject {
    fn from(subject: &core::Subject) -> Subject {
        let core::Subject { id, title, ends_at } = subject;
        Subject { id: id.to_string(), title: title.clone(), ends_at: *ends_at }
    }
}
