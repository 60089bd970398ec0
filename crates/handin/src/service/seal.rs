//! Sealing: the server proves that a recording is whole, completes it in the store, and signs the receipt.
//!
//! The order is: claim a lease in the ledger, list the parts in the store, compare, complete, look at the object,
//! write the result. A process may die between any two steps: the claim is in the ledger, a job waits behind the
//! lease, and every step may be repeated, since what the former one did can be seen in the store.

use std::time::Duration;

use handin_core::{
    BadPart, Claim, ClaimedPart, Proof, RecordingId, Refusal, Sha256, State, StoredPart, Upload, prove,
};
use jiff::Timestamp;

use super::claims::{Manifest, StoredClaim, check_manifest};
use super::completion::{self, Lease, Outcome};
use super::error::Error;
use super::handles::Handle;
use super::tokens::Candidate;
use crate::app::App;
use crate::db;
use crate::db::recordings::{Claimed, Recording};

/// What a browser says it recorded.
#[derive(Debug, Clone)]
pub struct SealRecording {
    /// From open.
    pub handle: String,
    /// Bytes of the whole.
    pub size: u64,
    /// Every part in order; empty for a `put`.
    pub parts: Vec<ClaimedPart>,
    /// The digest of a `put`.
    pub sha256: Option<Sha256>,
    /// How long it plays, in milliseconds.
    pub duration_ms: Option<u64>,
    /// How to read it.
    pub manifest: Option<Manifest>,
}

/// A proved recording.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// `sealed`, or `partial` when salvage came first.
    pub state: State,
    /// The receipt as a compact JWS.
    pub receipt: String,
}

/// Seals a recording; repeating it gives the same receipt.
///
/// # Errors
/// [`Error::Invalid`] for a manifest that is too large; [`Error::Refused`] with the parts to send again (the recording
/// stays open); [`Error::Sealing`] while another
/// completer is at it; [`Error::State`] when it ended otherwise; [`Error::ObjectDiffers`]; [`Error::UploadLost`];
/// [`Error::Unavailable`], after which a job goes on by itself.
pub async fn seal(
    app: &App,
    who: &Candidate,
    id: &RecordingId,
    wanted: SealRecording,
) -> Result<Sealed, Error> {
    let handle = Handle::open(&app.keyring, &wanted.handle, who, id, app.clock.now())?;
    let claim = read_claim(&wanted)?;
    check_against_handle(&handle, &claim)?;
    check_manifest(wanted.manifest.as_ref())?;
    let stored = StoredClaim::of(&claim, wanted.duration_ms, wanted.manifest);
    let lease = Lease::new(app);
    let sealed = match completion::claim(app, id, &lease, Some(stored.json()?)).await? {
        Claimed::Yes(recording) => go_on(app, *recording, &lease).await,
        Claimed::Busy { .. } => Err(Error::Sealing { retry_after: Duration::from_secs(1) }),
        Claimed::Other(recording) => answer_again(app, &recording, &claim).await,
        Claimed::Unknown => Err(Error::NotFound("recording")),
    };
    metrics::counter!("handin_seals_total", "outcome" => outcome(&sealed)).increment(1);
    sealed
}

fn outcome(sealed: &Result<Sealed, Error>) -> &'static str {
    match sealed {
        Ok(sealed) => sealed.state.as_str(),
        Err(error) => error.code(),
    }
}

fn read_claim(wanted: &SealRecording) -> Result<Claim, Error> {
    let parts = match wanted.parts.is_empty() {
        true => vec![ClaimedPart { number: 1, size: wanted.size, sha256: wanted.sha256 }],
        false => wanted.parts.clone(),
    };
    let claim = Claim { size: wanted.size, parts };
    // A claim that contradicts itself is refused before anything is touched.
    match prove(&claim, &[]) {
        Err(Refusal::Missing(_)) => Ok(claim),
        Err(refusal) => Err(refusal.into()),
        Ok(_) => Err(Refusal::NoParts.into()),
    }
}

fn check_against_handle(handle: &Handle, claim: &Claim) -> Result<(), Error> {
    if let Some(announced) = handle.size.filter(|announced| *announced != claim.size) {
        return Err(Refusal::Size { claimed: claim.size, found: announced, parts: Vec::new() }.into());
    }
    let plan = handle.plan();
    let last = claim.parts.len();
    for (place, part) in (1..).zip(&claim.parts) {
        plan.check(part.number, part.size)?;
        if place < last && part.size != plan.part_size {
            let ClaimedPart { number, size, .. } = *part;
            return Err(BadPart::Size { number, size, part_size: plan.part_size }.into());
        }
    }
    Ok(())
}

/// Goes on with a recording that `lease` holds, from whatever step it is at.
pub(super) async fn go_on(app: &App, recording: Recording, lease: &Lease) -> Result<Sealed, Error> {
    let stored = StoredClaim::in_row(&recording)
        .ok_or_else(|| Error::internal("a sealing recording has no readable claim"))?;
    let (claim, duration_ms) = stored.read()?;
    let result = match recording.upload {
        Upload::Put => seal_put(app, &recording, lease, &claim, duration_ms).await,
        Upload::Stream | Upload::File => seal_parts(app, &recording, lease, &claim, duration_ms).await,
    };
    if let Err(error) = &result {
        completion::let_go(app, &recording, lease, error).await;
    }
    result
}

async fn seal_parts(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    claim: &Claim,
    duration_ms: Option<u64>,
) -> Result<Sealed, Error> {
    let upload_id =
        recording.upload_id.as_deref().ok_or_else(|| Error::internal("an upload without its id"))?;
    let (proof, parts) = match app.objects.list_parts(&recording.key, upload_id).await {
        Ok(parts) => (prove(claim, &parts)?, parts),
        // Completed by a process that died before it could write so; the object itself has to prove it.
        Err(error) if error.is_no_such_upload() => (assume(claim), Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let outcome = completion::complete(app, recording, lease, &proof, &parts).await?;
    settle(app, recording, lease, &proof, outcome, duration_ms).await
}

/// The proof that the object must now bear out when the list of parts is gone.
fn assume(claim: &Claim) -> Proof {
    let stored = |part: &ClaimedPart| StoredPart {
        number: part.number,
        size: part.size,
        etag: String::new(),
        sha256: None,
    };
    let parts: Vec<StoredPart> = claim.parts.iter().map(stored).collect();
    let digests = claim.parts.iter().map(|part| part.sha256).collect();
    let unconfirmed = parts.iter().map(|part| part.number).collect();
    Proof { size: claim.size, digests, unconfirmed }
}

async fn seal_put(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    claim: &Claim,
    duration_ms: Option<u64>,
) -> Result<Sealed, Error> {
    let announced = recording.sha256;
    let claimed = claim.parts[0].sha256;
    if let (Some(announced), Some(claimed)) = (announced, claimed)
        && announced != claimed
    {
        return Err(Refusal::Checksum(vec![1]).into());
    }
    let digest = claimed.or(announced);
    let proof = Proof {
        size: claim.size,
        digests: digest.map(|digest| vec![digest]),
        unconfirmed: digest.iter().map(|_| 1).collect(),
    };
    let outcome = completion::look(app, recording, lease, &proof).await?.ok_or(Refusal::Missing(vec![1]))?;
    settle(app, recording, lease, &proof, outcome, duration_ms).await
}

async fn settle(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    proof: &Proof,
    outcome: Outcome,
    duration_ms: Option<u64>,
) -> Result<Sealed, Error> {
    match outcome {
        Outcome::Proved(digests) => {
            let digests = digests.as_deref().or(proof.digests.as_deref());
            let end = completion::End::sealed(proof.size, digests, duration_ms);
            completion::finish(app, recording, lease, end).await
        }
        Outcome::Differs { size } => {
            completion::finish(app, recording, lease, completion::End::differs(size)).await?;
            Err(Error::ObjectDiffers)
        }
        Outcome::Lost => Err(Error::UploadLost),
        // A part was sent again after the list was read; the next attempt reads it anew.
        Outcome::Refused(error) => Err(error.into()),
    }
}

/// What to answer about a recording that was over before we came.
async fn answer_again(app: &App, recording: &Recording, claim: &Claim) -> Result<Sealed, Error> {
    let same = recording.sealed_size == Some(claim.size);
    match recording.state {
        State::Sealed if !same => {
            let found = recording.sealed_size.unwrap_or_default();
            Err(Refusal::Size { claimed: claim.size, found, parts: Vec::new() }.into())
        }
        State::Sealed | State::Partial => {
            let receipt =
                db::receipts::get(&app.db, &recording.id).await?.ok_or(Error::NotFound("receipt"))?;
            Ok(Sealed { state: recording.state, receipt })
        }
        state => Err(Error::State { state, hint: "open a new take to go on" }),
    }
}

/// Finishes what a process that died, or a store that was away, left in `sealing`. The job behind every seal.
///
/// # Errors
/// When it has to be tried again.
pub async fn resume(app: &App, id: &RecordingId) -> Result<(), Error> {
    let lease = Lease::new(app);
    match completion::claim(app, id, &lease, None).await? {
        Claimed::Busy { until } => Err(Error::Sealing { retry_after: until_then(app, until) }),
        Claimed::Other(_) | Claimed::Unknown => Ok(()),
        // It was given back in the meantime; there is nothing to go on with.
        Claimed::Yes(recording) if recording.claim.is_none() => {
            completion::give_back(app, &recording, &lease).await
        }
        Claimed::Yes(recording) => match go_on(app, *recording, &lease).await {
            // The candidate has to act, or nobody can: the recording is where it belongs, the job is done.
            Err(Error::Refused(_) | Error::ObjectDiffers | Error::UploadLost) => Ok(()),
            other => other.map(|_| ()),
        },
    }
}

fn until_then(app: &App, until: Timestamp) -> Duration {
    let millis = until.as_millisecond() - app.clock.now().as_millisecond();
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
