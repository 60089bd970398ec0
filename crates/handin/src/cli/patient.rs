//! The platform's side of the API for commands that go on while a server starts, stumbles or is killed: every call is
//! repeated until it is answered or the patience is over.

use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::Value;

use super::upload::api::Api;
use super::upload::retry::persist;
use crate::clock::Ids;

/// The API, for a holder of an API key who can wait.
pub struct Patient {
    api: Api,
    ids: Ids,
    patience: Duration,
}

impl Patient {
    /// The API, each call of which may fail for so long.
    pub fn new(api: Api, ids: Ids, patience: Duration) -> Patient {
        Patient { api, ids, patience }
    }

    /// One call with a JSON body and a JSON answer.
    ///
    /// # Errors
    /// When the server refuses, or does not answer within the patience; names the call.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let call = || self.api.json(method.clone(), path, body);
        persist(&self.ids, || self.patience, |_| {}, call).await.with_context(|| format!("{method} {path}"))
    }
}

/// The text in a field of an answer.
///
/// # Errors
/// When there is none; names the field.
pub fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("the server's answer has no {field}"))?.to_owned())
}
