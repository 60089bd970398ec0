//! Calls of the API and what they answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A call before it is sent.
pub struct Call(reqwest::RequestBuilder);

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// The JSON; null when there is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Call {
    pub fn new(request: reqwest::RequestBuilder) -> Call {
        Call(request)
    }

    /// With a token or API key.
    pub fn bearer(self, credential: &str) -> Call {
        Call(self.0.bearer_auth(credential))
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Call {
        Call(self.0.header(name, value))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Call {
        Call(self.0.json(body))
    }

    /// With any body.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Call {
        Call(self.0.header("content-type", content_type).body(body))
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        self.attempt().await.unwrap()
    }

    /// Sends it to a server that may die before it answers.
    pub async fn attempt(self) -> Result<Answer, reqwest::Error> {
        let answer = self.0.send().await?;
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        // A header that comes twice shows both values, so that no test takes one of them for the only one.
        let values = |name| answer.headers().get_all(name).iter().map(text).collect::<Vec<_>>().join(", ");
        let headers = answer.headers().keys().map(|name| (name.to_string(), values(name))).collect();
        let text = answer.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }
}

impl Answer {
    /// The JSON of an answer that has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Asserts that it is a problem document with this status and code, and gives it without what changes each time.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["request_id"], json!(self.headers["x-request-id"]));
        assert_eq!(self.body["type"], json!(format!("urn:handin:problem:{code}")));
        assert_eq!(self.body["status"], json!(status));
        let mut problem = self.body;
        let members = problem.as_object_mut().unwrap();
        members.retain(|name, _| !["request_id", "type", "status", "code", "title"].contains(&name.as_str()));
        problem
    }
}
