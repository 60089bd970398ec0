//! Holds: what may not be deleted, whatever policies say, until the one who answers for it releases it.
//!
//! A hold that has expired holds on. Its owner is reminded by an event; nothing is let go because nobody looked.

use handin_core::{CandidateId, ExamId, RecordingId, State, SubjectId};
use jiff::Timestamp;

use super::{event, locks, policies, stamp};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::holds::{PlaceHold, ReleaseHold, Remind};
use crate::db::recordings::Recording;
use crate::service::Error;
use crate::service::api_keys::Platform;
use crate::service::events::HoldExpired;

pub use crate::db::holds::{Hold, Scope};

/// What a platform says of a new hold. A recording names the rest of its scope by itself.
#[derive(Debug, Clone, Default)]
pub struct NewHold {
    /// Of this exam.
    pub exam: Option<ExamId>,
    /// Of this candidate only.
    pub candidate: Option<CandidateId>,
    /// Of this subject only.
    pub subject: Option<SubjectId>,
    /// This recording only.
    pub recording: Option<RecordingId>,
    /// Why.
    pub reason: String,
    /// Who answers for it; the API key if nobody is named.
    pub owner: Option<String>,
    /// When its owner is to be reminded.
    pub expires_at: Option<Timestamp>,
}

/// The longest reason and the longest owner, in characters.
const LONGEST: usize = 500;
/// How many owners are reminded in one go.
const REMINDERS: u32 = 100;

/// Places a hold, and takes back the marks of what it covers. Gives the hold and how many finished recordings it covers
/// at the moment; those that are sealed later are covered too.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] naming the field.
pub async fn place(app: &App, who: &Platform, new: NewHold) -> Result<(Hold, u64), Error> {
    check(app, &new)?;
    let scope = scope(app, &new).await?;
    let now = app.clock.now();
    let hold = Hold {
        id: app.ids.row(now),
        scope,
        reason: new.reason,
        owner: new.owner.unwrap_or_else(|| who.key_id.clone()),
        placed_at: now,
        placed_by: who.key_id.clone(),
        expires_at: new.expires_at,
        reminded_at: None,
        released_at: None,
        released_by: None,
    };
    let audit = crate::service::audit(app, who, "hold.place", &hold.id, Some(&hold.scope.exam));
    let lock = locks::job_for(app, &hold, "placed").await;
    let caused = Caused { audit: vec![audit], jobs: lock.into_iter().collect(), ..Caused::default() };
    let covered = app.db.change(PlaceHold { hold: hold.clone(), stamp: stamp(app), caused }).await?;
    app.jobs.wake();
    Ok((hold, covered))
}

fn check(app: &App, new: &NewHold) -> Result<(), Error> {
    let bad = |text: &str| {
        text.trim().is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control)
    };
    let words = "use 1 to 500 characters, none of them control characters";
    if bad(&new.reason) {
        return Err(Error::invalid("reason", words));
    }
    if new.owner.as_deref().is_some_and(bad) {
        return Err(Error::invalid("owner", words));
    }
    if new.expires_at.is_some_and(|at| at <= app.clock.now()) {
        return Err(Error::invalid("expires_at", "this is over already; name a moment to come, or none"));
    }
    Ok(())
}

async fn scope(app: &App, new: &NewHold) -> Result<Scope, Error> {
    if let Some(id) = &new.recording {
        let row = db::recordings::get(&app.db, id).await?.ok_or(Error::NotFound("recording"))?;
        check_named(new, &row)?;
        let (candidate, subject) = (Some(row.candidate), Some(row.subject));
        return Ok(Scope { exam: row.exam, candidate, subject, recording: Some(id.clone()) });
    }
    let exam = new.exam.as_ref().ok_or_else(|| Error::invalid("exam", "name an exam or a recording"))?;
    let known = crate::service::exams::get(app, exam).await?;
    if let Some(subject) = &new.subject {
        known.subject(subject).ok_or(Error::NotFound("subject"))?;
    }
    let (candidate, subject) = (new.candidate.clone(), new.subject.clone());
    Ok(Scope { exam: exam.clone(), candidate, subject, recording: None })
}

/// Whoever names more than the recording must name what is its own: one of the two is a mistake.
fn check_named(new: &NewHold, row: &Recording) -> Result<(), Error> {
    let named = [
        ("exam", new.exam.as_ref().is_none_or(|exam| *exam == row.exam)),
        ("candidate", new.candidate.as_ref().is_none_or(|candidate| *candidate == row.candidate)),
        ("subject", new.subject.as_ref().is_none_or(|subject| *subject == row.subject)),
    ];
    match named.iter().find(|(_, fits)| !fits) {
        None => Ok(()),
        Some((field, _)) => {
            Err(Error::invalid(*field, "the recording is of another; leave it out, or name its own"))
        }
    }
}

/// Takes back the mark of a recording, and keeps it by a hold of its own.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] when it is not marked.
pub async fn restore(app: &App, who: &Platform, id: &RecordingId, new: NewHold) -> Result<Hold, Error> {
    let row = db::recordings::get(&app.db, id).await?.ok_or(Error::NotFound("recording"))?;
    let hint = match row.state {
        State::Deleted => "its grace is over; only what is marked can be restored",
        _ => "it is not marked for deletion; place a hold to keep it that way",
    };
    if row.marked_at.is_none() {
        return Err(Error::State { state: row.state, hint });
    }
    match place(app, who, NewHold { recording: Some(id.clone()), ..new }).await? {
        (hold, 1) => Ok(hold),
        // It went between the look and the hold. What is gone needs no hold.
        (hold, _) => {
            release(app, who, &hold.id).await?;
            Err(Error::State { state: State::Deleted, hint: "its grace has just ended" })
        }
    }
}

/// Releases a hold, and has what it covered looked at. Releasing it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn release(app: &App, who: &Platform, id: &str) -> Result<Hold, Error> {
    let hold = db::holds::get(&app.db, id).await?.ok_or(Error::NotFound("hold"))?;
    let audit = crate::service::audit(app, who, "hold.release", id, Some(&hold.scope.exam));
    let lock = locks::job_for(app, &hold, "released").await;
    let jobs = lock.into_iter().chain([policies::soon(app)]).collect();
    let caused = Caused { audit: vec![audit], jobs, ..Caused::default() };
    let (at, by) = (app.clock.now(), who.key_id.clone());
    app.db.change(ReleaseHold { id: id.to_owned(), at, by, caused }).await?;
    app.jobs.wake();
    db::holds::get(&app.db, id).await?.ok_or(Error::NotFound("hold"))
}

/// Holds by id, oldest first, from after the given one.
///
/// # Errors
/// When the database is not available.
pub async fn list(
    app: &App,
    exam: Option<&ExamId>,
    released: bool,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Hold>, Error> {
    Ok(db::holds::list(&app.db, exam, released, after, limit).await?)
}

/// Reminds the owners of holds that have expired, once each.
pub(super) async fn remind(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    for hold in db::holds::expired(&app.db, now, REMINDERS).await? {
        let payload = HoldExpired {
            id: hold.id.clone(),
            exam: hold.scope.exam.to_string(),
            owner: hold.owner,
            reason: hold.reason,
            expires_at: hold.expires_at,
        };
        let events = vec![event(app, "hold.expired", &hold.scope.exam, &payload)];
        let caused = Caused { events, ..Caused::default() };
        app.db.change(Remind { id: hold.id, at: now, caused }).await?;
    }
    Ok(())
}
