//! Holds in the store: where the bucket has Object Lock, what a hold covers has a legal hold there too, so that nobody who
//! holds the store's keys can delete it either. The ledger decides; the store follows, by the `lock` job.
//!
//! Marked in the ledger, then done, then looked at again: whoever finds that a hold came or went while they acted acts once
//! more. A flag that somebody else has set is never lifted.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::RecordingId;

use super::job;
use crate::app::App;
use crate::db;
use crate::db::holds::Hold;
use crate::db::jobs::NewJob;
use crate::db::locks::{ForgetLock, Lock, NoteLock};
use crate::db::recordings::{Filter, Recording};
use crate::service::Error;

/// How many recordings are read at once.
const PAGE: u32 = 500;
/// How many recordings are brought in line at once.
const AT_ONCE: usize = 8;
/// How long a seal or a hold waits to learn whether there is Object Lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// The job that brings everything in line that a hold covers, after it was placed or released; none where the store has no
/// Object Lock.
pub(super) async fn job_for(app: &App, hold: &Hold, change: &str) -> Option<NewJob> {
    let needed = is_needed(app).await;
    let new = || NewJob { payload: Some(hold.id.clone()), ..job(app, "lock", None, app.clock.now()) };
    needed.then(|| NewJob { unique_key: Some(format!("lock:{}:{change}", hold.id)), ..new() })
}

/// The job that brings one recording in line, whose object is new; none where the store has no Object Lock.
pub(in crate::service) async fn job_of(app: &App, recording: &RecordingId) -> Option<NewJob> {
    let new = || crate::service::job(app, "lock", recording, app.clock.now());
    // A job that is queued already may have looked before there was this object.
    is_needed(app).await.then(|| NewJob { unique_key: None, ..new() })
}

/// A store that does not answer at once may have Object Lock; nobody waits for it here, and the job asks it again.
async fn is_needed(app: &App) -> bool {
    match Box::pin(tokio::time::timeout(PATIENCE, app.objects.has_lock())).await {
        Ok(Ok(has_lock)) => has_lock,
        _ => true,
    }
}

/// Brings everything in line that a hold covers; the `lock` job of a hold.
///
/// # Errors
/// When it has to be tried again.
pub async fn settle_all(app: &App, hold: &str) -> Result<(), Error> {
    let Some(hold) = db::holds::get(&app.db, hold).await? else { return Ok(()) };
    if !app.objects.has_lock().await? {
        return Ok(());
    }
    let scope = hold.scope;
    if let Some(recording) = &scope.recording {
        return settle(app, recording).await;
    }
    let filter = Filter {
        exam: scope.exam,
        subject: scope.subject,
        candidate: scope.candidate,
        track: None,
        state: None,
        marked: false,
    };
    let mut last: Option<RecordingId> = None;
    loop {
        let page = db::recordings::list(&app.db, &filter, last.as_ref(), PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.id.clone());
        let finished: Vec<_> = page.iter().filter(|row| row.state.has_object()).collect();
        let settling: Vec<_> = finished.into_iter().map(|row| settle(app, &row.id)).collect();
        stream::iter(settling).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
}

/// Sets or lifts the legal hold of a recording's object, as holds say; the `lock` job of a recording.
///
/// # Errors
/// When it has to be tried again.
pub async fn settle(app: &App, id: &RecordingId) -> Result<(), Error> {
    if !app.objects.has_lock().await? {
        return Ok(());
    }
    let Some((mut recording, mut held)) = look(app, id).await? else { return Ok(()) };
    loop {
        match held {
            true if recording.state.has_object() && recording.place.is_empty() => {
                lock(app, id, &recording.key).await?;
            }
            true => {}
            false => release(app, id).await?,
        }
        let Some(now) = look(app, id).await? else { return Ok(()) };
        if now.1 == held && now.0.key == recording.key {
            return Ok(());
        }
        (recording, held) = now;
    }
}

async fn look(app: &App, id: &RecordingId) -> Result<Option<(Recording, bool)>, Error> {
    let Some(recording) = db::recordings::get(&app.db, id).await? else { return Ok(None) };
    Ok(Some((recording, db::holds::covers(&app.db, id).await?)))
}

/// Locks an object that is about to count, if a hold covers its recording.
pub(in crate::service) async fn lock_if_held(app: &App, id: &RecordingId, key: &str) -> Result<(), Error> {
    match app.objects.has_lock().await? && db::holds::covers(&app.db, id).await? {
        true => lock(app, id, key).await,
        false => Ok(()),
    }
}

async fn lock(app: &App, id: &RecordingId, key: &str) -> Result<(), Error> {
    let ours = db::locks::of(&app.db, id).await?.iter().any(|lock| lock.key == key);
    if !ours && app.objects.legal_hold(key).await? {
        // Somebody else's, who lifts it when they are done with it.
        return Ok(());
    }
    let lock = Lock { key: key.to_owned(), recording: id.clone(), stamp: app.ids.word() };
    app.db.change(NoteLock(lock)).await?;
    if !app.objects.set_legal_hold(key, true).await? {
        tracing::error!(recording = %id, key, "a hold covers an object that is gone");
    }
    Ok(())
}

/// Lifts every legal hold of ours on a recording's objects: no hold covers it, or it was deleted when none did.
pub(in crate::service) async fn release(app: &App, id: &RecordingId) -> Result<(), Error> {
    release_some(app, id, |_| true).await
}

/// Lifts the legal hold of ours on one object of a recording that does not count, once the one that counts has its own.
pub(in crate::service) async fn release_other(app: &App, id: &RecordingId, key: &str) -> Result<(), Error> {
    settle(app, id).await?;
    release_some(app, id, |lock| lock.key == key).await
}

async fn release_some(app: &App, id: &RecordingId, which: impl Fn(&Lock) -> bool) -> Result<(), Error> {
    for lock in db::locks::of(&app.db, id).await?.into_iter().filter(which) {
        app.objects.set_legal_hold(&lock.key, false).await?;
        app.db.change(ForgetLock(lock)).await?;
    }
    Ok(())
}
