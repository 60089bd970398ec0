//! The SHA-256 compressions that a signature cannot do without, and nothing else: no text, no allocation.

use std::hint::black_box;

use sha2::block_api::compress256;

use crate::part::{ACCESS_KEY, BUCKET, HEADERS, KEY, LENGTH, REGION, UPLOAD_ID};

/// Bytes of one compression (FIPS 180-4).
const BLOCK: usize = 64;

/// One URL: canonical request, string to sign, outer hash. The key's own two blocks are kept from call to call.
pub fn of_one() -> impl FnMut() -> [u32; 8] {
    compressions(padded(canonical_request().len()) + padded(string_to_sign()) + 1)
}

/// One of many URLs: what precedes the part's number is hashed once for all of them, and so is the first block of the
/// string to sign.
pub fn of_many() -> impl FnMut() -> [u32; 8] {
    let text = canonical_request();
    let common = text.find("partNumber=").expect("it is in there") / BLOCK * BLOCK;
    let common_to_sign = (string_to_sign() - 64) / BLOCK;
    compressions(padded(text.len() - common) + padded(string_to_sign()) - common_to_sign + 1)
}

fn compressions(blocks: usize) -> impl FnMut() -> [u32; 8] {
    move || {
        let mut state = black_box([1; 8]);
        let data = black_box([[0; BLOCK]; 32]);
        compress256(&mut state, &data[..blocks]);
        state
    }
}

/// Blocks of a message of `length` bytes with its padding: a bit and eight bytes of length.
fn padded(length: usize) -> usize {
    (length + 9).div_ceil(BLOCK)
}

/// Bytes of algorithm, time, scope and the canonical request's hash.
fn string_to_sign() -> usize {
    format!("AWS4-HMAC-SHA256\n20261122T101507Z\n20261122/{REGION}/s3/aws4_request\n").len() + 64
}

/// What is hashed, written out by hand.
fn canonical_request() -> String {
    let [_, (_, content_type), (_, checksum), (payer, paid_by)] = HEADERS;
    let names = ["content-length", "content-type", "host", "x-amz-checksum-sha256", payer];
    format!(
        "PUT\n/{KEY}\nX-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential={ACCESS_KEY}%2F20261122%2F{REGION}%2Fs3%2Faws4_request&X-Amz-Date=20261122T101507Z\
         &X-Amz-Expires=600&X-Amz-SignedHeaders={}&partNumber=17&uploadId={UPLOAD_ID}\n\
         content-length:{LENGTH}\ncontent-type:{content_type}\nhost:{BUCKET}.s3.{REGION}.amazonaws.com\n\
         x-amz-checksum-sha256:{checksum}\n{payer}:{paid_by}\n\n{}\nUNSIGNED-PAYLOAD",
        names.join("%3B"),
        names.join(";")
    )
}
