//! The ledger: what is known about exams, candidates, recordings, receipts, keys, jobs, events, nodes, policies,
//! holds, certificates and webhooks, in SQLite or PostgreSQL, from one SQL text.
//!
//! Every function stands next to its SQL. Whoever calls decides what a change means; here a change of state is one
//! conditional update whose row count is the answer, and what it causes is written in the same transaction. This module
//! refuses to know HTTP, object storage, clocks and randomness: times and ids come in as arguments.
//!
//! Reads run on a pool. Writes are [`Change`]s: on SQLite one writer drains a bounded queue into one transaction and
//! one fsync; on PostgreSQL each has its own transaction, and only [`recordings::open`] is gathered into groups.

mod connect;
mod error;
mod migrations;
mod rows;
mod statement;
mod writer;

pub mod api_keys;
pub mod audit;
pub mod candidates;
pub mod certificates;
pub mod chain;
pub mod deliveries;
pub mod drains;
pub mod due;
pub mod exams;
pub mod holds;
pub mod inventory;
pub mod jobs;
pub mod locks;
pub mod nodes;
pub mod outbox;
pub mod pace;
pub mod quarantine;
pub mod receipts;
pub mod recordings;
pub mod retention;
pub mod revisions;
pub mod tiers;
pub mod told;
pub mod webhooks;

mod caused;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool};

pub use caused::Caused;
pub use connect::Settings;
pub use error::Error;

use connect::{Connector, Kind};
use statement::Query;
use writer::Writer;

/// A transaction or a read may take this many acquire timeouts; then a server that went silent is given up.
const CALL_LIMIT: u32 = 6;

/// One write to the ledger. It is run in a transaction that may be rolled back and run again, so `apply` has no effect
/// but its statements, and gives the same answer for the same rows.
pub trait Change: Send + Sync + 'static {
    /// What the caller learns.
    type Out: Send + 'static;

    /// Runs the statements.
    fn apply(&self, tx: &mut AnyConnection) -> impl Future<Output = Result<Self::Out, Error>> + Send;
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    pool: AnyPool,
    writer: Writer,
    call_limit: Duration,
}

impl Db {
    /// Opens the database and checks that it answers. Must be called within a Tokio runtime, where the writer lives
    /// until [`Db::close`].
    ///
    /// # Errors
    /// `Unavailable` if it does not answer within `acquire_timeout`; `Other` if the URL names no database of ours.
    pub async fn connect(settings: &Settings) -> Result<Db, Error> {
        let connector = Connector::new(settings)?;
        // Before the readers: the writer creates the file and repairs what a crash left behind.
        let first = connector.connect().await?;
        let pool = connector.pool(settings.max_connections);
        let writer = Writer::start(&connector, first, settings);
        let call_limit = settings.acquire_timeout * CALL_LIMIT;
        let inner = Inner { connector, pool, writer, call_limit };
        Ok(Db { inner: Arc::new(inner) })
    }

    /// Brings the schema to the newest version; does nothing if it is there.
    ///
    /// # Errors
    /// `Other` if the database is newer than this program, or a migration fails.
    pub async fn migrate(&self) -> Result<(), Error> {
        let _turn = self.inner.connector.turn().await?;
        let mut connection = self.inner.connector.connect().await?;
        migrations::run(self.inner.connector.kind, &mut connection).await?;
        sqlx::Connection::close(connection).await?;
        Ok(())
    }

    /// Whether the database answers a read.
    pub async fn ping(&self) -> Result<(), Error> {
        const PING: &str = "select 1";
        self.all(statement::query(PING)).await.map(drop)
    }

    /// How many writes wait for the writer.
    pub fn queue_length(&self) -> usize {
        self.inner.writer.queue_length()
    }

    /// Finishes the writes that wait and closes every connection; later calls are answered `Unavailable`.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.pool.close().await;
    }

    /// Makes a change durable and gives its answer.
    ///
    /// # Errors
    /// `Busy` if too many writes wait, `Unavailable` if the database cannot be reached in time, or what
    /// [`Change::apply`] gives, and then nothing was changed.
    pub async fn change<C: Change>(&self, change: C) -> Result<C::Out, Error> {
        match self.inner.connector.kind {
            Kind::Sqlite => self.inner.writer.change(change).await,
            Kind::Postgres => match self.attempt(&change).await {
                Err(error) if error.is_conflict() => self.attempt(&change).await,
                outcome => outcome,
            },
        }
    }

    async fn attempt<C: Change>(&self, change: &C) -> Result<C::Out, Error> {
        self.within(async {
            let mut transaction = self.inner.pool.begin().await?;
            let out = change.apply(&mut transaction).await?;
            transaction.commit().await?;
            Ok(out)
        })
        .await
    }

    /// All rows of a read.
    async fn all(&self, query: Query) -> Result<Vec<AnyRow>, Error> {
        self.within(async { Ok(query.fetch_all(&self.inner.pool).await?) }).await
    }

    /// The only row of a read, if there is one.
    async fn one(&self, query: Query) -> Result<Option<AnyRow>, Error> {
        Ok(self.all(query).await?.pop())
    }

    /// No call hangs, even on a server that neither answers nor closes.
    async fn within<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::time::timeout(self.inner.call_limit, call)
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("no answer in time")))
    }
}
