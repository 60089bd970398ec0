//! Values that several operations carry: ETags, checksums, metadata headers, bodies with their digest.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::encode::decode_query;
use crate::error::Error;
use crate::request::{Call, Response};
use crate::xml::{self, Element};

/// Names that S3 gives to checksums and to what they cover.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// The name as S3 writes it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The value of that name, if S3 has one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

named! {
    /// How a store checks what arrives ("Checking object integrity" in the S3 user guide).
    ChecksumAlgorithm {
        /// SHA-256, always composite over parts.
        Sha256 = "SHA256",
        /// SHA-1, always composite over parts.
        Sha1 = "SHA1",
        /// CRC-32 (ISO 3309).
        Crc32 = "CRC32",
        /// CRC-32C (Castagnoli).
        Crc32c = "CRC32C",
        /// CRC-64/NVME, always over the full object.
        Crc64Nvme = "CRC64NVME",
    }
}

named! {
    /// What a multipart object's checksum covers.
    ChecksumType {
        /// The checksums of its parts, written `…-N`.
        Composite = "COMPOSITE",
        /// Its bytes.
        FullObject = "FULL_OBJECT",
    }
}

/// The checksums that a store keeps of an object, as it writes them: base64, with `-N` when composite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// SHA-256.
    pub sha256: Option<String>,
    /// CRC-32.
    pub crc32: Option<String>,
    /// CRC-32C.
    pub crc32c: Option<String>,
    /// CRC-64/NVME.
    pub crc64nvme: Option<String>,
    /// What they cover, when the store says so.
    pub kind: Option<ChecksumType>,
}

impl Checksums {
    pub(crate) fn from_headers(response: &Response<'_>) -> Self {
        let text = |name| response.header(name).map(str::to_owned);
        Self {
            sha256: text("x-amz-checksum-sha256"),
            crc32: text("x-amz-checksum-crc32"),
            crc32c: text("x-amz-checksum-crc32c"),
            crc64nvme: text("x-amz-checksum-crc64nvme"),
            kind: response.header("x-amz-checksum-type").and_then(ChecksumType::from_name),
        }
    }

    pub(crate) fn from_xml(element: &Element) -> Self {
        let text = |name| element.filled(name).map(str::to_owned);
        Self {
            sha256: text("ChecksumSHA256"),
            crc32: text("ChecksumCRC32"),
            crc32c: text("ChecksumCRC32C"),
            crc64nvme: text("ChecksumCRC64NVME"),
            kind: element.text_of("ChecksumType").and_then(ChecksumType::from_name),
        }
    }
}

/// A store's opaque tag of a part or an object; stores write it with quotes or without.
/// Equality and `Display` are without.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes a tag in either spelling.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        Self(bare.unwrap_or(text).to_owned())
    }

    /// The bare tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag in quotes, as HTTP and S3's XML want it.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ETag({})", self.0)
    }
}

impl<'a> Call<'a> {
    /// Adds user metadata: names without their prefix.
    pub(crate) fn metadata(self, metadata: &[(&'a str, &'a str)]) -> Self {
        metadata.iter().fold(self, |call, (name, value)| call.header(format!("x-amz-meta-{name}"), *value))
    }

    /// Adds an XML body with its MD5, which S3 wants for configuration and bulk deletes and which, unlike
    /// newer checksums, every server knows.
    pub(crate) fn xml(self, body: Vec<u8>) -> Self {
        let digest = STANDARD.encode(Md5::digest(&body));
        self.header("content-md5", digest).header("content-type", "application/xml").body(body)
    }
}

impl Response<'_> {
    /// The root element of a success's body.
    pub(crate) fn document(&self, root: &str) -> Result<Element, Error> {
        self.success()?;
        let element = xml::parse(self.body).map_err(|reason| Error::malformed(self.status, reason))?;
        if element.name == root {
            return Ok(element);
        }
        if element.name == "Error" {
            return Err(Error::from_xml(self.status, &element));
        }
        Err(Error::malformed(self.status, format!("expected {root}, found {}", element.name)))
    }

    /// What a header or element was missing from this success.
    pub(crate) fn lacks(&self, what: &str) -> Error {
        Error::malformed(self.status, format!("the answer lacks {what}"))
    }

    pub(crate) fn etag(&self) -> Option<ETag> {
        self.header("etag").map(ETag::new)
    }
}

/// Keys in a list, which are percent-encoded when the store says so.
pub(crate) struct KeyReader {
    encoded: bool,
    status: u16,
}

impl KeyReader {
    pub(crate) fn new(list: &Element, status: u16) -> Self {
        Self { encoded: list.text_of("EncodingType") == Some("url"), status }
    }

    pub(crate) fn read(&self, text: &str) -> Result<String, Error> {
        if !self.encoded {
            return Ok(text.to_owned());
        }
        let decoded = decode_query(text).map(|key| key.into_owned());
        decoded.ok_or_else(|| Error::malformed(self.status, "a key is not UTF-8"))
    }
}

/// Whether a list has another page.
pub(crate) fn is_truncated(list: &Element) -> bool {
    list.text_of("IsTruncated").is_some_and(|text| text.trim() == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_equal_in_either_spelling() {
        assert_eq!(ETag::new("\"abc-2\""), ETag::new("abc-2"));
        assert_eq!(ETag::new(" \"abc\" ").quoted(), "\"abc\"");
        assert_eq!(ETag::new("\"").as_str(), "\"");
    }

    #[test]
    fn names_round_trip() {
        for name in ["SHA256", "SHA1", "CRC32", "CRC32C", "CRC64NVME"] {
            assert_eq!(ChecksumAlgorithm::from_name(name).map(ChecksumAlgorithm::name), Some(name));
        }
        assert_eq!(ChecksumType::from_name("composite"), None);
    }
}
