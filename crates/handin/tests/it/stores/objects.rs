//! The store client from end to end: what a recording's life asks of it, sent as a browser would.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin::objects::capabilities::{Capability, KnownStore};
use handin::objects::{
    CreateUpload, ErrorKind, Limits, ObjectDigest, Objects, PartPlace, PartToSign, Piece, PutToSign,
    SignedUrl, Source, UploadsPage, cleans_by_itself, cors_rule, expires_rehearsals, http_client,
};
use handin_s3::Credentials;
use handin_s3::ops::{CorsRule, LifecycleRule, PrefixRule};
use sha2::{Digest as _, Sha256};

use super::{TestStore, new_bucket, real_time};

const TTL: Duration = Duration::from_secs(300);
const KEY: &str = "webcam/b3/2026-11-22/spring/math/C-17/01JD8Z0QX3V5T9K2M4N6P8R0SW.webm";

fn create(declare_sha256: bool) -> CreateUpload<'static> {
    CreateUpload {
        content_type: "video/webm;codecs=\"vp9,opus\"",
        write_token: "token-1",
        declare_sha256,
        storage_class: Default::default(),
    }
}

fn does(store: &TestStore, capability: Capability) -> bool {
    KnownStore::from_name(&store.name).is_some_and(|column| capability.measured(column))
}

async fn put(signed: &SignedUrl, body: Vec<u8>) -> reqwest::Response {
    let mut request = http_client(&Limits::default()).unwrap().put(&signed.url).body(body);
    for (name, value) in &signed.headers {
        request = request.header(*name, value);
    }
    request.send().await.unwrap()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes that differ everywhere.
fn bytes(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at * 31 + (at >> 8) * 7 + seed) % 251) as u8).collect()
}

async fn send_part(objects: &Objects, upload_id: &str, number: u32, body: &[u8]) {
    let part = PartToSign { number, size: body.len() as u64, sha256: Some(digest(body)) };
    let signed = objects.sign_parts(KEY, upload_id, &[part], real_time()(), TTL).unwrap().remove(0);
    let answer = put(&signed, body.to_vec()).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_sent_in_parts_is_proved_and_read_back() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        let keeps_checksums = does(&store, Capability::KeepsPartChecksums);
        let parts = [bytes(1, 5 << 20), bytes(2, 5 << 20), bytes(3, 1_234)];
        let sizes = parts.each_ref().map(|part| part.len() as u64);
        let digests = parts.each_ref().map(|part| digest(part));
        let size = sizes.iter().sum::<u64>();

        let upload_id = objects.create_upload(KEY, create(true)).await.unwrap();
        for (number, part) in (1..).zip(&parts) {
            send_part(&objects, &upload_id, number, part).await;
        }
        let stored = objects.list_parts(KEY, &upload_id).await.unwrap();
        assert_eq!(
            stored.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(),
            [(1, sizes[0]), (2, sizes[1]), (3, sizes[2])]
        );
        for (part, digest) in stored.iter().zip(digests) {
            assert_eq!(part.sha256, keeps_checksums.then_some(digest), "{name}");
        }
        assert_eq!(objects.head(KEY).await.unwrap(), None, "{name}: not before it is complete");
        objects.complete(KEY, &upload_id, &stored, size).await.unwrap();

        let head = objects.head(KEY).await.unwrap().unwrap();
        assert_eq!((head.size, head.write_token.as_deref()), (size, Some("token-1")), "{name}");
        assert_eq!(head.content_type.as_deref(), Some(create(true).content_type), "{name}");
        let composite = ObjectDigest::Composite(digest(&digests.concat()), 3);
        let keeps_composite = does(&store, Capability::KeepsCompositeChecksum);
        assert_eq!(head.sha256, keeps_composite.then_some(composite), "{name}");
        assert_eq!(objects.hash_object(KEY, &sizes).await.unwrap(), digests, "{name}");

        objects.delete(KEY).await.unwrap();
        objects.delete(KEY).await.unwrap();
        assert_eq!(objects.head(KEY).await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_sent_whole_is_proved() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        let body = bytes(4, 300_000);
        let sha256 = Some(digest(&body));
        let to_sign = PutToSign {
            size: 300_000,
            content_type: "video/webm",
            write_token: "token-2",
            sha256,
            storage_class: Default::default(),
        };
        let signed = objects.sign_put(KEY, &to_sign, real_time()(), TTL).unwrap();
        assert_eq!(put(&signed, body.clone()).await.status(), 200, "{name}");
        let again = put(&signed, body.clone()).await.status() == 412;
        assert_eq!(again, does(&store, Capability::RefusesSecondWrite), "{name}: a key is written once");
        let head = objects.head(KEY).await.unwrap().unwrap();
        assert_eq!((head.size, head.write_token.as_deref()), (300_000, Some("token-2")), "{name}");
        let keeps = does(&store, Capability::RefusesWrongChecksum);
        assert_eq!(head.sha256, keeps.then_some(ObjectDigest::Full(digest(&body))), "{name}");
        assert_eq!(objects.hash_object(KEY, &[300_000]).await.unwrap(), [digest(&body)], "{name}");
        let too_long = objects.hash_object(KEY, &[300_001]).await.unwrap_err();
        assert!(matches!(too_long.kind, ErrorKind::Other { .. }), "{name}: {too_long}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_names_the_file_it_downloads() {
    for store in TestStore::all().await {
        let objects = store.objects().await;
        let to_sign = PutToSign {
            size: 5,
            content_type: "video/webm",
            write_token: "token-3",
            sha256: None,
            storage_class: Default::default(),
        };
        let signed = objects.sign_put(KEY, &to_sign, real_time()(), TTL).unwrap();
        assert_eq!(put(&signed, b"hello".to_vec()).await.status(), 200, "{}", store.name);
        let signed = objects.sign_get(KEY, real_time()(), TTL, Some("수학 1.webm")).unwrap();
        let answer = http_client(&Limits::default()).unwrap().get(&signed.url).send().await.unwrap();
        let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert_eq!(disposition, "attachment; filename*=UTF-8''%EC%88%98%ED%95%99%201.webm", "{}", store.name);
        assert_eq!(answer.bytes().await.unwrap(), "hello", "{}", store.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_parts_than_a_page_holds_are_listed() {
    const PARTS: u32 = 1_050;
    for store in TestStore::all().await {
        let objects = store.objects().await;
        let upload_id = objects.create_upload(KEY, create(false)).await.unwrap();
        let parts: Vec<_> = (1..=PARTS).map(|number| PartToSign { number, size: 1, sha256: None }).collect();
        let signed = objects.sign_parts(KEY, &upload_id, &parts, real_time()(), TTL).unwrap();
        let client = http_client(&Limits::default()).unwrap();
        let sent = signed.iter().map(|signed| client.put(&signed.url).body("x").send());
        let answers: Vec<_> = stream::iter(sent).buffer_unordered(16).try_collect().await.unwrap();
        assert!(answers.iter().all(|answer| answer.status() == 200), "{}", store.name);
        let stored = objects.list_parts(KEY, &upload_id).await.unwrap();
        assert!(stored.iter().map(|part| part.number).eq(1..=PARTS), "{}: {}", store.name, stored.len());
        objects.abort(KEY, &upload_id).await.unwrap();
    }
}

fn listed(page: UploadsPage) -> Vec<(String, String)> {
    page.uploads.into_iter().map(|upload| (upload.key, upload.upload_id)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn open_uploads_are_listed_until_they_are_aborted() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        let mut opened = Vec::new();
        for key in ["screen/1.webm", "webcam/1.webm", "webcam/2.webm"] {
            opened.push((key.to_owned(), objects.create_upload(key, create(false)).await.unwrap()));
        }
        assert_eq!(listed(objects.list_uploads("", None).await.unwrap()), opened, "{name}");
        assert_eq!(listed(objects.list_uploads("webcam/", None).await.unwrap()), opened[1..], "{name}");
        for (key, upload_id) in &opened {
            objects.abort(key, upload_id).await.unwrap();
            objects.abort(key, upload_id).await.unwrap();
            let gone = objects.list_parts(key, upload_id).await.unwrap_err();
            assert!(gone.is_no_such_upload(), "{name}: {gone}");
        }
        assert_eq!(listed(objects.list_uploads("", None).await.unwrap()), [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_rules_of_other_people_survive_ours() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        assert_eq!(objects.cors().await.unwrap(), [], "{name}");
        let theirs = CorsRule {
            id: Some("theirs".to_owned()),
            origins: vec!["https://theirs.example".to_owned()],
            methods: vec!["GET".to_owned()],
            headers: vec!["*".to_owned()],
            ..CorsRule::default()
        };
        objects.put_cors(std::slice::from_ref(&theirs)).await.unwrap();
        for origin in ["https://a.example", "https://b.example"] {
            let ours = cors_rule(&[origin.to_owned()]);
            objects.allow_origins(&ours.origins).await.unwrap();
            let rules = objects.cors().await.unwrap();
            assert_eq!(rules.len(), 2, "{name}: {rules:?}");
            assert!(rules.contains(&theirs), "{name}: {rules:?}");
            assert!(rules.iter().any(|rule| rule.origins == ours.origins), "{name}: {rules:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lifecycle_rules_of_other_people_survive_ours() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        if !does(&store, Capability::KeepsLifecycle) {
            continue;
        }
        let objects = store.objects().await;
        assert_eq!(objects.lifecycle().await.unwrap(), [], "{name}");
        let theirs = LifecycleRule::Prefix(PrefixRule {
            id: "theirs".to_owned(),
            enabled: true,
            prefix: "tmp/".to_owned(),
            expire_days: Some(3),
            abort_incomplete_days: None,
        });
        objects.put_lifecycle(std::slice::from_ref(&theirs)).await.unwrap();
        objects.clean_by_itself().await.unwrap();
        objects.clean_by_itself().await.unwrap();
        let rules = objects.lifecycle().await.unwrap();
        assert_eq!(rules.len(), 3, "{name}: {rules:?}");
        assert!(rules.contains(&theirs) && cleans_by_itself(&rules), "{name}: {rules:?}");
        let ours: Vec<_> = rules.into_iter().filter(|rule| !expires_rehearsals(rule)).collect();
        objects.put_lifecycle(&ours).await.unwrap();
        objects.clean_by_itself().await.unwrap();
        let rules = objects.lifecycle().await.unwrap();
        assert_eq!(rules.len(), 3, "{name}: what an older handin did not write is added: {rules:?}");
        assert!(rules.contains(&theirs) && cleans_by_itself(&rules), "{name}: {rules:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_apart() {
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        objects.ensure_bucket().await.unwrap();
        let upload_id = objects.create_upload(KEY, create(false)).await.unwrap();
        objects.abort(KEY, &upload_id).await.unwrap();
        let unknown = objects.complete(KEY, &upload_id, &[], 0).await.unwrap_err();
        assert!(!unknown.is_unavailable(), "{name}: {unknown}");
        let unread = objects.hash_object(KEY, &[5]).await.unwrap_err();
        assert_eq!(unread.kind, ErrorKind::NoSuchKey, "{name}");

        let elsewhere = Objects::start(store.settings(&store.endpoint, &new_bucket())).await.unwrap();
        let no_bucket = elsewhere.create_upload(KEY, create(false)).await.unwrap_err();
        assert_eq!(no_bucket.kind, ErrorKind::NoSuchBucket, "{name}");

        let mut settings = store.settings(&store.endpoint, &objects.bucket());
        settings.credentials = Source::Static(Credentials::new("handin", "wrong"));
        let stranger = Objects::start(settings).await.unwrap();
        let denied = stranger.create_upload(KEY, create(false)).await.unwrap_err();
        assert!(matches!(denied.kind, ErrorKind::Denied { .. }), "{name}: {denied}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_made_of_a_sent_beginning_and_a_copied_rest() {
    const SOURCE: &str = "webcam/b3/2026-11-22/spring/math/C-17/01JD8Z0QX3V5T9K2M4N6P8R0SW.1.webm";
    for store in TestStore::all().await {
        let name = store.name.as_str();
        let objects = store.objects().await;
        let recorded = [bytes(1, 5 << 20), bytes(2, 5 << 20), bytes(3, 1_234)];
        let beginning = bytes(4, 5 << 20);
        // A store that copies without checksums would not complete an upload that is to have them.
        let keeps = does(&store, Capability::KeepsCopiedChecksums);
        let make = async |key: &'static str, first: &[u8], rest: Option<&'static str>| {
            let upload_id = objects.create_upload(key, create(keeps)).await.unwrap();
            let place = |number| PartPlace { key, upload_id: &upload_id, number };
            let sha256 = |part| keeps.then(|| digest(part));
            objects.upload_part(place(1), first.to_vec().into(), sha256(first)).await.unwrap();
            for (number, part) in (2..).zip(&recorded[1..]) {
                let (at, size) = (u64::from(number - 1) * (5 << 20), part.len() as u64);
                match rest {
                    Some(source) => {
                        let from = Piece { key: source, first: at, size };
                        objects.copy_part(place(number), from).await.unwrap();
                    }
                    None => {
                        objects.upload_part(place(number), part.clone().into(), sha256(part)).await.unwrap();
                    }
                }
            }
            let stored = objects.list_parts(key, &upload_id).await.unwrap();
            objects.complete(key, &upload_id, &stored, (10 << 20) + 1_234).await.unwrap();
            stored
        };
        make(SOURCE, &recorded[0], None).await;
        let stored = make(KEY, &beginning, Some(SOURCE)).await;

        let digests = [digest(&beginning), digest(&recorded[1]), digest(&recorded[2])];
        for (part, digest) in stored.iter().zip(digests).skip(1) {
            assert_eq!(part.sha256, keeps.then_some(digest), "{name}: part {}", part.number);
        }
        let head = objects.head(KEY).await.unwrap().unwrap();
        assert_eq!((head.size, head.write_token.as_deref()), ((10 << 20) + 1_234, Some("token-1")), "{name}");
        let composite = ObjectDigest::Composite(digest(&digests.concat()), 3);
        assert_eq!(head.sha256, keeps.then_some(composite), "{name}");
        let sizes = [5 << 20, 5 << 20, 1_234];
        assert_eq!(objects.hash_object(KEY, &sizes).await.unwrap(), digests, "{name}");
    }
}
