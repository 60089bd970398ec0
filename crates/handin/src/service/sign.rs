//! Signing: URLs for the next parts of a recording, and the heartbeat in the same call. The hot path: no database and no
//! store call behind it.

use handin_core::{Pace, RecordingId, Sha256};
use jiff::Timestamp;

use super::error::Error;
use super::handles::{Handle, Mode};
use super::pace::Wish;
use super::tokens::Candidate;
use crate::app::App;
use crate::objects::PutToSign;

pub use crate::objects::{PartToSign, SignedUrl};

/// What a candidate asks to have signed.
#[derive(Debug, Clone)]
pub struct SignParts {
    /// From open.
    pub handle: String,
    /// The parts; none is a heartbeat.
    pub parts: Vec<PartToSign>,
    /// How much was recorded so far, in milliseconds.
    pub recorded_ms: Option<u64>,
    /// How much of it stands only in the browser, in bytes.
    pub pending_bytes: Option<u64>,
}

/// Signed URLs.
#[derive(Debug, Clone)]
pub struct Signed {
    /// One for each part asked for, in the same order.
    pub parts: Vec<SignedUrl>,
    /// For a `put`.
    pub put: Option<SignedUrl>,
    /// What the server asks of the sender.
    pub pace: Pace,
}

/// Signs the next parts of a recording (or its `put` again), and notes the heartbeat. No database, no store call.
///
/// # Errors
/// [`Error::Handle`], [`Error::NotFound`], [`Error::Expired`] as [`Handle::open`]; [`Error::Part`] naming the part;
/// [`Error::Invalid`] for more parts than one call may sign; [`Error::Paced`] when it is not their turn.
pub fn sign(app: &App, who: &Candidate, id: &RecordingId, wanted: &SignParts) -> Result<Signed, Error> {
    let now = app.clock.now();
    let handle = Handle::open(&app.keyring, &wanted.handle, who, id, now)?;
    let wish = match &handle.mode {
        Mode::Put { .. } if !wanted.parts.is_empty() => {
            return Err(Error::invalid("parts", "a put has no parts; leave them out"));
        }
        Mode::Put { .. } => wish_for_put(&handle, wanted.pending_bytes),
        Mode::Parts { .. } => wish_for_parts(app, &handle, wanted)?,
    };
    // Whoever is held back is alive all the same.
    app.progress.note(id, now, wanted.recorded_ms, wanted.pending_bytes);
    let pace = super::pace::admit(app, who, &handle, wish, now)?;
    let parts = match &handle.mode {
        Mode::Put { .. } => Vec::new(),
        Mode::Parts { upload_id } => sign_parts(app, &handle, upload_id, &wanted.parts, now)?,
    };
    Ok(Signed { parts, put: sign_put(app, &handle, now)?, pace })
}

pub(super) fn wish_for_put(handle: &Handle, pending_bytes: Option<u64>) -> Wish {
    let Mode::Put { .. } = handle.mode else { return Wish::default() };
    let bytes = handle.size.unwrap_or_default();
    Wish { urls: 1, bytes, pending: pending_bytes.unwrap_or(bytes), ends: true }
}

fn wish_for_parts(app: &App, handle: &Handle, wanted: &SignParts) -> Result<Wish, Error> {
    let (parts, most) = (&wanted.parts, app.config.uploads.sign_ahead);
    if parts.len() > most {
        return Err(Error::invalid("parts", format!("ask for at most {most} parts in one call")));
    }
    let plan = handle.plan();
    for part in parts {
        plan.check(part.number, part.size)?;
    }
    let bytes = parts.iter().map(|part| part.size).sum();
    Ok(Wish {
        urls: parts.len(),
        bytes,
        pending: wanted.pending_bytes.unwrap_or(bytes),
        // Only the last part is shorter than the others.
        ends: parts.iter().any(|part| part.size < handle.part_size),
    })
}

fn sign_parts(
    app: &App,
    handle: &Handle,
    upload_id: &str,
    parts: &[PartToSign],
    now: Timestamp,
) -> Result<Vec<SignedUrl>, Error> {
    app.objects
        .sign_parts(&handle.key, upload_id, parts, now, super::seconds(app.config.uploads.url_ttl_s))
        .map_err(Error::from)
}

pub(super) fn sign_put(app: &App, handle: &Handle, now: Timestamp) -> Result<Option<SignedUrl>, Error> {
    let Mode::Put { content_type, write_token, sha256, storage_class } = &handle.mode else {
        return Ok(None);
    };
    let put = PutToSign {
        size: handle.size.unwrap_or_default(),
        content_type,
        write_token,
        sha256: sha256.as_deref().and_then(|hex| decode_sha256(hex).ok()),
        storage_class: storage_class.as_deref().and_then(|class| class.parse().ok()).unwrap_or_default(),
    };
    Ok(Some(app.objects.sign_put(&handle.key, &put, now, super::seconds(app.config.uploads.url_ttl_s))?))
}

/// Reads a digest in hex.
///
/// # Errors
/// When it is not 64 hex digits.
pub fn decode_sha256(digest: &str) -> Result<Sha256, hex::FromHexError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digest, &mut bytes)?;
    Ok(bytes)
}
