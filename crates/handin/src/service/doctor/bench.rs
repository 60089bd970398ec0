//! The bench that probes work on: sends requests by presigned URL as a browser would, one at a time and never again,
//! and remembers what it left in the bucket. Judges nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use handin_core::StorageClass;
use handin_s3::{Operation, Request, Response};
use http::{HeaderMap, Method};
use jiff::Timestamp;

use crate::objects::{CreateUpload, Error, ErrorKind, Now, Objects, PartToSign, PutToSign, SignedUrl};

/// How long the URLs of probes live.
pub const TTL: Duration = Duration::from_secs(300);
/// The write token of everything that probes store.
pub const WRITE_TOKEN: &str = "doctor";
/// The content type of everything that probes store.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// The bench.
pub struct Bench {
    /// The store under examination.
    pub objects: Objects,
    browser: reqwest::Client,
    now: Now,
    prefix: String,
    leftovers: Mutex<Vec<Leftover>>,
}

/// An open upload of a probe.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The object's key.
    pub key: String,
    /// The store's id of the upload.
    pub id: String,
}

/// An answer as received.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a probe has no finding of its own.
#[derive(Debug, thiserror::Error)]
pub enum Untried {
    /// The store gave no answer, or failed in a step that leads up to the question.
    #[error("could not be tried: {0}")]
    Failed(String),
    /// The store says that it cannot do such a thing at all.
    #[error("not implemented")]
    NotImplemented,
}

impl Untried {
    /// Something went wrong before the question could be asked.
    pub fn because(reason: impl Into<String>) -> Untried {
        Untried::Failed(reason.into())
    }
}

enum Leftover {
    Object(String),
    Upload(Upload),
}

impl From<Error> for Untried {
    fn from(error: Error) -> Untried {
        match &error.kind {
            ErrorKind::Other { status: 501, .. } => Untried::NotImplemented,
            _ => Untried::because(error.to_string()),
        }
    }
}

impl Reply {
    /// Whether the store did not do as asked.
    pub fn is_refusal(&self) -> bool {
        self.status >= 300
    }

    /// Status and code of the store, such as `403 SignatureDoesNotMatch`.
    pub fn in_short(&self) -> String {
        let refusal = handin_s3::Error::from_response(self.status, &self.headers, &self.body);
        match self.is_refusal() && !self.body.is_empty() {
            true => format!("{} {}", self.status, refusal.code),
            false => self.status.to_string(),
        }
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Passes a success on.
    pub fn expect_success(self, step: &str) -> Result<Reply, Untried> {
        match self.is_refusal() {
            true => Err(Untried::because(format!("{step} was refused: {}", self.in_short()))),
            false => Ok(self),
        }
    }
}

impl Bench {
    /// A bench for `objects`, which leaves everything under `prefix`.
    pub fn new(objects: Objects, browser: reqwest::Client, now: Now, prefix: String) -> Bench {
        Bench { objects, browser, now, prefix, leftovers: Mutex::default() }
    }

    /// The moment that URLs are signed at.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Where everything of this examination lies.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A key for a probe, to be emptied at the end.
    pub fn key(&self, name: &str) -> String {
        let key = format!("{}{name}", self.prefix);
        self.remember(Leftover::Object(key.clone()));
        key
    }

    /// Opens an upload.
    pub async fn open(&self, name: &str, declare_sha256: bool) -> Result<Upload, Untried> {
        Ok(self.open_in(StorageClass::Standard, name, declare_sha256).await?)
    }

    /// Opens an upload of an object that is to be kept in a class.
    pub async fn open_in(
        &self,
        storage_class: StorageClass,
        name: &str,
        declare_sha256: bool,
    ) -> Result<Upload, Error> {
        let key = self.key(name);
        let create = CreateUpload {
            content_type: CONTENT_TYPE,
            write_token: WRITE_TOKEN,
            declare_sha256,
            storage_class,
        };
        let upload = Upload { id: self.objects.create_upload(&key, create).await?, key };
        self.remember(Leftover::Upload(upload.clone()));
        Ok(upload)
    }

    /// Signs one part.
    pub fn part(
        &self,
        upload: &Upload,
        number: u32,
        size: u64,
        sha256: Option<[u8; 32]>,
    ) -> Result<SignedUrl, Untried> {
        self.part_at(upload, PartToSign { number, size, sha256 }, self.now(), TTL)
    }

    /// Signs one part as if it were another time.
    pub fn part_at(
        &self,
        upload: &Upload,
        part: PartToSign,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<SignedUrl, Untried> {
        let mut signed = self.objects.sign_parts(&upload.key, &upload.id, &[part], at, ttl)?;
        signed.pop().ok_or_else(|| Untried::because("no URL was signed"))
    }

    /// Sends one part by its URL, as a browser would.
    pub async fn put_part(&self, upload: &Upload, number: u32, body: &[u8]) -> Result<(), Untried> {
        let signed = self.part(upload, number, body.len() as u64, None)?;
        self.put(&signed, &[], body).await?.expect_success("a part").map(|_| ())
    }

    /// Signs a whole object.
    pub fn object(&self, key: &str, size: u64, sha256: Option<[u8; 32]>) -> Result<SignedUrl, Untried> {
        let put = PutToSign {
            size,
            content_type: CONTENT_TYPE,
            write_token: WRITE_TOKEN,
            sha256,
            storage_class: StorageClass::Standard,
        };
        Ok(self.objects.sign_put(key, &put, self.now(), TTL)?)
    }

    /// Stores a whole object by its URL, as a browser would.
    pub async fn put_object(&self, name: &str, body: &[u8]) -> Result<String, Untried> {
        let key = self.key(name);
        let signed = self.object(&key, body.len() as u64, None)?;
        self.put(&signed, &[], body).await?.expect_success("an object").map(|_| key)
    }

    /// Sends a PUT with the headers that belong to its URL and `more`, which may be other values of the same headers.
    pub async fn put(
        &self,
        signed: &SignedUrl,
        more: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, Untried> {
        let theirs = signed.headers.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let headers: Vec<_> =
            theirs.map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied()).collect();
        self.send(Method::PUT, &signed.url, &headers, body).await
    }

    /// Asks the store by presigned URL and reads its answer; the outer error is that there was none.
    pub async fn ask<O: Operation>(
        &self,
        operation: &O,
    ) -> Result<Result<O::Answer, handin_s3::Error>, Untried> {
        let call = operation.call();
        let query: Vec<_> = call.query.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        let headers: Vec<_> =
            call.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        let request =
            Request { method: call.method.clone(), key: &call.key, query: &query, headers: &headers };
        let (url, _) = self.objects.presign(&request, self.now(), TTL)?;
        let reply = self.send(call.method.clone(), &url, &headers, &call.body).await?;
        Ok(operation.answer(&Response { status: reply.status, headers: &reply.headers, body: &reply.body }))
    }

    /// Sends anything.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, Untried> {
        let mut request = self.browser.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.body(body.to_vec());
        }
        let reply = request.send().await.map_err(no_answer)?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Ok(Reply { status, headers, body: reply.bytes().await.map_err(no_answer)? })
    }

    /// Aborts and deletes everything that probes left; says what could not be removed.
    pub async fn clean(&self) -> Vec<String> {
        let leftovers = std::mem::take(&mut *self.leftovers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stuck = Vec::new();
        // Uploads were opened after their keys were named, and an aborted one cannot become an object any more.
        for leftover in leftovers.into_iter().rev() {
            let (key, removed) = match leftover {
                Leftover::Upload(Upload { key, id }) => {
                    let removed = self.objects.abort(&key, &id).await;
                    (key, removed)
                }
                Leftover::Object(key) => {
                    let removed = self.objects.delete(&key).await;
                    (key, removed)
                }
            };
            if removed.is_err() {
                stuck.push(key);
            }
        }
        stuck
    }

    fn remember(&self, leftover: Leftover) {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).push(leftover);
    }
}

fn no_answer(error: reqwest::Error) -> Untried {
    // The URL is signed, hence secret.
    Untried::because(error.without_url().to_string())
}
