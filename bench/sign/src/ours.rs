//! The product's own signer, as its server uses it: one `Signer` for good, so the day's key is derived once.

use std::hint::black_box;

use handin_s3::{Bucket, Credentials, Digest, Expiry, PartToSign, Request, Signer, Style, UploadToSign};
use http::Method;

use crate::part::{
    ACCESS_KEY, AT, BUCKET, CHECKSUM, ENDPOINT, EXPIRY, HEADERS, KEY, NUMBER, PAYER, REGION, SECRET_KEY,
    SIZE, TYPE, UPLOAD_ID,
};

/// One URL by the general way.
pub fn presigner() -> impl FnMut() -> String {
    let (signer, expiry) = (signer(), expiry());
    let number = NUMBER.to_string();
    move || {
        let query = [("partNumber", number.as_str()), ("uploadId", UPLOAD_ID)];
        let request = Request { method: Method::PUT, key: black_box(KEY), query: &query, headers: &HEADERS };
        signer.presign(&request, AT, expiry)
    }
}

/// The URLs of `count` parts in one call, the first of them [`NUMBER`].
pub fn part_urls(count: u16) -> impl FnMut() -> Vec<String> {
    let (signer, expiry) = (signer(), expiry());
    let sha256 = Digest::from_base64(CHECKSUM).ok();
    let part = |number| PartToSign { number, size: SIZE, sha256 };
    let parts: Vec<PartToSign> = (NUMBER..NUMBER + count).map(part).collect();
    let upload = UploadToSign { key: KEY, upload_id: UPLOAD_ID, headers: &[TYPE, PAYER] };
    move || signer.part_urls(black_box(&upload), black_box(&parts), AT, expiry)
}

/// Credentials of [`SECRET_KEY`].
pub fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY)
}

fn signer() -> Signer {
    let bucket = Bucket::new(ENDPOINT, REGION, BUCKET, Style::VirtualHost).expect("a bucket on AWS");
    Signer::new(credentials(), bucket)
}

fn expiry() -> Expiry {
    Expiry::from_secs(EXPIRY).expect("ten minutes are allowed")
}
