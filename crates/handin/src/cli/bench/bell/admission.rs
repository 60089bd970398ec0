//! What the exam platform does before the exam: creates it, sends the roster, mints a token for each candidate.

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use super::ledger::candidate_id;
use crate::cli::patient::{Patient, text};
use crate::cli::upload::api::Api;
use crate::clock::Ids;

/// The only subject.
pub const SUBJECT: &str = "bell";
/// Tokens that are minted at the same time.
const AT_ONCE: usize = 32;
/// Candidates in one call.
const ROSTER: usize = 5_000;
/// How long one call may fail.
const PATIENCE: Duration = Duration::from_secs(30);

/// The platform's side of the API.
pub struct Platform {
    api: Patient,
    ids: Ids,
}

impl Platform {
    /// The API for the holder of an API key.
    pub fn new(api: Api, ids: Ids) -> Platform {
        Platform { api: Patient::new(api, ids.clone(), PATIENCE), ids }
    }

    /// Creates an exam whose bell rings at `bell`; gives its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_exam(&self, tracks: &[String], bell: Timestamp) -> anyhow::Result<String> {
        let id = format!("bell-{}", &self.ids.word()[..10]);
        let subjects = json!([{ "id": SUBJECT, "ends_at": bell }]);
        let exam = json!({ "id": id, "title": "The bell", "tracks": tracks, "subjects": subjects });
        self.api.call(Method::POST, "/v1/exams", Some(&exam)).await?;
        Ok(id)
    }

    /// Puts candidates on the roster and mints a token for each, in their order.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn admit(&self, exam: &str, candidates: u32, bar: &ProgressBar) -> anyhow::Result<Vec<String>> {
        let roster: Vec<Value> = (0..candidates).map(|n| json!({ "candidate": candidate_id(n) })).collect();
        for entries in roster.chunks(ROSTER) {
            self.api.call(Method::PUT, &format!("/v1/exams/{exam}/roster"), Some(&json!(entries))).await?;
        }
        let path = format!("/v1/exams/{exam}/tokens");
        let tokens = stream::iter(0..candidates).map(|number| {
            let wanted = json!({ "candidate": candidate_id(number), "subject": SUBJECT });
            let path = &path;
            async move {
                let minted = self.api.call(Method::POST, path, Some(&wanted)).await?;
                bar.inc(1);
                text(&minted, "token")
            }
        });
        tokens.buffered(AT_ONCE).try_collect().await
    }

    /// Every recording of an exam, page by page.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn recordings(&self, exam: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/exams/{exam}/recordings?limit=1000{cursor}");
            let page = self.api.call(Method::GET, &path, None).await?;
            let items = page.get("items").and_then(Value::as_array).context("the list has no items")?;
            all.extend(items.iter().cloned());
            match page.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
            ensure!(!items.is_empty(), "the server names a next page of nothing");
        }
    }

    /// A link to read a recording's object with.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn link(&self, id: &str) -> anyhow::Result<String> {
        let link =
            self.api.call(Method::POST, &format!("/v1/recordings/{id}/link"), Some(&json!({}))).await?;
        text(&link, "url")
    }

    /// The keys that verify receipts, as a JWK set.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn jwks(&self) -> anyhow::Result<Value> {
        self.api.call(Method::GET, "/.well-known/jwks.json", None).await
    }
}
