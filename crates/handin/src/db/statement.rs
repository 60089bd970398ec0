//! Statements: one type for every query, and texts that insert or update many rows at once.

use std::fmt::Write;

use sqlx::Any;
use sqlx::AnyConnection;
use sqlx::any::{AnyArguments, AnyRow};

use super::Error;

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

/// A statement over many rows: `head`, then `($1, $2, …), ($3, …), …`, then `tail`.
pub(super) struct Bulk {
    texts: Vec<(usize, String)>,
}

impl Bulk {
    /// Writes the texts for rows of `columns` values each.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Bulk {
        let text = |rows: usize| {
            let mut text = head.to_owned();
            for row in 0..rows {
                text.push_str(if row == 0 { "(" } else { ", (" });
                for column in 1..=columns {
                    let comma = if column == 1 { "" } else { ", " };
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{comma}${}", row * columns + column);
                }
                text.push(')');
            }
            text + tail
        };
        Bulk { texts: SIZES.iter().map(|rows| (*rows, text(*rows))).collect() }
    }

    /// Every text, for the test that prepares them all.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(_, text)| text.as_str())
    }

    /// Cuts `rows` into statements of full size, with nothing bound yet.
    pub(super) fn cut<'a, T>(&'static self, rows: &'a [T]) -> impl Iterator<Item = (Query, &'a [T])> {
        let mut rest = rows;
        std::iter::from_fn(move || {
            let (size, text) = self.texts.iter().find(|(size, _)| *size <= rest.len())?;
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
        for (query, rows) in self.cut(rows) {
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
