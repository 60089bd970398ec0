//! A mapping: how the names of files tell whose recordings they are. `{track}/{candidate}/{subject}.webm`.

use std::str::FromStr;

use crate::{CandidateId, SubjectId, Track};

/// Whose recording a file is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapped {
    /// The candidate.
    pub candidate: CandidateId,
    /// The subject.
    pub subject: SubjectId,
    /// The track.
    pub track: Track,
}

/// How names are read. A hole takes as little as it can, at least one character, and no `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pieces: Vec<Piece>,
    subject: Option<SubjectId>,
    track: Option<Track>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(Hole),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    Candidate,
    Subject,
    Track,
    Any,
}

/// A mapping that cannot be read, or that leaves open whose recordings they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMapping(String);

impl Mapping {
    /// Reads a mapping; `subject` and `track` are those of all files where it has no hole for them.
    ///
    /// # Errors
    /// [`BadMapping`] that says what is missing, or not known.
    pub fn new(text: &str, subject: Option<SubjectId>, track: Option<Track>) -> Result<Mapping, BadMapping> {
        let pieces = read(text)?;
        let has = |hole| pieces.iter().filter(|piece| **piece == Piece::Hole(hole)).count();
        for (hole, name, given) in [
            (Hole::Candidate, "candidate", false),
            (Hole::Subject, "subject", subject.is_some()),
            (Hole::Track, "track", track.is_some()),
        ] {
            match (has(hole), given) {
                (1, false) | (0, true) => {}
                (0, false) => return Err(BadMapping(format!("say where the {name} stands: {{{name}}}"))),
                _ => return Err(BadMapping(format!("the {name} is said more than once"))),
            }
        }
        Ok(Mapping { pieces, subject, track })
    }

    /// Whose recording a file is; `None` when its name does not fit, or what stands in a hole is no such name.
    pub fn read(&self, name: &str) -> Option<Mapped> {
        let mut found = [None; 3];
        if !fit(&self.pieces, name, &mut found) {
            return None;
        }
        let [candidate, subject, track] = found;
        Some(Mapped {
            candidate: candidate?.parse().ok()?,
            subject: named(subject, self.subject.as_ref())?,
            track: named(track, self.track.as_ref())?,
        })
    }
}

fn named<T: FromStr + Clone>(found: Option<&str>, given: Option<&T>) -> Option<T> {
    found.map_or_else(|| given.cloned(), |text| text.parse().ok())
}

fn read(text: &str) -> Result<Vec<Piece>, BadMapping> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            return Err(BadMapping(format!("a {{ in {text:?} is never closed")));
        };
        let hole = match name {
            "candidate" => Hole::Candidate,
            "subject" => Hole::Subject,
            "track" => Hole::Track,
            "any" => Hole::Any,
            _ => {
                let known = "{candidate}, {subject}, {track} and {any}";
                return Err(BadMapping(format!("{{{name}}} is not known; known are {known}")));
            }
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Hole(hole));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn fit<'n>(pieces: &[Piece], name: &'n str, found: &mut [Option<&'n str>; 3]) -> bool {
    let (hole, later) = match pieces {
        [] => return name.is_empty(),
        [Piece::Text(text), later @ ..] => {
            return name.strip_prefix(text.as_str()).is_some_and(|rest| fit(later, rest, found));
        }
        [Piece::Hole(hole), later @ ..] => (*hole, later),
    };
    let segment = name.find('/').unwrap_or(name.len());
    let ends = name.char_indices().map(|(at, one)| at + one.len_utf8()).take_while(|end| *end <= segment);
    for end in ends {
        let (taken, rest) = name.split_at(end);
        if fit(later, rest, found) {
            match hole {
                Hole::Candidate => found[0] = Some(taken),
                Hole::Subject => found[1] = Some(taken),
                Hole::Track => found[2] = Some(taken),
                Hole::Any => {}
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(text: &str) -> Result<Mapping, String> {
        Mapping::new(text, None, None).map_err(|bad| bad.to_string())
    }

    fn read(text: &str, name: &str) -> Option<(String, String, String)> {
        let mapped = mapping(text).unwrap().read(name)?;
        Some((mapped.candidate.to_string(), mapped.subject.to_string(), mapped.track.to_string()))
    }

    #[test]
    fn names_are_read_by_their_holes() {
        let all = |candidate: &str| Some((candidate.to_owned(), "coding".to_owned(), "webcam".to_owned()));
        assert_eq!(read("{track}/{candidate}/{subject}.webm", "webcam/c1/coding.webm"), all("c1"));
        assert_eq!(read("{candidate}_{track}_{subject}.{any}", "c1_webcam_coding.mp4"), all("c1"));
        for name in
            ["webcam/c1/coding.mp4", "webcam/c1/x/coding.webm", "webcam/c1/.webm", "Web cam/c1/coding.webm"]
        {
            assert_eq!(read("{track}/{candidate}/{subject}.webm", name), None, "{name}");
        }
    }

    #[test]
    fn what_a_mapping_lacks_may_be_given_once() {
        let given = Mapping::new("{candidate}.webm", "coding".parse().ok(), "webcam".parse().ok()).unwrap();
        assert_eq!(given.read("c1.webm").unwrap().subject.as_str(), "coding");
        assert!(mapping("{candidate}.webm").unwrap_err().contains("{subject}"));
        assert!(mapping("{candidat}").unwrap_err().contains("known are"));
        assert!(mapping("{candidate").unwrap_err().contains("never closed"));
        let twice = Mapping::new("{track}/{candidate}", "coding".parse().ok(), "webcam".parse().ok());
        assert!(twice.is_err());
    }
}
