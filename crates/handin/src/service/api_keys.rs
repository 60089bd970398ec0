//! API keys: how a platform shows who it is. Stored only as a hash; the plain key is seen once, when it is made.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::error::Error;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::api_keys::{ApiKey, NewApiKey};

/// Every key begins with this, so that scanners find leaked ones.
const PREFIX: &str = "hk_";

/// A platform, known by its API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The id of the key it showed; stands in the audit log.
    pub key_id: String,
    /// Where it calls from, where the edge knows it.
    pub address: Option<IpAddr>,
}

/// A key that was just made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its id, for listing and revoking.
    pub id: String,
    /// The key itself; not stored, not seen again.
    pub key: String,
}

/// Makes a key.
///
/// # Errors
/// When the database is not available.
pub async fn create(app: &App, name: &str) -> Result<NewKey, Error> {
    let key = format!("{PREFIX}{}{}", app.ids.word(), app.ids.word());
    let id = adopt(app, name, &key).await?;
    Ok(NewKey { id, key })
}

/// Stores the hash of a key that was made elsewhere, such as the one of a fresh data folder; gives its id.
///
/// # Errors
/// When the database is not available.
pub async fn adopt(app: &App, name: &str, key: &str) -> Result<String, Error> {
    if let Some(known) = db::api_keys::by_hash(&app.db, &hash(key)).await? {
        return Ok(known.id);
    }
    let now = app.clock.now();
    let id = app.ids.row(now);
    let prefix = key.chars().take(PREFIX.len() + 4).collect();
    let row = NewApiKey { id: id.clone(), name: name.to_owned(), hash: hash(key), prefix, created_at: now };
    db::api_keys::create(&app.db, row).await?;
    note(app, "api_key.create", &id).await?;
    Ok(id)
}

/// All keys, revoked ones too.
///
/// # Errors
/// When the database is not available.
pub async fn list(app: &App) -> Result<Vec<ApiKey>, Error> {
    Ok(db::api_keys::list(&app.db).await?)
}

/// Ends a key at once.
///
/// # Errors
/// [`Error::NotFound`] when no living key has this id.
pub async fn revoke(app: &App, id: &str) -> Result<(), Error> {
    match db::api_keys::revoke(&app.db, id, app.clock.now()).await? {
        true => note(app, "api_key.revoke", id).await,
        false => Err(Error::NotFound("API key")),
    }
}

/// Who shows this key.
///
/// # Errors
/// [`Error::Unauthenticated`] when it is unknown or revoked.
pub async fn verify(app: &App, key: &str) -> Result<Platform, Error> {
    const UNKNOWN: Error =
        Error::Unauthenticated("this API key is unknown or revoked; `handin keys list` shows the good ones");
    if !key.starts_with(PREFIX) || key.len() > 256 {
        return Err(UNKNOWN);
    }
    // Looked up by hash, so the time of the comparison tells nothing about a key.
    let row = db::api_keys::by_hash(&app.db, &hash(key)).await?.ok_or(UNKNOWN)?;
    match row.revoked_at {
        None => Ok(Platform { key_id: row.id, address: None }),
        Some(_) => Err(UNKNOWN),
    }
}

async fn note(app: &App, action: &'static str, id: &str) -> Result<(), Error> {
    let audit = vec![super::audit(app, "operator", action, id, None)];
    Ok(app.db.change(Caused { audit, ..Caused::default() }).await?)
}

fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}
