//! Candidates' access tokens: EdDSA JWTs, minted by us or by the platform with a key that it registered.
//!
//! Verifying one costs more than signing a part, so verified tokens are remembered: bounded, expiry checked on every
//! hit, failures never kept, and gone with the keyring, which changes only at a restart.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use handin_core::{CandidateId, ExamId, SubjectId, Track};
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::keyring::{Keyring, Purpose, verify_with};
use crate::app::App;

/// A candidate in one subject, known by a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The exam.
    pub exam: ExamId,
    /// The subject.
    pub subject: SubjectId,
    /// Who.
    pub candidate: CandidateId,
    /// The tracks they may record.
    pub tracks: Vec<Track>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// The claims as they stand in the JWT; `exp` in unix seconds.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    exam: String,
    subject: String,
    candidate: String,
    tracks: Vec<String>,
    exp: i64,
}

/// Verifies tokens, remembering the good ones.
pub struct TokenVerifier {
    platform_keys: Vec<(Option<String>, DecodingKey)>,
    verified: RwLock<HashMap<Box<str>, Arc<Candidate>>>,
}

/// Enough for every candidate of a large exam at once; some 50 MB when full.
const MOST_REMEMBERED: usize = 100_000;
/// Longer than any token we mint; keeps strangers from making us hash and store megabytes.
const MOST_BYTES: usize = 4_096;

impl TokenVerifier {
    /// A verifier that also trusts the platform's registered Ed25519 keys.
    ///
    /// # Errors
    /// When one of `platform_keys` is not an Ed25519 public key.
    pub fn new(platform_keys: &JwkSet) -> Result<TokenVerifier, jsonwebtoken::errors::Error> {
        let mut keys = Vec::with_capacity(platform_keys.keys.len());
        for jwk in &platform_keys.keys {
            keys.push((jwk.common.key_id.clone(), DecodingKey::from_jwk(jwk)?));
        }
        Ok(TokenVerifier { platform_keys: keys, verified: RwLock::default() })
    }

    /// Who shows this token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when nobody we trust signed it or its claims are not ours; [`Error::Expired`].
    pub fn verify(&self, keyring: &Keyring, token: &str, now: Timestamp) -> Result<Arc<Candidate>, Error> {
        let known = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        if let Some(candidate) = known {
            return check_expiry(candidate, now);
        }
        let candidate = check_expiry(Arc::new(self.verify_anew(keyring, token)?), now)?;
        self.remember(token, &candidate);
        Ok(candidate)
    }

    fn verify_anew(&self, keyring: &Keyring, token: &str) -> Result<Candidate, Error> {
        const NOT_OURS: Error = Error::Unauthenticated(
            "this token was not signed by a key this server trusts; open the link of the invitation again",
        );
        if token.len() > MOST_BYTES {
            return Err(NOT_OURS);
        }
        let id = jsonwebtoken::decode_header(token).map_err(|_| NOT_OURS)?.kid;
        let by_platform = || {
            let fits = |key: &&(Option<String>, DecodingKey)| id.is_none() || key.0.is_none() || key.0 == id;
            self.platform_keys.iter().filter(fits).find_map(|(_, key)| verify_with::<Claims>(key, token))
        };
        let claims = keyring.verify::<Claims>(Purpose::Token, token).or_else(by_platform).ok_or(NOT_OURS)?;
        read_claims(&claims).ok_or(Error::Unauthenticated("the claims of this token do not name a sitting"))
    }

    fn remember(&self, token: &str, candidate: &Arc<Candidate>) {
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MOST_REMEMBERED {
            // Rare, and cheaper than keeping an order of use on every hit.
            verified.clear();
        }
        verified.insert(token.into(), candidate.clone());
    }
}

fn check_expiry(candidate: Arc<Candidate>, now: Timestamp) -> Result<Arc<Candidate>, Error> {
    match now < candidate.expires_at {
        true => Ok(candidate),
        false => Err(Error::Expired("token")),
    }
}

fn read_claims(claims: &Claims) -> Option<Candidate> {
    Some(Candidate {
        exam: claims.exam.parse().ok()?,
        subject: claims.subject.parse().ok()?,
        candidate: claims.candidate.parse().ok()?,
        tracks: claims.tracks.iter().map(|track| track.parse().ok()).collect::<Option<_>>()?,
        expires_at: Timestamp::from_second(claims.exp).ok()?,
    })
}

/// What a platform asks of a token.
#[derive(Debug, Clone)]
pub struct MintToken {
    /// The exam.
    pub exam: ExamId,
    /// The subject.
    pub subject: SubjectId,
    /// Who.
    pub candidate: CandidateId,
    /// How long it lives; `None` is as long as the subject's recordings can be finished, and at least the setting.
    pub ttl: Option<Duration>,
}

/// A token for a candidate.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The JWT; a secret.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Mints a token for one candidate in one subject. The candidate need not stand on the roster.
///
/// # Errors
/// [`Error::NotFound`] for an exam or subject that is not there; [`Error::Invalid`] for a life above the server's setting.
pub async fn mint(app: &App, wanted: &MintToken) -> Result<Minted, Error> {
    let exam = super::exams::get(app, &wanted.exam).await?;
    let subject = exam.subject(&wanted.subject).ok_or(Error::NotFound("subject"))?;
    let ttl = life(app, wanted.ttl, subject.ends_at)?;
    let expires_at = Timestamp::from_second((app.clock.now() + ttl).as_second()).map_err(Error::internal)?;
    let claims = Claims {
        exam: exam.id.to_string(),
        subject: wanted.subject.to_string(),
        candidate: wanted.candidate.to_string(),
        tracks: exam.tracks.iter().map(Track::to_string).collect(),
        exp: expires_at.as_second(),
    };
    let token = app.keyring.sign(Purpose::Token, &claims).map_err(Error::internal)?;
    Ok(Minted { token, expires_at })
}

/// What the platform asks for; else long enough to finish on the day after, when the bell found the candidate offline.
fn life(app: &App, wanted: Option<Duration>, bell: Option<Timestamp>) -> Result<Duration, Error> {
    let most = super::seconds(app.config.tokens.max_ttl_s);
    match wanted {
        Some(ttl) if ttl.is_zero() || ttl > most => Err(Error::invalid(
            "ttl_s",
            format!("a token of this server lives 1 to {} seconds", most.as_secs()),
        )),
        Some(ttl) => Ok(ttl),
        None => {
            let now = app.clock.now();
            let to_salvage = super::salvage::due(app, now, bell).duration_since(now).unsigned_abs();
            Ok(to_salvage.max(super::seconds(app.config.tokens.ttl_s)).min(most))
        }
    }
}

/// Who shows this token; see [`TokenVerifier::verify`].
///
/// # Errors
/// As there.
pub fn verify(app: &App, token: &str) -> Result<Arc<Candidate>, Error> {
    app.tokens.verify(&app.keyring, token, app.clock.now())
}
