//! Sittings and the status of an exam: derived from recordings and roster each time, never stored.

use std::collections::{BTreeMap, BTreeSet};

use handin_core::{
    CandidateId, Exam, ExamId, SittingState, State, SubjectId, Take, Track, sitting_state, track_state,
};

use super::error::Error;
use crate::app::App;
use crate::db;
use crate::db::candidates::RosterFilter;
use crate::db::recordings::{Recording, StatusRow};

/// How an exam stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamStatus {
    /// One entry for each subject, in the exam's order.
    pub subjects: Vec<SubjectStatus>,
}

/// How one subject stands; the first five are numbers of sittings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectStatus {
    /// The subject.
    pub subject: SubjectId,
    /// On the roster, or seen without being on it.
    pub expected: u64,
    /// With a take on its way.
    pub recording: u64,
    /// With every track sealed.
    pub complete: u64,
    /// With something kept that has holes.
    pub partial: u64,
    /// With nothing.
    pub missing: u64,
    /// Bytes in the bucket: sealed, salvaged, or seen in unfinished uploads.
    pub bytes: u64,
    /// The sum of the footage that stands only in browsers, in seconds.
    pub at_risk_s: u64,
}

/// Which sittings to list; `None` takes all.
#[derive(Debug, Clone, Default)]
pub struct SittingFilter {
    /// In this state.
    pub state: Option<SittingState>,
    /// Of this subject.
    pub subject: Option<SubjectId>,
    /// Of this candidate.
    pub candidate: Option<CandidateId>,
}

/// One candidate in one subject.
#[derive(Debug, Clone)]
pub struct Sitting {
    /// The candidate.
    pub candidate: CandidateId,
    /// The name from the roster, for reviewers.
    pub name: Option<String>,
    /// The subject.
    pub subject: SubjectId,
    /// Derived from its tracks.
    pub state: SittingState,
    /// One entry for each track the exam asks for.
    pub tracks: Vec<SittingTrack>,
    /// Bytes that are sealed or salvaged.
    pub bytes: u64,
    /// Footage that stands only in the browser, in seconds.
    pub at_risk_s: u64,
}

/// One track of a sitting.
#[derive(Debug, Clone)]
pub struct SittingTrack {
    /// The track.
    pub track: Track,
    /// Derived from its takes.
    pub state: SittingState,
    /// Its takes, the first first.
    pub takes: Vec<Recording>,
}

/// A page of sittings and where the next begins.
#[derive(Debug, Clone)]
pub struct SittingPage {
    /// At most as many candidates as asked for, each with all its sittings that pass the filter.
    pub sittings: Vec<Sitting>,
    /// The last candidate looked at, if there may be more.
    pub next: Option<CandidateId>,
}

/// How an exam stands, by subject.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn status(app: &App, id: &ExamId) -> Result<ExamStatus, Error> {
    let exam = super::exams::get(app, id).await?;
    let expected = db::candidates::expected(&app.db, id).await?;
    let rows = db::recordings::status(&app.db, id).await?;
    let of = |subject: &SubjectId| {
        expected
            .iter()
            .find(|(known, _)| known == subject)
            .map_or(0, |(_, count)| u64::try_from(*count).unwrap_or_default())
    };
    let status = |subject: &handin_core::Subject| subject_status(&exam, &subject.id, of(&subject.id), &rows);
    Ok(ExamStatus { subjects: exam.subjects.iter().map(status).collect() })
}

fn subject_status(exam: &Exam, subject: &SubjectId, expected: u64, rows: &[StatusRow]) -> SubjectStatus {
    let mut takes: BTreeMap<&CandidateId, Vec<Take>> = BTreeMap::new();
    let (mut bytes, mut at_risk_s) = (0, 0);
    for row in rows.iter().filter(|row| row.subject == *subject) {
        takes.entry(&row.candidate).or_default().push(Take { track: row.track.clone(), state: row.state });
        bytes += row.bytes;
        at_risk_s += at_risk(row.state, row.recorded_ms, row.pending_bytes, row.bytes);
    }
    let states: Vec<SittingState> = takes.values().map(|takes| sitting_state(&exam.tracks, takes)).collect();
    let count = |wanted| states.iter().filter(|state| **state == wanted).count() as u64;
    let seen = states.len() as u64;
    SubjectStatus {
        subject: subject.clone(),
        expected: expected.max(seen),
        recording: count(SittingState::Recording),
        complete: count(SittingState::Complete),
        partial: count(SittingState::Partial),
        missing: count(SittingState::Missing) + expected.saturating_sub(seen),
        bytes,
        at_risk_s,
    }
}

/// Footage that stands only in the browser, in seconds: the pending share of what was recorded.
fn at_risk(state: State, recorded_ms: u64, pending: u64, confirmed: u64) -> u64 {
    if !matches!(state, State::Open | State::Sealing) {
        return 0;
    }
    let all = u128::from(pending) + u128::from(confirmed);
    let millis = u128::from(recorded_ms) * u128::from(pending) / all.max(1);
    u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX)
}

/// The sittings of an exam: those on the roster and those only seen, by candidate.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list(
    app: &App,
    id: &ExamId,
    filter: &SittingFilter,
    after: Option<CandidateId>,
    limit: u32,
) -> Result<SittingPage, Error> {
    let exam = super::exams::get(app, id).await?;
    let roster = RosterFilter { subject: None, candidate: filter.candidate.clone() };
    let candidates = db::candidates::page(&app.db, id, &roster, after.as_ref(), limit).await?;
    let next = match candidates.len() >= limit as usize {
        true => candidates.last().map(|last| last.candidate.clone()),
        false => None,
    };
    let ids: Vec<CandidateId> = candidates.iter().map(|entry| entry.candidate.clone()).collect();
    let recordings = db::recordings::of_sittings(&app.db, id, &ids).await?;
    let mut sittings = Vec::new();
    for entry in &candidates {
        let mine: Vec<&Recording> =
            recordings.iter().filter(|row| row.candidate == entry.candidate).collect();
        for subject in subjects_of(&exam, entry, &mine) {
            let sitting = sitting(&exam, entry, &subject, &mine);
            let wanted = filter.subject.as_ref().is_none_or(|wanted| *wanted == subject)
                && filter.state.is_none_or(|wanted| wanted == sitting.state);
            sittings.extend(wanted.then_some(sitting));
        }
    }
    Ok(SittingPage { sittings, next })
}

/// The subjects of the roster entry and those the candidate was seen in, in the exam's order.
fn subjects_of(exam: &Exam, entry: &handin_core::RosterEntry, seen: &[&Recording]) -> Vec<SubjectId> {
    let seen: BTreeSet<&SubjectId> = seen.iter().map(|recording| &recording.subject).collect();
    let listed =
        |subject: &SubjectId| entry.subjects.as_ref().is_none_or(|subjects| subjects.contains(subject));
    let all = exam.subjects.iter().map(|subject| &subject.id);
    all.filter(|subject| listed(subject) || seen.contains(subject)).cloned().collect()
}

fn sitting(
    exam: &Exam,
    entry: &handin_core::RosterEntry,
    subject: &SubjectId,
    recordings: &[&Recording],
) -> Sitting {
    let mine: Vec<&Recording> = recordings.iter().copied().filter(|row| row.subject == *subject).collect();
    let takes: Vec<Take> =
        mine.iter().map(|row| Take { track: row.track.clone(), state: row.state }).collect();
    let track = |track: &Track| {
        let takes: Vec<Recording> =
            mine.iter().filter(|row| row.track == *track).map(|row| (*row).clone()).collect();
        SittingTrack { track: track.clone(), state: track_state(takes.iter().map(|row| row.state)), takes }
    };
    let risk = |row: &&Recording| {
        at_risk(row.state, row.recorded_ms, row.pending_bytes, row.confirmed_bytes.unwrap_or_default())
    };
    Sitting {
        candidate: entry.candidate.clone(),
        name: entry.name.clone(),
        subject: subject.clone(),
        state: sitting_state(&exam.tracks, &takes),
        tracks: exam.tracks.iter().map(track).collect(),
        bytes: mine.iter().filter_map(|row| row.sealed_size).sum(),
        at_risk_s: mine.iter().map(risk).sum(),
    }
}
