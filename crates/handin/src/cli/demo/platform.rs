//! What an exam company's backend asks of the API before and after an exam, over the public contract.

use std::time::Duration;

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::samples::{SITTINGS, VISITOR};
use crate::cli::patient::{Patient, text};
use crate::cli::upload::api::{Api, problem};
use crate::cli::upload::pace::Pacer;
use crate::clock::{Clock, Ids};

/// The only subject of the exam.
pub const SUBJECT: &str = "coding";
/// How long one call may fail; everything runs on this machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The API, for the holder of an API key.
pub struct Platform {
    api: Patient,
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
        let api = Api::new(server, api_key, Pacer::new(clock, 1))?;
        Ok(Platform { api: Patient::new(api, ids.clone(), PATIENCE), ids })
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
            match self.api.call(Method::POST, "/v1/exams", Some(&exam)).await {
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
        let candidates = SITTINGS.iter().map(|sitting| sitting.candidate).chain([VISITOR]);
        let roster: Vec<_> = candidates.map(|candidate| json!({ "candidate": candidate })).collect();
        self.api.call(Method::PUT, &format!("/v1/exams/{exam}/roster"), Some(&json!(roster))).await.map(drop)
    }

    /// Lets a candidate in.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ticket(&self, exam: &str, candidate: &str) -> anyhow::Result<Ticket> {
        let wanted = json!({ "candidate": candidate, "subject": SUBJECT });
        let minted = self.api.call(Method::POST, &format!("/v1/exams/{exam}/tokens"), Some(&wanted)).await?;
        Ok(Ticket { token: text(&minted, "token")?, page_url: text(&minted, "page_url")? })
    }

    /// A link under which a recording can be watched for `ttl_s` seconds.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn link(&self, id: &str, ttl_s: u32) -> anyhow::Result<String> {
        let wanted = json!({ "ttl_s": ttl_s });
        text(&self.api.call(Method::POST, &format!("/v1/recordings/{id}/link"), Some(&wanted)).await?, "url")
    }

    /// The receipt of a recording, as anyone who has its id can get it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn receipt(&self, id: &str) -> anyhow::Result<Value> {
        self.api.call(Method::GET, &format!("/v1/receipts/{id}"), None).await
    }
}
