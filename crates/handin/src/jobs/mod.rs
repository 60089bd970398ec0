//! The background jobs: one line here and one file (or one call) each.
//!
//! A job is a row in the ledger, written in the transaction of its cause and claimed by lease, so any node may run it
//! and a node that dies only delays it. Every job may run twice. This edge knows when to run; what to do, the
//! services know.

mod runner;

use std::time::Duration;

use handin_core::RecordingId;

use crate::app::App;
use crate::db::jobs::Job;
use crate::service::{self, Error};

pub use runner::Runner;

/// How a job ended this time.
#[derive(Debug)]
pub enum Ended {
    /// It is over.
    Done,
    /// It runs again, after this pause or the runner's own.
    Retry(Option<Duration>, String),
    /// It can never succeed; a person has to look.
    GiveUp(String),
}

impl Ended {
    fn word(&self) -> &'static str {
        match self {
            Ended::Done => "done",
            Ended::Retry(..) => "retry",
            Ended::GiveUp(_) => "given_up",
        }
    }
}

/// The kinds of jobs, and what each does.
async fn run(app: &App, job: &Job) -> Ended {
    let result = match (job.kind.as_str(), &job.recording) {
        ("seal", Some(id)) => service::seal::resume(app, id).await,
        ("salvage", Some(id)) => service::salvage::salvage(app, id).await,
        ("head", Some(id)) => service::head::mend(app, id).await.map(|_| ()),
        ("tier", Some(id)) => tier(app, id, job.payload.as_deref()).await,
        ("retire", Some(id)) => retire(app, id, job.payload.as_deref()).await,
        ("erase", Some(id)) => service::discard::erase(app, id).await,
        ("verify", Some(id)) => verify(app, id, job.payload.as_deref()).await,
        ("reconcile", None) => service::checks::reconcile(app).await.map(|_| ()),
        ("retain", None) => service::retention::run::run(app).await.map(|_| ()),
        ("restamp", None) => service::retention::policies::restamp(app).await,
        ("drain", None) => service::drain::run(app).await,
        ("lock", Some(id)) => service::retention::locks::settle(app, id).await,
        ("lock", None) => lock(app, job.payload.as_deref()).await,
        ("destroy", None) => destroy(app, job.payload.as_deref()).await,
        ("deliver", None) => deliver(app, job.payload.as_deref()).await,
        ("webhooks", None) => service::webhooks::fan::look_after(app).await,
        ("link", None) => service::audit::link(app).await,
        (kind, _) => return Ended::GiveUp(format!("this version knows no job {kind:?}")),
    };
    match result {
        Ok(()) => Ended::Done,
        Err(error @ Error::Internal(_)) if job.attempts >= MOST_ATTEMPTS => Ended::GiveUp(describe(&error)),
        Err(error) => Ended::Retry(error.retry_after(), describe(&error)),
    }
}

/// A job that fails by our own fault this often is left to a person; one that waits for store or database never is.
const MOST_ATTEMPTS: u32 = 20;

async fn verify(app: &App, id: &RecordingId, round: Option<&str>) -> Result<(), Error> {
    let round = round.and_then(|round| round.parse().ok()).unwrap_or(0);
    service::checks::verify(app, id, round).await.map(|_| ())
}

async fn destroy(app: &App, certificate: Option<&str>) -> Result<(), Error> {
    let certificate = certificate.ok_or_else(|| Error::internal("a deletion is known by its certificate"))?;
    service::retention::destroy::destroy(app, certificate).await
}

async fn deliver(app: &App, webhook: Option<&str>) -> Result<(), Error> {
    let webhook = webhook.and_then(|webhook| webhook.parse().ok());
    let webhook = webhook.ok_or_else(|| Error::internal("a delivery is known by its webhook"))?;
    service::webhooks::deliver::deliver(app, &webhook).await
}

async fn lock(app: &App, hold: Option<&str>) -> Result<(), Error> {
    let hold = hold.ok_or_else(|| Error::internal("what a hold covers is known by the hold"))?;
    service::retention::locks::settle_all(app, hold).await
}

async fn tier(app: &App, id: &RecordingId, class: Option<&str>) -> Result<(), Error> {
    let class = class.and_then(|class| class.parse().ok());
    let class = class.ok_or_else(|| Error::internal("a tier is known by its storage class"))?;
    service::retention::tier::tier(app, id, class).await.map(|_| ())
}

async fn retire(app: &App, id: &RecordingId, number: Option<&str>) -> Result<(), Error> {
    let number = number.and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| Error::internal("a revision is retired by its number"))?;
    service::revisions::retire(app, id, number).await
}

fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
