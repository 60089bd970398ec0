//! What can go wrong between us and the database, sorted by what a caller can do about it.

use std::sync::Arc;

/// Why the database did not answer. Cheap to clone: one failure may be the answer to a whole group of callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, or did not answer in time. Try again later; a write may or may not have
    /// happened, and every write may be repeated.
    #[error("the database is unavailable: {why}")]
    Unavailable {
        /// In words, for the log.
        why: String,
        /// The failure below, if there is one.
        source: Option<Arc<sqlx::Error>>,
    },
    /// Too many writes are waiting. Nothing was done; try again later.
    #[error("too many writes are waiting for the database")]
    Busy,
    /// A row holds something this program never writes.
    #[error("the database holds a value that does not parse: {what}")]
    Corrupt {
        /// Which column holds what.
        what: String,
    },
    /// Anything else: a broken rule of the schema, a database that is newer than this program, a full disk.
    #[error("the database refused: {0}")]
    Other(#[source] Arc<sqlx::Error>),
}

/// PostgreSQL, "Error Codes": serialization_failure and deadlock_detected.
const CONFLICTS: [&str; 2] = ["40001", "40P01"];
/// PostgreSQL, "Error Codes": classes of a server that starts, stops, is full, or cancelled a statement that took too
/// long (connection exception, insufficient resources, operator intervention).
const UNAVAILABLE_CLASSES: [&str; 3] = ["08", "53", "57"];
/// SQLite, "Result and Error Codes": BUSY, LOCKED, IOERR, FULL, CANTOPEN; the low byte of an extended code.
const SQLITE_UNAVAILABLE: [i64; 5] = [5, 6, 10, 13, 14];

impl Error {
    pub(super) fn unavailable(why: impl Into<String>) -> Error {
        Error::Unavailable { why: why.into(), source: None }
    }

    /// Whether the same change may well succeed when it is run again at once: another writer was in the way.
    pub(super) fn is_conflict(&self) -> bool {
        let Error::Other(source) = self else { return false };
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| CONFLICTS.contains(&code.as_ref()))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        use sqlx::Error as E;
        let unavailable = match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) => {
                true
            }
            E::Database(inner) => inner.code().is_some_and(|code| is_unavailable(&code)),
            _ => false,
        };
        match unavailable {
            true => Error::Unavailable { why: error.to_string(), source: Some(Arc::new(error)) },
            false => Error::Other(Arc::new(error)),
        }
    }
}

/// PostgreSQL's codes have five characters, SQLite's are numbers below 10,000.
fn is_unavailable(code: &str) -> bool {
    match code.len() {
        5 => UNAVAILABLE_CLASSES.iter().any(|class| code.starts_with(class)),
        _ => code.parse::<i64>().is_ok_and(|code| SQLITE_UNAVAILABLE.contains(&(code & 0xff))),
    }
}
