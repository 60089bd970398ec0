//! Random holds, releases, events, policies, runs, steps of the clock and deaths between two steps, against a model that
//! knows nothing but dates: no held recording is ever deleted, and in an idle system nothing survives its time by more
//! than a day.

mod model;
mod steps;

use std::collections::BTreeSet;
use std::time::Duration;

use handin::db;
use handin::service::api_keys::Platform;
use handin::service::retention::run;
use handin::service::retention::survey::survey;
use jiff::Timestamp;

use self::model::Model;
use crate::app::{Builder, TestApp, externals, postgres};
use crate::onlooker::Onlooker;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn ten_thousand_random_steps_on_sqlite() {
    let world = World::begin(TestApp::builder().in_memory(), 1, Freedom { clock: true, deaths: true }).await;
    Box::pin(world.live(10_000)).await;
}

#[tokio::test]
async fn random_steps_on_postgres() {
    let Some(administrator) = postgres() else { return };
    let builder = TestApp::builder().postgres(&administrator);
    let world = World::begin(builder, 2, Freedom { clock: true, deaths: false }).await;
    Box::pin(world.live(800)).await;
}

/// A store outside keeps its own time, so that here everything is due by bells that rang long ago.
#[tokio::test]
async fn random_steps_on_real_stores() {
    for store in externals() {
        let builder = TestApp::builder().store(&store).config(|config| config.retention.grace_days = 0);
        let world = World::begin(builder, 3, Freedom { clock: false, deaths: false }).await;
        Box::pin(world.live(300)).await;
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
    bucket: Onlooker,
    who: Platform,
    chance: Chance,
    freedom: Freedom,
    model: Model,
    last_event: Option<String>,
    deaths: usize,
    interrupted: usize,
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
            bucket: app.bucket(),
            app,
            who: Platform { key_id: "model".to_owned(), address: None },
            chance: Chance(seed),
            freedom,
            model: Model::default(),
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
        let deleted = self.model.takes.iter().filter(|take| take.deleted).count();
        assert!(deleted > 5, "the test has gone blind: {deleted} of {} were deleted", self.model.takes.len());
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
        for take in 0..self.model.takes.len() {
            if self.model.takes[take].deleted || !gone.contains(&self.model.takes[take].id) {
                continue;
            }
            assert!(!self.model.is_held(take), "{} was deleted while it was held", self.model.takes[take].id);
            assert!(
                self.model.due(take) <= self.now(),
                "{} was deleted before its time",
                self.model.takes[take].id
            );
            let held_until = self.model.takes[take].held_until;
            assert!(
                held_until == Timestamp::MIN || held_until + grace <= self.now(),
                "{} was marked while it was held",
                self.model.takes[take].id
            );
            self.model.takes[take].deleted = true;
        }
    }

    /// Nothing has gone from the bucket but what the ledger has deleted.
    async fn check_objects(&self) {
        let objects: BTreeSet<_> = self.bucket.objects().await.into_iter().map(|(key, _)| key).collect();
        let lost = self.model.takes.iter().find(|take| !take.deleted && !objects.contains(&take.key));
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
            let end = self.model.due(take).max(begin) + grace + patience;
            !self.model.takes[take].deleted && !self.model.is_held(take) && end <= self.now()
        };
        let late: Vec<&str> = (0..self.model.takes.len())
            .filter(|take| overdue(*take))
            .map(|take| self.model.takes[take].id.as_str())
            .collect();
        assert_eq!(late, [""; 0], "survived their time");
        let kept = self.model.takes.iter().filter(|take| !take.deleted).map(|take| take.key.clone());
        let objects = self.bucket.objects().await.into_iter().map(|(key, _)| key);
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
