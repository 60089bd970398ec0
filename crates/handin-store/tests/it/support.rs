//! A store on a free port with a clock that can be moved, and a client that signs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handin_s3::ops::{CompletedPart, CreateMultipart, CreatedMultipart, PutObject, StoredPart, UploadPart};
use handin_s3::{Bucket, Call, Credentials, Error, Expiry, Operation, Response, Signer, Style};
use handin_store::{AccessKey, Config, Store};
use http::{HeaderMap, Method, StatusCode};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The bucket that every test store has.
pub const BUCKET: &str = "recordings";

/// The store's region.
pub const REGION: &str = "ap-northeast-2";

/// The smallest part that is not the last.
pub const PART: usize = 5 << 20;

/// A store that is serving.
pub struct TestStore {
    pub address: SocketAddr,
    pub clock: Arc<AtomicI64>,
    pub client: reqwest::Client,
    pub store: Store,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    folder: Option<TempDir>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The error code in the body.
    pub fn code(&self) -> String {
        let text = self.text();
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        code.map(|(code, _)| code.to_owned()).unwrap_or_default()
    }

    /// Fails with the body when the answer is another.
    #[track_caller]
    pub fn expect(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text());
    }
}

impl TestStore {
    /// A fresh store with a bucket.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut started = Self::over(folder.path()).await;
        started.folder = Some(folder);
        started
    }

    /// A store over a folder that outlives it.
    pub async fn over(folder: &Path) -> Self {
        Self::with(folder, |_| {}).await
    }

    /// A store whose configuration differs.
    pub async fn with(folder: &Path, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(AtomicI64::new(1_790_000_000_000));
        let mut config = Config::new(folder, REGION, vec![AccessKey::new("id", "secret")]);
        let shared = Arc::clone(&clock);
        config.clock = Arc::new(move || shared.load(Ordering::Relaxed));
        change(&mut config);
        let store = Store::open(config).await.unwrap();
        store.ensure_bucket(BUCKET).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = store.clone().serve(listener, async {
            let _ = stopped.await;
        });
        let serving = tokio::spawn(async { served.await.unwrap() });
        Self { address, clock, client: client(), store, stop: Some(stop), serving, folder: None }
    }

    /// Stops serving and frees the folder.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        // Connections that are kept alive would keep the server.
        drop(self.client);
        self.serving.await.unwrap();
    }

    /// Unix seconds by the store's clock.
    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed) / 1000
    }

    pub fn advance(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn signer(&self) -> Signer {
        self.signer_for(BUCKET)
    }

    pub fn signer_for(&self, bucket: &str) -> Signer {
        let bucket = Bucket::new(&self.url(""), REGION, bucket, Style::Path).unwrap();
        Signer::new(Credentials::new("id", "secret"), bucket)
    }

    /// Signs a call for ten minutes and sends it with `body`.
    pub async fn send(&self, call: &Call<'_>, body: impl Into<reqwest::Body>) -> Reply {
        let url = call.presign(&self.signer(), self.now(), Expiry::from_secs(600).unwrap());
        self.send_to(&url, call, body).await
    }

    /// Sends a call to a URL that was signed earlier.
    pub async fn send_to(&self, url: &str, call: &Call<'_>, body: impl Into<reqwest::Body>) -> Reply {
        let mut request = self.client.request(call.method.clone(), url).body(body);
        for (name, value) in &call.headers {
            // The client computes it from the body, as browsers do.
            if name != "content-length" {
                request = request.header(name.as_ref(), value.as_ref());
            }
        }
        reply(request).await
    }

    /// Makes a call that brings no bytes of its own, and reads the answer.
    pub async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Answer, Error> {
        let call = operation.call();
        let reply = self.send(&call, call.body.clone()).await;
        read(operation, &reply)
    }

    /// Makes a call with `bytes` as its body, and reads the answer.
    pub async fn give<O: Operation>(&self, operation: &O, bytes: &[u8]) -> Result<O::Answer, Error> {
        let reply = self.send(&operation.call(), bytes.to_vec()).await;
        read(operation, &reply)
    }

    pub async fn put(&self, key: &str, bytes: &[u8]) {
        self.give(&PutObject { key, ..Default::default() }, bytes).await.unwrap();
    }

    pub async fn get(&self, key: &str) -> Reply {
        self.send(&call(Method::GET, key), "").await
    }

    /// Begins an upload.
    pub async fn begin(&self, key: &str) -> CreatedMultipart {
        self.ask(&CreateMultipart { key, ..Default::default() }).await.unwrap()
    }

    /// Adds a part.
    pub async fn part(&self, key: &str, upload_id: &str, number: u16, bytes: &[u8]) -> StoredPart {
        let part = UploadPart { key, upload_id, number, size: bytes.len() as u64, sha256: None };
        self.give(&part, bytes).await.unwrap()
    }
}

/// A call without anything special about it.
pub fn call(method: Method, key: &str) -> Call<'_> {
    Call { method, key: key.into(), query: Vec::new(), headers: Vec::new(), body: Vec::new() }
}

/// What a completion says about a part.
pub fn completed(number: u16, part: &StoredPart) -> CompletedPart {
    CompletedPart { number, etag: part.etag.clone(), sha256: part.sha256 }
}

pub fn read<O: Operation>(operation: &O, reply: &Reply) -> Result<O::Answer, Error> {
    let (status, headers) = (reply.status.as_u16(), &reply.headers);
    operation.answer(&Response { status, headers, body: &reply.body })
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(120)).no_proxy().build().unwrap()
}

pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Bytes that differ from place to place and from seed to seed.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
