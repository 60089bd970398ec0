//! A presigned URL that still lacks its signature, beside the canonical request that the signature is made
//! of. The two say mostly the same, so each piece is encoded once, into the URL, and hashed from there.

use std::ops::Range;

use crate::encode::{Slash, encode_into};
use crate::hash::Sha256;
use crate::request::{Expiry, Request};
use crate::sign::canonical::{self, Pair};
use crate::sign::key::Day;
use crate::sign::{Signer, UNSIGNED_PAYLOAD};
use crate::time::Stamp;

/// Bytes of the signature's own parameters, the access key aside, and of the signature: a generous figure,
/// so that the buffer is allocated once.
const FRAME: usize = 400;

/// Everything that is hashed and handed out, in one buffer.
pub(super) struct Draft {
    /// The URL, then the canonical request from its headers on.
    text: String,
    url_end: usize,
    path: Range<usize>,
    /// The operation's parameters in the caller's order.
    own: Range<usize>,
    /// The signature's parameters up to its expiry.
    parameters: Range<usize>,
    signed_headers: Range<usize>,
    token: Range<usize>,
    /// The canonical query, when it is more than the URL's pieces in another order.
    query: Option<String>,
}

impl Draft {
    pub(super) fn new(
        signer: &Signer,
        day: &Day,
        request: &Request<'_>,
        stamp: &Stamp,
        expiry: Expiry,
    ) -> Self {
        let sorted = canonical::sorted_headers(request.headers, signer.bucket.host());
        let headers = sorted.as_slice();
        let mut text = String::with_capacity(capacity(signer, request));
        text.push_str(signer.bucket.origin());
        let path = append(&mut text, |text| signer.bucket.path_into(text, request.key));
        text.push('?');
        let own = append(&mut text, |text| pairs_into(text, request.query));
        if !own.is_empty() {
            text.push('&');
        }
        let parameters = append(&mut text, |text| parameters_into(text, day, stamp, expiry));
        let signed_headers = append(&mut text, |text| signed_headers_into(text, headers));
        let token = append(&mut text, |text| token_into(text, signer));
        let url_end = text.len();
        canonical::headers_into(&mut text, headers);
        text.push('\n');
        text.push_str(canonical::payload(headers).unwrap_or(UNSIGNED_PAYLOAD));
        let mut draft = Self { text, url_end, path, own, parameters, signed_headers, token, query: None };
        if !is_canonical(request.query) {
            draft.query = Some(draft.sorted_query(request.query));
        }
        draft
    }

    /// The hash of the canonical request.
    pub(super) fn hash(&self, method: &str) -> [u8; 32] {
        let mut hash = self.start(method);
        match &self.query {
            Some(query) => hash.update(query.as_bytes()),
            None => {
                self.update_to_own(&mut hash);
                hash.update(self.own().as_bytes());
            }
        }
        hash.update(b"\n");
        hash.update(self.tail().as_bytes());
        hash.finish()
    }

    /// The hash of the canonical request up to the operation's parameters, which must be in order already.
    pub(super) fn hash_to_own(&self, method: &str) -> Sha256 {
        let mut hash = self.start(method);
        self.update_to_own(&mut hash);
        hash
    }

    /// The operation's parameters, encoded.
    pub(super) fn own(&self) -> &str {
        &self.text[self.own.clone()]
    }

    /// The canonical request after its query: headers, their names, the payload.
    pub(super) fn tail(&self) -> &str {
        &self.text[self.url_end..]
    }

    /// The URL, to be followed by the signature.
    pub(super) fn into_url(mut self) -> String {
        self.text.truncate(self.url_end);
        self.text.push_str("&X-Amz-Signature=");
        self.text
    }

    fn start(&self, method: &str) -> Sha256 {
        let mut hash = Sha256::new();
        for piece in [method, "\n", &self.text[self.path.clone()], "\n"] {
            hash.update(piece.as_bytes());
        }
        hash
    }

    fn update_to_own(&self, hash: &mut Sha256) {
        for piece in [&self.parameters, &self.token, &self.signed_headers] {
            hash.update(self.text[piece.clone()].as_bytes());
        }
        if !self.own.is_empty() {
            hash.update(b"&");
        }
    }

    /// The canonical query of parameters in any order.
    fn sorted_query(&self, query: &[Pair<'_>]) -> String {
        let sorted = canonical::sorted_query(query);
        let sorted = sorted.as_slice();
        let (before, after) = sorted.split_at(sorted.partition_point(|(name, _)| !stands_behind(name)));
        let mut text = String::new();
        pairs_into(&mut text, before);
        if !before.is_empty() {
            text.push('&');
        }
        for piece in [&self.parameters, &self.token, &self.signed_headers] {
            text.push_str(&self.text[piece.clone()]);
        }
        if !after.is_empty() {
            text.push('&');
        }
        pairs_into(&mut text, after);
        text
    }
}

/// How the names of the signature's own parameters begin; no operation has such names.
const SIGNATURE_NAMES: &str = "X-Amz-";

/// Whether these parameters stand as they are behind the signature's in the canonical query.
fn is_canonical(query: &[Pair<'_>]) -> bool {
    query.first().is_none_or(|(name, _)| stands_behind(name))
        && query.is_sorted_by(|one, other| canonical::query_order(one, other).is_le())
}

/// Whether a parameter of that name is sorted behind the signature's.
fn stands_behind(name: &str) -> bool {
    canonical::encoded_order(name, SIGNATURE_NAMES).is_gt()
}

fn capacity(signer: &Signer, request: &Request<'_>) -> usize {
    let query: usize = request.query.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
    // A header's name stands in the URL, before its value and in the list of names.
    let headers: usize = request.headers.iter().map(|(name, value)| 3 * name.len() + value.len() + 8).sum();
    let token = signer.token.as_ref().map_or(0, String::len);
    let place = 2 * signer.bucket.origin().len() + signer.bucket.path_length(request.key);
    FRAME + signer.credentials.access_key.len() + place + query + headers + token
}

/// Where what `write` appends stands.
fn append(text: &mut String, write: impl FnOnce(&mut String)) -> Range<usize> {
    let start = text.len();
    write(text);
    start..text.len()
}

/// `name=value`, encoded, with `&` between them.
pub(super) fn pairs_into(text: &mut String, pairs: &[Pair<'_>]) {
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            text.push('&');
        }
        encode_into(text, name, Slash::Encode);
        text.push('=');
        encode_into(text, value, Slash::Encode);
    }
}

fn parameters_into(text: &mut String, day: &Day, stamp: &Stamp, expiry: Expiry) {
    text.push_str("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    text.push_str(&day.credential);
    text.push_str("&X-Amz-Date=");
    text.push_str(stamp.as_str());
    text.push_str("&X-Amz-Expires=");
    canonical::decimal_into(text, u64::from(expiry.as_secs()));
}

fn signed_headers_into(text: &mut String, headers: &[Pair<'_>]) {
    text.push_str("&X-Amz-SignedHeaders=");
    canonical::names_into(text, headers, "%3B");
}

fn token_into(text: &mut String, signer: &Signer) {
    if let Some(token) = &signer.token {
        text.push_str("&X-Amz-Security-Token=");
        text.push_str(token);
    }
}
