//! SHA-256 digests in JSON: 64 lower-case hex digits, nothing else.

use std::borrow::Cow;

use handin_core::Sha256;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// A SHA-256 digest as it stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex32(pub Sha256);

impl Hex32 {
    fn read(text: &str) -> Option<Hex32> {
        let mut bytes = [0; 32];
        // One spelling for one digest, so that clients may compare them as text.
        let lower = text.len() == 64 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(Hex32(bytes))
    }
}

impl<'de> Deserialize<'de> for Hex32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Hex32::read(&text)
            .ok_or_else(|| de::Error::custom("a SHA-256 is written as 64 lower-case hex digits"))
    }
}

impl Serialize for Hex32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl utoipa::PartialSchema for Hex32 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9a-f]{64}$"))
            .description(Some("A SHA-256 digest, 64 lower-case hex digits"))
            .into()
    }
}

impl utoipa::ToSchema for Hex32 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_digits_are_a_digest() {
        let good = "ab".repeat(32);
        assert_eq!(serde_json::to_string(&Hex32([0xab; 32])).unwrap(), format!("{good:?}"));
        assert_eq!(serde_json::from_str::<Hex32>(&format!("{good:?}")).unwrap(), Hex32([0xab; 32]));
        for bad in ["", "ab", &good.to_uppercase(), &good[1..], &"zz".repeat(32)] {
            assert!(serde_json::from_str::<Hex32>(&format!("{bad:?}")).is_err(), "{bad}");
        }
    }
}
