//! SHA-256 checksums as S3 writes them: base64 in headers and XML, and the composite of a multipart
//! object, which is the hash over its parts' hashes. Computes none over recordings: that is done where
//! the bytes are.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::hash::Sha256;

/// A SHA-256 checksum, 32 bytes. `Display` is hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The text is no SHA-256 checksum.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a SHA-256 checksum")]
pub struct DigestError;

impl Digest {
    /// Wraps 32 bytes that somebody hashed.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The checksum of `data`.
    pub fn of(data: &[u8]) -> Self {
        Self(Sha256::digest(data))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError)?;
        Ok(Self(bytes))
    }

    /// Reads 44 characters of standard base64, the form of `x-amz-checksum-sha256`.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn from_base64(text: &str) -> Result<Self, DigestError> {
        let bytes = STANDARD.decode(text).map_err(|_| DigestError)?;
        bytes.try_into().map(Self).map_err(|_| DigestError)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Standard base64, 44 characters.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// [`Digest::to_base64`] without an allocation.
    pub(crate) fn base64_bytes(&self) -> [u8; 44] {
        let mut text = [0; 44];
        STANDARD.encode_slice(self.0, &mut text).expect("32 bytes are 44 characters of base64");
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Reads either spelling: hexadecimal or base64.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::from_hex(text).or_else(|_| Self::from_base64(text))
    }
}

/// The checksum of a multipart object: SHA-256 over its parts' SHA-256, and how many they were.
/// `Display` is S3's form, `base64-N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Composite {
    /// The hash over the part hashes.
    pub digest: Digest,
    /// How many parts it covers.
    pub parts: u32,
}

impl Composite {
    /// The composite of parts in the order of their numbers.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a Digest>) -> Self {
        let mut hash = Sha256::new();
        let mut count = 0;
        for part in parts {
            hash.update(&part.0);
            count += 1;
        }
        Self { digest: Digest(hash.finish()), parts: count }
    }
}

impl fmt::Display for Composite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.digest.to_base64(), self.parts)
    }
}

impl FromStr for Composite {
    type Err = DigestError;

    /// Reads `base64-N`.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (digest, parts) = text.rsplit_once('-').ok_or(DigestError)?;
        let parts = parts.parse().ok().filter(|parts| *parts > 0).ok_or(DigestError)?;
        Ok(Self { digest: Digest::from_base64(digest)?, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const EMPTY_BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn both_spellings_are_one_digest() {
        let empty = Digest::of(b"");
        assert_eq!((empty.to_hex().as_str(), empty.to_base64().as_str()), (EMPTY_HEX, EMPTY_BASE64));
        assert_eq!((EMPTY_HEX.parse(), EMPTY_BASE64.parse()), (Ok(empty), Ok(empty)));
        assert_eq!(empty.base64_bytes(), EMPTY_BASE64.as_bytes());
    }

    #[test]
    fn refuses_other_texts() {
        for text in
            ["", "e3b0", &EMPTY_BASE64[1..], &EMPTY_HEX[2..], "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="]
        {
            assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
        }
        for text in [EMPTY_BASE64, "-1", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-0"] {
            assert_eq!(text.parse::<Composite>(), Err(DigestError), "{text}");
        }
    }

    #[test]
    fn composite_hashes_the_part_hashes() {
        let parts = [Digest::of(b"first"), Digest::of(b"second")];
        let joined = [*parts[0].as_bytes(), *parts[1].as_bytes()].concat();
        let composite = Composite::of(&parts);
        assert_eq!(composite, Composite { digest: Digest::of(&joined), parts: 2 });
        assert_eq!(composite.to_string(), format!("{}-2", Digest::of(&joined).to_base64()));
        assert_eq!(composite.to_string().parse(), Ok(composite));
    }
}
