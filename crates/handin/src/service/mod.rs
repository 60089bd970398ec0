//! The services: every change of the ledger and the store goes through here, whoever asks.
//!
//! Called by the edges (`http`, `cli`, `jobs`) with parsed values; knows nothing of HTTP, status codes or flags.

pub mod recordings;
pub mod sign;
pub mod handles;
pub mod progress;
pub mod pace;
mod paces;

pub mod seal;
mod claims;
mod completion;
pub mod receipts;

pub mod salvage;
pub mod head;
mod remake;
pub mod revisions;
pub mod discard;
pub mod retention;
pub mod drain;
pub mod checks;
pub mod reconcile;

pub mod events;
pub mod webhooks;
pub mod audit;

pub mod doctor;

pub mod exams;
pub mod rehearsal;
pub mod sitting;
pub mod sittings;

pub mod tokens;
pub mod api_keys;
pub mod keyring;
pub mod error;

use std::net::IpAddr;
use std::time::Duration;

use handin_core::{ExamId, RecordingId};
use jiff::Timestamp;
use serde::Serialize;

pub use error::Error;

use api_keys::Platform;

use crate::app::App;
use crate::db::audit::NewAudit;
use crate::db::jobs::{NewJob, unique_key};
use crate::db::outbox::NewEvent;
use crate::db::recordings::Recording;
use crate::objects::Objects;

/// Whether database and store answer.
///
/// # Errors
/// [`Error::Unavailable`] naming the one that does not.
pub async fn ready(app: &App) -> Result<(), Error> {
    app.db.ping().await?;
    Ok(app.objects.ping().await?)
}

/// Makes the bucket ready for browsers, as `handin doctor --fix` does for a store that is not ours.
///
/// # Errors
/// When the store is not available.
pub async fn prepare_bucket(app: &App) -> Result<(), Error> {
    app.objects.ensure_bucket().await?;
    app.objects.allow_origins(&app.config.store.cors_origins).await?;
    Ok(app.objects.clean_by_itself().await?)
}

/// The store that an object stands in: empty is the one that recordings are sent to, else the archive of that name.
///
/// # Errors
/// [`Error::Unavailable`] for an archive that this node has no configuration of.
pub fn store_of<'a>(app: &'a App, place: &str) -> Result<&'a Objects, Error> {
    match place {
        "" => Ok(&app.objects),
        name => app.archives.get(name).ok_or_else(|| Error::Unavailable {
            what: "the archive",
            retry_after: seconds(60),
            source: format!("no archive {name:?} is configured").into(),
        }),
    }
}

/// A setting in seconds as a duration.
fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Somewhere between 0 and 1, so that what many do does not happen at one moment.
fn chance(app: &App) -> f64 {
    f64::from(u16::from_le_bytes(app.ids.bytes())) / f64::from(u16::MAX)
}

/// A job about one recording; at most one of a kind waits for a recording at a time.
fn job(app: &App, kind: &'static str, id: &RecordingId, run_at: Timestamp) -> NewJob {
    NewJob {
        id: app.ids.row(app.clock.now()),
        kind,
        recording: Some(id.clone()),
        run_at,
        payload: None,
        unique_key: Some(unique_key(kind, id)),
    }
}

/// A row of the outbox about a recording.
fn event(app: &App, kind: &'static str, recording: &Recording, payload: &impl Serialize) -> NewEvent {
    new_event(app, kind, &recording.id, &recording.exam, payload)
}

fn new_event(
    app: &App,
    kind: &'static str,
    id: &RecordingId,
    exam: &ExamId,
    payload: &impl Serialize,
) -> NewEvent {
    let now = app.clock.now();
    NewEvent {
        id: app.ids.row(now),
        kind: kind.to_owned(),
        recording: Some(id.clone()),
        exam: exam.clone(),
        payload: json(payload),
        at: now,
    }
}

/// A payload as it stands in the outbox. The types of events are structs of text and numbers, which always become JSON.
fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).unwrap_or_else(|_| "{}".to_owned())
}

/// Who does something, and from where.
struct By<'a> {
    name: &'a str,
    address: Option<IpAddr>,
}

impl<'a> From<&'a str> for By<'a> {
    fn from(name: &'a str) -> By<'a> {
        By { name, address: None }
    }
}

impl<'a> From<&'a Platform> for By<'a> {
    fn from(platform: &'a Platform) -> By<'a> {
        By { name: &platform.key_id, address: platform.address }
    }
}

/// A row of the audit log: who did what to what.
fn audit<'a>(
    app: &App,
    who: impl Into<By<'a>>,
    action: &'static str,
    what: &str,
    exam: Option<&ExamId>,
) -> NewAudit {
    let (now, who) = (app.clock.now(), who.into());
    NewAudit {
        id: app.ids.row(now),
        at: now,
        who: who.name.to_owned(),
        action: action.to_owned(),
        what: what.to_owned(),
        exam: exam.cloned(),
        detail: "{}".to_owned(),
        address: who.address.map(|address| address.to_string()),
    }
}
