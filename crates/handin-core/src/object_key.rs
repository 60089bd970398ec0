//! Object keys: `{track}/{shard}/{yyyy-mm-dd}/{exam}/{subject}/{candidate}/{ulid}.{ext}`, and `{ulid}.{revision}.{ext}`
//! for an object that takes the place of an earlier one of the same recording: no key is ever written twice.
//!
//! The kind of recording comes first so that one bucket rule cleans one kind; two hex digits next, 256 ranges for the
//! store to split under a burst; the date of the bell (UTC) third. Every key in the project is built and parsed here.
//!
//! Beside recordings there are trial objects, `_rehearsal/{shard}/{exam}/{subject}/{candidate}`: no track begins with `_`, so a
//! rule that cleans them cannot mean a recording.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use crate::{CandidateId, ExamId, RecordingId, SubjectId, Track};

/// The key of one recording's object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// The kind of recording.
    pub track: Track,
    /// The day of the bell, or of the opening where a subject has no bell; UTC.
    pub date: Date,
    /// The exam.
    pub exam: ExamId,
    /// The subject.
    pub subject: SubjectId,
    /// The candidate.
    pub candidate: CandidateId,
    /// The recording.
    pub recording: RecordingId,
    /// Which object of the recording: 0 is the one that was recorded, higher ones were made of it.
    pub revision: u32,
    /// File name extension without the dot.
    pub extension: &'static str,
}

/// The key of a candidate's trial object: always the same one, so that nobody can write but over their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RehearsalKey {
    /// The exam.
    pub exam: ExamId,
    /// The subject.
    pub subject: SubjectId,
    /// The candidate.
    pub candidate: CandidateId,
}

/// A string that is not a key of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the key of a recording")]
pub struct BadKey(pub String);

/// Content types with an extension of their own; anything else is kept as `bin`.
const EXTENSIONS: &[(&str, &str)] = &[
    ("video/webm", "webm"),
    ("audio/webm", "weba"),
    ("video/mp4", "mp4"),
    ("audio/mp4", "m4a"),
    ("video/x-matroska", "mkv"),
    ("audio/ogg", "ogg"),
    ("application/octet-stream", "bin"),
];

impl ObjectKey {
    /// The extension for a content type; parameters such as `;codecs=vp9` are ignored.
    pub fn extension_for(content_type: &str) -> &'static str {
        let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        EXTENSIONS.iter().find(|(known, _)| *known == bare).map_or("bin", |(_, extension)| extension)
    }

    /// The day a moment falls on, in UTC.
    pub fn date_of(moment: Timestamp) -> Date {
        moment.to_zoned(TimeZone::UTC).date()
    }
}

impl RehearsalKey {
    /// What every trial object's key begins with, and no recording's.
    pub const PREFIX: &'static str = "_rehearsal/";
}

/// The two hex digits that spread keys over 256 prefixes: FNV-1a over what tells them apart, folded.
fn shard(text: &str) -> u8 {
    let step = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = text.bytes().fold(0x811c_9dc5_u32, step);
    hash.to_le_bytes().into_iter().fold(0, |folded, byte| folded ^ byte)
}

impl fmt::Display for RehearsalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RehearsalKey { exam, subject, candidate } = self;
        let own = format!("{exam}/{subject}/{candidate}");
        write!(f, "{}{:02x}/{own}", RehearsalKey::PREFIX, shard(&own))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectKey { track, date, exam, subject, candidate, recording, revision, extension } = self;
        let shard = shard(recording.as_str());
        write!(f, "{track}/{shard:02x}/{date}/{exam}/{subject}/{candidate}/{recording}")?;
        match revision {
            0 => write!(f, ".{extension}"),
            _ => write!(f, ".{revision}.{extension}"),
        }
    }
}

impl FromStr for ObjectKey {
    type Err = BadKey;

    fn from_str(given: &str) -> Result<ObjectKey, BadKey> {
        let key = parse(given).ok_or_else(|| BadKey(given.to_owned()))?;
        // A wrong shard, or any other way to write the same fields, is not our key.
        match key.to_string() == given {
            true => Ok(key),
            false => Err(BadKey(given.to_owned())),
        }
    }
}

fn parse(given: &str) -> Option<ObjectKey> {
    let fields: Vec<&str> = given.split('/').collect();
    let [track, _shard, date, exam, subject, candidate, name] = fields.as_slice() else { return None };
    let (recording, rest) = name.split_once('.')?;
    let (revision, extension) = rest.split_once('.').unwrap_or(("0", rest));
    Some(ObjectKey {
        track: track.parse().ok()?,
        date: date.parse().ok()?,
        exam: exam.parse().ok()?,
        subject: subject.parse().ok()?,
        candidate: candidate.parse().ok()?,
        recording: recording.parse().ok()?,
        revision: revision.parse().ok()?,
        extension: EXTENSIONS.iter().find(|(_, known)| *known == extension)?.1,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(recording: &str) -> ObjectKey {
        ObjectKey {
            track: "webcam".parse().unwrap(),
            date: jiff::civil::date(2026, 11, 22),
            exam: "spring".parse().unwrap(),
            subject: "math".parse().unwrap(),
            candidate: "C-17".parse().unwrap(),
            recording: recording.parse().unwrap(),
            revision: 0,
            extension: ObjectKey::extension_for("video/webm;codecs=vp9,opus"),
        }
    }

    #[test]
    fn a_key_has_the_documented_shape() {
        assert_eq!(
            key("01JD8Z0QX3V5T9K2M4N6P8R0SW").to_string(),
            "webcam/b3/2026-11-22/spring/math/C-17/01JD8Z0QX3V5T9K2M4N6P8R0SW.webm"
        );
    }

    #[test]
    fn a_trial_objects_key_is_nobody_elses_and_no_recordings() {
        let of = |exam: &str, candidate: &str| RehearsalKey {
            exam: exam.parse().unwrap(),
            subject: "math".parse().unwrap(),
            candidate: candidate.parse().unwrap(),
        };
        let key = of("spring", "C-17").to_string();
        assert!(key.starts_with(RehearsalKey::PREFIX) && key.ends_with("/spring/math/C-17"), "{key}");
        assert!(of("autumn", "C-17").to_string() != key && of("spring", "C-18").to_string() != key);
        assert!(key.parse::<ObjectKey>().is_err());
        assert!(RehearsalKey::PREFIX.trim_end_matches('/').parse::<Track>().is_err());
    }

    #[test]
    fn a_later_object_of_a_recording_stands_beside_the_first() {
        let first = key("01JD8Z0QX3V5T9K2M4N6P8R0SW");
        let later = ObjectKey { revision: 2, ..first.clone() }.to_string();
        assert_eq!(later, first.to_string().replace(".webm", ".2.webm"));
        assert_eq!(later.parse::<ObjectKey>().unwrap().recording, first.recording);
    }

    #[test]
    fn foreign_keys_are_refused() {
        let ours = key("01JD8Z0QX3V5T9K2M4N6P8R0SW").to_string();
        for bad in [
            "",
            "a/b",
            &ours.replace("webcam/", "webcam//"),
            &ours.replace("webm", "exe"),
            &ours.replace(".webm", ".0.webm"),
            &ours.replace(".webm", ".02.webm"),
            &ours.replace(".webm", ".1.2.webm"),
            &format!("{ours}/x"),
        ] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
        }
        let (head, tail) = ours.split_at("webcam/".len());
        assert!(format!("{head}zz{}", &tail[2..]).parse::<ObjectKey>().is_err());
    }

    proptest! {
        #[test]
        fn keys_come_back_as_they_went(recording in "[0-7][0-9A-HJKMNP-TV-Z]{25}", revision: u32) {
            let key = ObjectKey { revision, ..key(&recording) };
            prop_assert_eq!(key.to_string().parse::<ObjectKey>().unwrap(), key);
        }
    }
}
