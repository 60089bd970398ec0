//! Part URLs of one upload. They differ in number, length and checksum only, so for many of them everything
//! before the number is hashed once and everything between is copied, never formatted.

use http::Method;

use crate::digest::Digest;
use crate::hash::Sha256;
use crate::request::{Expiry, Request};
use crate::sign::Signer;
use crate::sign::canonical::{Pair, decimal};
use crate::sign::draft::Draft;
use crate::sign::key::Day;
use crate::time::Stamp;

const LENGTH: &str = "content-length";
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// The upload whose parts are signed.
#[derive(Clone, Copy, Debug)]
pub struct UploadToSign<'a> {
    /// The object's key, unencoded.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
    /// Headers that every part is bound to, beside its length and checksum.
    pub headers: &'a [(&'a str, &'a str)],
}

/// A part that somebody is about to send.
#[derive(Clone, Copy, Debug)]
pub struct PartToSign {
    /// 1 to 10,000; not checked here.
    pub number: u16,
    /// The exact length in bytes that the URL is bound to.
    pub size: u64,
    /// The checksum that the URL is bound to. The sender must send it as `x-amz-checksum-sha256`.
    pub sha256: Option<Digest>,
}

impl Signer {
    /// One URL a part, in the order of `parts`; the same as [`Signer::presign`] would give one by one.
    pub fn part_urls(
        &self,
        upload: &UploadToSign<'_>,
        parts: &[PartToSign],
        at: i64,
        expiry: Expiry,
    ) -> Vec<String> {
        // Cutting a template pays from the second part on.
        if let [part] = parts {
            return vec![self.part_url(upload, part, at, expiry)];
        }
        let day = self.day(at);
        // Whether a checksum is bound changes the list of signed headers, so there are two templates.
        let mut templates = [None, None];
        let url = |part: &PartToSign| {
            let template = &mut templates[usize::from(part.sha256.is_some())];
            template
                .get_or_insert_with(|| Template::new(self, &day, upload, part.sha256.is_some(), at, expiry))
                .url(&day, part)
        };
        parts.iter().map(url).collect()
    }

    fn part_url(&self, upload: &UploadToSign<'_>, part: &PartToSign, at: i64, expiry: Expiry) -> String {
        let (mut number_digits, mut size_digits) = ([0; 20], [0; 20]);
        let checksum = part.sha256.map(|digest| digest.base64_bytes());
        let checksum = checksum.as_ref().map(|text| str::from_utf8(text).expect("base64 is ASCII"));
        let query =
            [("partNumber", decimal(part.number.into(), &mut number_digits)), ("uploadId", upload.upload_id)];
        let mut headers: Vec<Pair<'_>> = Vec::with_capacity(upload.headers.len() + 2);
        headers.extend_from_slice(upload.headers);
        headers.push((LENGTH, decimal(part.size, &mut size_digits)));
        headers.extend(checksum.map(|checksum| (CHECKSUM, checksum)));
        let request = Request { method: Method::PUT, key: upload.key, query: &query, headers: &headers };
        self.presign(&request, at, expiry)
    }
}

/// A part's canonical request and URL with holes for what differs.
struct Template {
    /// The canonical request's hash up to the part's number.
    start: Sha256,
    /// The canonical request between number and length, length and checksum, and after it.
    between: [String; 3],
    /// The signature's hash up to the canonical request's hash.
    signing: Sha256,
    /// The URL before and after the part's number.
    url: [String; 2],
}

impl Template {
    fn new(
        signer: &Signer,
        day: &Day,
        upload: &UploadToSign<'_>,
        checksum: bool,
        at: i64,
        expiry: Expiry,
    ) -> Self {
        let mut headers: Vec<Pair<'_>> = upload.headers.to_vec();
        headers.push((LENGTH, ""));
        if checksum {
            headers.push((CHECKSUM, ""));
        }
        let query = [("partNumber", ""), ("uploadId", upload.upload_id)];
        let request = Request { method: Method::PUT, key: upload.key, query: &query, headers: &headers };
        let stamp = Stamp::of(at);
        Self::cut(Draft::new(signer, day, &request, &stamp, expiry), day.start(&stamp))
    }

    /// Cuts a draft behind the names whose values are still empty. Each is found where it stands first:
    /// paths and parameters are encoded and hold no `?` or `=`, headers hold no line end, and sorting puts
    /// the length before the checksum.
    fn cut(draft: Draft, signing: Sha256) -> Self {
        let (number, upload_id) = cut_after(draft.own(), "partNumber=");
        let mut start = draft.hash_to_own("PUT");
        start.update(number.as_bytes());
        let after_number = format!("{upload_id}\n{}", draft.tail());
        let (to_length, rest) = cut_after(&after_number, "\ncontent-length:");
        let (to_checksum, end) = cut_after(rest, "\nx-amz-checksum-sha256:");
        let between = [to_length, to_checksum, end].map(str::to_owned);
        let url = draft.into_url();
        let (before, after) = cut_after(&url, "?partNumber=");
        Self { start, between, signing, url: [before, after].map(str::to_owned) }
    }

    fn url(&self, day: &Day, part: &PartToSign) -> String {
        let (mut number_digits, mut size_digits) = ([0; 20], [0; 20]);
        let number = decimal(u64::from(part.number), &mut number_digits);
        let size = decimal(part.size, &mut size_digits);
        let canonical = self.canonical_hash(number, size, part.sha256);
        let [before, after] = &self.url;
        let mut url = String::with_capacity(before.len() + number.len() + after.len() + 64);
        for piece in [before, number, after] {
            url.push_str(piece);
        }
        day.finish_into(self.signing, &canonical, &mut url);
        url
    }

    fn canonical_hash(&self, number: &str, size: &str, sha256: Option<Digest>) -> [u8; 32] {
        let checksum = sha256.map(|digest| digest.base64_bytes());
        let checksum = checksum.as_ref().map_or(&[][..], |text| &text[..]);
        let [to_length, to_checksum, end] = self.between.each_ref().map(|text| text.as_bytes());
        let mut hash = self.start;
        for piece in [number.as_bytes(), to_length, size.as_bytes(), to_checksum, checksum, end] {
            hash.update(piece);
        }
        hash.finish()
    }
}

/// `text` up to the end of `mark`, and the rest. Without the mark everything comes before.
fn cut_after<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    let end = text.find(mark).map_or(text.len(), |at| at + mark.len());
    text.split_at(end)
}
