//! From events to deliveries, before each look at the queue; and the events about sittings, which follow from others.

use std::collections::BTreeSet;
use std::time::Duration;

use handin_core::{CandidateId, ExamId, State, SubjectId, Take, sitting_state};

use super::super::{Error, events, retention};
use super::Webhook;
use crate::app::App;
use crate::db;
use crate::db::deliveries::{DELIVER, Fan, ForgetOrphans, NewDelivery};
use crate::db::jobs::Enqueue;
use crate::db::outbox::{Forget, NewEvent};
use crate::db::told::{self, Tell};
use crate::service::events::{SITTING_AT_RISK, SITTING_COMPLETE, SittingAtRisk, SittingComplete};

/// How many events are taken at once; the next look takes the rest.
const AT_ONCE: u32 = 500;
/// How many sittings at risk are told of at once.
const MOST_SILENT: u32 = 500;
/// Who has been silent for longer was told of, or was silent before anybody wanted to know.
const LONG_SILENT: Duration = Duration::from_secs(86_400);
/// How many events are forgotten in one transaction.
const FORGET_AT_ONCE: u32 = 1_000;

/// Writes the deliveries of new events, and queues the `deliver` jobs of webhooks that something waits for.
///
/// # Errors
/// When the database is not available.
pub async fn fan(app: &App) -> Result<(), Error> {
    while fan_some(app).await? {}
    let now = app.clock.now();
    let waiting = db::deliveries::waiting(&app.db, now).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let jobs = waiting.iter().map(|id| retention::job(app, DELIVER, Some(id.as_str()), now)).collect();
    Ok(app.db.change(Enqueue(jobs)).await?)
}

/// Gives whether there may be more.
async fn fan_some(app: &App) -> Result<bool, Error> {
    let new = db::outbox::new(&app.db, AT_ONCE).await?;
    if new.is_empty() {
        return Ok(false);
    }
    tell_complete(app, &new).await?;
    let webhooks = db::webhooks::list(&app.db).await?;
    let now = app.clock.now();
    let tell = move |event: &NewEvent| deliveries(&webhooks, event, now);
    app.db.change(Fan { events: new.iter().map(|event| event.id.clone()).collect(), tell }).await?;
    // Sittings that are complete by these have become events of their own.
    Ok(true)
}

fn deliveries(webhooks: &[Webhook], event: &NewEvent, now: jiff::Timestamp) -> Vec<NewDelivery> {
    let wanted = webhooks.iter().filter(|one| one.created_at <= event.at && one.wants(&event.kind));
    let delivery = |webhook: &Webhook| NewDelivery {
        webhook: webhook.id.clone(),
        event: event.id.clone(),
        recording: event.recording.clone(),
        place: events::place(&event.kind, &event.id),
        at: event.at,
        next_at: now,
    };
    wanted.map(delivery).collect()
}

/// Tells of the sittings that these events made complete. It happens before the events are taken, so that a process that
/// dies in between does it again; and after they were committed, so that of two tracks sealed at once the later sees both.
async fn tell_complete(app: &App, new: &[NewEvent]) -> Result<(), Error> {
    for event in new.iter().filter(|event| event.kind == "recording.sealed") {
        let Some(id) = &event.recording else { continue };
        let Some(row) = db::recordings::get(&app.db, id).await? else { continue };
        let exam = match super::super::exams::get(app, &row.exam).await {
            Ok(exam) => exam,
            Err(Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        let of_candidate =
            db::recordings::of_sittings(&app.db, &row.exam, std::slice::from_ref(&row.candidate)).await?;
        let mine: Vec<_> = of_candidate.iter().filter(|one| one.subject == row.subject).collect();
        let takes: Vec<Take> =
            mine.iter().map(|one| Take { track: one.track.clone(), state: one.state }).collect();
        if sitting_state(&exam.tracks, &takes) != handin_core::SittingState::Complete {
            continue;
        }
        let sealed = mine.iter().filter(|one| one.state == State::Sealed);
        let payload = SittingComplete {
            exam: row.exam.to_string(),
            subject: row.subject.to_string(),
            candidate: row.candidate.to_string(),
            recordings: sealed.map(|one| one.id.to_string()).collect(),
        };
        let event = super::super::new_event(app, SITTING_COMPLETE, &row.id, &row.exam, &payload);
        app.db.change(Tell { candidate: row.candidate, subject: row.subject, event }).await?;
    }
    Ok(())
}

/// Tells of sittings at risk, and forgets events that everybody was told: the `webhooks` job.
///
/// # Errors
/// When the database is not available.
pub async fn look_after(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    if !db::webhooks::list(&app.db).await?.is_empty() {
        tell_silent(app).await?;
    }
    app.db.change(ForgetOrphans).await?;
    let before = now - Duration::from_secs(u64::from(app.config.webhooks.keep_days) * 86_400);
    while app.db.change(Forget { before, limit: FORGET_AT_ONCE }).await? == u64::from(FORGET_AT_ONCE) {}
    Ok(())
}

async fn tell_silent(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let until = now - super::super::seconds(app.config.webhooks.silent_after_s);
    let silent = told::silent(&app.db, (now - LONG_SILENT, until), SITTING_AT_RISK, MOST_SILENT);
    let mut seen: BTreeSet<(ExamId, CandidateId, SubjectId)> = BTreeSet::new();
    for one in silent.await? {
        if !seen.insert((one.exam.clone(), one.candidate.clone(), one.subject.clone())) {
            continue;
        }
        let payload = SittingAtRisk {
            exam: one.exam.to_string(),
            subject: one.subject.to_string(),
            candidate: one.candidate.to_string(),
            recording: one.id.to_string(),
            track: one.track,
            seen_at: one.seen_at,
            pending_bytes: one.pending_bytes,
        };
        let event = super::super::new_event(app, SITTING_AT_RISK, &one.id, &one.exam, &payload);
        app.db.change(Tell { candidate: one.candidate, subject: one.subject, event }).await?;
    }
    Ok(())
}
