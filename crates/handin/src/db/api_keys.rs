//! API keys of platforms. Only their hashes are here.

use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Change, Db, Error};

/// An API key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Hex SHA-256 of the key.
    pub hash: String,
    /// The first characters of the key, to recognise it by.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Adds a key; gives `false`, and changes nothing, if the id or the hash is there already.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Hex SHA-256 of the key.
    pub hash: String,
    /// The first characters of the key, to recognise it by.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
}

pub(super) const CREATE: &str = "\
    insert into api_key (id, name, hash, prefix, created_at) values ($1, $2, $3, $4, $5)
    on conflict do nothing";

impl Change for NewApiKey {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let create = query(CREATE)
            .bind(self.id.as_str())
            .bind(self.name.as_str())
            .bind(self.hash.as_str())
            .bind(self.prefix.as_str())
            .bind(millis(self.created_at));
        Ok(execute(tx, create).await? == 1)
    }
}

/// Adds a key; see [`NewApiKey`].
pub async fn create(db: &Db, key: NewApiKey) -> Result<bool, Error> {
    db.change(key).await
}

pub(super) const LIST: &str =
    "select id, name, hash, prefix, created_at, revoked_at from api_key order by created_at, id";

/// Every key, revoked ones too, oldest first.
pub async fn list(db: &Db) -> Result<Vec<ApiKey>, Error> {
    db.all(query(LIST)).await?.iter().map(|row| api_key(&Row::new("api_key", row))).collect()
}

struct Revoke {
    id: String,
    at: Timestamp,
}

pub(super) const REVOKE: &str = "update api_key set revoked_at = $1 where id = $2 and revoked_at is null";

impl Change for Revoke {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        Ok(execute(tx, query(REVOKE).bind(millis(self.at)).bind(self.id.as_str())).await? == 1)
    }
}

/// Revokes a key; gives `false` if there is none, or it was revoked before.
pub async fn revoke(db: &Db, id: &str, at: Timestamp) -> Result<bool, Error> {
    db.change(Revoke { id: id.to_owned(), at }).await
}

pub(super) const BY_HASH: &str =
    "select id, name, hash, prefix, created_at, revoked_at from api_key where hash = $1";

/// The key of this hash, revoked or not.
pub async fn by_hash(db: &Db, hash: &str) -> Result<Option<ApiKey>, Error> {
    let row = db.one(query(BY_HASH).bind(hash)).await?;
    row.map(|row| api_key(&Row::new("api_key", &row))).transpose()
}

pub(super) const COUNT_ACTIVE: &str = "select count(*) as keys from api_key where revoked_at is null";

/// How many keys are not revoked.
pub async fn count_active(db: &Db) -> Result<u64, Error> {
    let row = db.one(query(COUNT_ACTIVE)).await?;
    row.map_or(Ok(0), |row| Row::new("api_key", &row).number("keys"))
}

fn api_key(row: &Row<'_>) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: row.text("id")?,
        name: row.text("name")?,
        hash: row.text("hash")?,
        prefix: row.text("prefix")?,
        created_at: row.time("created_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}
