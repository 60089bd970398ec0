//! The server's own keys. One secret of 32 bytes gives four keys, each for one purpose only: handles, tokens, receipts,
//! secrets of webhooks.
//!
//! The first secret signs; all of them verify, so a secret can be rotated while handles, tokens and receipts made with
//! the older one are alive. Knows nothing of what is signed.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// All keys of the server, newest first.
pub struct Keyring {
    keys: Vec<Keys>,
}

struct Keys {
    id: String,
    handle: hmac::Key,
    token: SigningPair,
    receipt: SigningPair,
    webhook: hmac::Key,
}

/// One Ed25519 key in the forms that `jsonwebtoken` wants.
struct SigningPair {
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: String,
}

/// What a signed statement is for; a token can never pass as a receipt, as they have different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A candidate's access token.
    Token,
    /// A receipt.
    Receipt,
}

/// Why the keyring could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BadSecret {
    /// There must be one secret to sign with.
    #[error("there is no signing secret")]
    None,
    /// The secret could not be turned into a key.
    #[error("signing secret {0:?} cannot be used")]
    Unusable(String),
}

impl Keyring {
    /// Derives the keys of each `(id, secret)`; the first signs.
    pub fn new(secrets: &[(String, [u8; 32])]) -> Result<Keyring, BadSecret> {
        if secrets.is_empty() {
            return Err(BadSecret::None);
        }
        let derive = |(id, secret): &(String, [u8; 32])| {
            Keys::derive(id, secret).ok_or_else(|| BadSecret::Unusable(id.clone()))
        };
        Ok(Keyring { keys: secrets.iter().map(derive).collect::<Result<_, _>>()? })
    }

    /// The id of the key that signs, and the HMAC-SHA256 tag of `message` under it.
    pub fn tag(&self, message: &[u8]) -> (&str, hmac::Tag) {
        let newest = &self.keys[0];
        (&newest.id, hmac::sign(&newest.handle, message))
    }

    /// Whether `tag` is the HMAC of `message` under key `id`; compared in constant time.
    pub fn check_tag(&self, id: &str, message: &[u8], tag: &[u8]) -> bool {
        self.find(id).is_some_and(|keys| hmac::verify(&keys.handle, message, tag).is_ok())
    }

    /// The id of the key that signs.
    pub fn newest(&self) -> &str {
        &self.keys[0].id
    }

    /// The secret of a webhook that this salt makes with key `id`; `None` when that key was dropped.
    pub fn webhook_secret(&self, id: &str, salt: &str) -> Option<[u8; 32]> {
        let tag = hmac::sign(&self.find(id)?.webhook, salt.as_bytes());
        tag.as_ref().try_into().ok()
    }

    /// Signs `claims` as a compact JWS (EdDSA).
    pub fn sign<T: Serialize>(
        &self,
        purpose: Purpose,
        claims: &T,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let newest = &self.keys[0];
        let header = Header { kid: Some(newest.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &newest.pair(purpose).encoding)
    }

    /// Checks the signature of a compact JWS that we made and gives its claims. Times in it are not looked at.
    pub fn verify<T: DeserializeOwned>(&self, purpose: Purpose, jws: &str) -> Option<T> {
        let id = jsonwebtoken::decode_header(jws).ok()?.kid?;
        verify_with(&self.find(&id)?.pair(purpose).decoding, jws)
    }

    /// The public keys that verify receipts, as a JWK set (RFC 8037: `OKP`, `Ed25519`), newest first.
    pub fn receipt_jwks(&self) -> serde_json::Value {
        let jwk = |keys: &Keys| {
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                "kid": keys.id, "x": keys.receipt.public,
            })
        };
        serde_json::json!({ "keys": self.keys.iter().map(jwk).collect::<Vec<_>>() })
    }

    fn find(&self, id: &str) -> Option<&Keys> {
        self.keys.iter().find(|keys| keys.id == id)
    }
}

/// Checks an EdDSA signature and gives the claims; expiry is the caller's to check, against its own clock.
pub fn verify_with<T: DeserializeOwned>(key: &DecodingKey, jws: &str) -> Option<T> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(jsonwebtoken::decode(jws, key, &validation).ok()?.claims)
}

impl Keys {
    fn derive(id: &str, secret: &[u8; 32]) -> Option<Keys> {
        Some(Keys {
            id: id.to_owned(),
            handle: hmac::Key::new(hmac::HMAC_SHA256, &expand(secret, b"handin handle 1")?),
            token: SigningPair::from_seed(&expand(secret, b"handin token 1")?)?,
            receipt: SigningPair::from_seed(&expand(secret, b"handin receipt 1")?)?,
            webhook: hmac::Key::new(hmac::HMAC_SHA256, &expand(secret, b"handin webhook 1")?),
        })
    }

    fn pair(&self, purpose: Purpose) -> &SigningPair {
        match purpose {
            Purpose::Token => &self.token,
            Purpose::Receipt => &self.receipt,
        }
    }
}

impl SigningPair {
    fn from_seed(seed: &[u8; 32]) -> Option<SigningPair> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        let decoding = DecodingKey::from_ed_components(&public).ok()?;
        Some(SigningPair {
            encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref()),
            decoding,
            public,
        })
    }
}

/// HKDF-SHA256 (RFC 5869) without salt: the secret is uniformly random already.
fn expand(secret: &[u8; 32], info: &[u8]) -> Option<[u8; 32]> {
    struct ThirtyTwo;
    impl KeyType for ThirtyTwo {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, &[]).extract(secret).expand(&[info], ThirtyTwo).ok()?.fill(&mut key).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[(&str, u8)]) -> Keyring {
        let secrets: Vec<_> = ids.iter().map(|(id, byte)| ((*id).to_owned(), [*byte; 32])).collect();
        Keyring::new(&secrets).unwrap()
    }

    #[test]
    fn an_older_secret_still_verifies_and_a_dropped_one_does_not() {
        let before = ring(&[("a", 1)]);
        let jws = before.sign(Purpose::Receipt, &serde_json::json!({"n": 1})).unwrap();
        let (id, tag) = before.tag(b"message");
        let rotated = ring(&[("b", 2), ("a", 1)]);
        assert!(rotated.check_tag(id, b"message", tag.as_ref()));
        assert!(!rotated.check_tag(id, b"massage", tag.as_ref()));
        assert_eq!(rotated.verify::<serde_json::Value>(Purpose::Receipt, &jws).unwrap()["n"], 1);
        assert_eq!(rotated.tag(b"message").0, "b");
        let dropped = ring(&[("b", 2)]);
        assert!(!dropped.check_tag(id, b"message", tag.as_ref()));
        assert!(dropped.verify::<serde_json::Value>(Purpose::Receipt, &jws).is_none());
    }

    #[test]
    fn a_token_is_no_receipt() {
        let ring = ring(&[("a", 1)]);
        let jws = ring.sign(Purpose::Token, &serde_json::json!({})).unwrap();
        assert!(ring.verify::<serde_json::Value>(Purpose::Token, &jws).is_some());
        assert!(ring.verify::<serde_json::Value>(Purpose::Receipt, &jws).is_none());
    }
}
