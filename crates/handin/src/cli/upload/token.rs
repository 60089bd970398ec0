//! What a candidate's token says about whose recordings are sent. Read, not verified: that is the server's business.

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// One candidate in one subject of one exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// The exam's id.
    pub exam: String,
    /// The subject's id.
    pub subject: String,
    /// The candidate's id.
    pub candidate: String,
}

const NO_JWT: &str =
    "the token is not a JWT (three words of letters, digits, - and _ with dots between them)";

impl Sitting {
    /// Reads the claims of a JWT.
    ///
    /// # Errors
    /// When it is not a candidate's token; never repeats it, since it may be a good one with a typing error.
    pub fn of_token(token: &str) -> anyhow::Result<Sitting> {
        let words: Vec<&str> = token.split('.').collect();
        let [_, claims, _] = words[..] else { bail!(NO_JWT) };
        // It goes into a header as it is, so what surrounds it by mistake must not come along.
        let of_a_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        ensure!(words.iter().all(|word| word.bytes().all(of_a_word)), NO_JWT);
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).context("the token's claims are not base64url")?;
        serde_json::from_slice(&claims).context("the token does not name exam, subject and candidate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_name_the_sitting() {
        let claims = br#"{"exam":"e1","subject":"s1","candidate":"c1","tracks":["webcam"],"exp":1}"#;
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims);
        let token = format!("e30.{claims}.sig");
        let sitting = Sitting { exam: "e1".into(), subject: "s1".into(), candidate: "c1".into() };
        assert_eq!(Sitting::of_token(&token).unwrap(), sitting);
        let surrounded = format!("token {token}\nuntil 2026-11-22T05:00:00Z");
        for bad in ["", "hk_secret", "a.b.c", "e30.e30.e30", &surrounded] {
            let error = format!("{:#}", Sitting::of_token(bad).unwrap_err());
            assert!(!error.contains(&claims), "{error}");
            assert!(!error.contains("hk_secret"), "{error}");
        }
    }
}
