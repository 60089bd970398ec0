//! Random holds, releases, events, policies, runs, steps of the clock and deaths between two steps, against a model that
//! knows nothing but dates: no held recording is ever deleted, and in an idle system nothing survives its time by more
//! than a day.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use handin::db;
use handin::db::Caused;
use handin::jobs::Runner;
use handin::service::Error;
use handin::service::api_keys::Platform;
use handin::service::retention::anchors::{self, NewAnchor};
use handin::service::retention::holds::{self, NewHold};
use handin::service::retention::policies::{self, PolicyText};
use handin::service::retention::run;
use handin::service::retention::survey::survey;
use handin_core::retention::Anchor;
use jiff::Timestamp;

use crate::app::{Builder, TestApp, externals, postgres};
use crate::caller::claim_of_put;

const DAY: Duration = Duration::from_secs(86_400);
/// As many as keep each kind of step busy; every run looks at what is held again.
const MOST_TAKES: usize = 16;
const POSTED: [Anchor; 2] = [Anchor::HiringDecided, Anchor::Flagged];

#[tokio::test]
async fn ten_thousand_random_steps_on_sqlite() {
    World::begin(TestApp::builder(), 1, Freedom { clock: true, deaths: true }).await.live(10_000).await;
}

#[tokio::test]
async fn random_steps_on_postgres() {
    let Some(administrator) = postgres() else { return };
    let builder = TestApp::builder().postgres(&administrator);
    World::begin(builder, 2, Freedom { clock: true, deaths: false }).await.live(800).await;
}

/// A store outside keeps its own time, so that here everything is due by bells that rang long ago.
#[tokio::test]
async fn random_steps_on_real_stores() {
    for store in externals() {
        let builder = TestApp::builder().store(&store).config(|config| config.retention.grace_days = 0);
        World::begin(builder, 3, Freedom { clock: false, deaths: false }).await.live(300).await;
    }
}

/// What may happen here.
#[derive(Clone, Copy)]
struct Freedom {
    clock: bool,
    deaths: bool,
}

/// The server, and what the model knows of it.
struct World {
    app: TestApp,
    who: Platform,
    chance: Chance,
    freedom: Freedom,
    exams: Vec<Exam>,
    takes: Vec<Take>,
    holds: Vec<Held>,
    last_event: Option<String>,
    deaths: usize,
    interrupted: usize,
}

struct Exam {
    id: String,
    bell: Timestamp,
    /// Days after the bell, and after each anchor.
    days: [u32; 3],
    maximum: u32,
    /// By candidate, empty for all.
    posted: BTreeMap<(String, Anchor), Timestamp>,
}

struct Take {
    id: String,
    key: String,
    exam: usize,
    candidate: &'static str,
    held_until: Timestamp,
    deleted: bool,
}

struct Held {
    id: String,
    exam: usize,
    candidate: Option<&'static str>,
    take: Option<usize>,
}

/// The same numbers on every run.
struct Chance(u64);

impl Chance {
    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

impl World {
    async fn begin(builder: Builder, seed: u64, freedom: Freedom) -> World {
        let app = builder.start().await;
        let mut world = World {
            app,
            who: Platform { key_id: "model".to_owned() },
            chance: Chance(seed),
            freedom,
            exams: Vec::new(),
            takes: Vec::new(),
            holds: Vec::new(),
            last_event: None,
            deaths: 0,
            interrupted: 0,
        };
        for _ in 0..5 {
            world.new_exam().await;
        }
        world
    }

    async fn live(mut self, steps: usize) {
        for step in 1..=steps {
            self.step().await;
            self.check_deletions().await;
            self.tick();
            if step % (steps / 8) == 0 {
                self.idle().await;
            }
        }
        let deleted = self.takes.iter().filter(|take| take.deleted).count();
        assert!(deleted > 5, "the test has gone blind: {deleted} of {} were deleted", self.takes.len());
        let half_way = self.deaths > 0 && self.interrupted > 0;
        assert!(half_way || !self.freedom.deaths, "nothing ever died or was interrupted half-way");
    }

    /// A store outside allows a quarter of an hour.
    fn tick(&self) {
        self.app.advance(Duration::from_secs(1));
    }

    async fn step(&mut self) {
        match self.chance.below(100) {
            0 => self.new_exam().await,
            1..=12 => self.place().await,
            13..=27 => self.release().await,
            28 => self.restore().await,
            29..=42 => self.post().await,
            43..=48 => self.set_policy().await,
            49..=68 if self.freedom.clock => {
                let hours = self.chance.below(60) as u64;
                self.pass(hours).await;
            }
            69..=80 => {
                run::run(self.server()).await.unwrap();
            }
            81..=85 => self.confirm().await,
            86..=89 => {
                self.app.run_jobs().await;
                self.check_deletions().await;
                self.check_objects().await;
            }
            90..=94 if self.freedom.deaths => self.interrupt().await,
            95.. if self.freedom.deaths => self.die().await,
            _ => {}
        }
    }

    /// Hours go by in which servers looked at their clocks; now and then nobody did, and it jumps.
    async fn pass(&mut self, hours: u64) {
        let jumps = self.chance.below(8) == 0;
        for hours in [hours / 3, hours / 3, hours - 2 * (hours / 3)] {
            if !jumps {
                super::look(&self.app).await;
            }
            self.app.advance(Duration::from_secs(hours * 3_600));
        }
    }

    fn server(&self) -> &handin::app::App {
        &self.app.node.app
    }

    fn now(&self) -> Timestamp {
        self.server().clock.now()
    }

    /// An exam with two candidates; where time stands still, its bell rang some days ago.
    async fn new_exam(&mut self) {
        if self.takes.iter().filter(|take| !take.deleted).count() > MOST_TAKES {
            return;
        }
        let ago = if self.freedom.clock { 0 } else { self.chance.below(60) as u32 };
        let (id, bell) = (format!("e{}", self.exams.len()), self.now() - DAY * ago);
        self.app.exam_with_bell(&id, bell).await;
        let exam = self.exams.len();
        for candidate in ["c1", "c2"] {
            let bytes = format!("{id} {candidate}").into_bytes();
            let open = self.app.sent_as_put(&self.app.token_for(&id, candidate).await, &bytes).await;
            self.app.on(&open, "seal").json(&claim_of_put(&open, &bytes)).send().await.expect(200);
            let (id, key) = (open.id.clone(), open.key().to_owned());
            self.takes.push(Take { id, key, exam, candidate, held_until: Timestamp::MIN, deleted: false });
        }
        self.exams.push(Exam { id, bell, days: [30, 0, 0], maximum: 180, posted: BTreeMap::new() });
    }

    fn any_exam(&mut self) -> usize {
        let newest = self.exams.len().saturating_sub(10);
        newest + self.chance.below(self.exams.len() - newest)
    }

    fn any_candidate(&mut self) -> Option<&'static str> {
        [None, Some("c1"), Some("c2")][self.chance.below(3)]
    }

    async fn place(&mut self) {
        let exam = self.any_exam();
        let candidate = self.any_candidate();
        let take = (self.chance.below(3) == 0).then(|| self.chance.below(self.takes.len()));
        let (exam, candidate) = match take {
            Some(take) => (self.takes[take].exam, Some(self.takes[take].candidate)),
            None => (exam, candidate),
        };
        let new = NewHold {
            exam: Some(self.exams[exam].id.parse().unwrap()),
            candidate: candidate.map(|candidate| candidate.parse().unwrap()),
            recording: take.map(|take| self.takes[take].id.parse().unwrap()),
            reason: "the model says so".to_owned(),
            ..NewHold::default()
        };
        let (hold, covers) = holds::place(self.server(), &self.who, new).await.unwrap();
        self.holds.push(Held { id: hold.id, exam, candidate, take });
        let expected = (0..self.takes.len()).filter(|take| self.covers(self.holds.len() - 1, *take)).count();
        assert_eq!(covers, expected as u64);
    }

    /// Takes the mark of a take back, where there is one.
    async fn restore(&mut self) {
        let take = self.chance.below(self.takes.len());
        let id = self.takes[take].id.parse().unwrap();
        let new = NewHold { reason: "the model wants it back".to_owned(), ..NewHold::default() };
        match holds::restore(self.server(), &self.who, &id, new).await {
            Ok(hold) => {
                assert!(!self.takes[take].deleted);
                let (exam, candidate) = (self.takes[take].exam, Some(self.takes[take].candidate));
                self.holds.push(Held { id: hold.id, exam, candidate, take: Some(take) });
            }
            Err(Error::State { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Whether a hold covers a take that is not deleted.
    fn covers(&self, hold: usize, take: usize) -> bool {
        let (hold, row) = (&self.holds[hold], &self.takes[take]);
        !row.deleted
            && hold.exam == row.exam
            && hold.candidate.is_none_or(|candidate| candidate == row.candidate)
            && hold.take.is_none_or(|held| held == take)
    }

    fn is_held(&self, take: usize) -> bool {
        (0..self.holds.len()).any(|hold| self.covers(hold, take))
    }

    async fn release(&mut self) {
        if self.holds.is_empty() {
            return;
        }
        let hold = self.chance.below(self.holds.len());
        let now = self.now();
        for take in 0..self.takes.len() {
            if self.covers(hold, take) {
                self.takes[take].held_until = now;
            }
        }
        let released = self.holds.swap_remove(hold);
        holds::release(self.server(), &self.who, &released.id).await.unwrap();
    }

    async fn post(&mut self) {
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
        let id = self.exams[exam].id.parse().unwrap();
        anchors::post(self.server(), &self.who, &id, new).await.unwrap();
        let key = (candidate.unwrap_or_default().to_owned(), kind);
        let posted = &mut self.exams[exam].posted;
        posted.remove(&key);
        if !withdrawn {
            posted.insert(key, at);
        }
    }

    async fn set_policy(&mut self) {
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
        let id = self.exams[exam].id.parse().unwrap();
        policies::set(self.server(), &self.who, &id, text).await.unwrap();
        (self.exams[exam].days, self.exams[exam].maximum) = (days, maximum);
    }

    /// When a take is due, in UTC, where every day has 24 hours.
    fn due(&self, take: usize) -> Timestamp {
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

    /// Confirms what a preview lists; now and then something is changed in between.
    async fn confirm(&mut self) {
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
    async fn interrupt(&mut self) {
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
    async fn die(&mut self) {
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

    /// Nothing that was deleted since the last look was held, or not due, or held a moment before its grace.
    async fn check_deletions(&mut self) {
        let events = db::outbox::list(&self.server().db, self.last_event.as_deref(), 10_000).await.unwrap();
        // Ids of one moment come in no order, so that the last moment is read again.
        let moment = events.last().map(|event| event.at);
        let settled = events.iter().rfind(|event| Some(event.at) < moment);
        self.last_event = settled.map(|event| event.id.clone()).or(self.last_event.take());
        let gone: BTreeSet<String> = events
            .iter()
            .filter(|event| event.kind == "recording.deleted")
            .map(|event| event.recording.as_ref().unwrap().to_string())
            .collect();
        let grace = DAY * self.server().config.retention.grace_days;
        for take in 0..self.takes.len() {
            if self.takes[take].deleted || !gone.contains(&self.takes[take].id) {
                continue;
            }
            assert!(!self.is_held(take), "{} was deleted while it was held", self.takes[take].id);
            assert!(self.due(take) <= self.now(), "{} was deleted before its time", self.takes[take].id);
            let held_until = self.takes[take].held_until;
            assert!(
                held_until == Timestamp::MIN || held_until + grace <= self.now(),
                "{} was marked while it was held",
                self.takes[take].id
            );
            self.takes[take].deleted = true;
        }
    }

    /// Nothing has gone from the bucket but what the ledger has deleted.
    async fn check_objects(&self) {
        let objects: BTreeSet<_> =
            self.app.bucket().objects().await.into_iter().map(|(key, _)| key).collect();
        let lost = self.takes.iter().find(|take| !take.deleted && !objects.contains(&take.key));
        assert!(lost.is_none(), "{:?} is gone", lost.map(|take| &take.key));
    }

    /// Nobody does anything but what servers and confirming people do every day.
    async fn idle(&mut self) {
        super::look(&self.app).await;
        let begin = self.now();
        let grace = DAY * self.server().config.retention.grace_days;
        let days = if self.freedom.clock { 9 } else { 1 };
        for _ in 0..days * 2 {
            self.app.run_jobs().await;
            self.run_where_time_stands_still().await;
            self.confirm_what_waits().await;
            self.check_deletions().await;
            self.tick();
            if self.freedom.clock {
                self.app.advance(DAY / 2);
            }
        }
        self.app.run_jobs().await;
        self.check_deletions().await;
        let patience = if self.freedom.clock { DAY } else { Duration::ZERO };
        let overdue = |take: usize| {
            let end = self.due(take).max(begin) + grace + patience;
            !self.takes[take].deleted && !self.is_held(take) && end <= self.now()
        };
        let late: Vec<&str> = (0..self.takes.len())
            .filter(|take| overdue(*take))
            .map(|take| self.takes[take].id.as_str())
            .collect();
        assert_eq!(late, [""; 0], "survived their time");
        let kept = self.takes.iter().filter(|take| !take.deleted).map(|take| take.key.clone());
        let objects = self.app.bucket().objects().await.into_iter().map(|(key, _)| key);
        assert_eq!(
            objects.collect::<BTreeSet<_>>(),
            kept.collect::<BTreeSet<_>>(),
            "the bucket is not as the ledger"
        );
    }

    /// There, no stretch of time ends that would have a run planned.
    async fn run_where_time_stands_still(&self) {
        if !self.freedom.clock {
            run::run(self.server()).await.unwrap();
            self.app.run_jobs().await;
        }
    }

    /// A person confirms only what the server leaves to one.
    async fn confirm_what_waits(&self) {
        let listed = survey(self.server(), self.now()).await.unwrap();
        if listed.needs.is_some() {
            run::run_as(self.server(), &self.who, Some(&listed.confirmation)).await.unwrap();
        }
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
