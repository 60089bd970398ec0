//! Statements: one type for every query, and texts that insert or update many rows at once.

use sqlx::Any;
use sqlx::AnyConnection;
use sqlx::any::{AnyArguments, AnyRow};

use super::Error;
use super::connect::Kind;

/// A statement with its bound values. It is prepared once for each connection and kept there.
pub(super) type Query = sqlx::query::Query<'static, Any, AnyArguments>;

/// A query of the given text.
pub(super) fn query(text: &'static str) -> Query {
    sqlx::query(text)
}

/// Runs a statement and gives the number of rows it touched.
pub(super) async fn execute(tx: &mut AnyConnection, query: Query) -> Result<u64, Error> {
    Ok(query.execute(tx).await?.rows_affected())
}

/// Runs a statement and gives every row it returns.
pub(super) async fn fetch(tx: &mut AnyConnection, query: Query) -> Result<Vec<AnyRow>, Error> {
    Ok(query.fetch_all(tx).await?)
}

/// How many rows one text may take, largest first. Each is a statement of its own that every connection keeps
/// prepared, so there are few: any number of rows is at most six statements beyond its multiple of 64.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement over many rows: `head`, then `($1, $2, …), ($3, …), …`, then `tail`. On SQLite each place is written `?`:
/// there the driver looks up the name of every numbered place in a list, and over a thousand of them that takes longer
/// than the rows.
pub(super) struct Bulk {
    sqlite: Vec<(usize, String)>,
    postgres: Vec<(usize, String)>,
}

impl Bulk {
    /// Writes the texts for rows of `columns` values each.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Bulk {
        let text = |rows: usize, place: fn(usize) -> String| {
            let row = |row: usize| {
                let places: Vec<_> = (1..=columns).map(|column| place(row * columns + column)).collect();
                format!("({})", places.join(", "))
            };
            format!("{head}{}{tail}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
        };
        let texts =
            |place: fn(usize) -> String| SIZES.iter().map(|rows| (*rows, text(*rows, place))).collect();
        Bulk { sqlite: texts(|_| "?".to_owned()), postgres: texts(|number| format!("${number}")) }
    }

    /// SQLite's text for the most rows, for the test that looks at its plan.
    #[cfg(test)]
    pub(super) fn longest(&self) -> &str {
        &self.sqlite[0].1
    }

    /// Cuts `rows` into statements of full size, with nothing bound yet.
    pub(super) fn cut<'a, T>(
        &'static self,
        kind: Kind,
        rows: &'a [T],
    ) -> impl Iterator<Item = (Query, &'a [T])> {
        let texts = match kind {
            Kind::Sqlite => &self.sqlite,
            Kind::Postgres => &self.postgres,
        };
        let mut rest = rows;
        std::iter::from_fn(move || {
            let (size, text) = texts.iter().find(|(size, _)| *size <= rest.len())?;
            let (now, later) = rest.split_at(*size);
            rest = later;
            Some((query(text), now))
        })
    }

    /// Runs the statement over `rows` and gives the number of rows it touched.
    pub(super) async fn run<T: Sync>(
        &'static self,
        tx: &mut AnyConnection,
        rows: &[T],
        bind: impl Fn(Query, &T) -> Query,
    ) -> Result<u64, Error> {
        let mut touched = 0;
        for (query, rows) in self.cut(Kind::of(tx), rows) {
            touched += execute(tx, rows.iter().fold(query, &bind)).await?;
        }
        Ok(touched)
    }
}

/// Names a [`Bulk`] statement beside the function that runs it: its head, the number of columns, its tail.
macro_rules! bulk {
    ($name:ident, $head:expr, $columns:literal, $tail:expr) => {
        pub(in crate::db) static $name: std::sync::LazyLock<$crate::db::statement::Bulk> =
            std::sync::LazyLock::new(|| $crate::db::statement::Bulk::new($head, $columns, $tail));
    };
}
pub(super) use bulk;
