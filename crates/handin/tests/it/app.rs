//! A whole handin in the test's process: API, ledger, real store, and a clock that moves by hand.
//!
//! Jobs run when [`TestApp::run_jobs`] says so, never by themselves. Without [`Builder::store`] and
//! [`Builder::postgres`] it is the embedded store and SQLite in a folder of its own.

use std::time::Duration;

use handin::cli::serve::Node;
use handin::clock::{Clock, Hand, Ids};
use handin::config::{Config, Role};
use handin::jobs::Runner;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::call::{Answer, Call};

/// When every test begins: an hour before the bell of [`TestApp::exam`].
pub const START: &str = "2026-11-22T05:00:00Z";
/// The smallest size of a part that is not the last, in bytes.
pub const PART: usize = 5 << 20;

/// A store that runs outside of the tests, as `HANDIN_TEST_STORES` lists them.
#[derive(Debug, Clone, Deserialize)]
pub struct External {
    pub name: String,
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    pub path_style: bool,
}

/// Which handin to start.
pub struct Builder {
    config: Config,
    folder: TempDir,
    external: bool,
    postgres: Option<String>,
}

/// A running handin.
pub struct TestApp {
    pub node: Node,
    pub client: reqwest::Client,
    /// Moves the clock; an external store has a clock of its own, so there the machine's is used.
    hand: Option<Hand>,
    _folder: TempDir,
}

/// A recording that was opened, with everything to go on.
pub struct Open {
    pub token: String,
    pub id: String,
    pub handle: String,
    pub answer: Value,
}

impl Builder {
    /// Changes a setting.
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Builder {
        change(&mut self.config);
        self
    }

    /// Uses a store that runs outside, in a bucket of this test's own.
    pub fn store(mut self, external: &External) -> Builder {
        let store = &mut self.config.store;
        store.endpoint = Some(external.endpoint.clone());
        store.region.clone_from(&external.region);
        store.access_key = Some(external.access_key.clone().into());
        store.secret_key = Some(external.secret_key.clone().into());
        store.path_style = external.path_style;
        store.bucket = format!("handin-{}", hex::encode(Ids::system().bytes::<6>()));
        self.external = true;
        self
    }

    /// Uses PostgreSQL, in a database of this test's own.
    pub fn postgres(mut self, administrator: &str) -> Builder {
        self.postgres = Some(administrator.to_owned());
        self
    }

    /// Starts it.
    pub async fn start(mut self) -> TestApp {
        if let Some(administrator) = &self.postgres {
            self.config.database.url = Some(new_database(administrator).await.into());
        }
        let (clock, hand) = match self.external {
            true => (Clock::system(), None),
            false => {
                let (clock, hand) = Clock::manual(START.parse().unwrap());
                (clock, Some(hand))
            }
        };
        let node = Node::start(self.config, clock, Ids::system()).await.unwrap();
        if self.external {
            node.app.objects.ensure_bucket().await.unwrap();
        }
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        TestApp { node, client, hand, _folder: self.folder }
    }
}

impl TestApp {
    /// Settings before the start.
    pub fn builder() -> Builder {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.place.data = folder.path().to_owned();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.listen = "127.0.0.1:0".parse().unwrap();
        config.server.roles = vec![Role::Api, Role::Store];
        Builder { config, folder, external: false, postgres: None }
    }

    /// One with all settings as they come.
    pub async fn start() -> TestApp {
        TestApp::builder().start().await
    }

    /// Ends it in order; without this, whatever still runs ends with the test's runtime.
    pub async fn stop(self) {
        self.node.stop().await;
    }

    /// Moves the clock on, the embedded store's too.
    pub fn advance(&self, by: Duration) {
        self.hand.as_ref().expect("the clock of an external store cannot be moved").advance(by);
    }

    /// Runs every job that is due, and those that they make due.
    pub async fn run_jobs(&self) -> usize {
        Runner::new(self.node.app.clone()).run_due().await
    }

    /// A call without a credential.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let base = self.node.ready.api.as_deref().unwrap();
        Call::new(self.client.request(method, format!("{base}{path}")))
    }

    /// A call by the platform.
    pub fn platform(&self, method: Method, path: &str) -> Call {
        self.call(method, path).bearer(self.node.ready.api_key.as_deref().unwrap())
    }

    /// Creates the exam `spring` with the subject `coding`, whose bell rings an hour after the start.
    pub async fn exam(&self) -> Value {
        self.exam_called("spring").await
    }

    /// The same under another id.
    pub async fn exam_called(&self, id: &str) -> Value {
        let bell = self.node.app.clock.now() + Duration::from_secs(3_600);
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
        self.open_as(token, &json!({ "track": "webcam", "upload": "stream", "content_type": "video/webm" }))
            .await
    }

    /// Opens what is asked for.
    pub async fn open_as(&self, token: &str, wanted: &Value) -> Open {
        let call = self.call(Method::POST, "/v1/recordings").bearer(token).json(wanted);
        let answer = call.send().await.expect(201);
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Open { token: token.to_owned(), id: text("id"), handle: text("handle"), answer }
    }

    /// A call of a recording's owner on one of its routes.
    pub fn on(&self, open: &Open, route: &str) -> Call {
        self.call(Method::POST, &format!("/v1/recordings/{}/{route}", open.id)).bearer(&open.token)
    }

    /// Signs one part and sends it, as a browser does.
    pub async fn send(&self, open: &Open, number: u32, bytes: &[u8]) {
        let wanted = json!({ "handle": open.handle, "parts": [part(number, bytes)] });
        let signed = self.on(open, "sign").json(&wanted).send().await.expect(200);
        assert_eq!(self.put(&signed["parts"][0], bytes).await, 200);
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
        self.on(open, "seal").json(&claim(open, parts)).send().await
    }

    /// Records one small part and seals it; gives the recording and its receipt.
    pub async fn sealed(&self, token: &str) -> (Open, String) {
        let open = self.open(token).await;
        self.send(&open, 1, b"a short recording").await;
        let sealed = self.seal(&open, &[b"a short recording"]).await.expect(200);
        (open, sealed["receipt"].as_str().unwrap().to_owned())
    }

    /// Looks a recording up as the platform.
    pub async fn show(&self, id: &str) -> Value {
        self.platform(Method::GET, &format!("/v1/recordings/{id}")).send().await.expect(200)
    }

    /// The object of a sealed recording, by a link.
    pub async fn download(&self, id: &str) -> Vec<u8> {
        let call = self.platform(Method::POST, &format!("/v1/recordings/{id}/link")).json(&json!({}));
        let link = call.send().await.expect(200);
        let answer = self.client.get(link["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }
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

/// Hex SHA-256.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The stores that run outside of the tests; none unless `HANDIN_TEST_STORES` names their list.
pub fn externals() -> Vec<External> {
    let Some(path) = std::env::var_os("HANDIN_TEST_STORES") else { return Vec::new() };
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The PostgreSQL for the tests, if `HANDIN_TEST_POSTGRES` names one.
pub fn postgres() -> Option<String> {
    std::env::var("HANDIN_TEST_POSTGRES").ok()
}

async fn new_database(administrator: &str) -> String {
    use sqlx::{AnyConnection, Connection};
    sqlx::any::install_default_drivers();
    let name = format!("handin_{}", hex::encode(Ids::system().bytes::<6>()));
    let mut connection = AnyConnection::connect(administrator).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    let mut url: reqwest::Url = administrator.parse().unwrap();
    url.set_path(&name);
    url.to_string()
}
