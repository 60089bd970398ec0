//! Receipts: signed statements about sealed recordings, good without asking anybody.

use handin_core::RecordingId;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::keyring::{Keyring, Purpose, verify_with};
use crate::app::App;
use crate::db;

/// What a receipt states. Its JWS is compact, EdDSA, verified with `/.well-known/jwks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReceiptStatement)]
pub struct Receipt {
    /// The recording.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// The subject.
    pub subject: String,
    /// Whose.
    pub candidate: String,
    /// Of which track.
    pub track: String,
    /// Which take of it, from 1.
    pub take: u32,
    /// Where the object is in the bucket.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256, in hex, over the SHA-256 digests of the parts one after the other; absent when nobody ever hashed them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256_parts: Option<String>,
    /// How many parts.
    pub parts: u32,
    /// `sealed` or `partial`.
    pub state: String,
    /// When it was proved, RFC 3339 UTC.
    pub sealed_at: String,
    /// How long it plays, in milliseconds, as the recorder said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// Why it is partial.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What is missing from a partial one. Bytes of the object from there on, if it has any, were recorded behind it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missing: Option<MissingRange>,
    /// The object that this one took the place of, as the former receipt named it: its head was mended, and the media
    /// in both is the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaces: Option<Replaced>,
}

/// An object that a former receipt named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replaced {
    /// Where it was in the bucket.
    pub key: String,
    /// Its `sha256_parts`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256_parts: Option<String>,
}

/// The bytes that never came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MissingRange {
    /// The first missing part.
    pub from_part: u32,
    /// The first missing byte, from the start of the recording.
    pub from_byte: u64,
    /// The end of what is known to have been recorded, exclusive; absent when nobody ever said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_byte: Option<u64>,
}

impl From<handin_core::Missing> for MissingRange {
    fn from(missing: handin_core::Missing) -> MissingRange {
        MissingRange { from_part: missing.from_part, from_byte: missing.from_byte, to_byte: missing.to_byte }
    }
}

/// Signs a receipt.
pub(super) fn issue(keyring: &Keyring, receipt: &Receipt) -> Result<String, Error> {
    keyring.sign(Purpose::Receipt, receipt).map_err(Error::internal)
}

/// What the receipt of a finished recording states.
///
/// # Errors
/// [`Error::Internal`] when there is none, or its key is not ours any more.
pub(super) async fn stated(app: &App, id: &RecordingId) -> Result<Receipt, Error> {
    let jws = db::receipts::get(&app.db, id).await?;
    let stated = jws.and_then(|jws| app.keyring.verify(Purpose::Receipt, &jws));
    stated.ok_or_else(|| Error::internal(format!("{id} has no receipt that a key of ours signed")))
}

/// The same facts about another object, which took the place of the former.
pub(super) fn about_another(receipt: Receipt, key: String, sha256_parts: String) -> Receipt {
    let replaces = Some(Replaced { key: receipt.key, sha256_parts: receipt.sha256_parts });
    Receipt { key, sha256_parts: Some(sha256_parts), replaces, ..receipt }
}

/// The receipt of a recording as a compact JWS.
///
/// # Errors
/// [`Error::NotFound`] when there is no such recording, or it has none yet.
pub async fn get(app: &App, id: &RecordingId) -> Result<String, Error> {
    db::receipts::get(&app.db, id).await?.ok_or(Error::NotFound("receipt"))
}

/// The public keys that verify receipts, as a JWK set.
pub fn jwks(app: &App) -> serde_json::Value {
    app.keyring.receipt_jwks()
}

/// Verifies a receipt with nothing but a JWK set; `None` when no key of the set signed it.
pub fn verify(jws: &str, jwks: &JwkSet) -> Option<Receipt> {
    let id = jsonwebtoken::decode_header(jws).ok()?.kid?;
    verify_with(&DecodingKey::from_jwk(jwks.find(&id)?).ok()?, jws)
}
