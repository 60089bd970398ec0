//! Webhooks: where the platform is told of events, by Standard Webhooks.
//!
//! A change writes its event into the outbox, in its transaction. [`fan`] writes for each event who is to be told, and
//! [`deliver`] tells them: at least once, those of one recording in their order. Secrets are derived from a signing secret of the
//! server; the ledger has only what else it takes.

pub mod fan;
pub mod deliver;
pub mod courier;
mod address;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handin_core::WebhookId;
use jiff::Timestamp;
use serde::Serialize;

use super::api_keys::Platform;
use super::error::Error;
use super::events::{self, WebhookTest};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::deliveries::Replay;
use crate::db::webhooks::{AddWebhook, RemoveWebhook, Rotate, Seed};
use courier::Message;

pub use crate::db::deliveries::{Backlog, Dead};
pub use crate::db::webhooks::Webhook;

/// What every secret begins with, so that scanners find leaked ones (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";
/// The longest URL.
const LONGEST_URL: usize = 2_000;
/// The most webhooks there may be: each event is written once for each of them.
const MOST: usize = 20;
/// The longest a former secret may sign too, in seconds: 30 days.
const LONGEST_OVERLAP_S: u64 = 2_592_000;

/// Adds a webhook; gives its secret too, which is not shown again.
///
/// # Errors
/// [`Error::Invalid`] for a URL that may not be called, a kind that is none, or one webhook too many.
pub async fn add(
    app: &App,
    who: &Platform,
    url: &str,
    kinds: Vec<String>,
) -> Result<(Webhook, String), Error> {
    app.courier.check(url).map_err(|why| Error::invalid("url", why))?;
    if url.len() > LONGEST_URL {
        return Err(Error::invalid("url", format!("has more than {LONGEST_URL} bytes")));
    }
    if let Some(unknown) = kinds.iter().find(|kind| !events::is_kind(kind)) {
        let known: Vec<_> = events::KINDS.iter().map(|kind| kind.name).collect();
        return Err(Error::invalid("events", format!("{unknown:?} is none of {}", known.join(", "))));
    }
    if db::webhooks::list(&app.db).await?.len() >= MOST {
        return Err(Error::invalid("url", format!("there are {MOST} webhooks already; remove one first")));
    }
    let now = app.clock.now();
    let id: WebhookId = app.ids.row(now).parse().map_err(Error::internal)?;
    let secret = new_seed(app);
    let shown = show(app, &secret)?;
    let webhook = Webhook {
        id,
        url: url.to_owned(),
        kinds,
        created_at: now,
        created_by: who.key_id.clone(),
        secret,
        former: None,
    };
    let caused = noted(app, who, "webhook.add", &webhook);
    app.db.change(AddWebhook { webhook: webhook.clone(), caused }).await?;
    Ok((webhook, shown))
}

/// Every webhook, oldest first.
///
/// # Errors
/// When the database is not available.
pub async fn list(app: &App) -> Result<Vec<Webhook>, Error> {
    Ok(db::webhooks::list(&app.db).await?)
}

/// One webhook.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: &WebhookId) -> Result<Webhook, Error> {
    db::webhooks::get(&app.db, id).await?.ok_or(Error::NotFound("webhook"))
}

/// Removes a webhook; it is told nothing more.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn remove(app: &App, who: &Platform, id: &WebhookId) -> Result<Webhook, Error> {
    let webhook = get(app, id).await?;
    let caused = noted(app, who, "webhook.remove", &webhook);
    match app.db.change(RemoveWebhook { id: id.clone(), caused }).await? {
        true => Ok(webhook),
        false => Err(Error::NotFound("webhook")),
    }
}

/// Gives a webhook a new secret. The former one signs too for a while, so that receivers can change in between.
///
/// # Errors
/// [`Error::NotFound`], also when somebody else rotated it at the same moment; [`Error::Invalid`].
pub async fn rotate(
    app: &App,
    who: &Platform,
    id: &WebhookId,
    overlap_s: Option<u64>,
) -> Result<(Webhook, String), Error> {
    let overlap_s = overlap_s.unwrap_or(app.config.webhooks.overlap_s);
    if overlap_s > LONGEST_OVERLAP_S {
        return Err(Error::invalid("overlap_s", format!("use at most {LONGEST_OVERLAP_S}")));
    }
    let webhook = get(app, id).await?;
    let secret = new_seed(app);
    let shown = show(app, &secret)?;
    let until = app.clock.now() + super::seconds(overlap_s);
    let caused = noted(app, who, "webhook.rotate", &webhook);
    match app.db.change(Rotate { webhook, secret, until, caused }).await? {
        true => Ok((get(app, id).await?, shown)),
        false => Err(Error::NotFound("webhook with this secret")),
    }
}

/// Sends `webhook.test` at once, once; gives what was wrong with the answer, if anything was.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn test(app: &App, id: &WebhookId) -> Result<Option<String>, Error> {
    let webhook = get(app, id).await?;
    let now = app.clock.now();
    let data = serde_json::to_string(&WebhookTest { webhook: id.to_string() }).map_err(Error::internal)?;
    let message = message(app, &webhook, (&app.ids.row(now), events::TEST, now), &data)?;
    Ok(app.courier.bring(&webhook.url, &message).await.err())
}

/// What a webhook was not told, by event, oldest first, from after the given one.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn dead(app: &App, id: &WebhookId, after: Option<&str>, limit: u32) -> Result<Vec<Dead>, Error> {
    get(app, id).await?;
    Ok(db::deliveries::dead(&app.db, id, after, limit).await?)
}

/// Has what is dead told again, or one event of it. Gives how many events those are.
///
/// # Errors
/// [`Error::NotFound`] for a webhook that is none, and for an event that is not dead.
pub async fn replay(app: &App, who: &Platform, id: &WebhookId, event: Option<String>) -> Result<u64, Error> {
    let webhook = get(app, id).await?;
    let is_one = event.is_some();
    let caused = noted(app, who, "webhook.replay", &webhook);
    let replayed = app.db.change(Replay { webhook: id.clone(), event, at: app.clock.now(), caused }).await?;
    if is_one && replayed == 0 {
        return Err(Error::NotFound("dead delivery of this event"));
    }
    app.jobs.wake();
    Ok(replayed)
}

/// What is not told yet, of all webhooks.
///
/// # Errors
/// When the database is not available.
pub async fn backlog(app: &App) -> Result<Backlog, Error> {
    Ok(db::deliveries::backlog(&app.db).await?)
}

fn noted(app: &App, who: &Platform, action: &'static str, webhook: &Webhook) -> Caused {
    Caused { audit: vec![super::audit(app, who, action, webhook.id.as_str(), None)], ..Caused::default() }
}

fn new_seed(app: &App) -> Seed {
    Seed { key: app.keyring.newest().to_owned(), salt: app.ids.word() }
}

fn derive(app: &App, seed: &Seed) -> Result<[u8; 32], Error> {
    let secret = app.keyring.webhook_secret(&seed.key, &seed.salt);
    secret.ok_or_else(|| {
        Error::internal("a webhook's secret was made with a signing secret that is gone; rotate the webhook")
    })
}

fn show(app: &App, seed: &Seed) -> Result<String, Error> {
    Ok(format!("{PREFIX}{}", BASE64_STANDARD.encode(derive(app, seed)?)))
}

/// The body of every delivery (Standard Webhooks, "Payload structure").
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: serde_json::Value,
}

fn message(
    app: &App,
    webhook: &Webhook,
    (id, kind, happened): (&str, &str, Timestamp),
    data: &str,
) -> Result<Message, Error> {
    let now = app.clock.now();
    let data = serde_json::from_str(data).map_err(Error::internal)?;
    let body =
        serde_json::to_string(&Body { r#type: kind, timestamp: happened, data }).map_err(Error::internal)?;
    let former = webhook.former.as_ref().filter(|(_, until)| *until > now).map(|(seed, _)| seed);
    let mut secrets = vec![derive(app, &webhook.secret)?];
    // One that cannot be derived any more cannot sign; receivers have had the new one since.
    secrets.extend(former.and_then(|seed| derive(app, seed).ok()));
    Ok(Message { id: id.to_owned(), at: now, body, secrets })
}
