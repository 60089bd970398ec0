//! The candidate's calls of the REST contract, one attempt each, and what their failures mean.
//!
//! Speaks only what is public: DTOs of its own, no code shared with the server. Counts the bytes of every body, so that
//! what passes the API can be compared with what is stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use handin_core::Pace;
use jiff::Timestamp;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::pace::Pacer;
use super::retry::{Failure, is_passing, retry_after};

/// The API of one server, for one bearer.
pub struct Api {
    http: reqwest::Client,
    server: String,
    bearer: String,
    pacer: Arc<Pacer>,
    traffic: Arc<AtomicU64>,
}

/// Body of `POST /v1/recordings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open<'a> {
    /// Which track.
    pub track: &'a str,
    /// `stream`, `file` or `put`.
    pub upload: &'a str,
    /// MIME type.
    pub content_type: &'a str,
    /// Bytes, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of a `put`, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The recording.
    pub id: String,
    /// What signing wants to see.
    pub handle: String,
    /// The object's key.
    pub key: String,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// The highest part number.
    pub max_parts: u32,
}

/// A part in requests and answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// In hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
}

/// Body of `POST /v1/recordings/{id}/sign`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sign<'a> {
    /// From open.
    pub handle: &'a str,
    /// None is a heartbeat, or asks for a `put` again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// How much was recorded, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_ms: Option<u64>,
    /// Bytes that stand only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_bytes: Option<u64>,
}

/// Its answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Signed {
    /// One for each part.
    #[serde(default)]
    pub parts: Vec<SignedPart>,
    /// Of a `put`.
    pub put: Option<SignedUrl>,
}

/// The URL of one part.
#[derive(Debug, Clone, Deserialize)]
pub struct SignedPart {
    /// From 1.
    pub number: u32,
    /// Where it goes.
    #[serde(flatten)]
    pub signed: SignedUrl,
}

/// A presigned URL and the headers that are signed with it.
#[derive(Debug, Clone, Deserialize)]
pub struct SignedUrl {
    /// A secret while it lives.
    pub url: String,
    /// To be sent exactly so.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// When the store stops taking it.
    #[serde(default, deserialize_with = "timestamp")]
    pub expires_at: Option<Timestamp>,
}

/// Answer of `GET /v1/recordings/{id}`, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub struct View {
    /// `open`, `sealing`, `sealed`, ….
    pub state: String,
    /// The parts that the store holds.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Compact JWS.
    pub receipt: Option<String>,
}

/// Body of `POST /v1/recordings/{id}/seal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seal<'a> {
    /// From open.
    pub handle: &'a str,
    /// Bytes of the whole.
    pub size: u64,
    /// Every part; none for a `put`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Of a `put`, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// How long it plays, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// Its answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Sealed {
    /// `sealed` or `partial`.
    pub state: String,
    /// Compact JWS.
    pub receipt: String,
}

/// An answer of the API that is a problem document (RFC 9457).
#[derive(Debug, Clone, Default, Deserialize, thiserror::Error)]
#[error("the server says {code}: {detail}")]
pub struct Problem {
    /// The stable code.
    #[serde(default)]
    pub code: String,
    /// For people.
    #[serde(default)]
    pub detail: String,
    /// The parts that are missing or differ.
    #[serde(default)]
    pub parts: Vec<u32>,
}

/// The recording takes nothing more, and never will; only a new one does.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the recording cannot be carried on")]
pub struct Gone;

/// The longest wait for an answer. Sealing reads the object back on stores that keep no checksums.
const LONGEST_CALL: Duration = Duration::from_secs(120);
/// The wait for a turn when an answer has lost its `Retry-After` on the way.
const HELD: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is kept without a call. Below what servers and proxies keep one, so that no call meets its end.
const IDLE: Duration = Duration::from_secs(20);

impl Api {
    /// The API at `server`, such as `https://handin.example.com`, for whoever `bearer` names.
    ///
    /// # Errors
    /// When `server` is not such an address, or no TLS can be set up.
    pub fn new(server: &str, bearer: &str, pacer: Arc<Pacer>) -> anyhow::Result<Api> {
        let address =
            reqwest::Url::parse(server).with_context(|| format!("the server {server} is not a URL"))?;
        ensure!(
            matches!(address.scheme(), "http" | "https"),
            "the server {server} is not an http:// or https:// URL"
        );
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .timeout(LONGEST_CALL)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("handin/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let server = server.trim_end_matches('/').to_owned();
        Ok(Api { http, server, bearer: bearer.to_owned(), pacer, traffic: Arc::default() })
    }

    /// The same API for another bearer, over the same connections; both count their traffic together.
    pub fn of(&self, bearer: &str, pacer: Arc<Pacer>) -> Api {
        let (http, server, traffic) = (self.http.clone(), self.server.clone(), self.traffic.clone());
        Api { http, server, bearer: bearer.to_owned(), pacer, traffic }
    }

    /// The server's address, without a slash at its end.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Bytes of all request and answer bodies so far.
    pub fn traffic(&self) -> u64 {
        self.traffic.load(Ordering::Relaxed)
    }

    /// Opens a recording; the same `idempotency_key` gives the same one.
    pub async fn open(&self, wanted: &Open<'_>, idempotency_key: &str) -> Result<Opened, Failure> {
        let request = self.request(Method::POST, "/v1/recordings").header("idempotency-key", idempotency_key);
        self.call(request, Some(wanted)).await
    }

    /// Has parts signed.
    pub async fn sign(&self, id: &str, wanted: &Sign<'_>) -> Result<Signed, Failure> {
        self.call(self.request(Method::POST, &format!("/v1/recordings/{id}/sign")), Some(wanted)).await
    }

    /// Looks at a recording.
    pub async fn view(&self, id: &str) -> Result<View, Failure> {
        self.call(self.request(Method::GET, &format!("/v1/recordings/{id}")), None::<&()>).await
    }

    /// Asks for the seal.
    pub async fn seal(&self, id: &str, claim: &Seal<'_>) -> Result<Sealed, Failure> {
        self.call(self.request(Method::POST, &format!("/v1/recordings/{id}/seal")), Some(claim)).await
    }

    /// The keys that verify receipts, as a JWK set.
    pub async fn jwks(&self) -> Result<Value, Failure> {
        self.call(self.request(Method::GET, "/.well-known/jwks.json"), None::<&()>).await
    }

    /// Any call, by its path; the answer as it came. For callers with an API key, such as the demonstration.
    pub async fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.call(self.request(method, path), body).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.bearer)
    }

    async fn call<B: Serialize, T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        body: Option<&B>,
    ) -> Result<T, Failure> {
        let request = match body {
            Some(body) => {
                let body = serde_json::to_vec(body).map_err(|error| Failure::Final(error.into()))?;
                self.count(body.len());
                request.header(http::header::CONTENT_TYPE, "application/json").body(body)
            }
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let (status, after) = (response.status(), retry_after(response.headers()));
        let answer = response.bytes().await.map_err(|error| self.unreachable(error))?;
        self.count(answer.len());
        self.note_pace(&answer);
        match status.is_success() {
            true => read(&answer),
            false => Err(refusal(status.as_u16(), after, &answer)),
        }
    }

    fn count(&self, bytes: usize) {
        self.traffic.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        if error.is_builder() {
            return Failure::Final(anyhow!(error.without_url()).context("the call cannot be made"));
        }
        let why = anyhow!(error.without_url()).context(format!("no answer from {}", self.server));
        Failure::Again { after: None, why }
    }

    fn note_pace(&self, answer: &[u8]) {
        #[derive(Deserialize)]
        struct Paced {
            pace: Option<PaceBody>,
        }
        if let Ok(Paced { pace: Some(pace) }) = serde_json::from_slice(answer) {
            self.pacer.obey(pace.into());
        }
    }
}

/// The pace object of the contract.
#[derive(Debug, Deserialize)]
struct PaceBody {
    #[serde(default, deserialize_with = "timestamp")]
    not_before: Option<Timestamp>,
    parallel: Option<u32>,
    max_bytes_per_s: Option<u64>,
    retry_after_s: Option<u64>,
    heartbeat_s: Option<u64>,
}

impl From<PaceBody> for Pace {
    fn from(body: PaceBody) -> Pace {
        let PaceBody { not_before, parallel, max_bytes_per_s, retry_after_s, heartbeat_s } = body;
        let [retry_after, heartbeat] =
            [retry_after_s, heartbeat_s].map(|seconds| seconds.map(Duration::from_secs));
        Pace { not_before, parallel, max_bytes_per_s, retry_after, heartbeat }
    }
}

/// Reads an optional moment in RFC 3339.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failure> {
    // `null` stands for an empty body, which deletions answer with.
    let answer = if answer.is_empty() { b"null" } else { answer };
    let parsed = serde_json::from_slice(answer).context("the server's answer is not what the contract says");
    parsed.map_err(Failure::Final)
}

fn refusal(status: u16, after: Option<Duration>, answer: &[u8]) -> Failure {
    let mut problem: Problem = serde_json::from_slice(answer).unwrap_or_default();
    if problem.code.is_empty() {
        problem.code = status.to_string();
        problem.detail = String::from_utf8_lossy(answer).chars().take(200).collect();
    }
    // No further take can be had by waiting; a seal that runs elsewhere can.
    let again = match problem.code.as_str() {
        "too_many_takes" => false,
        "sealing" => true,
        code => is_passing(status, Some(code)),
    };
    match (again, problem.code.as_str()) {
        (true, "paced") => Failure::Held { after: after.unwrap_or(HELD), why: problem.into() },
        (true, _) => Failure::Again { after, why: problem.into() },
        (false, "upload_lost" | "object_differs" | "wrong_state") => {
            Failure::Final(anyhow::Error::new(problem).context(Gone))
        }
        (false, _) => Failure::Final(problem.into()),
    }
}

/// Whether an error means that only a new recording can help.
pub fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Gone>().is_some()
}

/// The problem document behind an error, if there is one.
pub fn problem(error: &anyhow::Error) -> Option<&Problem> {
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_tried_again() {
        let refused =
            |status, code: &str| refusal(status, None, format!(r#"{{"code":"{code}"}}"#).as_bytes());
        for (status, code) in [(503, "unavailable"), (409, "sealing"), (429, "slow_down"), (500, "internal")]
        {
            assert!(matches!(refused(status, code), Failure::Again { .. }), "{code}");
        }
        assert!(matches!(refused(429, "paced"), Failure::Held { .. }));
        for (status, code) in
            [(429, "too_many_takes"), (409, "parts_missing"), (401, "expired"), (404, "not_found")]
        {
            assert!(matches!(refused(status, code), Failure::Final(_)), "{code}");
        }
    }

    #[test]
    fn a_refusal_names_its_parts_whatever_was_said_around_it() {
        let answer = br#"{"code":"parts_missing","detail":"send them again","parts":[3,5],"status":409}"#;
        let Failure::Final(error) = refusal(409, None, answer) else { panic!("not final") };
        assert_eq!(problem(&error.context("outer")).unwrap().parts, [3, 5]);
        let Failure::Final(error) = refusal(409, None, br#"{"code":"upload_lost"}"#) else {
            panic!("not final")
        };
        assert!(is_gone(&error.context("outer")));
        let Failure::Again { why, .. } = refusal(502, None, b"<html>Bad Gateway") else {
            panic!("not again")
        };
        assert!(!is_gone(&why));
        assert_eq!(why.to_string(), "the server says 502: <html>Bad Gateway");
    }
}
