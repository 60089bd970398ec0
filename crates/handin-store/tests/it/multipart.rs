//! Uploads in parts.

use handin_s3::ops::{
    AbortMultipart, ChecksumAlgorithm, CompleteMultipart, CompletedPart, CreateMultipart, ETag, HeadObject,
    ListMultipartUploads, ListParts, UploadPart,
};
use handin_s3::{Composite, Digest, ErrorCode, Operation};

use http::Method;

use crate::support::{PART, TestStore, bytes, call, completed, read};

const KEY: &str = "screen/é/take 1.webm";

#[tokio::test]
async fn parts_become_an_object() {
    let store = TestStore::start().await;
    let create = CreateMultipart {
        key: KEY,
        content_type: Some("video/webm"),
        checksum: Some(ChecksumAlgorithm::Sha256),
        metadata: &[("handin-write", "token")],
        ..Default::default()
    };
    let upload_id = store.ask(&create).await.unwrap().upload_id;
    let contents = [bytes(PART, 1), bytes(PART, 2), bytes(1234, 3)];
    let mut parts = Vec::new();
    // Out of order, as retries make them, and one without a checksum of its own.
    for number in [3_u16, 1, 2] {
        let content = &contents[usize::from(number) - 1];
        let sha256 = (number != 2).then(|| Digest::of(content));
        let part = UploadPart { key: KEY, upload_id: &upload_id, number, size: content.len() as u64, sha256 };
        let stored = store.give(&part, content).await.unwrap();
        assert_eq!(stored.sha256, Some(Digest::of(content)), "part {number}");
        parts.push(completed(number, &stored));
    }
    parts.sort_by_key(|part| part.number);

    let listed =
        store.ask(&ListParts { key: KEY, upload_id: &upload_id, ..Default::default() }).await.unwrap();
    assert_eq!(listed.checksum, Some(ChecksumAlgorithm::Sha256));
    let seen: Vec<_> = listed.parts.iter().map(|part| (part.number, part.size, part.sha256)).collect();
    let expected: Vec<_> =
        (1..).zip(&contents).map(|(n, part)| (n, part.len() as u64, Some(Digest::of(part)))).collect();
    assert_eq!(seen, expected);

    let whole = contents.concat();
    let complete = CompleteMultipart {
        key: KEY,
        upload_id: &upload_id,
        parts: &parts,
        object_size: Some(whole.len() as u64),
        if_none_match: true,
    };
    let object = store.ask(&complete).await.unwrap();
    let digests: Vec<Digest> = contents.iter().map(|part| Digest::of(part)).collect();
    assert_eq!(object.checksums.sha256, Some(Composite::of(&digests).to_string()));
    assert!(object.etag.as_str().ends_with("-3"), "{}", object.etag);

    let head = store.ask(&HeadObject { key: KEY, checksums: true }).await.unwrap();
    assert_eq!((head.size, head.etag), (whole.len() as u64, Some(object.etag)));
    assert_eq!(head.checksums.sha256, object.checksums.sha256);
    assert_eq!(head.metadata["handin-write"], "token");
    assert!(store.get(KEY).await.body == whole);
}

/// Clients take an ETag without `-` for an MD5, and compare.
#[tokio::test]
async fn the_etag_of_a_part_is_its_md5_only_where_the_client_knows_it() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    let unknown = store.part("a", &upload_id, 1, &bytes(PART, 1)).await;
    assert!(unknown.etag.as_str().contains('-'), "{}", unknown.etag);
    let operation = UploadPart { key: "a", upload_id: &upload_id, number: 2, size: 9, sha256: None };
    let mut call = operation.call();
    call.headers.push(("content-md5".into(), "JfnnlDI7RTiF9RgfG2JNCw==".into()));
    let known = read(&operation, &store.send(&call, "123456789").await).unwrap();
    assert_eq!(known.etag.as_str(), "25f9e794323b453885f5181f1b624d0b");

    let parts = vec![completed(1, &unknown), completed(2, &known)];
    let complete = CompleteMultipart {
        key: "a",
        upload_id: &upload_id,
        parts: &parts,
        object_size: None,
        if_none_match: false,
    };
    assert!(store.ask(&complete).await.unwrap().etag.as_str().ends_with("-2"));
}

#[tokio::test]
async fn a_range_may_cross_parts() {
    let store = TestStore::start().await;
    let contents = [bytes(PART, 1), bytes(PART, 2)];
    store.complete_of("a", &contents).await;
    let whole = contents.concat();
    for (start, end) in [(PART - 10, PART + 9), (PART, PART), (0, 2 * PART - 1), (2 * PART - 1, 2 * PART - 1)]
    {
        let mut asked = call(Method::GET, "a");
        asked.headers.push(("range".into(), format!("bytes={start}-{end}").into()));
        let reply = store.send(&asked, "").await;
        assert_eq!(reply.status.as_u16(), 206);
        assert!(reply.body == whole[start..=end], "{start}-{end}");
    }
    let mut asked = call(Method::GET, "a");
    asked.query.push(("partNumber", "2".into()));
    let reply = store.send(&asked, "").await;
    assert_eq!((reply.status.as_u16(), reply.header("x-amz-mp-parts-count")), (206, "2"));
    assert!(reply.body == contents[1]);
}

#[tokio::test]
async fn sending_a_number_again_replaces_the_part() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    store.part("a", &upload_id, 1, b"first").await;
    let part = store.part("a", &upload_id, 1, b"second try").await;
    let listed =
        store.ask(&ListParts { key: "a", upload_id: &upload_id, ..Default::default() }).await.unwrap();
    assert_eq!(listed.parts.len(), 1);
    assert_eq!((listed.parts[0].size, &listed.parts[0].etag), (10, &part.etag));
    store.complete("a", &upload_id, &[completed(1, &part)]).await.unwrap();
    assert_eq!(store.get("a").await.body, b"second try");
}

#[tokio::test]
async fn an_upload_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = TestStore::over(folder.path()).await;
    let upload_id = store.begin("a").await.upload_id;
    let first = store.part("a", &upload_id, 1, &bytes(PART, 1)).await;
    store.stop().await;

    let store = TestStore::over(folder.path()).await;
    let second = store.part("a", &upload_id, 2, b"the end").await;
    let parts = [completed(1, &first), completed(2, &second)];
    store.complete("a", &upload_id, &parts).await.unwrap();
    let whole = [bytes(PART, 1), b"the end".to_vec()].concat();
    assert!(store.get("a").await.body == whole);
    store.stop().await;

    let store = TestStore::over(folder.path()).await;
    assert!(store.get("a").await.body == whole);
    store.complete("a", &upload_id, &parts).await.unwrap();
    store.stop().await;
}

#[tokio::test]
async fn completing_again_gives_the_same_answer() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    let parts = [completed(1, &store.part("a", &upload_id, 1, b"content").await)];
    let first = store.complete("a", &upload_id, &parts).await.unwrap();
    assert_eq!(store.complete("a", &upload_id, &parts).await.unwrap(), first);
    let (third, fourth) =
        tokio::join!(store.complete("a", &upload_id, &parts), store.complete("a", &upload_id, &parts));
    assert_eq!((third.unwrap(), fourth.unwrap()), (first.clone(), first));
    store.put("a", b"another object").await;
    let late = store.complete("a", &upload_id, &parts).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::NoSuchUpload);
}

#[tokio::test]
async fn a_wrong_list_of_parts_is_refused_and_can_be_corrected() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    let first = completed(1, &store.part("a", &upload_id, 1, &bytes(PART, 1)).await);
    let second = completed(2, &store.part("a", &upload_id, 2, b"small").await);
    let third = completed(3, &store.part("a", &upload_id, 3, b"last").await);
    let other = CompletedPart { etag: ETag::new("\"00000000000000000000000000000000\""), ..first.clone() };
    let missing = CompletedPart { number: 4, ..third.clone() };
    let fewer = CompletedPart { sha256: Some(Digest::of(b"?")), ..first.clone() };
    for (parts, code) in [
        (vec![], "InvalidRequest"),
        (vec![second.clone(), first.clone()], "InvalidPartOrder"),
        (vec![first.clone(), first.clone()], "InvalidPartOrder"),
        (vec![other], "InvalidPart"),
        (vec![first.clone(), missing], "InvalidPart"),
        (vec![first.clone(), second.clone(), third.clone()], "EntityTooSmall"),
        (vec![fewer], "InvalidRequest"),
    ] {
        let refused = store.complete("a", &upload_id, &parts).await.unwrap_err();
        assert_eq!((refused.status, refused.code.name()), (400, code), "{parts:?}");
        store.get("a").await.expect(404, "NoSuchKey");
    }
    let truncated = CompleteMultipart {
        object_size: Some(1),
        ..complete_call("a", &upload_id, std::slice::from_ref(&first))
    };
    assert_eq!(store.ask(&truncated).await.unwrap_err().code.name(), "InvalidRequest");

    store.complete("a", &upload_id, &[first, third]).await.unwrap();
    assert_eq!(store.get("a").await.body.len(), PART + 4);
}

#[tokio::test]
async fn part_numbers_have_limits() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    for (number, accepted) in [(0, false), (1, true), (10_000, true), (10_001, false)] {
        let part = UploadPart { key: "a", upload_id: &upload_id, number, size: 1, sha256: None };
        let given = store.give(&part, b"x").await;
        assert_eq!(given.is_ok(), accepted, "{number}");
        if let Err(refused) = given {
            assert_eq!((refused.status, refused.code.name()), (400, "InvalidArgument"));
        }
    }
}

#[tokio::test]
async fn what_is_aborted_is_gone() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    store.part("a", &upload_id, 1, b"content").await;
    store.ask(&AbortMultipart { key: "a", upload_id: &upload_id }).await.unwrap();
    let again = store.ask(&AbortMultipart { key: "a", upload_id: &upload_id }).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::NoSuchUpload);
    let part = UploadPart { key: "a", upload_id: &upload_id, number: 2, size: 1, sha256: None };
    assert_eq!(store.give(&part, b"x").await.unwrap_err().code, ErrorCode::NoSuchUpload);
    let uploads = store.ask(&ListMultipartUploads::default()).await.unwrap();
    assert!(uploads.uploads.is_empty());
}

#[tokio::test]
async fn a_wrong_checksum_of_a_part_leaves_the_earlier_one() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    let good = store.part("a", &upload_id, 1, b"content").await;
    let sha256 = Some(Digest::of(b"content"));
    let part = UploadPart { key: "a", upload_id: &upload_id, number: 1, size: 7, sha256 };
    let refused = store.give(&part, b"CONTENT").await.unwrap_err();
    assert_eq!((refused.status, refused.code.name()), (400, "BadDigest"));
    let listed =
        store.ask(&ListParts { key: "a", upload_id: &upload_id, ..Default::default() }).await.unwrap();
    assert_eq!(listed.parts[0].etag, good.etag);
}

#[tokio::test]
async fn a_crc_can_cover_the_whole_object() {
    let store = TestStore::start().await;
    let contents = [bytes(PART, 7), bytes(99_999, 8)];
    let whole = contents.concat();
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME"] {
        let header = format!("x-amz-checksum-{}", algorithm.to_lowercase());
        let create = CreateMultipart { key: algorithm, ..Default::default() };
        let mut begin = create.call();
        begin.headers.push(("x-amz-checksum-algorithm".into(), algorithm.into()));
        begin.headers.push(("x-amz-checksum-type".into(), "FULL_OBJECT".into()));
        let upload_id = crate::support::read(&create, &store.send(&begin, "").await).unwrap().upload_id;
        let mut parts = Vec::new();
        for (number, content) in (1..).zip(&contents) {
            parts.push(completed(number, &store.part(algorithm, &upload_id, number, content).await));
        }
        let complete = complete_call(algorithm, &upload_id, &parts);
        let mut wrong = complete.call();
        let nothing = if algorithm == "CRC64NVME" { "AAAAAAAAAAA=" } else { "AAAAAA==" };
        wrong.headers.push((header.clone().into(), nothing.into()));
        store.send(&wrong, wrong.body.clone()).await.expect(400, "BadDigest");
        store.complete(algorithm, &upload_id, &parts).await.unwrap();

        // The same bytes in one piece have the same checksum.
        let mut put = call(Method::PUT, "single");
        put.headers.push(("x-amz-sdk-checksum-algorithm".into(), algorithm.into()));
        put.headers.push(("x-amz-checksum-algorithm".into(), algorithm.into()));
        let single = store.send(&put, whole.clone()).await;
        assert_eq!(single.status.as_u16(), 200, "{}", single.text());
        let head = store.send(&HeadObject { key: algorithm, checksums: true }.call(), "").await;
        assert!(!head.header(&header).is_empty());
        assert_eq!(head.header(&header), single.header(&header), "{algorithm}");
        assert_eq!(head.header("x-amz-checksum-type"), "FULL_OBJECT");
    }
}

#[tokio::test]
async fn lists_of_parts_and_uploads_have_pages() {
    let store = TestStore::start().await;
    let upload_id = store.begin("a").await.upload_id;
    for number in [1, 2, 5, 6, 9] {
        store.part("a", &upload_id, number, &[u8::try_from(number).unwrap()]).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let list = ListParts { key: "a", upload_id: &upload_id, after, max: Some(2) };
        let page = store.ask(&list).await.unwrap();
        assert!(page.parts.len() <= 2);
        seen.extend(page.parts.iter().map(|part| part.number));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 5, 6, 9]);

    let mut expected = vec![("a".to_owned(), upload_id)];
    for key in ["b/1", "b/1", "b/2", "c"] {
        expected.push((key.to_owned(), store.begin(key).await.upload_id));
        store.advance(std::time::Duration::from_millis(1));
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let list = ListMultipartUploads { after: after.as_ref(), max: Some(2), ..Default::default() };
        let page = store.ask(&list).await.unwrap();
        assert!(page.uploads.len() <= 2);
        seen.extend(page.uploads.into_iter().map(|upload| (upload.key, upload.upload_id)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

fn complete_call<'a>(key: &'a str, upload_id: &'a str, parts: &'a [CompletedPart]) -> CompleteMultipart<'a> {
    CompleteMultipart { key, upload_id, parts, object_size: None, if_none_match: false }
}

impl TestStore {
    pub async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[CompletedPart],
    ) -> Result<handin_s3::ops::CompletedObject, handin_s3::Error> {
        self.ask(&complete_call(key, upload_id, parts)).await
    }

    /// Makes an object of several parts.
    pub async fn complete_of(&self, key: &str, contents: &[Vec<u8>]) {
        let upload_id = self.begin(key).await.upload_id;
        let mut parts = Vec::new();
        for (number, content) in (1..).zip(contents) {
            parts.push(completed(number, &self.part(key, &upload_id, number, content).await));
        }
        self.complete(key, &upload_id, &parts).await.unwrap();
    }
}
