//! From rows to types and back: text to checked names, `bigint` to sizes and times. A value that does not fit is
//! [`Error::Corrupt`], named by its column.

use std::str::FromStr;

use handin_core::Sha256;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::Error;

/// A row being read, and the table it is named after in errors.
pub(super) struct Row<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Row<'r> {
    pub(super) fn new(table: &'static str, row: &'r AnyRow) -> Row<'r> {
        Row { table, row }
    }

    pub(super) fn corrupt(&self, column: &str, why: impl std::fmt::Display) -> Error {
        Error::Corrupt { what: format!("{}.{column}: {why}", self.table) }
    }

    pub(super) fn opt_text(&self, column: &str) -> Result<Option<String>, Error> {
        self.row.try_get::<Option<String>, _>(column).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn text(&self, column: &str) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }

    pub(super) fn opt_name<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, Error> {
        let text: Option<&str> = self.row.try_get(column).map_err(|error| self.corrupt(column, error))?;
        text.map(|text| text.parse().map_err(|error| self.corrupt(column, error))).transpose()
    }

    /// A checked name, a state, a reason: whatever parses from text.
    pub(super) fn name<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, Error> {
        self.opt_name(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }

    pub(super) fn opt_number<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, Error> {
        let number: Option<i64> = self.row.try_get(column).map_err(|error| self.corrupt(column, error))?;
        let fit = |number: i64| T::try_from(number).map_err(|_| self.corrupt(column, number));
        number.map(fit).transpose()
    }

    /// A count or a size.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, Error> {
        self.opt_number(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }

    pub(super) fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        let at =
            |millis: i64| Timestamp::from_millisecond(millis).map_err(|error| self.corrupt(column, error));
        self.opt_number(column)?.map(at).transpose()
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp, Error> {
        self.opt_time(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }

    /// A SHA-256 in hex.
    pub(super) fn opt_digest(&self, column: &str) -> Result<Option<Sha256>, Error> {
        let Some(text) = self.opt_text(column)? else { return Ok(None) };
        let mut digest = Sha256::default();
        hex::decode_to_slice(&text, &mut digest).map_err(|error| self.corrupt(column, error))?;
        Ok(Some(digest))
    }

    /// JSON of a known shape.
    pub(super) fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.opt_text(column)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| self.corrupt(column, error))
    }

    /// JSON of a known shape.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        self.opt_json(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }

    /// A JSON array of names.
    pub(super) fn opt_names<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<Vec<T>>, Error> {
        let Some(names) = self.opt_json::<Vec<String>>(column)? else { return Ok(None) };
        let parsed = names.iter().map(|name| name.parse().map_err(|error| self.corrupt(column, error)));
        parsed.collect::<Result<_, _>>().map(Some)
    }

    /// A JSON array of names.
    pub(super) fn names<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<Vec<T>, Error> {
        self.opt_names(column)?.ok_or_else(|| self.corrupt(column, "is null"))
    }
}

/// Unix milliseconds.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Unix milliseconds, where there is a time.
pub(super) fn opt_millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(millis)
}

/// A size as the database counts it. What does not fit 63 bits is no size of ours; it is stored as the largest.
pub(super) fn count(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A size as the database counts it, where there is one.
pub(super) fn opt_count(size: Option<u64>) -> Option<i64> {
    size.map(count)
}

/// A JSON array of names.
pub(super) fn names_json<T: std::fmt::Display>(names: &[T]) -> String {
    serde_json::Value::from(names.iter().map(T::to_string).collect::<Vec<_>>()).to_string()
}
