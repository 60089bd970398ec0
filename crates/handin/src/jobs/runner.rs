//! Claims due jobs, runs a bounded number at a time, writes down how each ended. Knows no job by name.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Ended, run};
use crate::app::App;
use crate::db;
use crate::db::jobs::{Done, Enqueue, GiveUp, Job, NewJob, Renew, Retry};
use crate::service;

/// The longest pause between two tries of one job.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Runs jobs until it is told to stop.
pub struct Runner {
    app: Arc<App>,
    owner: String,
}

impl Runner {
    /// A runner with a name of its own in the ledger.
    pub fn new(app: Arc<App>) -> Runner {
        let owner = app.ids.word();
        Runner { app, owner }
    }

    /// Runs due jobs as they come, until `stop`; then finishes those it has begun.
    pub async fn serve(&self, stop: CancellationToken) {
        let mut polls = tokio::time::interval(Duration::from_millis(self.app.config.jobs.poll_ms));
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = polls.tick() => {}
                () = self.app.jobs.woken() => {}
                Some(_) = running.join_next() => {}
            }
            self.fill(&mut running).await;
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs every job that is due now, and those that these make due, to the end. For tests and for `--once` runs.
    pub async fn run_due(&self) -> usize {
        let mut ran = 0;
        loop {
            self.plan().await;
            let jobs = self.claim(self.app.config.jobs.workers).await;
            if jobs.is_empty() {
                return ran;
            }
            for job in jobs {
                one(&self.app, &self.owner, &job).await;
                ran += 1;
            }
        }
    }

    async fn fill(&self, running: &mut JoinSet<()>) {
        self.plan().await;
        let free = self.app.config.jobs.workers.saturating_sub(running.len());
        if free == 0 {
            return;
        }
        for job in self.claim(free).await {
            let (app, owner) = (self.app.clone(), self.owner.clone());
            running.spawn(async move { one(&app, &owner, &job).await });
        }
    }

    async fn claim(&self, limit: usize) -> Vec<Job> {
        let now = self.app.clock.now();
        let until = now + Duration::from_secs(self.app.config.jobs.lease_s);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match db::jobs::claim(&self.app.db, &self.owner, now, until, limit).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(%error, "no jobs were claimed this time");
                Vec::new()
            }
        }
    }

    async fn plan(&self) {
        let jobs = &self.app.config.jobs;
        self.plan_regular("reconcile", jobs.reconcile_every_s).await;
        self.plan_regular("retain", self.app.config.retention.run_every_s).await;
        self.plan_regular("webhooks", self.app.config.webhooks.look_every_s).await;
        self.plan_regular("link", self.app.config.audit.link_every_s).await;
        if let Err(error) = service::webhooks::fan::fan(&self.app).await {
            tracing::warn!(%error, "no deliveries were planned this time");
        }
        if let Err(error) = service::drain::plan(&self.app).await {
            tracing::warn!(%error, "no drain was planned this time");
        }
        if let Err(error) = service::salvage::sweep(&self.app).await {
            tracing::warn!(%error, "no salvage was planned this time");
        }
    }

    /// One job for each stretch of time, whichever node plans it.
    async fn plan_regular(&self, kind: &'static str, every_s: u64) {
        let every = i64::try_from(every_s).unwrap_or(i64::MAX);
        let now = self.app.clock.now();
        let stretch = now.as_second() / every;
        if !self.app.jobs.is_new_stretch(kind, stretch) {
            return;
        }
        let job = NewJob {
            id: self.app.ids.row(now),
            kind,
            recording: None,
            run_at: now,
            payload: None,
            unique_key: Some(format!("{kind}:{stretch}")),
        };
        if let Err(error) = self.app.db.change(Enqueue(vec![job])).await {
            tracing::warn!(kind, %error, "a regular job was not planned");
        }
    }
}

async fn one(app: &App, owner: &str, job: &Job) {
    let lease = Duration::from_secs(app.config.jobs.lease_s);
    let renew = async {
        // The claim has just set it, so the first renewal can wait.
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + lease / 3, lease / 3);
        loop {
            ticks.tick().await;
            let until = app.clock.now() + lease;
            if let Err(error) =
                app.db.change(Renew { id: job.id.clone(), owner: owner.to_owned(), until }).await
            {
                tracing::warn!(job = job.id, %error, "the lease of a job was not renewed");
            }
        }
    };
    let ended = tokio::select! {
        ended = run(app, job) => ended,
        () = renew => return,
    };
    write_end(app, owner, job, ended).await;
}

async fn write_end(app: &App, owner: &str, job: &Job, ended: Ended) {
    metrics::counter!("handin_jobs_total", "kind" => job.kind.clone(), "outcome" => ended.word())
        .increment(1);
    let (id, owner) = (job.id.clone(), owner.to_owned());
    let written = match ended {
        Ended::Done => app.db.change(Done { id, owner }).await,
        Ended::Retry(after, why) => {
            tracing::info!(job = job.id, kind = job.kind, why, "a job runs again later");
            app.db.change(Retry { id, owner, run_at: next_try(app, job, after), error: why }).await
        }
        Ended::GiveUp(why) => {
            tracing::error!(job = job.id, kind = job.kind, why, "a job was given up; it stays in the ledger");
            app.db.change(GiveUp { id, owner, error: why }).await
        }
    };
    if let Err(error) = written {
        // Its lease runs out, and it runs once more, as every job may.
        tracing::warn!(job = job.id, %error, "the end of a job was not written");
    }
}

/// Doubles from a second; never below what was asked for, never above ten minutes.
fn next_try(app: &App, job: &Job, after: Option<Duration>) -> Timestamp {
    let doubled = Duration::from_secs(1u64 << job.attempts.min(10));
    app.clock.now() + doubled.min(LONGEST_PAUSE).max(after.unwrap_or_default())
}
