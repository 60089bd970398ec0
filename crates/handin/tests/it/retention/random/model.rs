//! What the model knows: dates, and who holds what.

use std::collections::BTreeMap;

use handin_core::retention::Anchor;
use jiff::Timestamp;

use super::DAY;

/// Every exam, recording and hold so far.
#[derive(Default)]
pub(super) struct Model {
    pub(super) exams: Vec<Exam>,
    pub(super) takes: Vec<Take>,
    pub(super) holds: Vec<Held>,
}

pub(super) struct Exam {
    pub(super) id: String,
    pub(super) bell: Timestamp,
    /// Days after the bell, and after each anchor.
    pub(super) days: [u32; 3],
    pub(super) maximum: u32,
    /// By candidate, empty for all.
    pub(super) posted: BTreeMap<(String, Anchor), Timestamp>,
}

pub(super) struct Take {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) exam: usize,
    pub(super) candidate: &'static str,
    pub(super) held_until: Timestamp,
    pub(super) deleted: bool,
}

pub(super) struct Held {
    pub(super) id: String,
    pub(super) exam: usize,
    pub(super) candidate: Option<&'static str>,
    pub(super) take: Option<usize>,
}

impl Model {
    /// When a take is due, in UTC, where every day has 24 hours.
    pub(super) fn due(&self, take: usize) -> Timestamp {
        let take = &self.takes[take];
        let exam = &self.exams[take.exam];
        let posted = |kind: Anchor| {
            let of = |candidate: &str| exam.posted.get(&(candidate.to_owned(), kind)).copied();
            of(take.candidate).or_else(|| of(""))
        };
        let [bell, hiring, flagged] = exam.days;
        let by_bell = posted(Anchor::Flagged).is_none() || hiring == 0;
        let dues = [
            Some(exam.bell + DAY * exam.maximum),
            by_bell.then(|| exam.bell + DAY * bell),
            posted(Anchor::HiringDecided).filter(|_| hiring > 0).map(|at| at + DAY * hiring),
            posted(Anchor::Flagged).filter(|_| flagged > 0).map(|at| at + DAY * flagged),
        ];
        dues.into_iter().flatten().min().unwrap()
    }

    /// Whether a hold covers a take that is not deleted.
    pub(super) fn covers(&self, hold: usize, take: usize) -> bool {
        let (hold, row) = (&self.holds[hold], &self.takes[take]);
        !row.deleted
            && hold.exam == row.exam
            && hold.candidate.is_none_or(|candidate| candidate == row.candidate)
            && hold.take.is_none_or(|held| held == take)
    }

    pub(super) fn is_held(&self, take: usize) -> bool {
        (0..self.holds.len()).any(|hold| self.covers(hold, take))
    }
}
