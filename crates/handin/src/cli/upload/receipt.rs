//! Receipts, verified here with the server's public keys: a sealed recording needs nobody's word after that.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use handin_core::hash_of_part_hashes_input;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::board::SentParts;
use super::retry::persist;
use super::send::Shared;
use super::state::{Record, write_durably};

/// What a receipt states, as far as it can be compared with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Which take of it.
    pub take: u32,
    /// The object's key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex over the digests of the parts.
    pub sha256_parts: Option<String>,
    /// How many parts.
    pub parts: u32,
    /// `sealed`, or `partial`.
    pub state: String,
    /// RFC 3339 UTC.
    pub sealed_at: String,
    /// The object as it was sent, where the server has mended its head since.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaces: Option<Replaced>,
}

/// An object as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its key.
    pub key: String,
    /// SHA-256 in hex over the digests of the parts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256_parts: Option<String>,
}

impl Receipt {
    /// Verifies a compact JWS with a JWK set; needs no network.
    ///
    /// # Errors
    /// When no key of the set signed it.
    pub fn verify(jws: &str, keys: &JwkSet) -> anyhow::Result<Receipt> {
        let id = decode_header(jws)
            .context("the receipt is not a JWS")?
            .kid
            .context("the receipt names no key")?;
        let key =
            DecodingKey::from_jwk(keys.find(&id).context("the receipt's key is not among the server's")?)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Ok(decode(jws, &key, &validation).context("the receipt's signature is wrong")?.claims)
    }

    /// Compares it with what was sent.
    ///
    /// # Errors
    /// Naming the first statement that differs.
    pub fn check(&self, record: &Record, id: &str, sent: &SentParts) -> anyhow::Result<()> {
        let size: u64 = sent.values().map(|part| part.size).sum();
        let digest = sha256_parts(sent);
        let sitting = [&self.exam, &self.subject, &self.candidate];
        let ours = [&record.sitting.exam, &record.sitting.subject, &record.sitting.candidate];
        ensure!(self.id == id, "the receipt is for recording {}, not {id}", self.id);
        ensure!(sitting == ours && self.track == record.track, "the receipt is for another sitting or track");
        ensure!(self.size == size, "the receipt states {} bytes, but {size} were sent", self.size);
        ensure!(
            self.parts as usize == sent.len(),
            "the receipt states {} parts, not {}",
            self.parts,
            sent.len()
        );
        match self.replaces.as_ref().map_or(&self.sha256_parts, |sent| &sent.sha256_parts) {
            Some(stated) if *stated == digest => Ok(()),
            Some(stated) => bail!("the receipt states digest {stated}, but {digest} was sent"),
            None => bail!("the receipt states no digest, though one was sent with every part"),
        }
    }
}

/// SHA-256 in hex over the digests of the parts, in their order.
pub fn sha256_parts(sent: &SentParts) -> String {
    let digests: Vec<_> = sent.values().map(|part| part.sha256).collect();
    hex::encode(Sha256::digest(hash_of_part_hashes_input(&digests)))
}

/// Verifies a receipt with the keys remembered at `known`; asks the server only for a key that is not among them, and
/// tells when it does not answer.
///
/// # Errors
/// When the server cannot be reached for a new key, or no key fits.
pub async fn verify(
    shared: &Shared,
    known: &Path,
    tell: impl Fn(&anyhow::Error),
    jws: &str,
) -> anyhow::Result<Receipt> {
    let remembered = std::fs::read(known).ok().and_then(|text| serde_json::from_slice::<JwkSet>(&text).ok());
    if let Some(receipt) = remembered.and_then(|keys| Receipt::verify(jws, &keys).ok()) {
        return Ok(receipt);
    }
    let keys = persist(&shared.ids, || shared.patience, tell, || shared.api.jwks())
        .await
        .context("the server's receipt keys cannot be had")?;
    write_durably(known, &serde_json::to_vec(&keys)?)?;
    Receipt::verify(jws, &serde_json::from_value(keys).context("the server's keys are not a JWK set")?)
}
