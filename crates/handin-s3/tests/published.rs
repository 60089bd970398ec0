//! What we sign against what AWS published: the examples of "Authenticating Requests" in the Amazon S3 API
//! reference, which all use the same bucket, key and moment.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use handin_s3::{
    Bucket, Credentials, Digest, Expiry, PartToSign, Payload, Request, Signer, Style, UploadToSign,
};
use http::Method;

/// 24 May 2013, 00:00:00 UTC.
const AT: i64 = 1_369_353_600;

fn signer() -> Signer {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let endpoint = "https://s3.amazonaws.com";
    Signer::new(credentials, Bucket::new(endpoint, "us-east-1", "examplebucket", Style::VirtualHost).unwrap())
}

/// The signature at the end of the `authorization` header.
fn header_signature(request: &Request<'_>, body: &[u8]) -> String {
    let headers = signer().authorize(request, Payload::Bytes(body), AT);
    let (_, authorization) = headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    authorization.rsplit_once("Signature=").unwrap().1.to_owned()
}

#[test]
fn presigned_get() {
    let request = Request { method: Method::GET, key: "test.txt", query: &[], headers: &[] };
    let url = signer().presign(&request, AT, Expiry::from_secs(86_400).unwrap());
    assert_eq!(
        url,
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn get_object_with_a_range() {
    let headers = [("Range", "bytes=0-9")];
    let request = Request { method: Method::GET, key: "test.txt", query: &[], headers: &headers };
    assert_eq!(
        header_signature(&request, b""),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn put_object() {
    let headers = [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
    let request = Request { method: Method::PUT, key: "test$file.text", query: &[], headers: &headers };
    assert_eq!(
        header_signature(&request, b"Welcome to Amazon S3."),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
}

#[test]
fn get_bucket_lifecycle() {
    let request = Request { method: Method::GET, key: "", query: &[("lifecycle", "")], headers: &[] };
    assert_eq!(
        header_signature(&request, b""),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
}

#[test]
fn list_objects() {
    let query = [("max-keys", "2"), ("prefix", "J")];
    let request = Request { method: Method::GET, key: "", query: &query, headers: &[] };
    assert_eq!(
        header_signature(&request, b""),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
}

/// Not published, but bound to what is: the shared-prefix way must be the same as one by one.
#[test]
fn many_parts_are_signed_as_if_one_by_one() {
    let token = "FwoGZXIvYXdzE+/=".repeat(20);
    let bucket = signer().bucket().clone();
    let signers = [signer(), Signer::new(signer().credentials().clone().with_session_token(token), bucket)];
    let expiry = Expiry::from_secs(600).unwrap();
    let extra = [("X-Amz-Storage-Class", "GLACIER_IR"), ("content-type", "video/webm"), ("a-first", "1")];
    for signer in signers {
        for (key, upload_id) in [("webcam/a.webm", "2~abc"), ("시험 &partNumber=/?.webm", "a&b=c/d+e")] {
            let upload = UploadToSign { key, upload_id, headers: &extra };
            let parts: Vec<_> = (1..=9_999)
                .step_by(833)
                .map(|number| PartToSign {
                    number,
                    size: u64::from(number) * 1_000_003,
                    sha256: (number % 2 == 0).then(|| Digest::of(&number.to_be_bytes())),
                })
                .collect();
            let urls = signer.part_urls(&upload, &parts, AT, expiry);
            for (part, url) in parts.iter().zip(urls) {
                let expected = one_by_one(&signer, &upload, part, expiry);
                assert_eq!(signer.part_urls(&upload, &[*part], AT, expiry), [expected.as_str()]);
                assert_eq!(url, expected);
            }
        }
    }
}

fn one_by_one(signer: &Signer, upload: &UploadToSign<'_>, part: &PartToSign, expiry: Expiry) -> String {
    let (number, size) = (part.number.to_string(), part.size.to_string());
    let checksum = part.sha256.map(|digest| digest.to_base64());
    let mut headers = upload.headers.to_vec();
    headers.extend(checksum.iter().map(|text| ("x-amz-checksum-sha256", text.as_str())));
    headers.push(("content-length", &size));
    let query = [("partNumber", number.as_str()), ("uploadId", upload.upload_id)];
    let request = Request { method: Method::PUT, key: upload.key, query: &query, headers: &headers };
    signer.presign(&request, AT, expiry)
}
