//! One PUT to a presigned URL, as a browser would send it, and what its failure means.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use reqwest::Response;

use super::api::{Gone, SignedUrl};
use super::pace::Pacer;
use super::pulse::Pulse;
use super::retry::{Failure, is_passing, retry_after};
use super::source::Source;

/// Sends ranges of files to the store.
#[derive(Clone)]
pub struct Putter {
    http: reqwest::Client,
    pacer: Arc<Pacer>,
    stall: Duration,
}

const CONNECT: Duration = Duration::from_secs(10);
/// S3's code for a body that is not what its signed checksum says: read and hash it again, a few times.
const DIGEST_CODES: [&str; 3] = ["BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"];

impl Putter {
    /// A sender that gives a PUT up when nothing moves for `stall`.
    ///
    /// # Errors
    /// When no TLS can be set up.
    pub fn new(pacer: Arc<Pacer>, stall: Duration) -> anyhow::Result<Putter> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("handin/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Putter { http, pacer, stall })
    }

    /// Sends a range of `source`; `pulse` counts what has left. A key that is taken already counts as sent: nobody but
    /// us writes to it, and whether it holds the right bytes is proved by the seal.
    ///
    /// # Errors
    /// By what the next attempt has to do differently.
    pub async fn put(
        &self,
        signed: &SignedUrl,
        source: &Source,
        range: Range<u64>,
        pulse: &Arc<Pulse>,
    ) -> Result<(), Failure> {
        let length = range.end - range.start;
        let mut request = self.http.put(&signed.url).header(http::header::CONTENT_LENGTH, length);
        for (name, value) in
            signed.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
        {
            request = request.header(name, value);
        }
        let request = request.body(source.body(range, self.pacer.clone(), pulse.clone()));
        tokio::select! {
            answer = send(request) => answer,
            () = pulse.stalled(self.stall) => {
                let why = anyhow!("the store took nothing for {} s", self.stall.as_secs());
                Err(Failure::Again { after: None, why })
            }
        }
    }
}

/// Sends a request to a store. A key that is taken already counts as sent.
///
/// # Errors
/// By what the next attempt has to do differently.
pub async fn send(request: reqwest::RequestBuilder) -> Result<(), Failure> {
    answer(request).await.map(drop)
}

/// The same, for whoever reads the answer.
///
/// # Errors
/// As [`send`].
pub async fn answer(request: reqwest::RequestBuilder) -> Result<Response, Failure> {
    judge(request.send().await.map_err(unreachable)?).await
}

fn unreachable(error: reqwest::Error) -> Failure {
    let unusable = error.is_builder();
    // The URL is a secret, and errors end up on screens and in logs.
    let why = anyhow!(error.without_url());
    match unusable {
        true => Failure::Final(why.context("the signed URL cannot be used")),
        false => Failure::Again { after: None, why: why.context("no answer from the store") },
    }
}

async fn judge(response: Response) -> Result<Response, Failure> {
    let (status, after) = (response.status().as_u16(), retry_after(response.headers()));
    if response.status().is_success() || status == 412 {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    Err(refusal(status, after, &body))
}

fn refusal(status: u16, after: Option<Duration>, body: &str) -> Failure {
    let code = element(body, "Code");
    let said = element(body, "Message").unwrap_or_default();
    let why = anyhow!("the store answered {status} {} {said}", code.unwrap_or_default());
    match code {
        // 409 is S3's word for two writers of one key at the same moment; the other one was an earlier attempt of ours.
        _ if is_passing(status, code) || status == 409 => Failure::Again { after, why },
        Some(code) if DIGEST_CODES.contains(&code) => Failure::SignAgain(why),
        _ if status == 403 => Failure::SignAgain(why),
        Some("NoSuchUpload") => Failure::Final(why.context(Gone)),
        _ => Failure::Final(why),
    }
}

/// The text of the first element of this name in a store's XML error.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let from = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let to = xml[from..].find("</")? + from;
    Some(&xml[from..to])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        refusal(status, None, &format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
    }

    #[test]
    fn each_refusal_asks_for_something_else() {
        for (status, code) in [(400, "RequestTimeout"), (503, "SlowDown"), (500, "InternalError"), (409, "")]
        {
            assert!(matches!(refused(status, code), Failure::Again { .. }), "{status} {code}");
        }
        for (status, code) in [(403, "AccessDenied"), (403, ""), (400, "BadDigest")] {
            assert!(matches!(refused(status, code), Failure::SignAgain(_)), "{status} {code}");
        }
        for (status, code) in [(400, "EntityTooLarge"), (404, "NoSuchUpload")] {
            assert!(matches!(refused(status, code), Failure::Final(_)), "{status} {code}");
        }
        assert!(matches!(refusal(502, None, "<html>"), Failure::Again { .. }));
    }
}
