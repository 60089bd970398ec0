//! Objects whose legal hold in the store was set because of a hold of ours. Whether it should be there, this module does
//! not know.

use handin_core::RecordingId;
use sqlx::AnyConnection;

use super::rows::Row;
use super::statement::{execute, query};
use super::{Change, Db, Error};

/// An object with a legal hold of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The object's key.
    pub key: String,
    /// The recording that it is of.
    pub recording: RecordingId,
    /// Another one each time that the flag is set.
    pub stamp: String,
}

/// Notes that an object's flag is about to be set.
#[derive(Debug, Clone)]
pub struct NoteLock(pub Lock);

pub(super) const NOTE: &str = "\
    insert into object_lock (object_key, recording, stamp) values ($1, $2, $3)
    on conflict (object_key) do update set stamp = excluded.stamp";

impl Change for NoteLock {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let Lock { key, recording, stamp } = &self.0;
        let note = query(NOTE).bind(key.as_str()).bind(recording.as_str()).bind(stamp.as_str());
        execute(tx, note).await.map(drop)
    }
}

/// Notes that an object's flag was lifted. Gives `false` if somebody is setting it again.
#[derive(Debug, Clone)]
pub struct ForgetLock(pub Lock);

pub(super) const FORGET: &str = "delete from object_lock where object_key = $1 and stamp = $2";

impl Change for ForgetLock {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let forget = query(FORGET).bind(self.0.key.as_str()).bind(self.0.stamp.as_str());
        Ok(execute(tx, forget).await? == 1)
    }
}

pub(super) const OF: &str =
    "select object_key, recording, stamp from object_lock where recording = $1 order by object_key";

/// The objects of a recording that have a legal hold of ours.
pub async fn of(db: &Db, recording: &RecordingId) -> Result<Vec<Lock>, Error> {
    let lock = |row| {
        let row = Row::new("object_lock", row);
        Ok(Lock {
            key: row.text("object_key")?,
            recording: row.name("recording")?,
            stamp: row.text("stamp")?,
        })
    };
    db.all(query(OF).bind(recording.as_str())).await?.iter().map(lock).collect()
}
