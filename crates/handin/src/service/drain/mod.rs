//! Draining: recordings go from the store that they were sent to, to an archive, at the rate that was set, and the first
//! copy goes when the archive's was proved a second time.
//!
//! What was asked stands in the ledger (`db::drains`); the `drain` job, of which there is one at a time, works on it for a
//! turn. An archive's copy is one more revision of the recording (`service::revisions`): it counts from the moment that the
//! ledger names it, and the other is retired at the end of the quarantine.

mod copy;
mod line;
mod quarantine;

use std::time::Duration;

use handin_core::drain::Rate;
use handin_core::{ExamId, RecordingId};

use super::api_keys::Platform;
use super::error::Error;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::drains::{Ask, End, Note, SetRate, Waiting};
use crate::db::jobs::{Enqueue, NewJob};

pub use crate::db::drains::Progress;
pub use line::Line;
pub(super) use quarantine::{ended, is_first_copy, let_go};

use copy::Outcome;

/// How long one run of the job begins new parts: so long it takes at most until it hears of an exam, or of the end.
const TURN: Duration = Duration::from_secs(10);
/// When a recording is tried again for the first time; each pause is twice the last.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// When something is tried again that somebody else was faster with.
const OVERTAKEN_PAUSE: Duration = Duration::from_secs(60);
/// The slowest rate by hand, in bytes per second.
const SLOWEST: u64 = 1_000;

/// Makes the archives that this process serves ready for browsers. One that does not answer is left for later: drains wait.
pub async fn prepare_archives(app: &App) {
    for (name, archive) in app.config.archives.iter().filter(|(_, archive)| archive.folder.is_some()) {
        let Some(objects) = app.archives.get(name) else { continue };
        if let Err(error) = objects.allow_origins(&app.config.store.cors_origins).await {
            tracing::warn!(archive = name, endpoint = archive.endpoint, %error, "an archive does not answer");
        }
    }
}

/// Asks every finished recording of an exam to go to an archive, at a rate of its own if one is given (bytes per second),
/// and gives how far the exam is. Those that were asked before keep their archive, and take the rate.
///
/// # Errors
/// [`Error::NotFound`] for an exam that is not there; [`Error::Invalid`] for an archive that is not configured.
pub async fn ask(
    app: &App,
    who: &Platform,
    exam: &ExamId,
    to: &str,
    rate: Option<u64>,
) -> Result<Vec<Progress>, Error> {
    super::exams::get(app, exam).await?;
    if !app.archives.contains_key(to) {
        let known = app.archives.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(Error::invalid("to", format!("no archive {to:?} is configured; known are: {known}")));
    }
    if rate.is_some_and(|rate| rate < SLOWEST) {
        return Err(Error::invalid("max_bytes_per_s", format!("use at least {SLOWEST}")));
    }
    let mut audit = super::audit(app, who, "drain.ask", exam.as_str(), Some(exam));
    audit.detail = serde_json::json!({ "to": to, "max_bytes_per_s": rate }).to_string();
    let ask = Ask {
        caused: Caused { audit: vec![audit], ..Caused::default() },
        ..asking(app, exam, to, rate, &who.key_id)
    };
    app.db.change(ask).await?;
    app.db.change(SetRate { exam: exam.clone(), rate }).await?;
    app.jobs.wake();
    progress(app, Some(exam)).await
}

/// Asks one recording to go to the archive that rules mean, by the word of a policy.
///
/// # Errors
/// When the database is not available.
pub(super) async fn ask_one(app: &App, exam: &ExamId, id: &RecordingId, policy: &str) -> Result<(), Error> {
    let Some(to) = &app.config.drain.archive else { return Ok(()) };
    let ask = Ask { recording: Some(id.clone()), ..asking(app, exam, to, None, policy) };
    app.db.change(ask).await?;
    Ok(())
}

fn asking(app: &App, exam: &ExamId, to: &str, rate: Option<u64>, by: &str) -> Ask {
    Ask {
        exam: exam.clone(),
        recording: None,
        archive: to.to_owned(),
        rate,
        at: app.clock.now(),
        by: by.to_owned(),
        caused: Caused::default(),
    }
}

/// How far everything is that was asked to go to an archive, or one exam.
///
/// # Errors
/// [`Error::NotFound`] for an exam that is not there.
pub async fn progress(app: &App, exam: Option<&ExamId>) -> Result<Vec<Progress>, Error> {
    if let Some(exam) = exam {
        super::exams::get(app, exam).await?;
    }
    Ok(db::drains::progress(&app.db, exam).await?)
}

/// Why nothing goes at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// The timetable says so.
    Timetable,
    /// Somebody records.
    Exam,
}

impl Pause {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Pause::Timetable => "timetable",
            Pause::Exam => "exam",
        }
    }
}

/// Why nothing goes at the moment, if nothing does; what has a rate by hand goes whatever the timetable says.
///
/// # Errors
/// When the database is not available.
pub async fn pause(app: &App) -> Result<Option<Pause>, Error> {
    if yields(app).await? {
        return Ok(Some(Pause::Exam));
    }
    Ok((rate(app, None) == Rate::Off).then_some(Pause::Timetable))
}

async fn yields(app: &App) -> Result<bool, Error> {
    if app.config.drain.during_exams {
        return Ok(false);
    }
    Ok(db::drains::is_exam_running(&app.db, app.clock.now()).await?)
}

/// How fast a recording may go now.
fn rate(app: &App, by_hand: Option<u64>) -> Rate {
    let (drain, zone) = (&app.config.drain, &app.config.retention.time_zone);
    by_hand.map_or_else(|| drain.timetable.rate(app.clock.now(), zone), Rate::Limit)
}

/// Plans the job if there is something to do that may be done now. One waits or runs at a time, whichever node plans it, so
/// that a rate is the rate of all nodes.
///
/// # Errors
/// When the database is not available.
pub async fn plan(app: &App) -> Result<(), Error> {
    if app.archives.is_empty() || next(app).await?.is_none() {
        return Ok(());
    }
    let now = app.clock.now();
    let job = NewJob {
        id: app.ids.row(now),
        kind: "drain",
        recording: None,
        run_at: now,
        payload: None,
        unique_key: Some("drain:".to_owned()),
    };
    Ok(app.db.change(Enqueue(vec![job])).await?)
}

/// The recording whose turn it is, if one may go now.
async fn next(app: &App) -> Result<Option<Waiting>, Error> {
    let by_hand_only = rate(app, None) == Rate::Off;
    let next = db::drains::next(&app.db, app.clock.now(), by_hand_only, 1).await?.pop();
    Ok(match next {
        Some(_) if yields(app).await? => None,
        next => next,
    })
}

/// Copies one recording after the other for a turn; the `drain` job.
///
/// # Errors
/// When the database is not available. What an archive or a recording is to blame for is noted, and tried again later.
pub async fn run(app: &App) -> Result<(), Error> {
    let end = app.clock.now() + TURN;
    while app.clock.now() < end {
        let Some(waiting) = next(app).await? else { break };
        let tried = copy::copy(app, &waiting, end).await;
        let word = tried.as_ref().map_or("failed", |outcome| outcome.word());
        metrics::counter!("handin_drain_recordings_total", "outcome" => word).increment(1);
        note(app, &waiting, tried).await?;
    }
    if let Rate::Limit(bytes_per_s) = rate(app, None) {
        metrics::gauge!("handin_drain_rate_bytes_per_s").set(bytes_per_s as f64);
    }
    let (waiting, failing) = db::drains::count_waiting(&app.db).await?;
    metrics::gauge!("handin_drain_waiting").set(waiting as f64);
    metrics::gauge!("handin_drain_failing").set(failing as f64);
    Ok(())
}

async fn note(app: &App, waiting: &Waiting, tried: Result<Outcome, Error>) -> Result<(), Error> {
    let now = app.clock.now();
    let recording = waiting.recording.clone();
    let note = match tried {
        Ok(Outcome::Copied) => return Ok(()),
        Ok(gone @ (Outcome::Gone | Outcome::Unreadable)) => {
            if gone == Outcome::Unreadable {
                tracing::warn!(%recording, "not drained: it lies in a storage class that is not read at once");
            }
            app.db.change(End { recording, moved: false, caused: Caused::default() }).await?;
            return Ok(());
        }
        Ok(Outcome::Interrupted { bytes_moved }) => {
            Note { recording, bytes_moved, next_at: None, error: None }
        }
        Ok(Outcome::Overtaken) => {
            Note { recording, bytes_moved: 0, next_at: Some(now + OVERTAKEN_PAUSE), error: None }
        }
        Err(error) => {
            let doubled = FIRST_PAUSE.saturating_mul(1 << waiting.tries.min(10)).min(LONGEST_PAUSE);
            let pause = doubled.max(error.retry_after().unwrap_or_default());
            let why = describe(&error);
            tracing::warn!(recording = %recording, archive = waiting.archive, why, "a recording is drained later");
            Note { recording, bytes_moved: 0, next_at: Some(now + pause), error: Some(why) }
        }
    };
    Ok(app.db.change(note).await?)
}

fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().take(500).collect()
}
