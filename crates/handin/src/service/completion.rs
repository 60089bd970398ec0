//! The steps that sealing and salvage share: hold the lease, complete in the store, look at the object, write the end.

use std::time::Duration;

use handin_core::{
    Missing, Proof, Reason, RecordingId, Sha256, State, StoredPart, hash_of_part_hashes_input,
};
use jiff::Timestamp;
use sha2::Digest;

use super::error::Error;
use super::receipts::{self, MissingRange, Receipt};
use super::retention::locks;
use super::seal::Sealed;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::receipts::NewReceipt;
use crate::db::recordings::{Claim, Claimed, Finish, Recording, Renew, Reopen};
use crate::objects::{self, ErrorKind, Head, ObjectDigest};

/// The right to complete one recording, for a while.
pub(super) struct Lease {
    owner: String,
}

/// What the store turned out to hold.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The object is what was recorded; the digests of its parts where they were read back.
    Proved(Option<Vec<Sha256>>),
    /// There is an object of ours, but it is not what was recorded.
    Differs {
        /// Its length in bytes.
        size: u64,
    },
    /// Neither upload nor object.
    Lost,
    /// The store does not complete with these parts.
    Refused(objects::Error),
}

/// How a recording ends with an object.
pub(super) struct End {
    pub(super) state: State,
    pub(super) size: u64,
    pub(super) sha256_parts: Option<Sha256>,
    pub(super) duration_ms: Option<u64>,
    pub(super) reason: Option<Reason>,
    pub(super) missing: Option<Missing>,
}

impl Lease {
    /// A lease of its own for each attempt, so that an attempt that was overtaken cannot write.
    pub(super) fn new(app: &App) -> Lease {
        Lease { owner: app.ids.word() }
    }

    /// Whoever holds it, as the ledger names them.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    fn until(app: &App) -> Timestamp {
        app.clock.now() + super::seconds(app.config.uploads.seal_lease_s)
    }
}

impl End {
    pub(super) fn sealed(size: u64, digests: Option<&[Sha256]>, duration_ms: Option<u64>) -> End {
        let sha256_parts = digests.map(over_parts);
        End { state: State::Sealed, size, sha256_parts, duration_ms, reason: None, missing: None }
    }

    pub(super) fn differs(size: u64) -> End {
        let reason = Some(Reason::ObjectDiffers);
        End { state: State::Partial, reason, ..End::sealed(size, None, None) }
    }
}

/// When to ask again after a completion that was not answered.
const STILL_COMPLETING: Duration = Duration::from_secs(5);

/// Takes the lease: `open` (or `sealing` with a lease that ran out) becomes `sealing`, and a job waits behind it.
pub(super) async fn claim(
    app: &App,
    id: &RecordingId,
    lease: &Lease,
    stored_claim: Option<String>,
) -> Result<Claimed, Error> {
    let until = Lease::until(app);
    let claim = Claim {
        id: id.clone(),
        owner: lease.owner.clone(),
        now: app.clock.now(),
        until,
        claim_json: stored_claim,
        job: super::job(app, "seal", id, until),
    };
    Ok(app.db.change(claim).await?)
}

/// Gives the lease back after a failure: to `open` when the candidate can mend it, else early to whoever tries next.
pub(super) async fn let_go(app: &App, recording: &Recording, lease: &Lease, error: &Error) {
    let result = match error {
        Error::Refused(_) | Error::UploadLost => give_back(app, recording, lease).await,
        // The store may be at it still, and two completions at once have cost data on some: nobody tries before the
        // lease is over.
        Error::Sealing { .. } => Ok(()),
        _ => {
            let (id, owner) = (recording.id.clone(), lease.owner.clone());
            app.db.change(Renew { id, owner, until: just_over(app) }).await.map(drop).map_err(Error::from)
        }
    };
    if let Err(error) = result {
        // The lease runs out by itself, and the job behind it goes on.
        tracing::warn!(recording = %recording.id, %error, "could not give the lease back");
    }
}

/// `sealing` becomes `open` again, without a claim.
pub(super) async fn give_back(app: &App, recording: &Recording, lease: &Lease) -> Result<(), Error> {
    let reopen = Reopen { id: recording.id.clone(), owner: lease.owner.clone() };
    Ok(app.db.change(reopen).await.map(drop)?)
}

/// A lease with this end has run out already.
fn just_over(app: &App) -> Timestamp {
    app.clock.now() - Duration::from_millis(1)
}

/// Completes the upload and looks at the object. A failure that may have been a success is looked into, not repeated.
pub(super) async fn complete(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    proof: &Proof,
    parts: &[StoredPart],
) -> Result<Outcome, Error> {
    let upload_id = recording.upload_id.as_deref().unwrap_or_default();
    if parts.is_empty() {
        return Ok(look(app, recording, lease, proof).await?.unwrap_or(Outcome::Lost));
    }
    let refused = app.objects.complete(&recording.key, upload_id, parts, proof.size).await.err();
    match (look(app, recording, lease, proof).await?, refused) {
        (Some(outcome), _) => Ok(outcome),
        (None, Some(error)) if error.is_no_such_upload() => Ok(Outcome::Lost),
        (None, Some(error)) if error.kind == ErrorKind::InvalidPart => Ok(Outcome::Refused(error)),
        (None, Some(error)) if error.is_unanswered() => {
            tracing::warn!(recording = %recording.id, %error, "the store may still be completing this upload");
            Err(Error::Sealing { retry_after: STILL_COMPLETING })
        }
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Error::Unavailable {
            what: "the object store",
            retry_after: Duration::from_secs(1),
            source: "the store said the upload is complete, but shows no object yet".into(),
        }),
    }
}

/// Looks at the object under a recording's key; `None` when there is none.
pub(super) async fn look(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    proof: &Proof,
) -> Result<Option<Outcome>, Error> {
    let Some(head) = app.objects.head(&recording.key).await? else { return Ok(None) };
    if head.write_token.as_deref() != Some(&recording.write_token) {
        // Keys are never used twice, so this is somebody who writes past us: an alarm, and not our recording.
        tracing::error!(key = recording.key, "the object under this key carries another write token");
        return Ok(Some(Outcome::Lost));
    }
    if head.size != proof.size {
        return Ok(Some(Outcome::Differs { size: head.size }));
    }
    match agrees(&head, proof) {
        Some(true) => Ok(Some(Outcome::Proved(None))),
        Some(false) => Ok(Some(Outcome::Differs { size: head.size })),
        None if proof.unconfirmed.is_empty() => Ok(Some(Outcome::Proved(None))),
        None => read_back(app, recording, lease, proof).await.map(Some),
    }
}

/// Whether the store's own checksum of the object agrees; `None` when it keeps none to compare with.
fn agrees(head: &Head, proof: &Proof) -> Option<bool> {
    let digests = proof.digests.as_deref()?;
    match (head.sha256?, digests) {
        (ObjectDigest::Full(whole), [only]) => Some(whole == *only),
        (ObjectDigest::Full(_), _) => None,
        (ObjectDigest::Composite(composite, parts), _) => {
            Some(composite == over_parts(digests) && parts as usize == digests.len())
        }
    }
}

/// Hashes the object itself, for stores that keep no checksums.
async fn read_back(app: &App, recording: &Recording, lease: &Lease, proof: &Proof) -> Result<Outcome, Error> {
    let sizes = sizes(recording, proof.size);
    let digests = app.objects.hash_object(&recording.key, &sizes).await?;
    if proof.digests.as_ref().is_some_and(|claimed| *claimed != digests) {
        return Ok(Outcome::Differs { size: proof.size });
    }
    // Reading may have taken longer than the lease; whoever took over meanwhile writes the end.
    match app
        .db
        .change(Renew { id: recording.id.clone(), owner: lease.owner.clone(), until: Lease::until(app) })
        .await?
    {
        true => Ok(Outcome::Proved(Some(digests))),
        false => Err(Error::Sealing { retry_after: Duration::from_secs(1) }),
    }
}

/// The sizes of the pieces that were hashed: the parts, or a `put` as one.
pub(super) fn sizes(recording: &Recording, size: u64) -> Vec<u64> {
    let piece = if recording.upload.is_multipart() { recording.part_size } else { size };
    let mut rest = size;
    let next = || {
        let this = rest.min(piece);
        rest -= this;
        (this > 0).then_some(this)
    };
    std::iter::from_fn(next).collect()
}

/// SHA-256 over the part digests: a receipt's `sha256_parts`, and what S3 calls the composite checksum.
pub(super) fn over_parts(digests: &[Sha256]) -> Sha256 {
    sha2::Sha256::digest(hash_of_part_hashes_input(digests)).into()
}

/// Writes the end with receipt, events, audit and the first check in one transaction; overtaken, it gives the receipt
/// of whoever was first.
pub(super) async fn finish(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    end: End,
) -> Result<Sealed, Error> {
    let now = app.clock.now();
    let receipt = statement(recording, &end, now);
    let jws = receipts::issue(&app.keyring, &receipt)?;
    let mut row = row(app, recording, lease, &end, &receipt, &jws, now);
    row.caused.jobs.extend(locks::job_of(app, &recording.id).await);
    let written = app.db.change(row).await?;
    app.progress.forget(&recording.id);
    if written {
        return Ok(Sealed { state: end.state, receipt: jws });
    }
    let receipt = db::receipts::get(&app.db, &recording.id).await?;
    match (db::recordings::get(&app.db, &recording.id).await?, receipt) {
        (Some(row), Some(receipt)) => Ok(Sealed { state: row.state, receipt }),
        _ => Err(Error::Sealing { retry_after: Duration::from_secs(1) }),
    }
}

fn statement(recording: &Recording, end: &End, now: Timestamp) -> Receipt {
    let count = u32::try_from(sizes(recording, end.size).len()).unwrap_or(u32::MAX);
    Receipt {
        id: recording.id.to_string(),
        exam: recording.exam.to_string(),
        subject: recording.subject.to_string(),
        candidate: recording.candidate.to_string(),
        track: recording.track.to_string(),
        take: recording.take,
        key: recording.key.clone(),
        size: end.size,
        sha256_parts: end.sha256_parts.map(hex::encode),
        parts: count,
        state: end.state.to_string(),
        sealed_at: now.to_string(),
        duration_ms: end.duration_ms,
        reason: end.reason.map(|reason| reason.to_string()),
        missing: end.missing.map(MissingRange::from),
        replaces: None,
    }
}

fn row(
    app: &App,
    recording: &Recording,
    lease: &Lease,
    end: &End,
    receipt: &Receipt,
    jws: &str,
    now: Timestamp,
) -> Finish {
    let kind = if end.state == State::Sealed { "recording.sealed" } else { "recording.partial" };
    let check = now + super::seconds(app.config.jobs.verify_after_s);
    Finish {
        id: recording.id.clone(),
        owner: lease.owner.clone(),
        state: end.state,
        sealed_at: now,
        size: end.size,
        parts: receipt.parts,
        sha256_parts: receipt.sha256_parts.clone(),
        duration_ms: end.duration_ms,
        reason: end.reason,
        missing: receipt.missing.as_ref().and_then(|missing| serde_json::to_string(missing).ok()),
        receipt: NewReceipt { recording: recording.id.clone(), jws: jws.to_owned(), issued_at: now },
        caused: Caused {
            jobs: [super::job(app, "verify", &recording.id, check)]
                .into_iter()
                .chain(super::head::job(app, recording, end))
                .collect(),
            events: vec![super::event(app, kind, recording, receipt)],
            audit: vec![super::audit(app, "server", kind, recording.id.as_str(), Some(&recording.exam))],
        },
    }
}
