//! How fast part URLs are signed: one by one, a hundred in one call, and against rusty-s3 and the floor of
//! the SHA-256 compressions that a signature cannot do without. Each URL binds length, type, checksum and
//! one more header. Results are dropped at once, as a server drops them; kept, they would measure fresh
//! memory. `cargo bench -p handin-s3`.

#![expect(clippy::unwrap_used, reason = "the inputs are constants")]

use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use handin_s3::{Bucket, Credentials, Digest, Expiry, PartToSign, Request, Signer, Style, UploadToSign};
use http::Method;
use rusty_s3::S3Action as _;
use sha2::block_api::compress256;

const AT: i64 = 1_795_342_507;
const ENDPOINT: &str = "https://s3.ap-northeast-2.amazonaws.com";
const REGION: &str = "ap-northeast-2";
const BUCKET: &str = "exam-recordings";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const KEY: &str = "webcam/3f/2026-11-22/spring-2026/math/c-000123/01KAMPLE00000000000000000A.webm";
/// As long as AWS makes them.
const UPLOAD_ID: &str = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZAVXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA";
const TYPE: (&str, &str) = ("content-type", "video/webm");
const CLASS: (&str, &str) = ("x-amz-storage-class", "GLACIER_IR");
const MANY: u16 = 100;

fn main() {
    divan::main();
}

fn signer() -> Signer {
    let bucket = Bucket::new(ENDPOINT, REGION, BUCKET, Style::VirtualHost).unwrap();
    Signer::new(Credentials::new(ACCESS_KEY, SECRET_KEY), bucket)
}

fn expiry() -> Expiry {
    Expiry::from_secs(600).unwrap()
}

/// One URL by the general way. Number, length and checksum are text already, as in a parsed request.
#[divan::bench(sample_size = 500)]
fn one_presigned(bencher: Bencher<'_, '_>) {
    let (signer, checksum) = (signer(), Digest::of(b"part").to_base64());
    let headers = [("content-length", "5242880"), TYPE, ("x-amz-checksum-sha256", checksum.as_str()), CLASS];
    let query = [("partNumber", "17"), ("uploadId", UPLOAD_ID)];
    bencher.bench(|| {
        let request = Request { method: Method::PUT, key: black_box(KEY), query: &query, headers: &headers };
        drop(black_box(signer.presign(&request, AT, expiry())));
    });
}

/// One URL by the way of many.
#[divan::bench(sample_size = 500)]
fn one_part_url(bencher: Bencher<'_, '_>) {
    let (signer, parts) = (signer(), parts());
    bencher.bench(|| drop(black_box(signer.part_urls(&upload(), black_box(&parts[..1]), AT, expiry()))));
}

/// A hundred URLs in one call; divide by the count for one.
#[divan::bench(sample_size = 10)]
fn hundred_part_urls(bencher: Bencher<'_, '_>) {
    let (signer, parts) = (signer(), parts());
    bencher
        .counter(ItemsCount::new(MANY))
        .bench(|| drop(black_box(signer.part_urls(&upload(), black_box(&parts), AT, expiry()))));
}

/// The same URL by rusty-s3.
#[divan::bench(sample_size = 500)]
fn one_by_rusty_s3(bencher: Bencher<'_, '_>) {
    let style = rusty_s3::UrlStyle::VirtualHost;
    let bucket = rusty_s3::Bucket::new(ENDPOINT.parse().unwrap(), style, BUCKET, REGION).unwrap();
    let credentials = rusty_s3::Credentials::new(ACCESS_KEY, SECRET_KEY);
    let checksum = Digest::of(b"part").to_base64();
    let time = jiff::Timestamp::from_second(AT).unwrap();
    bencher.bench(|| {
        let mut action = bucket.upload_part(Some(&credentials), black_box(KEY), 17, UPLOAD_ID);
        let headers =
            [("content-length", "5242880"), TYPE, ("x-amz-checksum-sha256", checksum.as_str()), CLASS];
        for (name, value) in headers {
            action.headers_mut().insert(name, value);
        }
        drop(black_box(action.sign_with_time(Duration::from_secs(600), &time)));
    });
}

/// The compressions of one URL's canonical request, string to sign and outer hash, and nothing else.
#[divan::bench(sample_size = 500)]
fn floor_of_one(bencher: Bencher<'_, '_>) {
    let blocks = padded_blocks(canonical_length()) + string_to_sign_blocks() + 1;
    bencher.bench(|| compress(black_box(blocks)));
}

/// The compressions that a hundred URLs cannot share, and nothing else.
#[divan::bench(sample_size = 10)]
fn floor_of_a_hundred(bencher: Bencher<'_, '_>) {
    let own = canonical_length() - canonical_request().find("&partNumber=").unwrap() / 64 * 64;
    let blocks = padded_blocks(own) + 2 + 1;
    bencher.counter(ItemsCount::new(MANY)).bench(|| (0..MANY).map(|_| compress(blocks)[0]).sum::<u32>());
}

fn upload() -> UploadToSign<'static> {
    UploadToSign { key: KEY, upload_id: UPLOAD_ID, headers: &[TYPE, CLASS] }
}

fn parts() -> Vec<PartToSign> {
    let part =
        |number: u16| PartToSign { number, size: 5_242_880, sha256: Some(Digest::of(&number.to_be_bytes())) };
    (1..=MANY).map(part).collect()
}

static BLOCKS: [[u8; 64]; 32] = [[7; 64]; 32];

fn compress(blocks: usize) -> [u32; 8] {
    let mut state = [1; 8];
    compress256(&mut state, black_box(&BLOCKS[..blocks]));
    state
}

fn padded_blocks(length: usize) -> usize {
    (length + 9).div_ceil(64)
}

/// The key's own block is kept; algorithm, date, scope and hash remain.
fn string_to_sign_blocks() -> usize {
    let scope = "20261122/ap-northeast-2/s3/aws4_request";
    padded_blocks(
        ["AWS4-HMAC-SHA256", "20261122T101507Z", scope].map(|line| line.len() + 1).iter().sum::<usize>() + 64,
    )
}

fn canonical_length() -> usize {
    canonical_request().len()
}

/// What is hashed, written out by hand.
fn canonical_request() -> String {
    let names = "content-length;content-type;host;x-amz-checksum-sha256;x-amz-storage-class";
    let (length, checksum, host) =
        ("5242880", "0".repeat(44), "exam-recordings.s3.ap-northeast-2.amazonaws.com");
    format!(
        "PUT\n/{KEY}\nX-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential={ACCESS_KEY}%2F20261122%2F{REGION}%2Fs3%2Faws4_request&X-Amz-Date=20261122T101507Z\
         &X-Amz-Expires=600&X-Amz-SignedHeaders={}&partNumber=17&uploadId={UPLOAD_ID}\n\
         content-length:{length}\ncontent-type:video/webm\nhost:{host}\nx-amz-checksum-sha256:{checksum}\n\
         x-amz-storage-class:GLACIER_IR\n\n{names}\nUNSIGNED-PAYLOAD",
        names.replace(';', "%3B")
    )
}
