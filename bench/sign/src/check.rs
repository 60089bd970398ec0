//! Before anything is measured: every signer's URL must let through exactly the request that all of them sign.

use std::time::{SystemTime, UNIX_EPOCH};

use handin_s3::verify::{Incoming, verify};
use http::{HeaderMap, HeaderValue};

use crate::part::{AT, BUCKET, ENDPOINT, HEADERS, REGION};
use crate::{ours, rivals};

/// Stops the program if a URL does not verify or leaves a header unbound: its cost would be another request's.
pub fn all() {
    one("handin-s3", &ours::presigner()(), AT);
    one("handin-s3, parts", &ours::part_urls(1)()[0], AT);
    one("rusty-s3", &rivals::rusty_s3()(), AT);
    one("aws-sigv4", &rivals::aws_sigv4()(), AT);
    made_now("aws-sdk-s3", &rivals::aws_sdk_s3()());
}

/// The same for one URL whose signer read the clock.
pub fn made_now(signer: &str, url: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    one(signer, url, i64::try_from(now).expect("fits"));
}

fn one(signer: &str, url: &str, at: i64) {
    let host = ENDPOINT.replace("https://", &format!("{BUCKET}."));
    let rest = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(&host));
    let (path, query) = rest.and_then(|rest| rest.split_once('?')).expect(signer);
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(&host).expect("a host"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
        assert!(bound(query).any(|bound| bound == name), "{signer} does not bind {name}: {url}");
    }
    let incoming = Incoming { method: "PUT", path, query, headers: &headers };
    verify(&incoming, &ours::credentials(), REGION, at)
        .unwrap_or_else(|why| panic!("{signer}: {why}: {url}"));
}

fn bound(query: &str) -> impl Iterator<Item = &str> {
    let names =
        query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap_or_default();
    names.split("%3B").flat_map(|names| names.split(';'))
}
