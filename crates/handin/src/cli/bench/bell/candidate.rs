//! One virtual candidate: some hundred bytes and one task that lives through a sitting as a good client does.
//!
//! Obeys the pace, waits when asked, sends again what failed, asks under the same idempotency key again. Refuses to
//! give a recording up before the run's own limit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::content::Content;
use super::ledger::{Kept, Ledger, candidate_id};
use super::line::Line;
use super::measure::{Kind, Measure};
use super::plan::{Life, Take};
use super::proxied;
use super::recording::Recording;
use crate::cli::upload::api::Api;
use crate::cli::upload::pace::Pacer;
use crate::cli::upload::retry::{Failure, persist};
use crate::clock::{Clock, Ids};

/// How recordings come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Part by part, while recording goes on
    Record,
    /// As one presigned PUT each, after the bell
    AtEnd,
    /// As one request each through a proxy that carries the bytes, after the bell
    Proxy,
}

/// What all candidates share.
pub struct Run {
    /// How recordings come in.
    pub mode: Mode,
    /// Whether nothing is sent, only signed.
    pub sign_only: bool,
    /// The tracks, in the order of each candidate's takes.
    pub tracks: Vec<String>,
    /// What they record.
    pub content: Content,
    /// What is counted.
    pub measure: Measure,
    /// What was sent.
    pub ledger: Ledger,
    /// The way to the store and to the proxy.
    pub http: reqwest::Client,
    /// The proxy's address, for [`Mode::Proxy`].
    pub proxy: Option<String>,
    /// How long one request with a whole recording may take, and how often it is tried; for the modes after the bell.
    pub whole: Whole,
    /// Connections to the API at a time.
    pub calls: Semaphore,
    /// Connections to the store at a time.
    pub puts: Semaphore,
    /// The machine's clock.
    pub clock: Clock,
    /// Chance that need not repeat: pauses before the next try.
    pub ids: Ids,
    /// When the run began.
    pub started: Instant,
    /// When the bell rings.
    pub rings: Timestamp,
    /// When everything is given up.
    pub ends: Instant,
}

/// The limits of clients that send a whole recording with one request.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    /// How long it may take; `None` is for ever.
    pub limit: Option<Duration>,
    /// How often it is tried; `None` is until the run ends.
    pub tries: Option<u32>,
}

/// One candidate at work.
pub struct Candidate {
    /// What all share.
    pub run: Arc<Run>,
    /// When they do what.
    pub life: Life,
    /// The server, in the candidate's name.
    pub api: Api,
    /// Shown to the proxy.
    pub token: String,
    /// The line to everything.
    pub line: Arc<Line>,
    /// The server's wishes.
    pub pacer: Arc<Pacer>,
}

/// How many parts a candidate sends at once at most; both tracks together.
const PARALLEL: usize = 3;

impl Candidate {
    /// A candidate with a token; `api` is what all share.
    pub fn new(run: &Arc<Run>, life: Life, api: &Api, token: String) -> Candidate {
        let pacer = Pacer::new(run.clock.clone(), PARALLEL);
        let line = Arc::new(Line::new(run.started, life.uplink, life.outages.clone()));
        Candidate { run: run.clone(), api: api.of(&token, pacer.clone()), life, token, line, pacer }
    }

    /// Sits the exam to the end: every take has its receipt, or stands in the ledger as lost.
    pub async fn live(self) {
        let takes = self.life.takes.iter().enumerate().map(|(track, take)| Box::pin(self.take(track, *take)));
        join_all(takes).await;
    }

    async fn take(&self, track: usize, take: Take) {
        let result = match self.run.mode {
            Mode::Record => Recording::new(self, track, take).record().await,
            Mode::AtEnd => Recording::new(self, track, take).hand_in().await,
            Mode::Proxy => proxied::hand_in(self, track, take).await.map(Some),
        };
        match result {
            Ok(kept) => {
                self.run.measure.finish();
                kept.into_iter().for_each(|kept| self.run.ledger.keep(kept));
            }
            Err(error) => {
                let (candidate, track) = (candidate_id(self.life.number), &self.run.tracks[track]);
                self.run.ledger.lose(format!("{candidate} {track}: {error:#}"));
            }
        }
    }

    /// Waits for a time of the run.
    pub async fn until(&self, at: Duration) {
        sleep_until(self.run.started + at).await;
    }

    /// Calls the API until it succeeds, fails for good, or the run ends.
    ///
    /// # Errors
    /// With the last reason.
    pub async fn ask<T, F>(&self, kind: Kind, call: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let patience = || self.run.ends.saturating_duration_since(Instant::now());
        let attempt = || Box::pin(self.try_once(kind, &call));
        persist(&self.run.ids, patience, |_| {}, attempt).await.with_context(|| format!("{kind:?}"))
    }

    /// One call of the API, measured.
    ///
    /// # Errors
    /// As the call.
    pub async fn try_once<T, F>(&self, kind: Kind, call: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.line.up().await;
        self.pacer.may_ask().await;
        let wanted = Instant::now();
        let slots = if kind == Kind::Proxy { &self.run.puts } else { &self.run.calls };
        let _slot = slots.acquire().await.map_err(|error| Failure::Final(error.into()))?;
        let result = call().await;
        self.run.measure.note(kind, wanted.elapsed(), &result);
        result
    }

    /// A line of the ledger for a take that has its receipt now.
    pub fn kept(
        &self,
        track: usize,
        take: Take,
        id: String,
        receipt: String,
        parts: u32,
        digest: String,
    ) -> Kept {
        Kept {
            candidate: self.life.number,
            track,
            id,
            bytes: take.bytes,
            class: take.class,
            parts,
            sha256_parts: digest,
            receipt,
            at: self.run.started.elapsed(),
        }
    }
}
