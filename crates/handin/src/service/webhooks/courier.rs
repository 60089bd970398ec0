//! The courier: one POST to a receiver, signed by Standard Webhooks, and what became of it. It reaches public addresses
//! only, follows nobody, waits and reads within bounds. Knows no ledger.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, redirect};

use super::address::is_public;

/// How much of an answer is read, so that its connection can be used again; what it says is of no use.
const MOST_BYTES: usize = 4 << 10;
/// How long that may take.
const DRAIN: Duration = Duration::from_secs(1);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Brings messages to receivers.
pub struct Courier {
    client: reqwest::Client,
    rules: Rules,
}

/// Where a courier may go, and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// To addresses that the internet cannot reach, too.
    pub allow_private: bool,
    /// By http:// too.
    pub allow_http: bool,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
}

/// What is brought.
pub struct Message {
    /// The event's id; the same for each try.
    pub id: String,
    /// When this try is made.
    pub at: Timestamp,
    /// The body.
    pub body: String,
    /// The secrets that sign it, the newest first.
    pub secrets: Vec<[u8; 32]>,
}

impl Courier {
    /// A courier that goes by these rules.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(rules: Rules) -> Result<Courier, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(rules.timeout)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(POOL_IDLE)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("handin/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver { allow_private: rules.allow_private }))
            .build()?;
        Ok(Courier { client, rules })
    }

    /// Whether anything may be sent there, as far as the URL alone tells. What a name resolves to is looked at when it
    /// is connected to, each time.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        let parsed: Url = url.parse().map_err(|error| format!("is no URL: {error}"))?;
        match parsed.scheme() {
            "https" => {}
            "http" if self.rules.allow_http => {}
            _ => return Err("has to begin with https://, as its content names people".to_owned()),
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("may not carry a user or password; the signature is what receivers check".to_owned());
        }
        // A name goes through the resolver; an address does not.
        let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) if !self.rules.allow_private && !is_public(address) => {
                Err(format!("{address} is no public address; `webhooks.allow_private` lifts this"))
            }
            _ if host.is_empty() => Err("names no host".to_owned()),
            _ => Ok(parsed),
        }
    }

    /// Brings a message. Any answer of 200 to 299 is a yes.
    ///
    /// # Errors
    /// What came instead, for people.
    pub async fn bring(&self, url: &str, message: &Message) -> Result<(), String> {
        let url = self.check(url)?;
        let timestamp = message.at.as_second().to_string();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-signature", signatures(message, &timestamp))
            .header("webhook-timestamp", timestamp)
            .body(message.body.clone());
        let mut answer = request.send().await.map_err(|error| describe(&error))?;
        let status = answer.status();
        let drain = async {
            let mut read = 0;
            while let Ok(Some(chunk)) = answer.chunk().await {
                read += chunk.len();
                if read > MOST_BYTES {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN, drain).await;
        match status {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => {
                Err(format!("answered {status}; redirects are not followed"))
            }
            status => Err(format!("answered {status}")),
        }
    }
}

/// `v1,` and the HMAC-SHA256 over `id.timestamp.body` in Base64, one for each secret, with blanks between (Standard Webhooks,
/// "Signature scheme").
fn signatures(message: &Message, timestamp: &str) -> String {
    let signed = format!("{}.{timestamp}.{}", message.id, message.body);
    let sign = |secret: &[u8; 32]| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref()))
    };
    message.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// The innermost cause, without the URL, which may hold a secret of the receiver's.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "gave no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.is_connect() {
        true => format!("could not be connected to: {cause}"),
        false => format!("gave no answer: {cause}"),
    }
}

/// Resolves names to public addresses only. Whatever it gives is what is connected to, so a name cannot mean one thing when
/// it is looked at and another when it is used.
struct Resolver {
    allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(resolve(name, self.allow_private))
    }
}

async fn resolve(name: Name, allow_private: bool) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
    let public: Vec<SocketAddr> = found.filter(|address| allow_private || is_public(address.ip())).collect();
    match public.is_empty() {
        true => Err("it has no public address; `webhooks.allow_private` lifts this".into()),
        false => Ok(Box::new(public.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Rules = Rules { allow_private: false, allow_http: false, timeout: Duration::from_secs(5) };

    /// Computed with Python's `hmac` and `base64` for the secret of 32 bytes 0x01.
    #[test]
    fn what_is_signed_is_id_timestamp_and_body() {
        let message = Message {
            id: "01JD8Z0QX3V5T9K2M4N6P8R0SW".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            body: r#"{"type":"webhook.test"}"#.to_owned(),
            secrets: vec![[1; 32], [2; 32]],
        };
        let signatures = signatures(&message, "1780000000");
        assert_eq!(
            signatures,
            "v1,KNdy7rCLpS9IaKPSq6fPL6AJNo8D4vVvuPw2slt2sKA= v1,wU805sylE8LqUY8EBu3p6aNIQj6SsDkbKy5oagFdsWg="
        );
    }

    #[test]
    fn what_leads_inside_is_refused_by_its_url() {
        let strict = Courier::new(STRICT).unwrap();
        for url in [
            "http://receiver.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://u:p@receiver.example/",
            "https://2130706433/",
            "ftp://receiver.example/",
            "x",
        ] {
            assert!(strict.check(url).is_err(), "{url}");
        }
        assert!(strict.check("https://receiver.example/hooks?tenant=1").is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_connected_to() {
        let strict = Courier::new(STRICT).unwrap();
        let message = Message {
            id: "1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            body: String::new(),
            secrets: Vec::new(),
        };
        let refused = strict.bring("https://localhost:1/", &message).await.unwrap_err();
        assert!(refused.contains("no public address"), "{refused}");
    }
}
