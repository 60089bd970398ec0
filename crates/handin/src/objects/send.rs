//! One call to the store: sign, send, read, within a time limit and a bound on how many run at once; then the same
//! again as [`Retries`] allows. Counts and times every try.

use std::time::Duration;

use bytes::Bytes;
use handin_s3::{Call, Expiry, Operation, Response};
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::{HeaderMap, Method};
use reqwest::redirect;
use tokio::time::Instant;

use super::{Error, ErrorKind, Limits, Objects};

/// Server calls are sent at once, so their signatures need to live only as long as clocks may differ.
const EXPIRY_S: u64 = 300;
/// The largest answer that is read: ten times a full page of a list.
const MOST_BYTES: usize = 8 << 20;
/// How long an unused connection is kept; S3 closes them after 20 seconds or more.
const POOL_IDLE: Duration = Duration::from_secs(15);
const COPY_SOURCE: &str = "x-amz-copy-source";

/// An HTTP client with time limits that follows no redirect, repeats nothing and uses no proxy of the environment.
///
/// # Errors
/// When TLS cannot be set up on this machine.
pub fn http_client(limits: &Limits) -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(limits.concurrent)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .no_proxy()
        .build()
        .map_err(|error| Error::unanswered("client", error))
}

impl Objects {
    /// Makes a call until it succeeds, fails for good or its budget is used up.
    pub(super) async fn call<O: Operation>(
        &self,
        name: &'static str,
        operation: &O,
    ) -> Result<O::Answer, Error> {
        self.0.retries.run(|| self.call_once(name, operation)).await
    }

    /// Makes a call once.
    pub(super) async fn call_once<O: Operation>(
        &self,
        name: &'static str,
        operation: &O,
    ) -> Result<O::Answer, Error> {
        let mut call = operation.call();
        let body = std::mem::take(&mut call.body).into();
        self.ask_once(name, operation, call, body, self.0.limits.call).await
    }

    /// Makes a call once that brings bytes of its own, within a time limit of its own.
    pub(super) async fn give_once<O: Operation>(
        &self,
        name: &'static str,
        operation: &O,
        body: Bytes,
        limit: Duration,
    ) -> Result<O::Answer, Error> {
        self.ask_once(name, operation, operation.call(), body, limit).await
    }

    async fn ask_once<O: Operation>(
        &self,
        name: &'static str,
        operation: &O,
        call: Call<'_>,
        body: Bytes,
        limit: Duration,
    ) -> Result<O::Answer, Error> {
        self.timed(name, limit, async {
            let response = self.exchange(name, &call, body).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = read(name, response).await?;
            let answer = operation.answer(&Response { status, headers: &headers, body: &body });
            answer.map_err(|error| Error::refused(name, error, retry_after(&headers)))
        })
        .await
    }

    /// Runs one try within its time limit and the bound on calls in flight, and accounts for it.
    pub(super) async fn timed<T>(
        &self,
        name: &'static str,
        limit: Duration,
        attempt: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let result = tokio::time::timeout(limit, async {
            // Signing comes after the wait for a place, so that no signature ages in the queue.
            let _place = self.0.places.acquire().await;
            attempt.await
        });
        let result = result.await.unwrap_or(Err(Error { call: name, kind: ErrorKind::Timeout }));
        let outcome = result.as_ref().map_or_else(|error| error.kind.word(), |_| "ok");
        metrics::counter!("handin_store_calls_total", "call" => name, "outcome" => outcome).increment(1);
        metrics::histogram!("handin_store_call_seconds", "call" => name).record(begun.elapsed());
        result
    }

    /// Signs and sends; the body of the answer is still to be read.
    pub(super) async fn exchange(
        &self,
        name: &'static str,
        call: &Call<'_>,
        body: Bytes,
    ) -> Result<reqwest::Response, Error> {
        let (url, added) = self.sign_call(call);
        let mut request = self.0.client.request(call.method.clone(), url);
        if body.is_empty() && (call.method == Method::PUT || call.method == Method::POST) {
            // The HTTP client tells the length of no empty body, and stores insist on it.
            request = request.header(CONTENT_LENGTH, 0);
        }
        let own = call.headers.iter().map(|(header, value)| (header.as_ref(), value.as_ref()));
        let added = added.iter().map(|(header, value)| (*header, value.as_str()));
        // The length of a body that is not empty is the HTTP client's to tell.
        for (header, value) in own.chain(added).filter(|(header, _)| *header != CONTENT_LENGTH) {
            request = request.header(header, value);
        }
        let sent = request.body(body).send().await;
        sent.map_err(|error| Error::unanswered(name, error))
    }

    /// By URL, or by headers where the call names a source to copy from: a store may refuse that in a URL, as the
    /// embedded one does, because nobody who is handed a URL shall read by it.
    fn sign_call(&self, call: &Call<'_>) -> (String, Vec<(&'static str, String)>) {
        let (keys, at) = (self.keys(), (self.0.now)().as_second());
        if call.headers.iter().any(|(header, _)| header == COPY_SOURCE) {
            return call.authorize(&keys.internal, at);
        }
        let expiry = Expiry::from_secs(EXPIRY_S).unwrap_or(Expiry::MAX);
        (call.presign(&keys.internal, at, expiry), Vec::new())
    }
}

/// The refusal that an answer is.
pub(super) async fn refusal(name: &'static str, response: reqwest::Response) -> Error {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    match read(name, response).await {
        Ok(body) => {
            let refusal = handin_s3::Error::from_response(status, &headers, &body);
            Error::refused(name, refusal, retry_after(&headers))
        }
        Err(error) => error,
    }
}

async fn read(name: &'static str, mut response: reqwest::Response) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::unanswered(name, error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            let message = format!("the answer is above {MOST_BYTES} bytes");
            let status = response.status().as_u16();
            return Err(Error {
                call: name,
                kind: ErrorKind::Other { code: String::new(), status, message },
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); stores do not send its date form.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
