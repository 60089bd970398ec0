//! `/v1/exams/{exam}/roster`: who will sit, as a JSON array, one JSON object a line, or a spreadsheet's CSV.

use std::sync::Arc;

use axum::extract::{Request, State};
use handin_core::{ExamId, RosterEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::csv;
use super::error::Problem;
use super::extract::{Id, Platform, field, media_type, optional_field, parse_json, read_body};
use crate::app::App;
use crate::service::{self, Error};

/// One candidate of an exam.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "candidate": "C-00017", "name": "Kim Minji", "subjects": ["coding"], "group": "seoul-1" }))]
pub struct Entry {
    /// The platform's opaque id.
    candidate: String,
    /// For reviewers; kept apart, never in keys, logs or URLs.
    name: Option<String>,
    /// The subjects the candidate sits; all if absent.
    subjects: Option<Vec<String>>,
    /// With whom the candidate shares an uplink, such as a test centre.
    group: Option<String>,
}

/// What a roster has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "added": 2, "updated": 1 }))]
pub struct Counts {
    /// Candidates who were not on it.
    added: u64,
    /// Candidates whose name, subjects or group changed.
    updated: u64,
}

/// The columns of a spreadsheet.
const COLUMNS: [&str; 4] = ["candidate", "name", "subjects", "group"];

/// Add candidates to the roster, or change them
///
/// Others stay. As CSV the first line names the columns: `candidate`, and optionally `name`, `subjects` (with
/// spaces between them) and `group`.
#[utoipa::path(put, path = "/v1/exams/{exam}/roster", operation_id = "put_roster", tag = "platform",
    params(("exam" = String, Path, description = "The exam's id")),
    request_body(content(
        (Vec<Entry> = "application/json", example = json!([{ "candidate": "C-00017", "subjects": ["coding"] }])),
        (Entry = "application/x-ndjson", example = json!("{\"candidate\":\"C-00017\"}\n{\"candidate\":\"C-00018\"}")),
        (String = "text/csv", example = json!("candidate,name,subjects\nC-00017,Kim Minji,coding")),
    )),
    responses((status = 200, body = Counts)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Platform(who): Platform,
    Id(exam): Id<ExamId>,
    request: Request,
) -> Result<axum::Json<Counts>, Problem> {
    let read = match media_type(request.headers()) {
        Some("application/json") => parse_json::<Vec<Entry>>,
        Some("application/x-ndjson") => from_lines,
        Some("text/csv") => from_csv,
        _ => {
            return Err(Problem::new(
                "unsupported_media_type",
                "send application/json, application/x-ndjson or text/csv",
            ));
        }
    };
    let entries = read(&read_body(request, &app).await?)?;
    let counts = service::exams::put_roster(&app, &who, &exam, parse(&entries)?).await?;
    Ok(axum::Json(Counts { added: counts.added, updated: counts.updated }))
}

fn from_lines(body: &[u8]) -> Result<Vec<Entry>, Problem> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let read =
        |(place, line)| parse_json(line).map_err(|problem: Problem| problem.within(&format!("[{place}]")));
    lines.enumerate().map(read).collect()
}

fn from_csv(body: &[u8]) -> Result<Vec<Entry>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new("invalid", "the CSV is not UTF-8"))?;
    let records = csv::parse(text)
        .ok_or_else(|| Problem::new("invalid", "the CSV has a quote that is never closed"))?;
    let Some((header, rows)) = records.split_first() else { return Ok(Vec::new()) };
    let header: Vec<&str> = header.iter().map(|name| name.trim()).collect();
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        let detail = format!("unknown column {unknown:?}, expected candidate, name, subjects and group");
        return Err(Problem::new("invalid", detail));
    }
    Ok(rows.iter().map(|row| from_row(&header, row)).collect())
}

fn from_row(header: &[&str], row: &[String]) -> Entry {
    let column = |wanted| {
        let place = header.iter().position(|name| *name == wanted)?;
        row.get(place).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let subjects = column("subjects").map(|all| all.split_whitespace().map(str::to_owned).collect());
    Entry {
        candidate: column("candidate").unwrap_or_default(),
        name: column("name"),
        subjects,
        group: column("group"),
    }
}

fn parse(entries: &[Entry]) -> Result<Vec<RosterEntry>, Error> {
    entries.iter().enumerate().map(|(place, entry)| entry.parse(place)).collect()
}

impl Entry {
    fn parse(&self, place: usize) -> Result<RosterEntry, Error> {
        let candidate = field(&format!("[{place}].candidate"), &self.candidate)?;
        let subject = |subject: &String| field(&format!("[{place}].subjects"), subject);
        let subjects = self.subjects.as_ref().map(|all| all.iter().map(subject).collect()).transpose()?;
        let group = optional_field(&format!("[{place}].group"), self.group.as_deref())?;
        Ok(RosterEntry { candidate, name: self.name.clone(), subjects, group })
    }
}
