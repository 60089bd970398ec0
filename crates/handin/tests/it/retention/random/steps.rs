//! What may happen, one thing with each step.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use handin::db::Caused;
use handin::jobs::Runner;
use handin::service::Error;
use handin::service::retention::anchors::{self, NewAnchor};
use handin::service::retention::holds::{self, NewHold};
use handin::service::retention::policies::{self, PolicyText};
use handin::service::retention::run;
use handin::service::retention::survey::survey;
use handin_core::retention::Anchor;
use jiff::Timestamp;

use super::model::{Exam, Held, Take};
use super::{DAY, World};
use crate::caller::claim_of_put;

/// As many as keep each kind of step busy; every run looks at what is held again.
const MOST_TAKES: usize = 16;
const POSTED: [Anchor; 2] = [Anchor::HiringDecided, Anchor::Flagged];

impl World {
    /// An exam with two candidates; where time stands still, its bell rang some days ago.
    pub(super) async fn new_exam(&mut self) {
        if self.model.takes.iter().filter(|take| !take.deleted).count() > MOST_TAKES {
            return;
        }
        let ago = if self.freedom.clock { 0 } else { self.chance.below(60) as u32 };
        let (id, bell) = (format!("e{}", self.model.exams.len()), self.now() - DAY * ago);
        self.app.exam_with_bell(&id, bell).await;
        let exam = self.model.exams.len();
        for candidate in ["c1", "c2"] {
            let bytes = format!("{id} {candidate}").into_bytes();
            let open = self.app.sent_as_put(&self.app.token_for(&id, candidate).await, &bytes).await;
            self.app.on(&open, "seal").json(&claim_of_put(&open, &bytes)).send().await.expect(200);
            let (id, key) = (open.id.clone(), open.key().to_owned());
            self.model.takes.push(Take {
                id,
                key,
                exam,
                candidate,
                held_until: Timestamp::MIN,
                deleted: false,
            });
        }
        self.model.exams.push(Exam { id, bell, days: [30, 0, 0], maximum: 180, posted: BTreeMap::new() });
    }

    pub(super) async fn place(&mut self) {
        let exam = self.any_exam();
        let candidate = self.any_candidate();
        let take = if self.chance.below(3) == 0 { Some(self.any_take()) } else { None };
        let (exam, candidate) = match take {
            Some(take) => (self.model.takes[take].exam, Some(self.model.takes[take].candidate)),
            None => (exam, candidate),
        };
        let new = NewHold {
            exam: Some(self.model.exams[exam].id.parse().unwrap()),
            candidate: candidate.map(|candidate| candidate.parse().unwrap()),
            recording: take.map(|take| self.model.takes[take].id.parse().unwrap()),
            reason: "the model says so".to_owned(),
            ..NewHold::default()
        };
        let (hold, covers) = holds::place(self.server(), &self.who, new).await.unwrap();
        self.model.holds.push(Held { id: hold.id, exam, candidate, take });
        let expected = (0..self.model.takes.len())
            .filter(|take| self.model.covers(self.model.holds.len() - 1, *take))
            .count();
        assert_eq!(covers, expected as u64);
    }

    /// Takes the mark of a take back, where there is one.
    pub(super) async fn restore(&mut self) {
        let take = self.any_take();
        let id = self.model.takes[take].id.parse().unwrap();
        let new = NewHold { reason: "the model wants it back".to_owned(), ..NewHold::default() };
        match holds::restore(self.server(), &self.who, &id, new).await {
            Ok(hold) => {
                assert!(!self.model.takes[take].deleted);
                let (exam, candidate) = (self.model.takes[take].exam, Some(self.model.takes[take].candidate));
                self.model.holds.push(Held { id: hold.id, exam, candidate, take: Some(take) });
            }
            Err(Error::State { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    pub(super) async fn release(&mut self) {
        if self.model.holds.is_empty() {
            return;
        }
        let hold = self.chance.below(self.model.holds.len());
        let now = self.now();
        for take in 0..self.model.takes.len() {
            if self.model.covers(hold, take) {
                self.model.takes[take].held_until = now;
            }
        }
        let released = self.model.holds.swap_remove(hold);
        holds::release(self.server(), &self.who, &released.id).await.unwrap();
    }

    pub(super) async fn post(&mut self) {
        let (exam, candidate) = (self.any_exam(), self.any_candidate());
        let kind = POSTED[self.chance.below(POSTED.len())];
        let at = self.now() - DAY * self.chance.below(20) as u32;
        let withdrawn = self.chance.below(3) == 0;
        let new = NewAnchor {
            kind,
            at: Some(at),
            candidate: candidate.map(|candidate| candidate.parse().unwrap()),
            withdrawn,
        };
        let id = self.model.exams[exam].id.parse().unwrap();
        anchors::post(self.server(), &self.who, &id, new).await.unwrap();
        let key = (candidate.unwrap_or_default().to_owned(), kind);
        let posted = &mut self.model.exams[exam].posted;
        posted.remove(&key);
        if !withdrawn {
            posted.insert(key, at);
        }
    }

    pub(super) async fn set_policy(&mut self) {
        let exam = self.any_exam();
        let days = [1 + self.chance.below(50), 1 + self.chance.below(40), 1 + self.chance.below(60)];
        let days = days.map(|days| u32::try_from(days).unwrap());
        let maximum = 40 + u32::try_from(self.chance.below(140)).unwrap();
        let text = PolicyText {
            rules: vec![
                format!("delete {} days after bell if not flagged", days[0]),
                format!("delete {} days after hiring_decided", days[1]),
                format!("delete {} days after flagged", days[2]),
            ],
            maximum_days: Some(maximum),
            ..PolicyText::default()
        };
        let id = self.model.exams[exam].id.parse().unwrap();
        policies::set(self.server(), &self.who, &id, text).await.unwrap();
        (self.model.exams[exam].days, self.model.exams[exam].maximum) = (days, maximum);
    }

    /// Confirms what a preview lists; now and then something is changed in between.
    pub(super) async fn confirm(&mut self) {
        let listed = survey(self.server(), self.now()).await.unwrap();
        if self.chance.below(4) == 0 {
            self.set_policy().await;
        }
        match run::run_as(self.server(), &self.who, Some(&listed.confirmation)).await {
            Ok(_) | Err(Error::ListChanged) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    /// A run is under way, something else happens, and the run goes on.
    pub(super) async fn interrupt(&mut self) {
        let server = self.app.node.app.clone();
        let mut run = pin!(run::run(&server));
        let polls = self.chance.below(60);
        let ran = polled(polls, run.as_mut()).await;
        // What it had begun to write is written by now, and was right by what was known until now.
        server.db.change(Caused::default()).await.unwrap();
        self.check_deletions().await;
        match self.chance.below(4) {
            0 => self.place().await,
            1 => self.release().await,
            2 => self.post().await,
            _ => self.set_policy().await,
        }
        if ran.is_none() {
            self.interrupted += 1;
            run.await.unwrap();
        }
    }

    /// A run or a worker dies wherever it stands.
    pub(super) async fn die(&mut self) {
        let polls = self.chance.below(60);
        let whole = match self.chance.below(2) {
            0 => dies_after(polls, run::run(self.server())).await.map(Result::unwrap).is_some(),
            _ => {
                dies_after(polls, Box::pin(Runner::new(self.app.node.app.clone()).run_due())).await.is_some()
            }
        };
        self.deaths += usize::from(!whole);
        // What it had begun to write is written, or is not, before anything else is.
        self.server().db.change(Caused::default()).await.unwrap();
    }

    fn any_exam(&mut self) -> usize {
        let newest = self.model.exams.len().saturating_sub(10);
        newest + self.chance.below(self.model.exams.len() - newest)
    }

    /// Mostly one that is still there.
    fn any_take(&mut self) -> usize {
        let takes = &self.model.takes;
        let there: Vec<usize> = (0..takes.len()).filter(|take| !takes[*take].deleted).collect();
        match there.is_empty() || self.chance.below(8) == 0 {
            true => self.chance.below(self.model.takes.len()),
            false => there[self.chance.below(there.len())],
        }
    }

    fn any_candidate(&mut self) -> Option<&'static str> {
        [None, Some("c1"), Some("c2")][self.chance.below(3)]
    }
}

/// Polls a future so often, and lets it die where it stands then.
async fn dies_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    polled(polls, pin!(future)).await
}

/// Polls a future so often; gives what it gave if it came to its end.
async fn polled<F: Future>(mut polls: usize, mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
