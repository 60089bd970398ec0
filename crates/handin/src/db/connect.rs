//! How connections are made: which database a URL names, and what every connection is told before its first use.
//!
//! Knows nothing of tables.

use std::fs::File;
use std::str::FromStr;
use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Executor};

use super::Error;

/// Reads that may run at once on SQLite; more only queue up for the processor.
const SQLITE_READERS: u32 = 4;
/// SQLite's log is copied into the database once it holds this many pages (of 4 KiB). Four times the default: a page
/// that many rows of a burst touch is copied once instead of often.
const SQLITE_CHECKPOINT_PAGES: u32 = 4_000;
/// What a connection to SQLite may keep in memory. Eight times the default: a burst that touches more than fits is written
/// to the log before its commit, and again.
const SQLITE_CACHE_KIB: u32 = 16_384;
/// Between two tries to connect to a SQLite file that another process holds locked.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);
/// SQLite, "Result and Error Codes": BUSY.
const SQLITE_BUSY: &str = "5";
/// PostgreSQL cancels a statement that runs longer.
const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// Which database, and how much of it may be used.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:PATH` (an absolute path; the file is created) or `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: String,
    /// Connections of the PostgreSQL pool. SQLite has one writer and a few readers, whatever stands here.
    pub max_connections: u32,
    /// How long a call may wait for a connection before it is answered [`Error::Unavailable`]; six times as long may
    /// it take altogether.
    pub acquire_timeout: Duration,
    /// How many writes may wait before further ones are answered [`Error::Busy`].
    pub queue: usize,
}

/// The two databases there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// The database that a connection leads to.
    pub(super) fn of(connection: &AnyConnection) -> Kind {
        match connection.backend_name() {
            "SQLite" => Kind::Sqlite,
            _ => Kind::Postgres,
        }
    }
}

/// A checked URL; makes connections and pools.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) kind: Kind,
    options: AnyConnectOptions,
    acquire_timeout: Duration,
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> Result<Connector, Error> {
        sqlx::any::install_default_drivers();
        let kind = kind_of(&settings.url)?;
        let url = match (kind, settings.url.contains("mode=")) {
            (Kind::Sqlite, false) => {
                let separator = if settings.url.contains('?') { '&' } else { '?' };
                format!("{}{separator}mode=rwc", settings.url)
            }
            _ => settings.url.clone(),
        };
        let options = AnyConnectOptions::from_str(&url)?.disable_statement_logging();
        Ok(Connector { kind, options, acquire_timeout: settings.acquire_timeout })
    }

    /// A connection that belongs to the caller and may write.
    pub(super) async fn connect(&self) -> Result<AnyConnection, Error> {
        // SQLite waits for nobody while a new file changes to its write-ahead log; whoever comes at that moment is
        // told "locked" at once.
        let again = ConstantBuilder::new().with_delay(LOCKED_PAUSE).without_max_times();
        let connecting = (|| self.greeted()).retry(again).when(is_locked);
        let outcome = tokio::time::timeout(self.acquire_timeout, connecting)
            .await
            .map_err(|_| Error::unavailable("no connection in time"))?;
        outcome.map_err(unreachable_database)
    }

    async fn greeted(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        connection.execute(AssertSqlSafe(self.greeting(false))).await?;
        Ok(connection)
    }

    /// Waits until no other process migrates; the turn ends when it is dropped. SQLite has no lock for this, so a file
    /// beside the database stands for it. PostgreSQL has one, which the migrations take themselves.
    pub(super) async fn turn(&self) -> Result<Option<File>, Error> {
        let Kind::Sqlite = self.kind else { return Ok(None) };
        let mut path = SqliteConnectOptions::from_str(self.options.database_url.as_str())?
            .get_filename()
            .as_os_str()
            .to_owned();
        path.push(".migrating");
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::create(path)?;
            file.lock().map(|()| file)
        });
        let locked = locked.await.map_err(std::io::Error::other).flatten();
        locked.map(Some).map_err(|error| Error::from(sqlx::Error::Io(error)))
    }

    /// A pool that connects when it is first used. On SQLite its connections cannot write.
    pub(super) fn pool(&self, max_connections: u32) -> AnyPool {
        let greeting = self.greeting(true);
        let (most, test) = match self.kind {
            Kind::Sqlite => (SQLITE_READERS, false),
            // A connection that died with its server is found and replaced before anybody sees an error.
            Kind::Postgres => (max_connections, true),
        };
        AnyPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire(test)
            .after_connect(move |connection, _| {
                let greeting = AssertSqlSafe(greeting.clone());
                Box::pin(async move { connection.execute(greeting).await.map(|_| ()) })
            })
            .connect_lazy_with(self.options.clone())
    }

    /// What a new connection is told. A commit on SQLite is on the disk before it is answered (`synchronous = full`);
    /// PostgreSQL does that by default.
    fn greeting(&self, only_reads: bool) -> String {
        match self.kind {
            Kind::Sqlite => format!(
                "pragma busy_timeout = {}; pragma journal_mode = wal; pragma synchronous = full; \
                 pragma foreign_keys = on; pragma wal_autocheckpoint = {SQLITE_CHECKPOINT_PAGES}; \
                 pragma cache_size = -{SQLITE_CACHE_KIB}; \
                 pragma query_only = {}",
                self.acquire_timeout.as_millis(),
                u8::from(only_reads),
            ),
            Kind::Postgres => {
                let limit = STATEMENT_LIMIT.as_millis();
                format!("set statement_timeout = {limit}; set idle_in_transaction_session_timeout = {limit}")
            }
        }
    }
}

fn kind_of(url: &str) -> Result<Kind, Error> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        // Each connection to a database in memory sees one of its own, and nothing there is durable.
        "sqlite" if url.contains(":memory:") || url.contains("mode=memory") => {
            Err(configuration("a database in memory loses recordings"))
        }
        "sqlite" => Ok(Kind::Sqlite),
        "postgres" | "postgresql" => Ok(Kind::Postgres),
        _ => Err(configuration("a database URL begins with sqlite: or postgres:")),
    }
}

fn configuration(why: &'static str) -> Error {
    Error::from(sqlx::Error::Configuration(why.into()))
}

fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(SQLITE_BUSY)
}

/// Whatever keeps a connection from being made, short of a wrong setting, may pass.
fn unreachable_database(error: sqlx::Error) -> Error {
    match Error::from(error) {
        Error::Other(source) if !matches!(*source, sqlx::Error::Configuration(_)) => {
            Error::Unavailable { why: source.to_string(), source: Some(source) }
        }
        other => other,
    }
}
