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
    /// Where to send `request` when it is signed by headers.
    pub fn url(&self, request: &Request<'_>) -> String {
        let mut url = self.bucket.origin().to_owned();
        self.bucket.path_into(&mut url, request.key);
        if !request.query.is_empty() {
            url.push('?');
            pairs_into(&mut url, request.query);
        }
        url
    }

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

/// AWS's Signature Version 4 test suite, as far as it holds for S3: its service is called `service` and
/// binds the body's hash without a header for it; cases that normalise paths are none of S3's.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HmacKey;
    use crate::sign::key::signing_key;

    const HOST: &str = "example.amazonaws.com";
    const STAMP: &str = "20150830T123600Z";

    fn signature(method: &str, path: &str, query: &[Pair<'_>], headers: &[Pair<'_>]) -> String {
        let headers: Vec<_> = headers.iter().copied().chain([("X-Amz-Date", STAMP)]).collect();
        let headers = canonical::sorted_headers(&headers, HOST);
        let canonical = canonical_request(method, path, query, headers.as_slice());
        let canonical = canonical.replace(UNSIGNED_PAYLOAD, &hex::encode(Sha256::digest(b"")));
        let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
        let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "service");
        let text = format!("{ALGORITHM}\n{STAMP}\n20150830/us-east-1/service/aws4_request\n{hash}");
        hex::encode(HmacKey::new(&key).sign(text.as_bytes()))
    }

    #[test]
    fn plain_requests() {
        assert_eq!(
            [signature("GET", "/", &[], &[]), signature("POST", "/", &[], &[])],
            [
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
            ]
        );
    }

    #[test]
    fn queries_in_any_order_and_script() {
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let path = format!("/{unreserved}");
        let cases = [
            ("/", vec![("Param2", "value2"), ("Param1", "value1")]),
            ("/", vec![("Param1", "value2"), ("Param1", "value1")]),
            ("/", vec![("ሴ", "bar")]),
            ("/", vec![(unreserved, unreserved)]),
            (&path, vec![]),
        ];
        assert_eq!(
            cases.map(|(path, query)| signature("GET", path, &query, &[])),
            [
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
                "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
                "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
                "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
                "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            ]
        );
    }

    #[test]
    fn headers_in_any_shape() {
        let double = [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")];
        let spaces = [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")];
        assert_eq!(
            [
                signature("GET", "/", &[], &double),
                signature("GET", "/", &[], &spaces),
                signature("POST", "/", &[], &[("My-Header1", "value1")]),
            ],
            [
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ]
        );
    }
}
