//! What a platform and its candidates' browsers do, wherever the server runs.

use std::time::Duration;

use handin::service::receipts::{Receipt, verify};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::call::{Answer, Call};

/// Calls one server.
pub struct Caller {
    pub client: reqwest::Client,
    api: String,
    api_key: String,
}

/// A recording that was opened, with everything to go on.
#[derive(Clone)]
pub struct Open {
    pub token: String,
    pub id: String,
    pub handle: String,
    pub answer: Value,
}

impl Caller {
    /// Calls the API at `api`; the key is the platform's.
    pub fn new(api: &str, api_key: &str) -> Caller {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Caller { client, api: api.to_owned(), api_key: api_key.to_owned() }
    }

    /// The URL of a route.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }

    /// A call without a credential.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.client.request(method, self.url(path)))
    }

    /// A call by the platform.
    pub fn platform(&self, method: Method, path: &str) -> Call {
        self.call(method, path).bearer(&self.api_key)
    }

    /// Creates an exam with the subject `coding`, whose bell rings then.
    pub async fn exam_with_bell(&self, id: &str, bell: Timestamp) -> Value {
        let exam = json!({ "id": id, "title": "Spring", "subjects": [{ "id": "coding", "ends_at": bell }] });
        self.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201)
    }

    /// A token for a candidate in `coding` of `spring`.
    pub async fn token(&self, candidate: &str) -> String {
        self.token_for("spring", candidate).await
    }

    /// A token for a candidate in `coding` of an exam.
    pub async fn token_for(&self, exam: &str, candidate: &str) -> String {
        let wanted = json!({ "candidate": candidate, "subject": "coding" });
        let path = format!("/v1/exams/{exam}/tokens");
        let minted = self.platform(Method::POST, &path).json(&wanted).send().await.expect(201);
        minted["token"].as_str().unwrap().to_owned()
    }

    /// Opens a stream of the webcam.
    pub async fn open(&self, token: &str) -> Open {
        self.open_as(token, &stream()).await
    }

    /// Opens what is asked for.
    pub async fn open_as(&self, token: &str, wanted: &Value) -> Open {
        Open::from(token, self.opening(token, wanted).send().await.expect(201))
    }

    /// The call that opens a recording.
    pub fn opening(&self, token: &str, wanted: &Value) -> Call {
        self.call(Method::POST, "/v1/recordings").bearer(token).json(wanted)
    }

    /// A call of a recording's owner on one of its routes.
    pub fn on(&self, open: &Open, route: &str) -> Call {
        self.call(Method::POST, &format!("/v1/recordings/{}/{route}", open.id)).bearer(&open.token)
    }

    /// Signs one part and sends it, as a browser does.
    pub async fn send(&self, open: &Open, number: u32, bytes: &[u8]) {
        let signed = self.sign(open, number, bytes).await;
        assert_eq!(self.put(&signed, bytes).await, 200);
    }

    /// Has one part signed.
    pub async fn sign(&self, open: &Open, number: u32, bytes: &[u8]) -> Value {
        let wanted = json!({ "handle": open.handle, "parts": [part(number, bytes)] });
        let signed = self.on(open, "sign").json(&wanted).send().await.expect(200);
        signed["parts"][0].clone()
    }

    /// Sends bytes to a signed URL; gives the store's status.
    pub async fn put(&self, signed: &Value, bytes: &[u8]) -> u16 {
        let mut request = self.client.put(signed["url"].as_str().unwrap()).body(bytes.to_vec());
        for (name, value) in signed["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// Asks to seal what consists of these parts.
    pub async fn seal(&self, open: &Open, parts: &[&[u8]]) -> Answer {
        self.sealing(open, parts).send().await
    }

    /// The call that seals what consists of these parts.
    pub fn sealing(&self, open: &Open, parts: &[&[u8]]) -> Call {
        self.on(open, "seal").json(&claim(open, parts))
    }

    /// Opens a `put` of these bytes and sends them.
    pub async fn sent_as_put(&self, token: &str, bytes: &[u8]) -> Open {
        let open = self.open_as(token, &put(bytes)).await;
        assert_eq!(self.put(&open.answer["put"], bytes).await, 200);
        open
    }

    /// Records one small part and seals it; gives the recording and its receipt.
    pub async fn sealed(&self, token: &str) -> (Open, String) {
        let open = self.open(token).await;
        self.send(&open, 1, b"a short recording").await;
        let sealed = self.seal(&open, &[b"a short recording"]).await.expect(200);
        (open, sealed["receipt"].as_str().unwrap().to_owned())
    }

    /// Discards a recording as its candidate.
    pub async fn discard(&self, open: &Open) -> Answer {
        self.call(Method::DELETE, &format!("/v1/recordings/{}", open.id)).bearer(&open.token).send().await
    }

    /// Looks a recording up as the platform.
    pub async fn show(&self, id: &str) -> Value {
        self.platform(Method::GET, &format!("/v1/recordings/{id}")).send().await.expect(200)
    }

    /// Every recording of `spring`, as the ledger lists them.
    pub async fn recordings(&self) -> Vec<Value> {
        let page = self.platform(Method::GET, "/v1/exams/spring/recordings").send().await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// What the receipt of a recording states, verified with the public keys alone.
    pub async fn receipt(&self, id: &str) -> Receipt {
        let fetched = self.call(Method::GET, &format!("/v1/receipts/{id}")).send().await.expect(200);
        self.verified(fetched["receipt"].as_str().unwrap()).await.expect("a key of this server signed it")
    }

    /// What a receipt states, if a key of this server signed it.
    pub async fn verified(&self, receipt: &str) -> Option<Receipt> {
        let keys = self.call(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
        verify(receipt, &serde_json::from_value(keys).unwrap())
    }

    /// The object of a sealed recording, by a link.
    pub async fn download(&self, id: &str) -> Vec<u8> {
        let call = self.platform(Method::POST, &format!("/v1/recordings/{id}/link")).json(&json!({}));
        let link = call.send().await.expect(200);
        let answer = self.client.get(link["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.call(Method::GET, "/metrics").send().await.text;
        metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Open {
    /// A recording as the answer to its opening describes it.
    pub fn from(token: &str, answer: Value) -> Open {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Open { token: token.to_owned(), id: text("id"), handle: text("handle"), answer }
    }

    /// Where its object is to stand.
    pub fn key(&self) -> &str {
        self.answer["key"].as_str().unwrap()
    }
}

/// What opens a stream of the webcam.
pub fn stream() -> Value {
    json!({ "track": "webcam", "upload": "stream", "content_type": "video/webm" })
}

/// What opens a `put` of these bytes.
pub fn put(bytes: &[u8]) -> Value {
    json!({ "track": "webcam", "upload": "put", "content_type": "video/webm",
        "size": bytes.len(), "sha256": digest(bytes) })
}

/// A part as its sender describes it.
pub fn part(number: u32, bytes: &[u8]) -> Value {
    json!({ "number": number, "size": bytes.len(), "sha256": digest(bytes) })
}

/// What a browser claims of these parts.
pub fn claim(open: &Open, parts: &[&[u8]]) -> Value {
    let size: usize = parts.iter().map(|bytes| bytes.len()).sum();
    let parts: Vec<Value> = (1..).zip(parts).map(|(number, bytes)| part(number, bytes)).collect();
    json!({ "handle": open.handle, "size": size, "parts": parts, "duration_ms": 1_000 })
}

/// What a browser claims of a `put`.
pub fn claim_of_put(open: &Open, bytes: &[u8]) -> Value {
    json!({ "handle": open.handle, "size": bytes.len(), "sha256": digest(bytes), "duration_ms": 1_000 })
}

/// Hex SHA-256.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
