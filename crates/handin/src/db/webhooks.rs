//! Webhooks: where the platform wants to be told of events. Secrets are not here, only what they are derived from.

use handin_core::WebhookId;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::rows::{Row, millis, names_json};
use super::statement::{execute, query};
use super::{Caused, Change, Db, Error};

/// What a secret is derived from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The id of the signing secret.
    pub key: String,
    /// What makes it this secret and no other, in hex.
    pub salt: String,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// A ULID.
    pub id: WebhookId,
    /// Where its receiver is.
    pub url: String,
    /// Which kinds of events it is told; all if empty.
    pub kinds: Vec<String>,
    /// When it was added; it is told what happens from then on.
    pub created_at: Timestamp,
    /// By which API key.
    pub created_by: String,
    /// Its secret.
    pub secret: Seed,
    /// The one before, and until when it signs too.
    pub former: Option<(Seed, Timestamp)>,
}

impl Webhook {
    /// Whether it wants to hear of this kind.
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }
}

/// Adds a webhook.
#[derive(Debug, Clone)]
pub struct AddWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const ADD: &str = "\
    insert into webhook (id, url, kinds, created_at, created_by, secret_key, secret_salt)
    values ($1, $2, $3, $4, $5, $6, $7)";

impl Change for AddWebhook {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let Webhook { id, url, kinds, created_at, created_by, secret, .. } = &self.webhook;
        let add = query(ADD)
            .bind(id.as_str())
            .bind(url.as_str())
            .bind(names_json(kinds))
            .bind(millis(*created_at))
            .bind(created_by.as_str())
            .bind(secret.key.as_str())
            .bind(secret.salt.as_str());
        execute(tx, add).await?;
        self.caused.write(tx).await
    }
}

/// Gives a webhook a new secret; the one it had signs too for a while. Gives `false`, and changes nothing, if it has
/// another secret than the one named.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The webhook, as it was read.
    pub webhook: Webhook,
    /// Its new secret.
    pub secret: Seed,
    /// Until when the former one signs too.
    pub until: Timestamp,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const ROTATE: &str = "\
    update webhook set former_key = secret_key, former_salt = secret_salt, former_until = $1,
        secret_key = $2, secret_salt = $3
    where id = $4 and secret_salt = $5";

impl Change for Rotate {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let rotate = query(ROTATE)
            .bind(millis(self.until))
            .bind(self.secret.key.as_str())
            .bind(self.secret.salt.as_str())
            .bind(self.webhook.id.as_str())
            .bind(self.webhook.secret.salt.as_str());
        if execute(tx, rotate).await? == 0 {
            return Ok(false);
        }
        self.caused.write(tx).await?;
        Ok(true)
    }
}

/// Removes a webhook with all it was still to be told. Gives `false` if there is none.
#[derive(Debug, Clone)]
pub struct RemoveWebhook {
    /// The webhook.
    pub id: WebhookId,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const REMOVE: &str = "delete from webhook where id = $1";

pub(super) const REMOVE_DELIVERIES: &str = "delete from delivery where webhook = $1";

impl Change for RemoveWebhook {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        execute(tx, query(REMOVE_DELIVERIES).bind(self.id.as_str())).await?;
        if execute(tx, query(REMOVE).bind(self.id.as_str())).await? == 0 {
            return Ok(false);
        }
        self.caused.write(tx).await?;
        Ok(true)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, url, kinds, created_at, created_by, secret_key, secret_salt, former_key, former_salt, former_until \
             from webhook ",
            $rest
        )
    };
}

pub(super) const LIST: &str = select!("order by id");

/// Every webhook, oldest first.
pub async fn list(db: &Db) -> Result<Vec<Webhook>, Error> {
    db.all(query(LIST)).await?.iter().map(webhook).collect()
}

pub(super) const GET: &str = select!("where id = $1");

/// One webhook.
pub async fn get(db: &Db, id: &WebhookId) -> Result<Option<Webhook>, Error> {
    db.one(query(GET).bind(id.as_str())).await?.as_ref().map(webhook).transpose()
}

fn webhook(row: &AnyRow) -> Result<Webhook, Error> {
    let row = Row::new("webhook", row);
    let former =
        match (row.opt_text("former_key")?, row.opt_text("former_salt")?, row.opt_time("former_until")?) {
            (Some(key), Some(salt), Some(until)) => Some((Seed { key, salt }, until)),
            _ => None,
        };
    Ok(Webhook {
        id: row.name("id")?,
        url: row.text("url")?,
        kinds: row.json("kinds")?,
        created_at: row.time("created_at")?,
        created_by: row.text("created_by")?,
        secret: Seed { key: row.text("secret_key")?, salt: row.text("secret_salt")? },
        former,
    })
}
