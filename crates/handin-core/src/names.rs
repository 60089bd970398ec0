//! The names things go by: exam, subject, candidate, group, track, recording, language.
//!
//! Each is a checked string. They appear in object keys, URLs and logs, so the alphabet is small on purpose; in
//! particular no `@`, no space and no slash, which keeps addresses and paths out. Whether a candidate id *means*
//! a person is the platform's business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Why a string is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?} is not valid: {rule}")]
pub struct BadName {
    /// What was being parsed, such as `exam id`.
    pub what: &'static str,
    /// The string as given, cut to 80 characters.
    pub given: String,
    /// The rule it breaks, in words.
    pub rule: &'static str,
}

fn refuse<T>(what: &'static str, given: &str, rule: &'static str) -> Result<T, BadName> {
    Err(BadName { what, given: given.chars().take(80).collect(), rule })
}

fn parse_slug(what: &'static str, given: &str) -> Result<String, BadName> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match given.as_bytes() {
        [first, ..] if edge(*first) && given.len() <= 64 && given.bytes().all(inner) => Ok(given.to_owned()),
        _ => refuse(what, given, "use 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"),
    }
}

fn parse_candidate(what: &'static str, given: &str) -> Result<String, BadName> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let dots = given.bytes().all(|byte| byte == b'.');
    if !given.is_empty() && !dots && given.len() <= 64 && given.bytes().all(good) {
        return Ok(given.to_owned());
    }
    refuse(what, given, "use 1 to 64 of A-Z, a-z, 0-9, - _ . ~ (an opaque id, never a name or an address)")
}

fn parse_group(what: &'static str, given: &str) -> Result<String, BadName> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:/".contains(&byte);
    match !given.is_empty() && given.len() <= 64 && given.bytes().all(good) {
        true => Ok(given.to_owned()),
        false => refuse(what, given, "use 1 to 64 of A-Z, a-z, 0-9, - _ . ~ : /"),
    }
}

fn parse_ulid(what: &'static str, given: &str) -> Result<String, BadName> {
    let crockford =
        |byte: u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte));
    // The first digit holds three bits: 26 × 5 = 130 bits, of which a ULID uses 128.
    if given.len() == 26 && given.bytes().all(crockford) && given.as_bytes()[0] <= b'7' {
        return Ok(given.to_owned());
    }
    refuse(what, given, "a ULID has 26 characters of Crockford's base 32 in capitals")
}

fn parse_language(what: &'static str, given: &str) -> Result<String, BadName> {
    let mut subtags = given.split('-');
    let language = subtags.next().unwrap_or_default();
    let letters = language.bytes().all(|byte| byte.is_ascii_lowercase());
    let good = |subtag: &str| {
        (2..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match letters && (2..=3).contains(&language.len()) && given.len() <= 35 && subtags.all(good) {
        true => Ok(given.to_owned()),
        false => refuse(what, given, "use a language tag (BCP 47) such as ko, en or pt-BR"),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $parse:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(given: &str) -> Result<Self, BadName> {
                $parse($what, given).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// One recruitment test; a slug chosen by the platform or made by the server.
    ExamId, "exam id", parse_slug
);
name!(
    /// A timed part of an exam; a slug, unique within the exam.
    SubjectId, "subject id", parse_slug
);
name!(
    /// The platform's opaque id for a person.
    CandidateId, "candidate id", parse_candidate
);
name!(
    /// Candidates who share an uplink: a test centre as the roster calls it, or a network such as `192.0.2.0/24`. In
    /// no key, log or URL.
    Group, "group", parse_group
);
name!(
    /// A kind of recording, such as `webcam` or `screen`; a slug that the exam declares.
    Track, "track", parse_slug
);
name!(
    /// One take of one track in one sitting; a ULID in capitals.
    RecordingId, "recording id", parse_ulid
);
name!(
    /// What keeps recordings from being deleted; a ULID in capitals.
    HoldId, "hold id", parse_ulid
);
name!(
    /// Proof of a deletion; a ULID in capitals.
    CertificateId, "certificate id", parse_ulid
);
name!(
    /// An address of the platform that events are told to; a ULID in capitals.
    WebhookId, "webhook id", parse_ulid
);
name!(
    /// The language of a text, as BCP 47 writes it; what it says beyond the letters is not looked up.
    Language, "language", parse_language
);

impl Group {
    /// The group of everybody in the network of `address`: the /24 of IPv4, the /48 of IPv6, as providers give them to
    /// sites.
    pub fn of_network(address: IpAddr) -> Group {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [first, second, third, _] = address.octets();
                Group(format!("{}/24", Ipv4Addr::new(first, second, third, 0)))
            }
            IpAddr::V6(address) => {
                let [first, second, third, ..] = address.segments();
                Group(format!("{}/48", Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_small_and_lower_case() {
        for good in ["a", "exam-1", "2026_spring", "0"] {
            assert_eq!(good.parse::<ExamId>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "A", "a b", "a/b", "..", "시험", &"a".repeat(65)] {
            assert!(bad.parse::<ExamId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn candidates_are_opaque_and_cannot_be_addresses_or_paths() {
        for good in ["c1", "C-00017", "7f3a.b~2"] {
            assert_eq!(good.parse::<CandidateId>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a@b.kr", "a/b", "김", &"x".repeat(65)] {
            assert!(bad.parse::<CandidateId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn recordings_are_ulids() {
        assert!("01JD8Z0QX3V5T9K2M4N6P8R0SW".parse::<RecordingId>().is_ok());
        for bad in
            ["", "01JD8Z0QX3V5T9K2M4N6P8R0SU", "81JD8Z0QX3V5T9K2M4N6P8R0SW", "01jd8z0qx3v5t9k2m4n6p8r0sw"]
        {
            assert!(bad.parse::<RecordingId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn languages_are_tags() {
        for good in ["ko", "en", "pt-BR", "zh-Hant-TW", "haw"] {
            assert_eq!(good.parse::<Language>().unwrap().as_str(), good);
        }
        for bad in ["", "k", "Korean", "KO", "en_US", "en-", "en-a b", "한국어"] {
            assert!(bad.parse::<Language>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn groups_are_sites_or_networks() {
        for good in ["seoul-1", "192.0.2.0/24", "2001:db8:7::/48"] {
            assert_eq!(good.parse::<Group>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "서울", &"x".repeat(65)] {
            assert!(bad.parse::<Group>().is_err(), "{bad:?}");
        }
        for (address, group) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:7:1:2:3:4:5", "2001:db8:7::/48"),
        ] {
            let network = Group::of_network(address.parse().unwrap());
            assert_eq!(network.as_str(), group);
            assert_eq!(network.as_str().parse(), Ok(network.clone()));
        }
    }
}
