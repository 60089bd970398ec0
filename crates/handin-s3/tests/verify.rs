//! Verification against our own signatures: what we sign passes, and whatever is changed afterwards does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use handin_s3::verify::{BoundPayload, Incoming, MAX_SKEW, VerifyError, verify};
use handin_s3::{Bucket, Credentials, Digest, Expiry, Payload, Request, Signer, Style};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

const AT: i64 = 1_795_342_507;
const REGION: &str = "eu-west-1";

fn credentials() -> Credentials {
    Credentials::new("AKIA/WITH/SLASHES", "secret")
}

fn signer(credentials: Credentials, style: Style) -> Signer {
    Signer::new(credentials, Bucket::new("https://s3.example:9000", REGION, "exams", style).unwrap())
}

/// A request as a server sees it, in parts that tests can spoil.
#[derive(Clone)]
struct Arrived {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
}

impl Arrived {
    /// The request that `url` and `headers` make.
    fn new(method: &Method, url: &str, headers: &[(&str, &str)]) -> Self {
        let rest = url.strip_prefix("https://").unwrap();
        let (host, target) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut arrived = Self {
            method: method.to_string(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
        };
        arrived.add("host", host);
        headers.iter().for_each(|(name, value)| arrived.add(name, value));
        arrived
    }

    fn presigned(request: &Request<'_>) -> Self {
        let url = signer(credentials(), Style::Path).presign(request, AT, Expiry::from_secs(600).unwrap());
        Self::new(&request.method, &url, request.headers)
    }

    fn add(&mut self, name: &str, value: &str) {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }

    fn check(&self, now: i64) -> Result<BoundPayload, VerifyError> {
        verify(&self.incoming(), &credentials(), REGION, now)
    }
}

fn put() -> Request<'static> {
    Request {
        method: Method::PUT,
        key: "webcam/시험 1.webm",
        query: &[("partNumber", "7"), ("uploadId", "2~a+b")],
        headers: &[("content-length", "5242880"), ("x-amz-storage-class", "GLACIER_IR")],
    }
}

#[test]
fn a_url_lives_from_its_date_to_its_expiry() {
    let arrived = Arrived::presigned(&put());
    for now in [AT - MAX_SKEW, AT, AT + 600] {
        assert_eq!(arrived.check(now), Ok(BoundPayload::Unsigned), "{now}");
    }
    assert_eq!(arrived.check(AT + 601), Err(VerifyError::Expired));
    assert_eq!(arrived.check(AT - MAX_SKEW - 1), Err(VerifyError::NotYetValid));
    for now in [i64::MIN, i64::MAX] {
        assert!(arrived.check(now).is_err());
    }
}

#[test]
fn lives_longer_than_seven_days_are_refused() {
    for (seconds, error) in [
        ("604801", VerifyError::ExpiryOutOfRange(604_801)),
        ("0", VerifyError::ExpiryOutOfRange(0)),
        ("99999999999999999999999", VerifyError::ExpiryOutOfRange(u64::MAX)),
        ("-1", VerifyError::Malformed("X-Amz-Expires")),
        ("", VerifyError::Malformed("X-Amz-Expires")),
    ] {
        let mut arrived = Arrived::presigned(&put());
        arrived.query = arrived.query.replace("X-Amz-Expires=600", &format!("X-Amz-Expires={seconds}"));
        assert_eq!(arrived.check(AT), Err(error), "{seconds}");
    }
}

#[test]
fn unsigned_headers_that_mean_something_are_refused() {
    for name in ["x-amz-copy-source", "x-amz-acl", "x-amz-meta-a", "x-amz-content-sha256", "content-md5"] {
        let mut arrived = Arrived::presigned(&put());
        arrived.add(name, "v");
        assert_eq!(arrived.check(AT), Err(VerifyError::UnsignedHeader(name.to_owned())));
    }
    let mut arrived = Arrived::presigned(&put());
    arrived.add("user-agent", "any");
    assert!(arrived.check(AT).is_ok());
}

#[test]
fn every_change_is_noticed() {
    type Change = fn(&mut Arrived);
    let changes: [(&str, Change, VerifyError); 11] = [
        ("method", |it| it.method = "GET".to_owned(), VerifyError::SignatureMismatch),
        ("path", |it| it.path.push('x'), VerifyError::SignatureMismatch),
        ("added parameter", |it| it.query.push_str("&versionId=1"), VerifyError::SignatureMismatch),
        (
            "part",
            |it| it.query = it.query.replace("partNumber=7", "partNumber=8"),
            VerifyError::SignatureMismatch,
        ),
        (
            "expiry",
            |it| it.query = it.query.replace("Expires=600", "Expires=601"),
            VerifyError::SignatureMismatch,
        ),
        ("region", |it| it.query = it.query.replace("eu-west-1", "eu-west-2"), VerifyError::ForeignScope),
        (
            "date",
            |it| it.query = it.query.replace("X-Amz-Date=20261122", "X-Amz-Date=20261121"),
            VerifyError::Expired,
        ),
        ("key", |it| it.query = it.query.replace("AKIA%2F", "AKIB%2F"), VerifyError::UnknownAccessKey),
        ("token", |it| it.query.push_str("&X-Amz-Security-Token=x"), VerifyError::SessionToken),
        (
            "host",
            |it| drop(it.headers.insert("host", HeaderValue::from_static("h"))),
            VerifyError::SignatureMismatch,
        ),
        (
            "length",
            |it| drop(it.headers.remove("content-length")),
            VerifyError::MissingHeader("content-length".to_owned()),
        ),
    ];
    for (name, change, error) in changes {
        let mut arrived = Arrived::presigned(&put());
        change(&mut arrived);
        assert_eq!(arrived.check(AT), Err(error), "{name}");
    }
}

#[test]
fn what_is_no_version_4_signature_is_told_apart() {
    let request = |query: &str, authorization: Option<&str>| {
        let mut arrived =
            Arrived::new(&Method::GET, &format!("https://s3.example:9000/exams/k?{query}"), &[]);
        authorization.into_iter().for_each(|text| arrived.add("authorization", text));
        arrived.check(AT)
    };
    assert_eq!(request("", None), Err(VerifyError::NotSigned));
    assert_eq!(
        request("AWSAccessKeyId=A&Expires=2000000000&Signature=x", None),
        Err(VerifyError::SignatureVersion2)
    );
    assert_eq!(request("", Some("AWS AKIA:c2ln")), Err(VerifyError::SignatureVersion2));
    assert_eq!(request("", Some("Bearer x")), Err(VerifyError::Malformed("authorization")));
    assert_eq!(request("X-Amz-Signature=x", None), Err(VerifyError::Malformed("X-Amz-Algorithm")));
    assert_eq!(
        request("X-Amz-Signature=x", Some("AWS4-HMAC-SHA256 x")),
        Err(VerifyError::Malformed("signed in two places"))
    );
}

#[test]
fn double_parameters_are_refused() {
    for name in ["X-Amz-Signature", "X-Amz-Expires", "X-Amz-Credential", "X-Amz-SignedHeaders"] {
        let mut arrived = Arrived::presigned(&put());
        arrived.query.push_str(&format!("&{name}=1"));
        assert_eq!(arrived.check(AT), Err(VerifyError::Malformed(name)));
    }
}

#[test]
fn host_must_be_bound() {
    let mut arrived = Arrived::presigned(&put());
    arrived.query = arrived.query.replace("content-length%3Bhost%3B", "content-length%3B");
    assert_eq!(arrived.check(AT), Err(VerifyError::UnsignedHeader("host".to_owned())));
}

#[test]
fn session_tokens_must_match() {
    let temporary = credentials().with_session_token("t/+=");
    let request = put();
    let url = signer(temporary.clone(), Style::Path).presign(&request, AT, Expiry::MAX);
    let arrived = Arrived::new(&request.method, &url, request.headers);
    assert!(verify(&arrived.incoming(), &temporary, REGION, AT).is_ok());
    assert_eq!(arrived.check(AT), Err(VerifyError::SessionToken));
    let other = credentials().with_session_token("u/+=");
    assert_eq!(verify(&arrived.incoming(), &other, REGION, AT), Err(VerifyError::SessionToken));
}

/// Clients may write a path or a query in more ways than one; the signature covers what they mean.
#[test]
fn other_spellings_of_the_same_request_pass() {
    let request = Request { method: Method::GET, key: "a~(b)", query: &[("uploads", "")], headers: &[] };
    let mut arrived = Arrived::presigned(&request);
    arrived.path = arrived.path.replace("%28", "(").replace("%29", ")").replace('~', "%7e");
    arrived.query = arrived.query.replace("uploads=", "uploads");
    assert_eq!(arrived.check(AT), Ok(BoundPayload::Unsigned));
}

fn authorized(payload: Payload<'_>) -> Arrived {
    let request = put();
    let added = signer(credentials(), Style::Path).authorize(&request, payload, AT);
    let url =
        "https://s3.example:9000/exams/webcam/%EC%8B%9C%ED%97%98%201.webm?partNumber=7&uploadId=2~a%2Bb";
    let mut arrived = Arrived::new(&request.method, url, request.headers);
    added.iter().for_each(|(name, value)| arrived.add(name, value));
    arrived
}

#[test]
fn header_signatures_bind_the_body() {
    assert_eq!(authorized(Payload::Unsigned).check(AT), Ok(BoundPayload::Unsigned));
    assert_eq!(authorized(Payload::Bytes(b"body")).check(AT), Ok(BoundPayload::Sha256(Digest::of(b"body"))));
}

#[test]
fn header_signatures_live_fifteen_minutes_both_ways() {
    let arrived = authorized(Payload::Unsigned);
    for (now, passes) in
        [(AT - MAX_SKEW, true), (AT + MAX_SKEW, true), (AT - MAX_SKEW - 1, false), (AT + MAX_SKEW + 1, false)]
    {
        assert_eq!(arrived.check(now).is_ok(), passes, "{now}");
    }
    assert_eq!(arrived.check(AT + MAX_SKEW + 1), Err(VerifyError::TimeSkewed));
}

#[test]
fn header_signatures_notice_changes_and_additions() {
    let mut arrived = authorized(Payload::Bytes(b"body"));
    arrived.headers.insert("x-amz-content-sha256", HeaderValue::from_static("UNSIGNED-PAYLOAD"));
    assert_eq!(arrived.check(AT), Err(VerifyError::SignatureMismatch));
    let mut arrived = authorized(Payload::Unsigned);
    arrived.add("x-amz-copy-source", "/other/key");
    assert_eq!(arrived.check(AT), Err(VerifyError::UnsignedHeader("x-amz-copy-source".to_owned())));
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{1,40}", "\\PC{1,20}", "[a-z/.%+]{1,30}"]
}

/// Pairs of different names, in any order.
fn pairs(name: &'static str, value: &'static str) -> impl Strategy<Value = Vec<(String, String)>> {
    let pairs = prop::collection::btree_map(name, value, 0..20);
    pairs.prop_map(|pairs| pairs.into_iter().collect::<Vec<_>>()).prop_shuffle()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

proptest! {
    #[test]
    fn what_we_sign_passes_and_any_changed_byte_does_not(
        key in key(),
        query in pairs("[ -~]{1,8}|\\PC{1,4}", "\\PC{0,20}"),
        headers in pairs("[Xx]-amz-meta-[a-z]{1,8}", "[ -~]{0,20}"),
        virtual_host: bool,
        token in prop::option::of("[ -~]{1,60}"),
        at in 0..250_000_000_000_i64,
        spoil: prop::sample::Index,
    ) {
        let credentials = Credentials { session_token: token, ..credentials() };
        let style = if virtual_host { Style::VirtualHost } else { Style::Path };
        let (query, headers) = (borrowed(&query), borrowed(&headers));
        let request = Request { method: Method::PUT, key: &key, query: &query, headers: &headers };
        let url = signer(credentials.clone(), style).presign(&request, at, Expiry::MAX);
        let arrived = Arrived::new(&request.method, &url, &headers);
        prop_assert_eq!(verify(&arrived.incoming(), &credentials, REGION, at), Ok(BoundPayload::Unsigned));

        let mut bytes = arrived.query.clone().into_bytes();
        let place = spoil.index(bytes.len());
        bytes[place] = if bytes[place] == b'a' { b'b' } else { b'a' };
        let spoiled = Arrived { query: String::from_utf8(bytes).unwrap(), ..arrived };
        // A hexadecimal digit of an escape may be spelled in either case; nothing else may differ.
        if !spoiled.query.eq_ignore_ascii_case(url.split_once('?').unwrap().1) {
            prop_assert!(verify(&spoiled.incoming(), &credentials, REGION, at).is_err());
        }
    }

    #[test]
    fn nothing_that_arrives_makes_it_panic(query in "\\PC{0,80}", authorization in "[ -~]{0,80}", path in "\\PC{0,20}") {
        let mut arrived = Arrived::new(&Method::GET, "https://h/", &[("authorization", &authorization)]);
        arrived.path = path;
        prop_assert!(arrived.check(AT).is_err());
        let forged = format!("AWS4-HMAC-SHA256 {authorization}");
        arrived.headers.insert("authorization", HeaderValue::from_str(&forged).unwrap());
        prop_assert!(arrived.check(AT).is_err());
        arrived.headers.remove("authorization");
        arrived.query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&{query}");
        prop_assert!(arrived.check(AT).is_err());
    }
}
