//! Reading what real servers write: AWS, Ceph and Garage differ in prologs, white space, quotes, namespaces
//! and in what they leave out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use handin_s3::ops::*;
use handin_s3::{Digest, Error, ErrorCode, Operation, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

const EMPTY_SHA256: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn answer<O: Operation>(
    operation: &O,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<O::Answer, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    operation.answer(&Response { status, headers: &map, body: body.as_bytes() })
}

fn body_of(operation: &impl Operation) -> String {
    String::from_utf8(operation.call().body).unwrap()
}

#[test]
fn create_multipart_by_aws_and_garage() {
    let create = CreateMultipart::default();
    let aws = r#"<?xml version="1.0" encoding="UTF-8"?>
<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>exams</Bucket><Key>webcam/a &amp; b.webm</Key><UploadId>VXBsb2FkSUQ.x_-</UploadId></InitiateMultipartUploadResult>"#;
    let created = answer(&create, 200, &[("x-amz-checksum-algorithm", "SHA256")], aws).unwrap();
    assert_eq!(created.upload_id, "VXBsb2FkSUQ.x_-");
    assert_eq!(created.checksum, Some(ChecksumAlgorithm::Sha256));

    let garage = r#"<?xml version="1.0" encoding="UTF-8"?><InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>exams</Bucket><Key>k</Key><UploadId>0f2a</UploadId></InitiateMultipartUploadResult>"#;
    assert_eq!(answer(&create, 200, &[], garage).unwrap().checksum, None);
}

#[test]
fn a_success_without_its_content_is_malformed() {
    let create = CreateMultipart::default();
    for body in ["", "<InitiateMultipartUploadResult/>", "<html><body>Welcome</body></html>", "<a>"] {
        assert_eq!(answer(&create, 200, &[], body).unwrap_err().code, ErrorCode::Malformed, "{body}");
    }
    let part = UploadPart { key: "k", upload_id: "u", number: 1, size: 1, sha256: None };
    assert_eq!(answer(&part, 200, &[], "").unwrap_err().code, ErrorCode::Malformed);
}

#[test]
fn upload_part_gives_tag_and_checksum() {
    let part = UploadPart { key: "k", upload_id: "u", number: 1, size: 1, sha256: None };
    let headers = [("etag", "\"b54357faf0632cce46e942fa68356b38\""), ("x-amz-checksum-sha256", EMPTY_SHA256)];
    let stored = answer(&part, 200, &headers, "").unwrap();
    assert_eq!(stored.etag.as_str(), "b54357faf0632cce46e942fa68356b38");
    assert_eq!(stored.sha256, Some(Digest::of(b"")));
}

#[test]
fn list_parts_by_aws() {
    let body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>exams</Bucket><Key>k</Key><UploadId>u</UploadId>
  <Initiator><ID>arn:aws:iam::111122223333:user/a</ID><DisplayName>a</DisplayName></Initiator>
  <Owner><ID>75aa</ID></Owner><StorageClass>STANDARD</StorageClass>
  <PartNumberMarker>1</PartNumberMarker><NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>2</MaxParts>
  <IsTruncated>true</IsTruncated><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>
  <Part><PartNumber>2</PartNumber><LastModified>2026-11-22T10:15:07.000Z</LastModified><ETag>&quot;7778aef83f66abc1fa1e8477f296d394&quot;</ETag><Size>10485760</Size><ChecksumSHA256>{EMPTY_SHA256}</ChecksumSHA256></Part>
  <Part><PartNumber>3</PartNumber><LastModified>2026-11-22T10:15:08.000Z</LastModified><ETag>"aaaa18db4cc2f85cedef654fccc4a4x8"</ETag><Size>5</Size></Part>
</ListPartsResult>"#
    );
    let page = answer(&ListParts { after: Some(1), ..ListParts::default() }, 200, &[], &body).unwrap();
    assert_eq!((page.next, page.checksum), (Some(3), Some(ChecksumAlgorithm::Sha256)));
    let first = ListedPart {
        number: 2,
        size: 10_485_760,
        etag: ETag::new("7778aef83f66abc1fa1e8477f296d394"),
        sha256: Some(Digest::of(b"")),
        modified: Some(1_795_342_507),
    };
    assert_eq!(page.parts[0], first);
    assert_eq!((page.parts[1].number, page.parts[1].size, page.parts[1].sha256), (3, 5, None));
}

#[test]
fn list_parts_by_ceph_that_is_empty_or_over() {
    let empty = r#"<?xml version="1.0" encoding="UTF-8"?><ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>exams</Bucket><Key>k</Key><UploadId>2~a</UploadId><StorageClass>STANDARD</StorageClass><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>0</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated><Owner><ID>u</ID><DisplayName>U</DisplayName></Owner></ListPartsResult>"#;
    let page = answer(&ListParts::default(), 200, &[], empty).unwrap();
    assert_eq!(page, PartsPage { parts: vec![], next: None, checksum: None });

    let over = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NoSuchUpload</Code><Message></Message><BucketName>exams</BucketName><RequestId>tx0001-00a-b-default</RequestId><HostId>b-default-default</HostId></Error>";
    let error = answer(&ListParts::default(), 404, &[], over).unwrap_err();
    assert_eq!((error.status, error.code), (404, ErrorCode::NoSuchUpload));
    assert_eq!(error.request_id.as_deref(), Some("tx0001-00a-b-default"));
}

/// A marker that leads nowhere would make a caller ask for the same page for ever.
#[test]
fn list_parts_that_does_not_lead_on_is_malformed() {
    let body = "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>5</NextPartNumberMarker></ListPartsResult>";
    let error = answer(&ListParts { after: Some(5), ..ListParts::default() }, 200, &[], body).unwrap_err();
    assert_eq!(error.code, ErrorCode::Malformed);
    let body = "<ListPartsResult><Part><PartNumber>x</PartNumber></Part></ListPartsResult>";
    assert_eq!(answer(&ListParts::default(), 200, &[], body).unwrap_err().code, ErrorCode::Malformed);
}

#[test]
fn complete_sends_parts_with_their_checksums() {
    let parts = [
        CompletedPart { number: 1, etag: ETag::new("\"a<b\""), sha256: Some(Digest::of(b"")) },
        CompletedPart { number: 2, etag: ETag::new("c"), sha256: None },
    ];
    let complete = CompleteMultipart { parts: &parts, ..CompleteMultipart::default() };
    assert_eq!(
        body_of(&complete),
        format!(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Part><ChecksumSHA256>{EMPTY_SHA256}</ChecksumSHA256><ETag>&quot;a&lt;b&quot;</ETag><PartNumber>1</PartNumber></Part>\
             <Part><ETag>&quot;c&quot;</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>"
        )
    );
    let bound = CompleteMultipart { object_size: Some(9), if_none_match: true, ..complete };
    let headers = bound.call().headers;
    assert!(headers.contains(&("x-amz-mp-object-size".into(), "9".into())));
    assert!(headers.contains(&("if-none-match".into(), "*".into())));
}

/// AWS sends white space while it works, and the prolog only with the result.
#[test]
fn complete_by_aws_after_a_wait() {
    let body = format!(
        "\n\n   \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n<Location>http://exams.s3.amazonaws.com/k</Location><Bucket>exams</Bucket><Key>k</Key><ETag>\"17fbc0a106abbb6f381aac6e331f2a19-1\"</ETag><ChecksumSHA256>{EMPTY_SHA256}-1</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType></CompleteMultipartUploadResult>"
    );
    let completed = answer(&CompleteMultipart::default(), 200, &[], &body).unwrap();
    assert_eq!(completed.etag.as_str(), "17fbc0a106abbb6f381aac6e331f2a19-1");
    assert_eq!(completed.checksums.sha256, Some(format!("{EMPTY_SHA256}-1")));
    assert_eq!(completed.checksums.kind, Some(ChecksumType::Composite));
}

#[test]
fn complete_that_failed_behind_a_200() {
    let body = "  \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message><RequestId>656c</RequestId></Error>";
    let error = answer(&CompleteMultipart::default(), 200, &[], body).unwrap_err();
    assert_eq!((error.status, &error.code), (200, &ErrorCode::InternalError));
    assert!(error.is_retryable());
    // The connection ended before the store made up its mind.
    let error = answer(&CompleteMultipart::default(), 200, &[], "  \n  ").unwrap_err();
    assert_eq!(error.code, ErrorCode::Malformed);
}

#[test]
fn complete_that_is_refused() {
    for (status, code, expected) in [
        (404, "NoSuchUpload", ErrorCode::NoSuchUpload),
        (400, "EntityTooSmall", ErrorCode::EntityTooSmall),
        (400, "InvalidPart", ErrorCode::InvalidPart),
        (400, "InvalidPartOrder", ErrorCode::InvalidPartOrder),
        (412, "PreconditionFailed", ErrorCode::PreconditionFailed),
        (409, "ConditionalRequestConflict", ErrorCode::ConditionalRequestConflict),
    ] {
        let body = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        let error = answer(&CompleteMultipart::default(), status, &[], &body).unwrap_err();
        assert_eq!((error.status, &error.code, error.is_retryable()), (status, &expected, false));
    }
}

#[test]
fn list_uploads_by_aws_with_encoded_keys_and_another_page() {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?><ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>exams</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><NextKeyMarker>webcam/%EC%8B%9C%ED%97%98+1%2B2</NextKeyMarker><NextUploadIdMarker>YW55</NextUploadIdMarker><EncodingType>url</EncodingType><MaxUploads>1</MaxUploads><IsTruncated>true</IsTruncated><Upload><Key>webcam/%EC%8B%9C%ED%97%98+1%2B2</Key><UploadId>YW55</UploadId><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass><Initiated>2026-11-22T10:15:07.000Z</Initiated></Upload></ListMultipartUploadsResult>"#;
    let page = answer(&ListMultipartUploads::default(), 200, &[], body).unwrap();
    let upload = ListedUpload {
        key: "webcam/시험 1+2".to_owned(),
        upload_id: "YW55".to_owned(),
        initiated: Some(1_795_342_507),
    };
    assert_eq!(page.uploads, [upload]);
    let marker = UploadsMarker { key: "webcam/시험 1+2".to_owned(), upload_id: "YW55".to_owned() };
    assert_eq!(page.next, Some(marker));
}

#[test]
fn list_uploads_by_ceph_with_plain_keys() {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>exams</Bucket><NextKeyMarker></NextKeyMarker><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated><Upload><Key>a+b%41 &amp; c</Key><UploadId>2~x</UploadId><Initiated>2026-11-22T10:15:07.123456Z</Initiated></Upload></ListMultipartUploadsResult>";
    let page = answer(&ListMultipartUploads::default(), 200, &[], body).unwrap();
    assert_eq!(
        (page.uploads[0].key.as_str(), page.uploads[0].initiated),
        ("a+b%41 & c", Some(1_795_342_507))
    );
    assert_eq!(page.next, None);
}

#[test]
fn list_objects_by_aws_and_garage() {
    let list = ListObjectsV2::default();
    let aws = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>exams</Name><Prefix></Prefix><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents><Key>a%26b+%E2%9C%93.webm</Key><LastModified>2026-11-22T10:15:07.000Z</LastModified><ETag>&quot;70ee1738b6b21e2c8a43f3a5ab0eee71&quot;</ETag><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><Size>5368709121</Size><StorageClass>GLACIER_IR</StorageClass></Contents><CommonPrefixes><Prefix>web%20cam/</Prefix></CommonPrefixes></ListBucketResult>"#;
    let page = answer(&list, 200, &[], aws).unwrap();
    let object = ListedObject {
        key: "a&b ✓.webm".to_owned(),
        size: 5_368_709_121,
        etag: Some(ETag::new("70ee1738b6b21e2c8a43f3a5ab0eee71")),
        storage_class: Some("GLACIER_IR".to_owned()),
        modified: Some(1_795_342_507),
    };
    assert_eq!((page.objects, page.prefixes), (vec![object], vec!["web cam/".to_owned()]));
    assert_eq!(page.next.as_deref(), Some("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="));

    let garage = r#"<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>exams</Name><Prefix/><MaxKeys>1000</MaxKeys><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"#;
    assert_eq!(
        answer(&list, 200, &[], garage).unwrap(),
        ObjectsPage { objects: vec![], prefixes: vec![], next: None }
    );
}

#[test]
fn head_object_reads_the_proof() {
    let head = HeadObject { key: "k", checksums: true };
    let headers = [
        ("content-length", "12345"),
        ("content-type", "video/webm"),
        ("etag", "\"abc-3\""),
        ("last-modified", "Sun, 22 Nov 2026 10:15:07 GMT"),
        ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-3"),
        ("x-amz-checksum-type", "COMPOSITE"),
        ("x-amz-meta-handin-write", "01KAMPLE"),
        ("x-amz-storage-class", "GLACIER_IR"),
    ];
    let object = answer(&head, 200, &headers, "").unwrap();
    assert_eq!((object.size, object.modified), (12_345, Some(1_795_342_507)));
    assert_eq!(object.etag, Some(ETag::new("abc-3")));
    assert_eq!(object.checksums.kind, Some(ChecksumType::Composite));
    assert_eq!(object.metadata.get("handin-write").map(String::as_str), Some("01KAMPLE"));
    assert_eq!(object.storage_class.as_deref(), Some("GLACIER_IR"));
    assert!(!object.is_restored);
}

#[test]
fn head_object_tells_whether_an_archived_object_can_be_read() {
    let restored = |restore: &str| {
        let headers = [("content-length", "5"), ("x-amz-restore", restore)];
        answer(&HeadObject { key: "k", checksums: false }, 200, &headers, "").unwrap().is_restored
    };
    assert!(restored("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2026 00:00:00 GMT\""));
    assert!(!restored("ongoing-request=\"true\""));
}

#[test]
fn heads_without_a_body_tell_by_their_status() {
    let object = |status| answer(&HeadObject { key: "k", checksums: false }, status, &[], "").unwrap_err();
    assert_eq!(object(404).code, ErrorCode::NoSuchKey);
    assert_eq!(object(403).code, ErrorCode::AccessDenied);
    assert!(object(503).is_retryable());
    let bucket = |status| answer(&HeadBucket, status, &[("x-amz-request-id", "R1")], "").unwrap_err();
    assert_eq!((bucket(404).code, bucket(404).request_id.as_deref()), (ErrorCode::NoSuchBucket, Some("R1")));
    let found = answer(&HeadBucket, 200, &[("x-amz-bucket-region", "ap-northeast-2")], "").unwrap();
    assert_eq!(found.region.as_deref(), Some("ap-northeast-2"));
}

#[test]
fn get_object_reads_a_range() {
    let get = GetObject { range: Some(ByteRange { first: 0, last: Some(9) }), ..GetObject::default() };
    assert_eq!(get.call().headers, [("range".into(), "bytes=0-9".into())]);
    let headers = [("content-length", "10"), ("content-range", "bytes 0-9/443")];
    let object = answer(&get, 206, &headers, "").unwrap();
    assert_eq!((object.size, object.content_range.as_deref()), (10, Some("bytes 0-9/443")));
    let error = answer(&get, 404, &[], "<Error><Code>NoSuchKey</Code></Error>").unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSuchKey);
}

#[test]
fn deletes_succeed_or_say_which_did_not() {
    assert_eq!(answer(&DeleteObject { key: "k" }, 204, &[], ""), Ok(()));
    assert_eq!(answer(&AbortMultipart { key: "k", upload_id: "u" }, 204, &[], ""), Ok(()));
    let delete = DeleteObjects { keys: &["a&b", "c"] };
    let call = delete.call();
    assert!(String::from_utf8(call.body).unwrap().contains("<Object><Key>a&amp;b</Key></Object>"));
    assert!(call.headers.iter().any(|(name, _)| name == "content-md5"));
    let body = r#"<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Deleted><Key>a&amp;b</Key></Deleted><Error><Key>c</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>"#;
    let outcome = answer(&delete, 200, &[], body).unwrap();
    assert_eq!(outcome.deleted, ["a&b"]);
    assert_eq!((outcome.failed[0].key.as_str(), &outcome.failed[0].code), ("c", &ErrorCode::AccessDenied));
}

/// The expected digest is `openssl md5 -binary | base64` of the body.
#[test]
fn bodies_carry_their_md5() {
    let call = PutBucketCors { rules: &[] }.call();
    let body = "<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></CORSConfiguration>";
    assert_eq!(call.body, body.as_bytes());
    assert_eq!(call.headers[0], ("content-md5".into(), "5/Gz9BDi/W4KCJf96c1cjw==".into()));
}

#[test]
fn cors_survives_both_ways() {
    let rule = CorsRule {
        id: Some("handin".to_owned()),
        origins: vec!["https://exam.example".to_owned(), "https://*.example".to_owned()],
        methods: vec!["PUT".to_owned()],
        headers: vec!["*".to_owned()],
        expose: vec!["ETag".to_owned()],
        max_age_s: Some(3_000),
    };
    let open =
        CorsRule { origins: vec!["*".to_owned()], methods: vec!["GET".to_owned()], ..CorsRule::default() };
    let rules = [rule, open];
    let written = body_of(&PutBucketCors { rules: &rules });
    assert_eq!(answer(&GetBucketCors, 200, &[], &written).unwrap(), rules);
    let none = "<Error><Code>NoSuchCORSConfiguration</Code><Message>The CORS configuration does not exist</Message></Error>";
    let error = answer(&GetBucketCors, 404, &[], none).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSuchCORSConfiguration);
}

#[test]
fn lifecycle_survives_both_ways_with_rules_of_others() {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Rule><ID>old</ID><Prefix>tmp/</Prefix><Status>Disabled</Status><Expiration><Days>7</Days></Expiration></Rule>
  <Rule><ID>handin-parts</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>14</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
  <Rule><ID>legal &amp; hold</ID><Filter><And><Prefix>x</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status><Expiration><Days>3650</Days></Expiration></Rule>
  <Rule><ID>move</ID><Filter/><Status>Enabled</Status><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
  <Rule><ID>date</ID><Filter/><Status>Enabled</Status><Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration></Rule>
</LifecycleConfiguration>"#;
    let rules = answer(&GetBucketLifecycle, 200, &[], body).unwrap();
    let old = PrefixRule {
        id: "old".to_owned(),
        enabled: false,
        prefix: "tmp/".to_owned(),
        expire_days: Some(7),
        abort_incomplete_days: None,
    };
    let parts = PrefixRule {
        id: "handin-parts".to_owned(),
        enabled: true,
        prefix: String::new(),
        expire_days: None,
        abort_incomplete_days: Some(14),
    };
    assert_eq!(rules[..2], [LifecycleRule::Prefix(old), LifecycleRule::Prefix(parts)]);
    let foreign = rules[2..].iter().map(|rule| match rule {
        LifecycleRule::Foreign(rule) => rule.id().unwrap(),
        LifecycleRule::Prefix(rule) => panic!("{rule:?} says less than was read"),
    });
    assert_eq!(foreign.collect::<Vec<_>>(), ["legal & hold", "move", "date"]);

    let written = body_of(&PutBucketLifecycle { rules: &rules });
    assert_eq!(answer(&GetBucketLifecycle, 200, &[], &written).unwrap(), rules);
    assert!(written.contains("<ID>legal &amp; hold</ID>"));
}

#[test]
fn create_bucket_names_its_region_except_the_first() {
    assert_eq!(body_of(&CreateBucket { region: Some("us-east-1"), object_lock: false }), "");
    assert!(
        body_of(&CreateBucket { region: Some("eu-west-1"), object_lock: false })
            .contains("<LocationConstraint>eu-west-1</LocationConstraint>")
    );
    let body = "<Error><Code>BucketAlreadyOwnedByYou</Code><Message>m</Message></Error>";
    let error = answer(&CreateBucket::default(), 409, &[], body).unwrap_err();
    assert_eq!(error.code, ErrorCode::BucketAlreadyOwnedByYou);
}

#[test]
fn a_bucket_has_object_lock_only_where_it_says_so() {
    let of = |status, body: &str| answer(&GetObjectLock, status, &[], body);
    let aws = r#"<?xml version="1.0" encoding="UTF-8"?>
<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"#;
    assert_eq!(of(200, aws), Ok(true));
    assert_eq!(of(200, "<ObjectLockConfiguration/>"), Ok(false));
    let none = "<Error><Code>ObjectLockConfigurationNotFoundError</Code><Message>Object Lock configuration does not exist for this bucket</Message></Error>";
    assert_eq!(of(404, none), Ok(false));
    assert_eq!(
        of(403, "<Error><Code>AccessDenied</Code></Error>").unwrap_err().code,
        ErrorCode::AccessDenied
    );
    assert_eq!(of(200, "<ListBucketResult/>").unwrap_err().code, ErrorCode::Malformed);
}

#[test]
fn legal_holds_are_set_and_read_of_a_version_too() {
    let put = |on| PutLegalHold { key: "a b", version_id: Some("3HL4"), on };
    assert!(body_of(&put(true)).ends_with("<Status>ON</Status></LegalHold>"), "{}", body_of(&put(true)));
    assert!(body_of(&put(false)).ends_with("<Status>OFF</Status></LegalHold>"), "{}", body_of(&put(false)));
    let put = put(true);
    let call = put.call();
    let query: Vec<_> = call.query.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    assert_eq!((call.key.as_ref(), query), ("a b", vec![("legal-hold", ""), ("versionId", "3HL4")]));
    assert!(call.headers.iter().any(|(name, _)| name == "content-md5"), "S3 insists on it");

    let get = GetLegalHold { key: "a b", version_id: None };
    let hold = |status: &str| format!("<LegalHold><Status>{status}</Status></LegalHold>");
    assert_eq!(answer(&get, 200, &[], &hold("ON")), Ok(true));
    assert_eq!(answer(&get, 200, &[], &hold("OFF")), Ok(false));
    for never in ["NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"] {
        let never = format!("<Error><Code>{never}</Code></Error>");
        assert_eq!(answer(&get, 404, &[], &never), Ok(false));
    }
    let gone = answer(&get, 404, &[], "<Error><Code>NoSuchKey</Code></Error>");
    assert_eq!(gone.unwrap_err().code, ErrorCode::NoSuchKey);
}

#[test]
fn versions_and_delete_markers_by_aws() {
    let list = ListObjectVersions { prefix: Some("my"), after: None };
    let page = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>exams</Name><Prefix>my</Prefix><KeyMarker/><VersionIdMarker/><MaxKeys>5</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextKeyMarker>my+key</NextKeyMarker><NextVersionIdMarker>3HL4kqtJvjVBH40Nrjfkd</NextVersionIdMarker>
<Version><Key>my%26key</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><Size>434234</Size></Version>
<DeleteMarker><Key>my+key</Key><VersionId>03jpff543dhffds434rfdsFDN943fdsFkdmqnh892</VersionId><IsLatest>true</IsLatest></DeleteMarker>
</ListVersionsResult>"#;
    let page = answer(&list, 200, &[], page).unwrap();
    let ids: Vec<_> = page.versions.iter().map(|one| (one.key.as_str(), one.version_id.as_str())).collect();
    assert_eq!(ids, [("my&key", "null"), ("my key", "03jpff543dhffds434rfdsFDN943fdsFkdmqnh892")]);
    assert_eq!(page.versions.iter().map(|one| one.is_marker).collect::<Vec<_>>(), [false, true]);
    let next = page.next.unwrap();
    assert_eq!((next.key.as_str(), next.version_id.as_deref()), ("my key", Some("3HL4kqtJvjVBH40Nrjfkd")));
    let nameless = "<ListVersionsResult><Version><Key>k</Key></Version></ListVersionsResult>";
    assert_eq!(answer(&list, 200, &[], nameless).unwrap_err().code, ErrorCode::Malformed);
}

#[test]
fn a_bucket_has_versions_until_it_is_known_never_to_have_had_any() {
    let of = |status: &str| {
        let body = format!("<VersioningConfiguration>{status}</VersioningConfiguration>");
        answer(&GetBucketVersioning, 200, &[], &body).unwrap()
    };
    assert!(of("<Status>Enabled</Status>") && of("<Status>Suspended</Status>"));
    assert!(!of("") && !of("<Status/>"));
    assert!(answer(&GetBucketVersioning, 200, &[], "<html/>").is_err());
}
