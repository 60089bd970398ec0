//! Lists by cursor: `?cursor&limit` in, `{items, next}` out. A cursor is opaque to clients; it holds the last id seen.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handin_core::BadName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::service::Error;

/// How many items a page has unless the caller says otherwise.
const USUAL_LIMIT: u32 = 100;
/// The most items a page may have.
const MOST: u32 = 1_000;

/// Where a page begins and how long it is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// How many items at most, 1 to 1000; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of their ids.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The id that a cursor holds.
pub fn read_cursor<T: FromStr<Err = BadName>>(cursor: Option<&str>) -> Result<Option<T>, Error> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    let id = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Error::invalid("cursor", "use `next` of the page before, unchanged"))
}

/// The cursor that stands for an id.
pub fn write_cursor(id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id)
}

/// How many items the caller wants.
pub fn read_limit(limit: Option<u32>) -> Result<u32, Error> {
    match limit.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(Error::invalid("limit", format!("use 1 to {MOST}, not {other}"))),
    }
}

impl<T> Page<T> {
    /// A page of at most `limit` rows; a full one may have a successor that begins after its last id.
    pub fn of<R>(rows: Vec<R>, limit: u32, id: impl Fn(&R) -> &str, item: impl FnMut(R) -> T) -> Page<T> {
        let full = rows.len() >= limit as usize;
        let next = rows.last().filter(|_| full).map(|row| write_cursor(id(row)));
        Page { items: rows.into_iter().map(item).collect(), next }
    }
}
