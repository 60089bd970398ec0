//! Exams, subjects and the roster: what will be recorded, until when, and of whom.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{AfterCrash, CandidateId, Capture, ExamId, Group, Language, SubjectId, Track};

/// One recruitment test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exam {
    /// Its slug.
    pub id: ExamId,
    /// For people.
    pub title: String,
    /// The tracks each sitting must have to be complete; at least one, none twice.
    pub tracks: Vec<Track>,
    /// Its timed parts; at least one.
    pub subjects: Vec<Subject>,
    /// What one recording may take.
    pub limits: Limits,
    /// How long recordings are kept after the bell, in days; `None` keeps the house default.
    pub retention_days: Option<u32>,
    /// How each of its tracks is captured.
    pub capture: BTreeMap<Track, Capture>,
    /// What its candidates are told of the recording, by language.
    pub notice: BTreeMap<Language, String>,
    /// What a candidate may do when a recording broke off.
    pub after_crash: AfterCrash,
    /// When the platform created it.
    pub created_at: Timestamp,
}

/// A timed part of an exam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its slug, unique within the exam.
    pub id: SubjectId,
    /// For people.
    pub title: Option<String>,
    /// The bell.
    pub ends_at: Option<Timestamp>,
}

/// What one recording may take; `None` leaves the server's setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one recording.
    pub max_bytes: Option<u64>,
}

/// One candidate of an exam, as the platform announces them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The platform's opaque id.
    pub candidate: CandidateId,
    /// For reviewers; kept apart, never in keys, logs or URLs.
    pub name: Option<String>,
    /// The subjects the candidate sits; `None` means all.
    pub subjects: Option<Vec<SubjectId>>,
    /// With whom the candidate shares an uplink, such as a test centre.
    pub group: Option<Group>,
}

/// An exam asks for no track, or for one twice, or for more than [`Exam::MOST_TRACKS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an exam records 1 to {most} different tracks, not {0:?}", most = Exam::MOST_TRACKS)]
pub struct TooManyTracks(pub Vec<Track>);

impl Exam {
    /// More tracks than anybody records; keeps tokens and tables small.
    pub const MOST_TRACKS: usize = 8;

    /// Checks a list of tracks: one to eight, none twice.
    pub fn check_tracks(tracks: &[Track]) -> Result<(), TooManyTracks> {
        let twice = tracks.iter().enumerate().any(|(place, track)| tracks[..place].contains(track));
        match tracks.is_empty() || tracks.len() > Exam::MOST_TRACKS || twice {
            true => Err(TooManyTracks(tracks.to_vec())),
            false => Ok(()),
        }
    }

    /// How a track is captured.
    pub fn capture_of(&self, track: &Track) -> Capture {
        self.capture.get(track).copied().unwrap_or_else(|| Capture::usual(track))
    }

    /// The subject of this id, if the exam has it.
    pub fn subject(&self, id: &SubjectId) -> Option<&Subject> {
        self.subjects.iter().find(|subject| &subject.id == id)
    }
}
