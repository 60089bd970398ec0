//! Rehearsals: before exam day a candidate sends a trial object to the real store and reads it back.
//!
//! Signs and forgets: no database, no store call. A trial object is no recording, so it may be written again, under the one
//! key that is the candidate's own; a rule of the bucket deletes it a day later.

use handin_core::{RehearsalKey, Sha256};

use super::error::Error;
use super::sign::SignedUrl;
use super::tokens::Candidate;
use crate::app::App;
use crate::objects::TrialToSign;

/// The bytes that a candidate wants to try with.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Exact length in bytes.
    pub size: u64,
    /// Their digest; the store then takes no other bytes.
    pub sha256: Option<Sha256>,
}

/// Where to send a trial object, and where to read it back.
#[derive(Debug, Clone)]
pub struct SignedTrial {
    /// A PUT, to be repeated as often as wanted.
    pub put: SignedUrl,
    /// A GET.
    pub get: SignedUrl,
}

/// The largest trial object, in bytes: one part of a recording.
const LARGEST_TRIAL: u64 = 5 << 20;

/// Signs a trial object of the candidate's own.
///
/// # Errors
/// [`Error::Invalid`] for a size beyond 5 MiB; [`Error::Unavailable`] when the credentials for the store have ended.
pub fn rehearse(app: &App, who: &Candidate, trial: &Trial) -> Result<SignedTrial, Error> {
    if trial.size == 0 || trial.size > LARGEST_TRIAL {
        return Err(Error::invalid(
            "size",
            format!("a trial object has 1 to {LARGEST_TRIAL} bytes, not {}", trial.size),
        ));
    }
    let Candidate { exam, subject, candidate, .. } = who.clone();
    let key = RehearsalKey { exam, subject, candidate }.to_string();
    let (now, ttl) = (app.clock.now(), super::seconds(app.config.uploads.url_ttl_s));
    let Trial { size, sha256 } = *trial;
    let put = app.objects.sign_trial(&key, &TrialToSign { size, sha256 }, now, ttl)?;
    Ok(SignedTrial { put, get: app.objects.sign_get(&key, now, ttl, None)? })
}
