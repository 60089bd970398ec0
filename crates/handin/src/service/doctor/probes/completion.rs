//! Making an object out of parts: what is checked, what is kept, and what happens the second time.

use handin_core::{StorageClass, StoredPart};
use handin_s3::ops::{CompleteMultipart, CompletedPart, ETag};
use sha2::{Digest as _, Sha256};

use super::{Bench, Finding, Untried};
use crate::objects::{Error, ErrorKind, ObjectDigest};
use crate::service::doctor::bench::{Upload, WRITE_TOKEN};

const BODY: &[u8] = b"hello";

pub(super) async fn composite(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("composite", true).await?;
    let digest: [u8; 32] = Sha256::digest(BODY).into();
    let signed = bench.part(&upload, 1, BODY.len() as u64, Some(digest))?;
    bench.put(&signed, &[], BODY).await?.expect_success("a part")?;
    complete(bench, &upload).await?;
    let kept = bench.objects.head(&upload.key).await?.and_then(|head| head.sha256);
    let expected = ObjectDigest::Composite(Sha256::digest(digest).into(), 1);
    let found = match kept {
        Some(kept) if kept == expected => "kept",
        Some(_) => "another one",
        None => "none",
    };
    Ok(Finding::new(kept == Some(expected), found))
}

pub(super) async fn write_token(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "write-token").await?;
    complete(bench, &upload).await?;
    let head = bench.objects.head(&upload.key).await?;
    let kept = head.and_then(|head| head.write_token);
    Ok(Finding::new(kept.as_deref() == Some(WRITE_TOKEN), kept.map_or("lost", |_| "kept")))
}

pub(super) async fn storage_class(bench: &Bench) -> Result<Finding, Untried> {
    let upload = match bench.open_in(StorageClass::StandardIa, "storage-class", false).await {
        Err(Error { kind: kind @ ErrorKind::Other { .. }, .. }) => {
            return Ok(Finding::new(false, format!("refused, {}", kind.word())));
        }
        other => other?,
    };
    bench.put_part(&upload, 1, BODY).await?;
    complete(bench, &upload).await?;
    let kept = bench.objects.head(&upload.key).await?.and_then(|head| head.storage_class);
    let found = kept.map_or("another one", StorageClass::as_str);
    Ok(Finding::new(kept == Some(StorageClass::StandardIa), found))
}

pub(super) async fn small_part(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "small-part").await?;
    bench.put_part(&upload, 2, BODY).await?;
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    match bench.objects.complete(&upload.key, &upload.id, &parts, 2 * BODY.len() as u64).await {
        Ok(()) => Ok(Finding::new(false, "accepted")),
        Err(error) => {
            Ok(Finding::new(error.kind == ErrorKind::TooSmall, format!("refused, {}", error.kind.word())))
        }
    }
}

pub(super) async fn false_part(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "false-part").await?;
    let false_tag = "0".repeat(32);
    let part = StoredPart { number: 1, size: BODY.len() as u64, etag: false_tag, sha256: None };
    let result = bench.objects.complete(&upload.key, &upload.id, &[part], BODY.len() as u64).await;
    let stored = bench.objects.head(&upload.key).await?.is_some();
    let finding = match result {
        Ok(()) => Finding::new(false, "accepted"),
        Err(error) => Finding::new(!error.is_unavailable(), format!("refused, {}", error.kind.word())),
    };
    Ok(finding.and_stored_nothing(stored))
}

pub(super) async fn part_left_out(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "parts-left-out").await?;
    bench.put_part(&upload, 3, BODY).await?;
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let result = bench.objects.complete(&upload.key, &upload.id, &parts[..1], BODY.len() as u64).await;
    let size = bench.objects.head(&upload.key).await?.map(|head| head.size);
    Ok(match result {
        Ok(()) => Finding::new(size == Some(BODY.len() as u64), "completed"),
        Err(error) => Finding::new(false, format!("refused, {}", error.kind.word())),
    })
}

pub(super) async fn wrong_size(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "object-size").await?;
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let result = bench.objects.complete(&upload.key, &upload.id, &parts, BODY.len() as u64 + 1).await;
    let stored = bench.objects.head(&upload.key).await?.is_some();
    let finding = match result {
        Ok(()) => Finding::new(false, "accepted"),
        Err(error) => Finding::new(true, format!("refused, {}", error.kind.word())),
    };
    Ok(finding.and_stored_nothing(stored))
}

pub(super) async fn taken_key(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "taken-key").await?;
    bench.put_object("taken-key", b"first").await?;
    let answer = ask_to_complete(bench, &upload, true).await?;
    Ok(match answer {
        Ok(()) => Finding::new(false, "accepted"),
        Err(error) => Finding::new(true, format!("refused, {} {}", error.status, error.code)),
    })
}

pub(super) async fn again(bench: &Bench) -> Result<Finding, Untried> {
    let upload = one_part(bench, "complete-again").await?;
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let size = BODY.len() as u64;
    bench.objects.complete(&upload.key, &upload.id, &parts, size).await?;
    let second = bench.objects.complete(&upload.key, &upload.id, &parts, size).await;
    let intact = bench.objects.head(&upload.key).await?.is_some_and(|head| head.size == size);
    Ok(match second {
        _ if !intact => Finding::new(false, "the object is gone"),
        Ok(()) => Finding::new(true, "the same answer"),
        Err(error) => Finding::new(false, format!("refused, {}; the object stands", error.kind.word())),
    })
}

async fn one_part(bench: &Bench, name: &str) -> Result<Upload, Untried> {
    let upload = bench.open(name, false).await?;
    bench.put_part(&upload, 1, BODY).await?;
    Ok(upload)
}

async fn complete(bench: &Bench, upload: &Upload) -> Result<(), Untried> {
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    Ok(bench.objects.complete(&upload.key, &upload.id, &parts, BODY.len() as u64).await?)
}

async fn ask_to_complete(
    bench: &Bench,
    upload: &Upload,
    if_none_match: bool,
) -> Result<Result<(), handin_s3::Error>, Untried> {
    let parts = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let parts: Vec<_> = parts
        .iter()
        .map(|part| CompletedPart { number: part.number as u16, etag: ETag::new(&part.etag), sha256: None })
        .collect();
    let complete = CompleteMultipart {
        key: &upload.key,
        upload_id: &upload.id,
        parts: &parts,
        object_size: None,
        if_none_match,
    };
    Ok(bench.ask(&complete).await?.map(|_| ()))
}
