//! The signing key of one day: derived from the secret, the date, the region and the service, and good
//! for that UTC day only. Knows nothing of requests.

use crate::credentials::Credentials;
use crate::encode::{Slash, encode};
use crate::hash::{HmacKey, Sha256};
use crate::sign::ALGORITHM;
use crate::time::{SECONDS_PER_DAY, Stamp};

/// The service that S3 signatures are scoped to.
pub(crate) const SERVICE: &str = "s3";

/// Everything that stays the same for a day.
pub(crate) struct Day {
    /// Days since 1970-01-01.
    pub(crate) number: i64,
    /// `AKID/20130524/us-east-1/s3/aws4_request`, percent-encoded for the query.
    pub(crate) credential: String,
    /// `20130524/us-east-1/s3/aws4_request`.
    pub(crate) scope: String,
    key: HmacKey,
}

impl Day {
    /// The day that `at` (unix seconds) falls on.
    pub(crate) fn derive(credentials: &Credentials, region: &str, at: i64) -> Self {
        let stamp = Stamp::of(at);
        let scope = format!("{}/{region}/{SERVICE}/aws4_request", stamp.date());
        Self {
            number: at.div_euclid(SECONDS_PER_DAY),
            credential: encode(&format!("{}/{scope}", credentials.access_key), Slash::Encode),
            key: HmacKey::new(&signing_key(&credentials.secret_key, stamp.date(), region, SERVICE)),
            scope,
        }
    }

    /// The signature's hash after the lines that all requests of this second share.
    pub(crate) fn start(&self, stamp: &Stamp) -> Sha256 {
        let mut hash = self.key.start();
        for piece in [ALGORITHM, "\n", stamp.as_str(), "\n", &self.scope, "\n"] {
            hash.update(piece.as_bytes());
        }
        hash
    }

    /// Appends the signature, 64 hexadecimal digits, of a canonical request's hash.
    pub(crate) fn finish_into(&self, mut started: Sha256, canonical: &[u8; 32], text: &mut String) {
        started.update(&hex_digits(canonical));
        hex_into(text, &self.key.finish(started));
    }
}

/// Four chained HMACs ("Calculating a signature" in the S3 API reference).
pub(crate) fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> [u8; 32] {
    let secret = HmacKey::new(format!("AWS4{secret}").as_bytes());
    [region, service, "aws4_request"]
        .iter()
        .fold(secret.sign(date.as_bytes()), |key, word| HmacKey::new(&key).sign(word.as_bytes()))
}

/// Appends 32 bytes in hexadecimal.
pub(crate) fn hex_into(text: &mut String, bytes: &[u8; 32]) {
    text.push_str(std::str::from_utf8(&hex_digits(bytes)).expect("hexadecimal digits are ASCII"));
}

/// Written out because it runs twice for each URL.
fn hex_digits(bytes: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Examples of how to derive a signing key" in the AWS General Reference.
    #[test]
    fn derives_the_published_key() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            hex::encode(signing_key(secret, "20150830", "us-east-1", "iam")),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        assert_eq!(
            hex::encode(signing_key(secret, "20120215", "us-east-1", "iam")),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        );
    }
}
