//! `handin exam`: create exams and see how they stand.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::capture::read_capture;
use super::output::{say, say_json, table};
use super::platform::{Body, Server};

/// What to do with exams.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create an exam
    Create(NewExam),
    /// List exams
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Show one exam
    Show {
        /// The exam's id
        exam: String,
        #[command(flatten)]
        server: Server,
    },
    /// Post what has come that retention counts from
    Anchor(NewAnchor),
    /// How the sittings of an exam stand
    Status {
        /// The exam's id
        exam: String,
        #[command(flatten)]
        server: Server,
    },
}

/// An anchor as it is written on a command line.
#[derive(Debug, clap::Args)]
pub struct NewAnchor {
    /// The exam's id
    exam: String,
    /// What has come
    #[arg(value_parser = ["result_published", "hiring_decided", "review_closed", "flagged"])]
    kind: String,
    /// When, like 2026-12-10T09:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// For one candidate only
    #[arg(long)]
    candidate: Option<String>,
    /// Take back what was posted
    #[arg(long, conflicts_with = "at")]
    withdrawn: bool,
    #[command(flatten)]
    server: Server,
}

impl NewAnchor {
    /// The body that posts it.
    fn body(&self) -> Value {
        let mut anchor = json!({ "kind": self.kind, "withdrawn": self.withdrawn });
        if let Some(at) = &self.at {
            anchor["at"] = at.as_str().into();
        }
        if let Some(candidate) = &self.candidate {
            anchor["candidate"] = candidate.as_str().into();
        }
        anchor
    }
}

/// An exam as it is written on a command line.
#[derive(Debug, clap::Args)]
pub struct NewExam {
    /// Its slug; made by the server if left out
    #[arg(long)]
    id: Option<String>,
    /// Its title, for people
    #[arg(long)]
    title: String,
    /// A subject, with its bell where it is known: coding or coding=2026-11-22T06:00:00Z; repeat it
    #[arg(long, value_name = "ID[=BELL]", required = true)]
    subject: Vec<String>,
    /// A track that each sitting needs; repeat it [default: webcam and screen]
    #[arg(long)]
    track: Vec<String>,
    /// The most bytes of one recording
    #[arg(long)]
    max_bytes: Option<u64>,
    /// How a track is captured, in pixels, frames and bits of video per second: webcam=640x480@15,500k; repeat it
    #[arg(long, value_name = "TRACK=WxH@FRAMES[,BITS]")]
    capture: Vec<String>,
    /// What a candidate may do after a crash: next_take (record on) or seal (no more) [default: next_take]
    #[arg(long, value_name = "WHAT")]
    after_crash: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl NewExam {
    /// The body that creates it.
    fn body(&self) -> anyhow::Result<Value> {
        let subjects =
            self.subject.iter().map(|given| read_subject(given)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut exam = json!({ "title": self.title, "subjects": subjects });
        if let Some(id) = &self.id {
            exam["id"] = id.as_str().into();
        }
        if !self.track.is_empty() {
            exam["tracks"] = self.track.clone().into();
        }
        if let Some(max_bytes) = self.max_bytes {
            exam["limits"] = json!({ "max_bytes": max_bytes });
        }
        for given in &self.capture {
            let (track, capture) = read_capture(given)?;
            exam["capture"][track] = capture;
        }
        if let Some(after_crash) = &self.after_crash {
            exam["after_crash"] = after_crash.as_str().into();
        }
        Ok(exam)
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(new) => {
            let body = Body::json(&new.body()?);
            let created = new.server.connect()?.call(Method::POST, "/v1/exams", Some(body)).await?;
            show(&new.server, &created)
        }
        Command::List { server } => list(&server).await,
        Command::Show { exam, server } => {
            let found = server.connect()?.call(Method::GET, &format!("/v1/exams/{exam}"), None).await?;
            show(&server, &found)
        }
        Command::Anchor(new) => {
            let path = format!("/v1/exams/{}/events", new.exam);
            let posted =
                new.server.connect()?.call(Method::POST, &path, Some(Body::json(&new.body()))).await?;
            match new.server.json {
                true => say_json(&posted),
                false => {
                    Ok(say(&format!("{} {}", new.kind, posted["at"].as_str().unwrap_or("is taken back")))?)
                }
            }
        }
        Command::Status { exam, server } => status(&server, &exam).await,
    }
}

fn read_subject(given: &str) -> anyhow::Result<Value> {
    match given.split_once('=') {
        None => Ok(json!({ "id": given })),
        Some((id, bell)) => {
            let bell: Timestamp = bell.parse().map_err(|error| {
                anyhow::anyhow!("--subject {given}: write the bell like 2026-11-22T06:00:00Z ({error})")
            })?;
            Ok(json!({ "id": id, "ends_at": bell.to_string() }))
        }
    }
}

fn show(server: &Server, exam: &Value) -> anyhow::Result<()> {
    if server.json {
        return say_json(exam);
    }
    let list = |name: &str| {
        let items = exam[name].as_array().into_iter().flatten();
        items
            .map(|item| item.as_str().or(item["id"].as_str()).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (id, title) = (exam["id"].as_str().unwrap_or_default(), exam["title"].as_str().unwrap_or_default());
    say(&format!("{id}: {title}\n  tracks    {}\n  subjects  {}", list("tracks"), list("subjects")))?;
    Ok(())
}

async fn list(server: &Server) -> anyhow::Result<()> {
    let platform = server.connect()?;
    let mut exams: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = platform.call(Method::GET, &format!("/v1/exams?limit=100{cursor}"), None).await?;
        exams.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    if server.json {
        return say_json(&exams);
    }
    let cell = |exam: &Value, name: &str| exam[name].as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = exams
        .iter()
        .map(|exam| vec![cell(exam, "id"), cell(exam, "title"), cell(exam, "created_at")])
        .collect();
    say(&table(&["exam", "title", "created"], &rows))?;
    Ok(())
}

async fn status(server: &Server, exam: &str) -> anyhow::Result<()> {
    const COLUMNS: [&str; 8] =
        ["subject", "expected", "recording", "complete", "partial", "missing", "bytes", "at_risk_s"];
    let status = server.connect()?.call(Method::GET, &format!("/v1/exams/{exam}/status"), None).await?;
    if server.json {
        return say_json(&status);
    }
    let cell = |subject: &Value, name: &str| match &subject[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let subjects = status["subjects"].as_array().into_iter().flatten();
    let rows: Vec<_> =
        subjects.map(|subject| COLUMNS.iter().map(|name| cell(subject, name)).collect()).collect();
    say(&table(&COLUMNS, &rows))?;
    Ok(())
}
