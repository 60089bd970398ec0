//! What a candidate's token says about whose recordings are sent. Read, not verified: that is the server's business.

use anyhow::Context;
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

impl Sitting {
    /// Reads the claims of a JWT.
    ///
    /// # Errors
    /// When it is not a candidate's token; never repeats it, since it may be a good one with a typing error.
    pub fn of_token(token: &str) -> anyhow::Result<Sitting> {
        let claims =
            token.split('.').nth(1).context("the token is not a JWT (three words with dots between them)")?;
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
        let token = format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let sitting = Sitting { exam: "e1".into(), subject: "s1".into(), candidate: "c1".into() };
        assert_eq!(Sitting::of_token(&token).unwrap(), sitting);
        for bad in ["", "hk_secret", "a.b.c", "e30.e30.e30"] {
            let error = format!("{:#}", Sitting::of_token(bad).unwrap_err());
            assert!(!error.contains("hk_secret"), "{error}");
        }
    }
}
