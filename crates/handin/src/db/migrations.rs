//! Forward-only migrations, numbered by file name under `migrations/`. A file that has been released is never edited.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Executor as _, SqlSafeStr};

use super::connect::Kind;

/// Every migration, oldest first: number, name, text.
pub(super) const FILES: &[(i64, &str, &str)] = &[
    (1, "ledger", include_str!("../../migrations/0001_ledger.sql")),
    (2, "capture", include_str!("../../migrations/0002_capture.sql")),
    (3, "revision", include_str!("../../migrations/0003_revision.sql")),
    (4, "pace", include_str!("../../migrations/0004_pace.sql")),
    (5, "retention", include_str!("../../migrations/0005_retention.sql")),
    (6, "webhook", include_str!("../../migrations/0006_webhook.sql")),
    (7, "drain", include_str!("../../migrations/0007_drain.sql")),
    (9, "object_lock", include_str!("../../migrations/0009_object_lock.sql")),
    (10, "tier", include_str!("../../migrations/0010_tier.sql")),
];

/// Brings the database to the newest version. Several nodes may do so at once: PostgreSQL makes them queue up, and for
/// SQLite [`Connector::turn`](super::connect::Connector::turn) does.
pub(super) async fn run(kind: Kind, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if kind == Kind::Postgres {
        // A node waits here for as long as another one migrates, and a new index on a large table takes its time.
        connection.execute("set statement_timeout = 0").await?;
    }
    let migrations = FILES.iter().map(|(version, name, text)| migration(kind, *version, name, text));
    Migrator::with_migrations(migrations.collect()).run(connection).await.map_err(sqlx::Error::from)
}

fn migration(kind: Kind, version: i64, name: &'static str, text: &str) -> Migration {
    let text = for_database(kind, text);
    let sql = AssertSqlSafe(text).into_sql_str();
    Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
}

/// The one word of a migration that differs: `text_id` is text in the order of its bytes, which is SQLite's only
/// order and PostgreSQL's `C`.
fn for_database(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Sqlite => text.replace("text_id", "text"),
        Kind::Postgres => text.replace("text_id", "text collate \"C\""),
    }
}
