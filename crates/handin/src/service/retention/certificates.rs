//! Certificates: signed statements that recordings are gone, good without asking anybody, kept when the data is not.

use handin_core::ExamId;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db;
use crate::service::Error;
use crate::service::keyring::{Keyring, Purpose, verify_with};

pub use crate::db::certificates::Certificate;

/// What a certificate calls itself.
pub(super) const DELETION: &str = "deletion";

/// What a certificate states: these objects were deleted, and the store showed none of them afterwards. Its JWS is
/// compact, EdDSA, verified with `/.well-known/jwks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Always `deletion`, which nothing else says that is signed with this key.
    pub kind: String,
    /// The certificate.
    pub id: String,
    /// The exam.
    pub exam: String,
    /// Which version of which policy ordered it, such as `spring-2026@2`.
    pub policy: String,
    /// When it was ordered, RFC 3339 UTC.
    pub ordered_at: String,
    /// `retention`, or the id of the API key that confirmed it.
    pub ordered_by: String,
    /// When the store was seen to hold none of them, RFC 3339 UTC.
    pub certified_at: String,
    /// How many recordings.
    pub recordings: u64,
    /// Their bytes, of the objects that counted.
    pub bytes: u64,
    /// How many objects, those included that others had replaced.
    pub objects: u64,
    /// The SHA-256 of the key of every object, in hex, ascending: whoever has a receipt finds its `key` here.
    pub deleted_keys: Vec<String>,
}

impl Deletion {
    /// Whether it tells of an object under this key.
    pub fn tells_of(&self, key: &str) -> bool {
        self.deleted_keys.binary_search(&hash_of_key(key)).is_ok()
    }
}

/// A key as certificates have it; it names a candidate, whom a certificate should outlive unnamed.
pub(super) fn hash_of_key(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

pub(super) fn issue(keyring: &Keyring, statement: &Deletion) -> Result<String, Error> {
    keyring.sign(Purpose::Receipt, statement).map_err(Error::internal)
}

/// Verifies a certificate with nothing but a JWK set; `None` when no key of the set signed it, or it is something else.
pub fn verify(jws: &str, jwks: &JwkSet) -> Option<Deletion> {
    let id = jsonwebtoken::decode_header(jws).ok()?.kid?;
    let statement: Deletion = verify_with(&DecodingKey::from_jwk(jwks.find(&id)?).ok()?, jws)?;
    (statement.kind == DELETION).then_some(statement)
}

/// One certificate.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: &str) -> Result<Certificate, Error> {
    db::certificates::get(&app.db, id).await?.ok_or(Error::NotFound("certificate"))
}

/// Certificates by id, oldest first, from after the given one.
///
/// # Errors
/// When the database is not available.
pub async fn list(
    app: &App,
    exam: Option<&ExamId>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Certificate>, Error> {
    Ok(db::certificates::list(&app.db, exam, after, limit).await?)
}
