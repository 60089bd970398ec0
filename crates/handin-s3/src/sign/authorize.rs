//! The other place of a signature: the `Authorization` header. For callers that send the request
//! themselves; what we hand out are URLs.

use crate::hash::Sha256;
use crate::request::Request;
use crate::sign::canonical::{self, Pair};
use crate::sign::draft::pairs_into;
use crate::sign::key::hex_into;
use crate::sign::{ALGORITHM, CONTENT_SHA256, Signer, UNSIGNED_PAYLOAD};
use crate::time::Stamp;

/// What the signature says about the body.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Exactly these bytes.
    Bytes(&'a [u8]),
    /// Nothing: the transport is trusted.
    Unsigned,
}

impl Signer {
    /// The headers to add to `request`, so that it is ours at `at` (unix seconds): the date, the body's
    /// hash, the session token if there is one, and `authorization`.
    pub fn authorize(
        &self,
        request: &Request<'_>,
        payload: Payload<'_>,
        at: i64,
    ) -> Vec<(&'static str, String)> {
        let mut added = self.headers_to_add(payload, &Stamp::of(at));
        let mut headers = request.headers.to_vec();
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
        let authorization = self.authorization(request, &headers, at);
        added.push(("authorization", authorization));
        added
    }

    fn headers_to_add(&self, payload: Payload<'_>, stamp: &Stamp) -> Vec<(&'static str, String)> {
        let mut hash = String::new();
        match payload {
            Payload::Bytes(bytes) => hex_into(&mut hash, &Sha256::digest(bytes)),
            Payload::Unsigned => hash.push_str(UNSIGNED_PAYLOAD),
        }
        let token = self.credentials.session_token.clone().map(|token| ("x-amz-security-token", token));
        let date = ("x-amz-date", stamp.as_str().to_owned());
        [date, (CONTENT_SHA256, hash)].into_iter().chain(token).collect()
    }

    fn authorization(&self, request: &Request<'_>, headers: &[Pair<'_>], at: i64) -> String {
        let headers = canonical::sorted_headers(headers, self.bucket.host());
        let mut path = String::new();
        self.bucket.path_into(&mut path, request.key);
        let canonical = canonical_request(request.method.as_str(), &path, request.query, headers.as_slice());
        let day = self.day(at);
        let mut text =
            format!("{ALGORITHM} Credential={}/{}, SignedHeaders=", self.credentials.access_key, day.scope);
        canonical::names_into(&mut text, headers.as_slice(), ";");
        text.push_str(", Signature=");
        day.finish_into(day.start(&Stamp::of(at)), &Sha256::digest(canonical.as_bytes()), &mut text);
        text
    }
}

/// The canonical request of a path that is encoded already, a query in any order, and sorted headers.
pub(crate) fn canonical_request(
    method: &str,
    path: &str,
    query: &[Pair<'_>],
    headers: &[Pair<'_>],
) -> String {
    let mut text = format!("{method}\n{path}\n");
    pairs_into(&mut text, canonical::sorted_query(query).as_slice());
    text.push('\n');
    canonical::headers_into(&mut text, headers);
    text.push('\n');
    text.push_str(canonical::payload(headers).unwrap_or(UNSIGNED_PAYLOAD));
    text
}
