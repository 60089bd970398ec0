//! What we sign against what botocore signs, byte for byte. `botocore_cases.py` makes the cases with the
//! Python that `HANDIN_TEST_PYTHON` names (`python3` when unset), which must be able to import botocore.

#![expect(clippy::unwrap_used, reason = "a case that lacks a field is a broken test")]

use std::process::Command;
use std::str::FromStr;

use handin_s3::ops::{
    AbortMultipart, ByteRange, ChecksumAlgorithm, ChecksumType, CreateBucket, CreateMultipart, DeleteObject,
    GetBucketCors, GetBucketLifecycle, GetLegalHold, GetObject, GetObjectLock, HeadBucket, HeadObject,
    ListMultipartUploads, ListObjectsV2, ListParts, PutObject, UploadPart, UploadsMarker,
};
use handin_s3::{
    Bucket, Credentials, Digest, Expiry, Operation, PartToSign, Payload, Request, Signer, Style, UploadToSign,
};
use http::Method;
use serde_json::Value;

/// A generator that prints fewer cases is broken.
const FEWEST: usize = 200;

#[test]
fn signs_as_botocore_does() {
    let lines = cases();
    let mut wrong = Vec::new();
    for line in lines.lines() {
        let case = Case(serde_json::from_str(line).unwrap());
        let (ours, theirs) = case.compare();
        if ours != theirs {
            wrong.push(format!("{}\n    ours:   {ours}\n    theirs: {theirs}", case.name()));
        }
    }
    assert!(lines.lines().count() >= FEWEST, "only {} cases", lines.lines().count());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), lines.lines().count(), wrong.join("\n"));
}

fn cases() -> String {
    let python = std::env::var("HANDIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/botocore_cases.py");
    let output = Command::new(&python).arg(script).output();
    let output = output.unwrap_or_else(|error| panic!("`{python}` does not start ({error}). {HELP}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{python}` failed. {HELP}\n{complaint}");
    String::from_utf8(output.stdout).unwrap()
}

const HELP: &str = "This test compares with botocore: set HANDIN_TEST_PYTHON to a Python that can import it \
                    (`python3 -m venv V && V/bin/pip install botocore`, then HANDIN_TEST_PYTHON=V/bin/python).";

/// One line of the generator.
struct Case(Value);

impl Case {
    fn name(&self) -> String {
        format!("{} {} {}", self.text("kind"), self.0["op"], self.0.get("fields").unwrap_or(&self.0["key"]))
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    /// Ours and theirs.
    fn compare(&self) -> (String, &str) {
        match self.text("kind") {
            "operation" => (self.operation(), self.text("url")),
            "request" => (
                self.with_request(|signer, request| signer.presign(request, self.at(), self.expiry())),
                self.text("url"),
            ),
            "authorization" => (
                self.with_request(|signer, request| self.authorize(signer, request)),
                self.text("authorization"),
            ),
            kind => panic!("unknown kind {kind}"),
        }
    }

    fn at(&self) -> i64 {
        self.0["at"].as_i64().unwrap()
    }

    fn expiry(&self) -> Expiry {
        Expiry::from_secs(self.0["expires"].as_u64().unwrap()).unwrap()
    }

    fn signer(&self) -> Signer {
        let style = if self.text("style") == "path" { Style::Path } else { Style::VirtualHost };
        let bucket = Bucket::new(self.text("endpoint"), self.text("region"), self.text("bucket"), style);
        let mut credentials = Credentials::new(self.text("access_key"), self.text("secret_key"));
        credentials.session_token = self.0["token"].as_str().map(str::to_owned);
        Signer::new(credentials, bucket.unwrap())
    }

    fn authorize(&self, signer: &Signer, request: &Request<'_>) -> String {
        let added = signer.authorize(request, Payload::Bytes(self.text("body").as_bytes()), self.at());
        added.into_iter().find(|(name, _)| *name == "authorization").unwrap().1
    }

    fn with_request<T>(&self, run: impl FnOnce(&Signer, &Request<'_>) -> T) -> T {
        let pairs = |name: &str| -> Vec<(&str, &str)> {
            let pairs = self.0[name].as_array().unwrap().iter();
            pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
        };
        let (query, headers) = (pairs("query"), pairs("headers"));
        let method = Method::from_str(self.text("method")).unwrap();
        run(&self.signer(), &Request { method, key: self.text("key"), query: &query, headers: &headers })
    }

    /// The named operation with its fields, presigned.
    fn operation(&self) -> String {
        let fields = Fields(&self.0["fields"]);
        let key = fields.text("key").unwrap_or_default();
        let upload_id = fields.text("upload_id").unwrap_or_default();
        match self.text("op") {
            "HeadObject" => self.presign(&HeadObject { key, checksums: fields.flag("checksums") }),
            "GetObject" => self.presign(&get_object(&fields)),
            "DeleteObject" => self.presign(&DeleteObject { key }),
            "PutObject" => self.presign(&PutObject { metadata: &fields.metadata(), ..put_object(&fields) }),
            "UploadPart" => self.upload_part(&fields),
            "CreateMultipart" => {
                self.presign(&CreateMultipart { metadata: &fields.metadata(), ..create_multipart(&fields) })
            }
            "AbortMultipart" => self.presign(&AbortMultipart { key, upload_id }),
            "ListParts" => self.presign(&ListParts {
                key,
                upload_id,
                after: fields.number("after"),
                max: fields.number("max"),
            }),
            "HeadBucket" => self.presign(&HeadBucket),
            "CreateBucket" => self.presign(&CreateBucket::default()),
            "GetBucketCors" => self.presign(&GetBucketCors),
            "GetBucketLifecycle" => self.presign(&GetBucketLifecycle),
            "GetObjectLock" => self.presign(&GetObjectLock),
            "GetLegalHold" => {
                self.presign(&GetLegalHold { key: fields.text("key").unwrap(), version_id: None })
            }
            "ListObjectsV2" => self.presign(&list_objects(&fields)),
            "ListMultipartUploads" => {
                let text = |name| fields.text(name).unwrap().to_owned();
                let after = UploadsMarker { key: text("key_marker"), upload_id: text("upload_id_marker") };
                let prefix = fields.text("prefix");
                self.presign(&ListMultipartUploads { prefix, after: Some(&after), max: None })
            }
            op => panic!("unknown operation {op}"),
        }
    }

    fn presign(&self, operation: &impl Operation) -> String {
        operation.call().presign(&self.signer(), self.at(), self.expiry())
    }

    /// A part's URL by every way to it: alone, and among others.
    fn upload_part(&self, fields: &Fields<'_>) -> String {
        let (key, upload_id) = (fields.text("key").unwrap(), fields.text("upload_id").unwrap());
        let (number, size, sha256) =
            (fields.number::<u16>("number").unwrap(), fields.number("size").unwrap(), fields.digest());
        let single = self.presign(&UploadPart { key, upload_id, number, size, sha256 });
        let upload = UploadToSign { key, upload_id, headers: &[] };
        for count in [1, 2] {
            let parts = vec![PartToSign { number, size, sha256 }; count];
            let urls = self.signer().part_urls(&upload, &parts, self.at(), self.expiry());
            assert_eq!(urls, vec![single.as_str(); count]);
        }
        single
    }
}

/// An operation's fields, as the generator names them.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0[name].as_str()
    }

    fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        self.0[name].as_u64().map(|number| T::try_from(number).ok().unwrap())
    }

    fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or(false)
    }

    fn digest(&self) -> Option<Digest> {
        self.text("sha256").map(|text| Digest::from_hex(text).unwrap())
    }

    fn metadata(&self) -> Vec<(&'a str, &'a str)> {
        let pairs = self.0["metadata"].as_object().unwrap().iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }
}

fn get_object<'a>(fields: &Fields<'a>) -> GetObject<'a> {
    GetObject {
        key: fields.text("key").unwrap(),
        range: fields.number("first").map(|first| ByteRange { first, last: fields.number("last") }),
        checksums: fields.flag("checksums"),
        content_disposition: fields.text("content_disposition"),
        content_type: fields.text("content_type"),
    }
}

fn put_object<'a>(fields: &Fields<'a>) -> PutObject<'a> {
    PutObject {
        key: fields.text("key").unwrap(),
        size: fields.number("size"),
        content_type: fields.text("content_type"),
        sha256: fields.digest(),
        if_none_match: fields.flag("if_none_match"),
        storage_class: fields.text("storage_class"),
        metadata: &[],
    }
}

fn create_multipart<'a>(fields: &Fields<'a>) -> CreateMultipart<'a> {
    CreateMultipart {
        key: fields.text("key").unwrap(),
        content_type: fields.text("content_type"),
        checksum: fields.text("checksum").map(|name| ChecksumAlgorithm::from_name(name).unwrap()),
        checksum_type: fields.text("checksum_type").map(|name| ChecksumType::from_name(name).unwrap()),
        storage_class: fields.text("storage_class"),
        metadata: &[],
    }
}

fn list_objects<'a>(fields: &Fields<'a>) -> ListObjectsV2<'a> {
    ListObjectsV2 {
        prefix: fields.text("prefix"),
        delimiter: fields.text("delimiter"),
        start_after: fields.text("start_after"),
        continuation: fields.text("continuation"),
        max: fields.number("max"),
    }
}
