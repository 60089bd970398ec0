//! Discard and erase: the explicit decisions that end an upload or remove an object.
//!
//! Mark in the ledger, act on the store, confirm: the `erase` job acts, so a process that dies in between loses
//! nothing but time. For a recording that salvage gave up, the job ends an upload that is still empty, and no more.

use handin_core::{Reason, RecordingId, State};
use serde::Serialize;

use super::By;
use super::error::Error;
use super::events::{RecordingAbandoned, RecordingDeleted};
use super::recordings::{Who, find};
use super::retention::locks;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::recordings::{Abandon, Delete, Recording};
use crate::objects::Objects;

/// How often a deletion is tried that holds refuse which are gone a moment later.
const TRIES: u32 = 3;

/// Discards a recording: an open one by its candidate or the platform, a finished one by the platform only. Repeating
/// it changes nothing.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] for a candidate who would discard a finished one; [`Error::Sealing`];
/// [`Error::Held`], open or finished.
pub async fn discard(app: &App, who: &Who, id: &RecordingId) -> Result<Recording, Error> {
    let recording = find(app, who, id).await?;
    match (recording.state, who) {
        (State::Abandoned | State::Deleted, _) => return Ok(recording),
        (State::Sealing, _) => {
            return Err(Error::Sealing { retry_after: super::seconds(app.config.uploads.seal_lease_s) });
        }
        (State::Open, _) => abandon_open(app, who, &recording).await?,
        (State::Sealed | State::Partial, Who::Platform(_)) => delete_finished(app, who, &recording).await?,
        (state, Who::Candidate(_)) => {
            return Err(Error::State {
                state,
                hint: "what was sealed is kept until retention or the platform ends it",
            });
        }
    }
    app.progress.forget(id);
    app.jobs.wake();
    find(app, who, id).await
}

async fn abandon_open(app: &App, who: &Who, recording: &Recording) -> Result<(), Error> {
    let reason = match who {
        Who::Candidate(_) => Reason::DiscardedByCandidate,
        Who::Platform(_) => Reason::DiscardedByPlatform,
    };
    let payload = RecordingAbandoned::new(recording, reason);
    let caused = caused(app, who, recording, "recording.abandoned", &payload);
    let abandon = Abandon { id: recording.id.clone(), from_owner: None, reason, at: app.clock.now(), caused };
    if app.db.change(abandon).await? {
        return Ok(());
    }
    if db::holds::covers(&app.db, &recording.id).await? {
        return Err(Error::Held);
    }
    // Somebody began to seal it in the meantime.
    Err(Error::Sealing { retry_after: super::seconds(app.config.uploads.seal_lease_s) })
}

async fn delete_finished(app: &App, who: &Who, recording: &Recording) -> Result<(), Error> {
    let payload = RecordingDeleted::new(&recording.id, &recording.exam, &recording.key);
    let caused = caused(app, who, recording, "recording.deleted", &payload);
    let delete = Delete { id: recording.id.clone(), at: app.clock.now(), caused };
    for _ in 0..TRIES {
        if app.db.change(delete.clone()).await? || is_deleted(app, &recording.id).await? {
            return Ok(());
        }
        if db::holds::covers(&app.db, &recording.id).await? {
            break;
        }
        // The hold that refused it was released since.
    }
    Err(Error::Held)
}

async fn is_deleted(app: &App, id: &RecordingId) -> Result<bool, Error> {
    let recording = db::recordings::get(&app.db, id).await?;
    Ok(recording.is_none_or(|recording| recording.state == State::Deleted))
}

fn caused(
    app: &App,
    who: &Who,
    recording: &Recording,
    kind: &'static str,
    payload: &impl Serialize,
) -> Caused {
    let by: By = match who {
        Who::Candidate(candidate) => candidate.candidate.as_str().into(),
        Who::Platform(platform) => platform.into(),
    };
    Caused {
        jobs: vec![super::job(app, "erase", &recording.id, app.clock.now())],
        events: vec![super::event(app, kind, recording, payload)],
        audit: vec![super::audit(app, by, "recording.discard", recording.id.as_str(), Some(&recording.exam))],
    }
}

/// Ends the upload and removes the object of a recording that the ledger says is over; the `erase` job.
///
/// # Errors
/// When it has to be tried again, or the store still shows the object afterwards.
pub async fn erase(app: &App, id: &RecordingId) -> Result<(), Error> {
    let Some(recording) = db::recordings::get(&app.db, id).await? else { return Ok(()) };
    if !matches!(recording.state, State::Abandoned | State::Deleted) {
        return Err(Error::internal(format!("refused to erase {id}, which is {}", recording.state)));
    }
    if !is_decided(&recording) {
        return end_empty_upload(app, &recording).await;
    }
    if app.objects.has_lock().await? {
        Box::pin(locks::release(app, id)).await?;
    }
    let objects = super::store_of(app, &recording.place)?;
    remove(objects, &recording.key, recording.upload_id.as_deref(), &recording.write_token).await?;
    super::revisions::erase_others(app, &recording).await
}

/// Ends an upload, deletes its object, every version of it where the bucket keeps them, and confirms that it is gone. Neither
/// needs to be there.
pub(super) async fn remove(
    objects: &Objects,
    key: &str,
    upload_id: Option<&str>,
    write_token: &str,
) -> Result<(), Error> {
    if let Some(upload_id) = upload_id {
        objects.abort(key, upload_id).await?;
    }
    // Asked first: what was deleted by somebody who died after it shows no object, but its versions are still there.
    let keeps_versions = objects.keeps_versions().await?;
    match objects.head(key).await? {
        None if !keeps_versions => return Ok(()),
        None => {}
        Some(head) if head.write_token.as_deref() == Some(write_token) => objects.delete(key).await?,
        Some(_) => {
            return Err(Error::internal(format!(
                "refused to erase {key}, which carries another write token"
            )));
        }
    }
    if keeps_versions {
        objects.delete_versions(key).await?;
    }
    match objects.head(key).await? {
        None => Ok(()),
        Some(_) => Err(Error::internal(format!("{key} is still there after it was deleted"))),
    }
}

/// Whether somebody decided that a recording goes, rather than that nothing of it was found.
fn is_decided(recording: &Recording) -> bool {
    let discarded = [Reason::DiscardedByCandidate, Reason::DiscardedByPlatform];
    recording.state == State::Deleted || recording.reason.is_some_and(|reason| discarded.contains(&reason))
}

/// Ends the upload of a recording of which nothing was found. What turned up since then stays for a person to look at.
async fn end_empty_upload(app: &App, recording: &Recording) -> Result<(), Error> {
    let Some(upload_id) = &recording.upload_id else { return Ok(()) };
    match app.objects.list_parts(&recording.key, upload_id).await {
        Ok(parts) if parts.is_empty() => Ok(app.objects.abort(&recording.key, upload_id).await?),
        Ok(parts) => {
            let parts = parts.len();
            tracing::error!(recording = %recording.id, parts, "parts came after salvage found none; they are kept");
            Ok(())
        }
        Err(error) if error.is_no_such_upload() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
