//! Where objects live: one bucket behind one endpoint, as one party sees it. Browsers and the server may
//! reach the same bucket by different endpoints; those are two `Bucket`s. Knows no credentials.

use std::net::IpAddr;

use thiserror::Error;

use crate::encode::{Slash, encode, encode_into};

/// How the bucket is named in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `https://endpoint/bucket/key`: works everywhere but is going away on AWS.
    Path,
    /// `https://bucket.endpoint/key`: needs a DNS name that covers all buckets.
    VirtualHost,
}

/// A bucket, its region and the URL it is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    region: String,
    origin: String,
    /// Bytes of `origin` before the authority: `http://` or `https://`.
    scheme_length: usize,
    root: String,
}

/// Why an endpoint and a bucket name make no URL.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BucketError {
    /// The endpoint is not `http(s)://host[:port][/prefix]`.
    #[error("endpoint `{0}` is not of the form http(s)://host[:port][/prefix]")]
    Endpoint(String),
    /// The bucket name breaks the rules of S3: 3–63 of `a-z 0-9 . -`, letter or digit at both ends.
    #[error("bucket name `{0}` is not 3 to 63 of a-z, 0-9, `.` and `-`, with a letter or digit at both ends")]
    Name(String),
    /// The region is empty or would break the credential scope.
    #[error("region `{0}` is not of letters, digits and `-`")]
    Region(String),
    /// Virtual-host style puts the bucket in front of the host, which an IP address cannot carry.
    #[error("virtual-host style needs a host name, but `{0}` is an address")]
    VirtualHostAddress(String),
}

impl Bucket {
    /// A bucket behind `endpoint`, which is a URL without query, such as `https://s3.eu-west-1.amazonaws.com`,
    /// `http://127.0.0.1:3900` or `https://files.example/s3`.
    ///
    /// # Errors
    /// When endpoint, name or region cannot be what they are given as.
    pub fn new(endpoint: &str, region: &str, name: &str, style: Style) -> Result<Self, BucketError> {
        check_name(name)?;
        check_region(region)?;
        let (scheme, authority, prefix) =
            split(endpoint).ok_or_else(|| BucketError::Endpoint(endpoint.to_owned()))?;
        let prefix = encode(prefix, Slash::Keep);
        let (origin, root) = match style {
            Style::Path => (format!("{scheme}{authority}"), format!("{prefix}/{name}")),
            Style::VirtualHost if is_address(&authority) => {
                return Err(BucketError::VirtualHostAddress(authority));
            }
            Style::VirtualHost => (format!("{scheme}{name}.{authority}"), prefix),
        };
        Ok(Self {
            name: name.to_owned(),
            region: region.to_owned(),
            origin,
            scheme_length: scheme.len(),
            root,
        })
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region that signatures are made for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Scheme and authority, without a slash at the end: what browsers call the origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The `host` header that clients send: the port is left out when it is the scheme's own.
    pub fn host(&self) -> &str {
        &self.origin[self.scheme_length..]
    }

    /// Appends the encoded path of `key`, or of the bucket itself when the key is empty.
    ///
    /// Keys are taken as they are, as S3 does: `//` and `..` stay. (URL parsers in browsers fold `.` and
    /// `..` segments, so such a key can be signed but not reached from there.)
    pub(crate) fn path_into(&self, text: &mut String, key: &str) {
        text.push_str(&self.root);
        if !key.is_empty() || self.root.is_empty() {
            text.push('/');
            encode_into(text, key, Slash::Keep);
        }
    }

    /// Bytes that a path takes when its key needs no escape.
    pub(crate) fn path_length(&self, key: &str) -> usize {
        self.root.len() + 1 + key.len()
    }
}

/// Scheme with `://`, authority in lower case without the default port, path prefix without `/` at its end.
fn split(endpoint: &str) -> Option<(&'static str, String, &str)> {
    let (scheme, default_port, rest) = match endpoint.split_once("://")? {
        ("http", rest) => ("http://", ":80", rest),
        ("https", rest) => ("https://", ":443", rest),
        _ => return None,
    };
    let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if host.is_empty() || !authority.bytes().all(allowed) || rest.contains(['?', '#', ' ']) {
        return None;
    }
    Some((scheme, authority, prefix.trim_end_matches('/')))
}

fn is_address(authority: &str) -> bool {
    if authority.starts_with('[') {
        return true;
    }
    let host = authority.split(':').next().unwrap_or(authority);
    host.parse::<IpAddr>().is_ok()
}

fn check_name(name: &str) -> Result<(), BucketError> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let ends = end(name.bytes().next()) && end(name.bytes().last());
    if (3..=63).contains(&name.len()) && ends && name.bytes().all(inner) && !name.contains("..") {
        return Ok(());
    }
    Err(BucketError::Name(name.to_owned()))
}

fn check_region(region: &str) -> Result<(), BucketError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !region.is_empty() && region.bytes().all(allowed) {
        return Ok(());
    }
    Err(BucketError::Region(region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &str, style: Style, key: &str) -> String {
        let bucket = Bucket::new(endpoint, "us-east-1", "exam-bucket", style).unwrap();
        let mut text = bucket.origin().to_owned();
        bucket.path_into(&mut text, key);
        text
    }

    #[test]
    fn names_the_bucket_in_either_place() {
        assert_eq!(url("https://s3.example", Style::Path, "a b"), "https://s3.example/exam-bucket/a%20b");
        assert_eq!(url("https://s3.example/", Style::VirtualHost, "k"), "https://exam-bucket.s3.example/k");
        assert_eq!(url("https://s3.example", Style::Path, ""), "https://s3.example/exam-bucket");
        assert_eq!(url("https://s3.example", Style::VirtualHost, ""), "https://exam-bucket.s3.example/");
    }

    #[test]
    fn keeps_ports_and_prefixes() {
        assert_eq!(url("http://127.0.0.1:3900", Style::Path, "k"), "http://127.0.0.1:3900/exam-bucket/k");
        assert_eq!(url("https://gw.example/s3/", Style::Path, "k"), "https://gw.example/s3/exam-bucket/k");
        assert_eq!(
            url("https://gw.example/s3", Style::VirtualHost, "k"),
            "https://exam-bucket.gw.example/s3/k"
        );
        assert_eq!(url("http://[::1]:80", Style::Path, "k"), "http://[::1]/exam-bucket/k");
    }

    #[test]
    fn host_leaves_out_the_scheme_own_port() {
        let host =
            |endpoint| Bucket::new(endpoint, "r", "exam-bucket", Style::Path).unwrap().host().to_owned();
        assert_eq!(host("https://S3.Example:443"), "s3.example");
        assert_eq!(host("http://s3.example:80/x"), "s3.example");
        assert_eq!(host("http://s3.example:443"), "s3.example:443");
        assert_eq!(host("https://s3.example:9000"), "s3.example:9000");
    }

    #[test]
    fn refuses_what_makes_no_url() {
        let made = |endpoint, region, name, style| Bucket::new(endpoint, region, name, style).map(|_| ());
        for endpoint in [
            "",
            "s3.example",
            "ftp://x",
            "https://",
            "https://u@h",
            "https://h?x",
            "https://:9000",
            "https://h/a b",
        ] {
            assert_eq!(
                made(endpoint, "r", "abc", Style::Path),
                Err(BucketError::Endpoint(endpoint.to_owned()))
            );
        }
        for name in ["", "ab", "Upper", "-ab", "a..b", "a/b", "abc."] {
            assert_eq!(made("https://h", "r", name, Style::Path), Err(BucketError::Name(name.to_owned())));
        }
        assert_eq!(made("https://h", "a/b", "abc", Style::Path), Err(BucketError::Region("a/b".to_owned())));
        for endpoint in ["http://127.0.0.1:9000", "http://[::1]:9000"] {
            assert!(matches!(
                made(endpoint, "r", "abc", Style::VirtualHost),
                Err(BucketError::VirtualHostAddress(_))
            ));
        }
    }
}
