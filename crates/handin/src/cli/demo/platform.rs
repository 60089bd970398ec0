//! What an exam company's backend asks of the API before and after an exam, over the public contract.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::samples::SITTINGS;
use crate::cli::upload::api::{Api, problem};
use crate::cli::upload::pace::Pacer;
use crate::cli::upload::retry::persist;
use crate::clock::{Clock, Ids};

/// The only subject of the exam.
pub const SUBJECT: &str = "coding";
/// How long one call may fail; everything runs on this machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The API, for the holder of an API key.
pub struct Platform {
    api: Api,
    ids: Ids,
}

/// What a candidate is let in with.
pub struct Ticket {
    /// The token.
    pub token: String,
    /// Where a browser would record.
    pub page_url: String,
}

impl Platform {
    /// The API at `server`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(server: &str, api_key: &str, clock: Clock, ids: Ids) -> anyhow::Result<Platform> {
        Ok(Platform { api: Api::new(server, api_key, Pacer::new(clock, 1))?, ids })
    }

    /// Creates an exam with both tracks and one subject; gives its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_exam(&self) -> anyhow::Result<String> {
        // In a folder that was used before, `demo` is taken.
        let another = format!("demo-{}", &self.ids.word()[..6]);
        for id in ["demo", &another] {
            let exam = json!({
                "id": id, "title": "Demonstration", "tracks": ["webcam", "screen"], "subjects": [{ "id": SUBJECT }],
            });
            match self.call(Method::POST, "/v1/exams", Some(&exam)).await {
                Err(error) if problem(&error).is_some_and(|problem| problem.code == "exists") => {}
                created => return created.map(|_| id.to_owned()),
            }
        }
        bail!("both {another} and demo are taken")
    }

    /// Puts the candidates on the roster.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn put_roster(&self, exam: &str) -> anyhow::Result<()> {
        let roster: Vec<_> =
            SITTINGS.iter().map(|sitting| json!({ "candidate": sitting.candidate })).collect();
        self.call(Method::PUT, &format!("/v1/exams/{exam}/roster"), Some(&json!(roster))).await.map(drop)
    }

    /// Lets a candidate in.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ticket(&self, exam: &str, candidate: &str) -> anyhow::Result<Ticket> {
        let wanted = json!({ "candidate": candidate, "subject": SUBJECT });
        let minted = self.call(Method::POST, &format!("/v1/exams/{exam}/tokens"), Some(&wanted)).await?;
        Ok(Ticket { token: text(&minted, "token")?, page_url: text(&minted, "page_url")? })
    }

    /// A link under which a recording can be watched for `ttl_s` seconds.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn link(&self, id: &str, ttl_s: u32) -> anyhow::Result<String> {
        let wanted = json!({ "ttl_s": ttl_s });
        text(&self.call(Method::POST, &format!("/v1/recordings/{id}/link"), Some(&wanted)).await?, "url")
    }

    /// The receipt of a recording, as anyone who has its id can get it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn receipt(&self, id: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, &format!("/v1/receipts/{id}"), None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let call = || self.api.json(method.clone(), path, body);
        persist(&self.ids, || PATIENCE, |_| {}, call).await.with_context(|| format!("{method} {path}"))
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    let text = answer.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("the server's answer has no {field}"))?.to_owned())
}
