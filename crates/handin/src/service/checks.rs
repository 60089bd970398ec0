//! The two checks that run by themselves: `verify` looks at sealed objects again, `reconcile` compares open
//! recordings with the store, both ways. They report; neither ever deletes.

use std::time::Duration;

use handin_core::{ObjectKey, RecordingId, State, StoredPart, contiguous_bytes};

use super::completion;
use super::error::Error;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::recordings::{Flush, ProgressRow, Recording};
use crate::objects::{Head, ObjectDigest, OpenUpload};

/// The longest time between two checks of one object: 30 days, in seconds.
const LONGEST_PAUSE_S: u64 = 30 * 86_400;
/// How many recordings a reconciliation looks at in one page.
const PAGE: u32 = 500;

/// Compares a finished object's length, write token and checksum with the ledger, and plans the next check: each
/// pause is four times the last. Gives whether the object was as it should be. The `verify` job.
///
/// # Errors
/// When the store or the database is not available.
pub async fn verify(app: &App, id: &RecordingId, round: u32) -> Result<bool, Error> {
    let Some(recording) = db::recordings::get(&app.db, id).await? else { return Ok(true) };
    if !recording.state.has_object() {
        return Ok(true);
    }
    let head = super::store_of(app, &recording.place)?.head(&recording.key).await?;
    let complaint = complain(&recording, head.as_ref());
    let outcome = if complaint.is_some() { "differs" } else { "same" };
    metrics::counter!("handin_verifications_total", "outcome" => outcome).increment(1);
    app.db.change(next_check(app, &recording, round, complaint)).await?;
    if let Some(complaint) = complaint {
        tracing::error!(recording = %id, key = recording.key, complaint, "a finished recording is not as it was");
    }
    Ok(complaint.is_none())
}

fn complain(recording: &Recording, head: Option<&Head>) -> Option<&'static str> {
    let Some(head) = head else { return Some("the object is gone") };
    if head.write_token.as_deref() != Some(&recording.write_token) {
        return Some("the object carries another write token");
    }
    if Some(head.size) != recording.sealed_size {
        return Some("the object has another length");
    }
    match (&recording.sha256_parts, head.sha256) {
        (Some(mine), Some(theirs)) if *mine != over_parts(theirs) => Some("the object has another checksum"),
        _ => None,
    }
}

/// What is wrong with an object, as far as the store knows without reading it.
pub(super) async fn complaint(app: &App, recording: &Recording) -> Result<Option<&'static str>, Error> {
    Ok(complain(recording, super::store_of(app, &recording.place)?.head(&recording.key).await?.as_ref()))
}

/// Whether an object stands in the store as its row says, every byte of it: where the store keeps no checksum to
/// compare with, it is read back and hashed.
pub(super) async fn is_whole(app: &App, recording: &Recording) -> Result<bool, Error> {
    let head = super::store_of(app, &recording.place)?.head(&recording.key).await?;
    if complain(recording, head.as_ref()).is_some() {
        return Ok(false);
    }
    match &recording.sha256_parts {
        Some(_) if head.is_none_or(|head| head.sha256.is_none()) => reads_whole(app, recording).await,
        _ => Ok(true),
    }
}

/// Whether an object stands in the store as its row says, by its bytes alone, whatever checksum the store keeps of them.
pub(super) async fn reads_whole(app: &App, recording: &Recording) -> Result<bool, Error> {
    let objects = super::store_of(app, &recording.place)?;
    let head = objects.head(&recording.key).await?;
    if complain(recording, head.as_ref()).is_some() {
        return Ok(false);
    }
    let sizes = completion::sizes(recording, recording.sealed_size.unwrap_or_default());
    let digests = objects.hash_object(&recording.key, &sizes).await?;
    let read = hex::encode(completion::over_parts(&digests));
    Ok(recording.sha256_parts.as_ref().is_none_or(|stated| *stated == read))
}

/// A receipt's `sha256_parts` as it follows from the store's checksum; a whole object is one part.
fn over_parts(digest: ObjectDigest) -> String {
    match digest {
        ObjectDigest::Composite(composite, _) => hex::encode(composite),
        ObjectDigest::Full(whole) => hex::encode(completion::over_parts(&[whole])),
    }
}

fn next_check(app: &App, recording: &Recording, round: u32, complaint: Option<&str>) -> Caused {
    let first = app.config.jobs.verify_after_s.max(1);
    let pause = first.saturating_mul(4u64.saturating_pow(round + 1)).min(LONGEST_PAUSE_S);
    let mut job = super::job(app, "verify", &recording.id, app.clock.now() + Duration::from_secs(pause));
    job.payload = Some((round + 1).to_string());
    job.unique_key = Some(format!("verify:{}:{}", recording.id, round + 1));
    let mut caused = Caused { jobs: vec![job], ..Caused::default() };
    if let Some(complaint) = complaint {
        let payload =
            serde_json::json!({ "id": recording.id.as_str(), "key": recording.key, "complaint": complaint });
        let mut audit =
            super::audit(app, "server", "recording.differs", recording.id.as_str(), Some(&recording.exam));
        audit.detail = payload.to_string();
        caused.audit.push(audit);
    }
    caused
}

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Open recordings whose parts were counted anew.
    pub counted: u64,
    /// Open recordings whose upload the store does not know, and which have no object either.
    pub lost: Vec<RecordingId>,
    /// Recordings stuck in `sealing` for which a job was planned.
    pub resumed: Vec<RecordingId>,
    /// Uploads under one of our keys that no recording owns: `(key, upload id)`.
    pub strangers: Vec<(String, String)>,
}

/// Compares open recordings with the store, both ways; the `reconcile` job.
///
/// # Errors
/// When the store or the database is not available.
pub async fn reconcile(app: &App) -> Result<Reconciled, Error> {
    let mut found = Reconciled::default();
    ledger_against_store(app, &mut found).await?;
    store_against_ledger(app, &mut found).await?;
    metrics::gauge!("handin_reconcile_lost").set(count(found.lost.len()));
    metrics::gauge!("handin_reconcile_strangers").set(count(found.strangers.len()));
    if !found.lost.is_empty() || !found.strangers.is_empty() {
        tracing::warn!(lost = ?found.lost, strangers = found.strangers.len(), "ledger and store disagree");
    }
    Ok(found)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

async fn ledger_against_store(app: &App, found: &mut Reconciled) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = db::recordings::open_or_sealing(&app.db, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        let mut counted = Vec::new();
        for recording in &page {
            counted.extend(look_at(app, recording, found).await?);
        }
        found.counted += counted.len() as u64;
        app.db.change(Flush(counted)).await?;
    }
}

async fn look_at(
    app: &App,
    recording: &Recording,
    found: &mut Reconciled,
) -> Result<Option<ProgressRow>, Error> {
    if recording.state == State::Sealing {
        return resume_if_stuck(app, recording, found).await.map(|()| None);
    }
    let Some(upload_id) = &recording.upload_id else { return Ok(None) };
    match app.objects.list_parts(&recording.key, upload_id).await {
        Ok(parts) => Ok(Some(counted(recording, &parts))),
        Err(error) if error.is_no_such_upload() => {
            if app.objects.head(&recording.key).await?.is_none() {
                found.lost.push(recording.id.clone());
            }
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the store shows of a recording that is not finished.
pub(super) fn counted(recording: &Recording, parts: &[StoredPart]) -> ProgressRow {
    ProgressRow {
        id: recording.id.clone(),
        seen_at: recording.seen_at.unwrap_or(recording.opened_at),
        recorded_ms: recording.recorded_ms,
        pending_bytes: recording.pending_bytes,
        confirmed_bytes: Some(contiguous_bytes(parts, recording.part_size)),
        confirmed_parts: u32::try_from(parts.len()).ok(),
    }
}

async fn resume_if_stuck(app: &App, recording: &Recording, found: &mut Reconciled) -> Result<(), Error> {
    let now = app.clock.now();
    if recording.lease_until.is_some_and(|until| until > now) {
        return Ok(());
    }
    // Listed rows come without their claim. A seal that never had one was a salvage.
    let claimed = db::recordings::get(&app.db, &recording.id).await?.is_some_and(|row| row.claim.is_some());
    let kind = if claimed { "seal" } else { "salvage" };
    let caused = Caused { jobs: vec![super::job(app, kind, &recording.id, now)], ..Caused::default() };
    app.db.change(caused).await?;
    found.resumed.push(recording.id.clone());
    Ok(())
}

async fn store_against_ledger(app: &App, found: &mut Reconciled) -> Result<(), Error> {
    let mut marker = None;
    loop {
        let page = app.objects.list_uploads("", marker.as_ref()).await?;
        let ours: Vec<(RecordingId, &OpenUpload)> =
            page.uploads.iter().filter_map(|upload| Some((recording_of(&upload.key)?, upload))).collect();
        let ids: Vec<RecordingId> = ours.iter().map(|(id, _)| id.clone()).collect();
        let known = db::recordings::known(&app.db, &ids).await?;
        let strangers = ours.iter().filter(|(id, _)| !known.contains(id));
        found.strangers.extend(strangers.map(|(_, upload)| (upload.key.clone(), upload.upload_id.clone())));
        match page.next {
            Some(next) => marker = Some(next),
            None => return Ok(()),
        }
    }
}

fn recording_of(key: &str) -> Option<RecordingId> {
    key.parse::<ObjectKey>().ok().map(|key| key.recording)
}
