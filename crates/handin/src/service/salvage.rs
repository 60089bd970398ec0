//! Salvage: after the bell plus grace, keep what arrived of a recording whose browser never came back.
//!
//! Only when the end is written in the ledger is the dead upload ended in the store.

use handin_core::{
    Missing, Proof, Reason, RecordingId, Salvage, State, StoredPart, Upload, salvage as decide,
};
use jiff::Timestamp;

use super::completion::{self, End, Lease, Outcome};
use super::error::Error;
use super::events::{RecordingAbandoned, RecordingOpened};
use crate::app::App;
use crate::db::jobs::Enqueue;
use crate::db::recordings::{Abandon, Claimed, Flush, NewRecording, Recording};
use crate::db::{self, Caused};
use crate::objects::ObjectDigest;

/// When a recording opened now is salvaged: grace after the bell, or the life of a handle where there is no bell.
pub(super) fn due(app: &App, now: Timestamp, bell: Option<Timestamp>) -> Timestamp {
    match bell {
        // Opened after the bell (a night offline, then a new take): it gets its grace too.
        Some(bell) => bell.max(now) + super::seconds(app.config.uploads.salvage_grace_s),
        None => now + super::seconds(app.config.uploads.handle_ttl_s),
    }
}

/// What opening a recording causes: the event. Who opened it, when and what, the row itself says.
pub(super) fn caused_by_open(app: &App, new: &NewRecording) -> Caused {
    let payload = RecordingOpened {
        id: new.id.to_string(),
        exam: new.exam.to_string(),
        subject: new.subject.to_string(),
        candidate: new.candidate.to_string(),
        track: new.track.to_string(),
        key: new.key.clone(),
    };
    let events = vec![super::new_event(app, "recording.opened", &new.id, &new.exam, &payload)];
    Caused { events, ..Caused::default() }
}

/// How many recordings one sweep plans; the next sweep takes the rest.
const SWEEP: u32 = 500;

/// Plans the salvage of every recording whose time has come. Opening plans none, because nearly all are sealed in time
/// and the bell is when rows are dearest.
///
/// # Errors
/// When the database is not available.
pub async fn sweep(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let due = db::recordings::to_salvage(&app.db, now, None, SWEEP).await?;
    if due.is_empty() {
        return Ok(());
    }
    let jobs = due.iter().map(|recording| super::job(app, "salvage", &recording.id, now)).collect();
    Ok(app.db.change(Enqueue(jobs)).await?)
}

/// Salvages one recording if it is still open; the `salvage` job.
///
/// # Errors
/// When it has to be tried again.
pub async fn salvage(app: &App, id: &RecordingId) -> Result<(), Error> {
    let lease = Lease::new(app);
    match completion::claim(app, id, &lease, None).await? {
        Claimed::Other(_) | Claimed::Unknown => Ok(()),
        Claimed::Busy { .. } => {
            Err(Error::Sealing { retry_after: super::seconds(app.config.uploads.seal_lease_s) })
        }
        Claimed::Yes(recording) => {
            let result = keep(app, &recording, &lease).await;
            if let Err(error) = &result {
                completion::let_go(app, &recording, &lease, error).await;
            }
            result
        }
    }
}

async fn keep(app: &App, recording: &Recording, lease: &Lease) -> Result<(), Error> {
    if recording.claim.is_some() {
        // A browser did claim it; prove that first, and salvage only what cannot be proved.
        match super::seal::go_on(app, recording.clone(), lease).await {
            Ok(_) | Err(Error::ObjectDiffers) => return Ok(()),
            Err(Error::Refused(_) | Error::UploadLost) => {
                // The refusal gave the lease back; the next round finds it open, without a claim.
                return Err(Error::Sealing { retry_after: std::time::Duration::ZERO });
            }
            Err(error) => return Err(error),
        }
    }
    match (&recording.upload, &recording.upload_id) {
        (Upload::Put, _) | (_, None) => keep_put(app, recording, lease).await,
        (_, Some(upload_id)) => keep_parts(app, recording, lease, upload_id).await,
    }
}

async fn keep_put(app: &App, recording: &Recording, lease: &Lease) -> Result<(), Error> {
    let size = recording.size.unwrap_or_default();
    let digests = recording.sha256.map(|digest| vec![digest]);
    let proof = Proof { size, unconfirmed: digests.iter().map(|_| 1).collect(), digests };
    match completion::look(app, recording, lease, &proof).await? {
        None | Some(Outcome::Lost) => abandon(app, recording, lease, Reason::NothingArrived).await,
        Some(Outcome::Differs { size }) => finish(app, recording, lease, End::differs(size)).await,
        Some(Outcome::Refused(error)) => Err(error.into()),
        // Length and digest were announced at the start and are now proved: nothing is missing.
        Some(Outcome::Proved(_)) => {
            finish(app, recording, lease, End::sealed(size, proof.digests.as_deref(), None)).await
        }
    }
}

async fn keep_parts(app: &App, recording: &Recording, lease: &Lease, upload_id: &str) -> Result<(), Error> {
    let stored = match app.objects.list_parts(&recording.key, upload_id).await {
        Ok(stored) => stored,
        Err(error) if error.is_no_such_upload() => return keep_completed(app, recording, lease).await,
        Err(error) => return Err(error.into()),
    };
    let (parts, missing) = match decide(&stored, recording.part_size, None) {
        Salvage::Nothing => return abandon(app, recording, lease, Reason::NothingArrived).await,
        Salvage::Keep { parts, missing } => (parts, missing),
    };
    // Where the first hole is, whoever finishes this after us could not see any more.
    app.db.change(Flush(vec![super::checks::counted(recording, &stored)])).await?;
    let (proof, outcome) = complete(app, recording, lease, &parts, &stored).await?;
    match outcome {
        Outcome::Refused(error) => Err(error.into()),
        Outcome::Lost => abandon(app, recording, lease, Reason::UploadLost).await,
        Outcome::Differs { size } => finish(app, recording, lease, End::differs(size)).await,
        Outcome::Proved(_) if recording.size == Some(proof.size) && proof.digests.is_some() => {
            // The length was announced, and the store checked every part on arrival: it is whole.
            finish(app, recording, lease, End::sealed(proof.size, proof.digests.as_deref(), None)).await
        }
        Outcome::Proved(_) => {
            let end = End {
                state: State::Partial,
                reason: Some(Reason::NotSealedInTime),
                missing: Some(missing),
                ..End::sealed(proof.size, proof.digests.as_deref(), None)
            };
            finish(app, recording, lease, end).await
        }
    }
}

/// Completes with the parts before the first hole. Where the store refuses to leave any out (Ceph), with all that
/// arrived: what came from behind the hole then stands at the end of the object.
async fn complete(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    parts: &[StoredPart],
    stored: &[StoredPart],
) -> Result<(Proof, Outcome), Error> {
    let proof = proof_of(parts);
    match completion::complete(app, recording, lease, &proof, parts).await? {
        Outcome::Refused(_) if parts.len() < stored.len() => {
            let proof = proof_of(stored);
            let outcome = completion::complete(app, recording, lease, &proof, stored).await?;
            Ok((proof, outcome))
        }
        outcome => Ok((proof, outcome)),
    }
}

/// An earlier salvage completed the upload and died before it could write so: what stands there is what was kept.
async fn keep_completed(app: &App, recording: &Recording, lease: &Lease) -> Result<(), Error> {
    let head = app.objects.head(&recording.key).await?;
    let ours = head.filter(|head| head.write_token.as_deref() == Some(&recording.write_token));
    let Some(head) = ours else { return abandon(app, recording, lease, Reason::UploadLost).await };
    // The digests of the parts went with the list of parts; what the store made of them stands at the object.
    let sha256_parts = match head.sha256 {
        Some(ObjectDigest::Composite(over_parts, _)) => Some(over_parts),
        _ => None,
    };
    let contiguous = recording.confirmed_bytes.unwrap_or(head.size).min(head.size);
    let kept = End { sha256_parts, ..End::sealed(head.size, None, None) };
    let end = match recording.size == Some(head.size) && sha256_parts.is_some() {
        true => kept,
        false => End {
            state: State::Partial,
            reason: Some(Reason::NotSealedInTime),
            missing: Some(missing_after(recording, contiguous)),
            ..kept
        },
    };
    finish(app, recording, lease, end).await
}

/// What is missing when the first `size` bytes are there.
fn missing_after(recording: &Recording, size: u64) -> Missing {
    let parts = u32::try_from(size.div_ceil(recording.part_size)).unwrap_or(u32::MAX);
    Missing { from_part: parts.saturating_add(1), from_byte: size, to_byte: recording.size }
}

fn proof_of(parts: &[StoredPart]) -> Proof {
    Proof {
        size: parts.iter().map(|part| part.size).sum(),
        digests: parts.iter().map(|part| part.sha256).collect(),
        unconfirmed: Vec::new(),
    }
}

async fn finish(app: &App, recording: &Recording, lease: &Lease, end: End) -> Result<(), Error> {
    metrics::counter!("handin_salvages_total", "outcome" => end.state.as_str()).increment(1);
    completion::finish(app, recording, lease, end).await.map(|_| ())
}

async fn abandon(app: &App, recording: &Recording, lease: &Lease, reason: Reason) -> Result<(), Error> {
    metrics::counter!("handin_salvages_total", "outcome" => "abandoned").increment(1);
    let now = app.clock.now();
    let payload = RecordingAbandoned::new(recording, reason);
    let abandon = Abandon {
        id: recording.id.clone(),
        from_owner: Some(lease.owner().to_owned()),
        reason,
        at: now,
        caused: Caused {
            jobs: vec![super::job(app, "erase", &recording.id, now)],
            events: vec![super::event(app, "recording.abandoned", recording, &payload)],
            audit: vec![super::audit(
                app,
                "server",
                "recording.abandon",
                recording.id.as_str(),
                Some(&recording.exam),
            )],
        },
    };
    app.db.change(abandon).await?;
    Ok(())
}
