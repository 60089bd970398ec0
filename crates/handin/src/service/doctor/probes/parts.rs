//! Parts on their way: what the store lists of them, and that they go when they shall.

use handin_core::{Sha256 as Digest, StoredPart};
use handin_s3::ops::ListParts;
use sha2::{Digest as _, Sha256};

use super::{Bench, Finding, Untried};
use crate::objects::{PartPlace, Piece};
use crate::service::doctor::bench::Upload;

pub(super) async fn sent_again(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("part-again", false).await?;
    bench.put_part(&upload, 1, b"first").await?;
    bench.put_part(&upload, 1, b"second").await?;
    let sizes: Vec<u64> = listed(bench, &upload).await?.iter().map(|part| part.size).collect();
    Ok(Finding::new(sizes == [6], format!("parts of {sizes:?} bytes")))
}

pub(super) async fn by_page(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("parts-by-page", false).await?;
    for number in [1, 2, 4] {
        bench.put_part(&upload, number, b"part").await?;
    }
    let (mut numbers, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let list = ListParts { key: &upload.key, upload_id: &upload.id, after, max: Some(2) };
        let page = bench.ask(&list).await?.map_err(|error| Untried::because(error.to_string()))?;
        numbers.extend(page.parts.iter().map(|part| part.number));
        pages += 1;
        after = page.next;
        if after.is_none() || pages == 10 {
            break;
        }
    }
    Ok(Finding::new(numbers == [1, 2, 4] && pages == 2, format!("parts {numbers:?} on {pages} pages")))
}

pub(super) async fn uploads(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("listed", false).await?;
    let page = bench.objects.list_uploads(&upload.key, None).await?;
    let listed = page.uploads.iter().any(|open| open.key == upload.key && open.upload_id == upload.id);
    Ok(Finding::new(listed, if listed { "listed" } else { "not listed" }))
}

pub(super) async fn checksums(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("part-checksums", true).await?;
    let digest = Sha256::digest(b"hello").into();
    let signed = bench.part(&upload, 1, 5, Some(digest))?;
    bench.put(&signed, &[], b"hello").await?.expect_success("a part")?;
    Ok(kept(listed(bench, &upload).await?.first().and_then(|part| part.sha256), digest))
}

pub(super) async fn copied(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("part-copy", false).await?;
    let part = copy(bench, &upload, "copied-from").await?;
    let size = part.map(|part| part.size);
    Ok(Finding::new(
        size == Some(3),
        size.map_or("no part".to_owned(), |size| format!("a part of {size} bytes")),
    ))
}

pub(super) async fn copied_checksum(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("part-copy-checksum", true).await?;
    Ok(kept(
        copy(bench, &upload, "copied-with-checksum").await?.and_then(|part| part.sha256),
        Sha256::digest(b"ell").into(),
    ))
}

/// Copies the middle of `hello`, and gives what the store lists of it.
async fn copy(bench: &Bench, upload: &Upload, source: &str) -> Result<Option<StoredPart>, Untried> {
    // With a checksum of its own, as recordings have: versitygw treats the copies of others differently.
    let source = bench.key(source);
    let signed = bench.object(&source, 5, Some(Sha256::digest(b"hello").into()))?;
    bench.put(&signed, &[], b"hello").await?.expect_success("an object")?;
    let place = PartPlace { key: &upload.key, upload_id: &upload.id, number: 1 };
    bench.objects.copy_part(place, Piece { key: &source, first: 1, size: 3 }).await?;
    Ok(listed(bench, upload).await?.pop())
}

fn kept(kept: Option<Digest>, sent: Digest) -> Finding {
    let found = match kept {
        Some(kept) if kept == sent => "listed",
        Some(_) => "listed another one",
        None => "none listed",
    };
    Finding::new(kept == Some(sent), found)
}

pub(super) async fn aborted(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("aborted", false).await?;
    bench.put_part(&upload, 1, b"hello").await?;
    bench.objects.abort(&upload.key, &upload.id).await?;
    match bench.objects.list_parts(&upload.key, &upload.id).await {
        Err(error) if error.is_no_such_upload() => Ok(Finding::new(true, "gone")),
        Err(error) => Err(error.into()),
        Ok(parts) => Ok(Finding::new(false, format!("still there with {} parts", parts.len()))),
    }
}

async fn listed(bench: &Bench, upload: &Upload) -> Result<Vec<StoredPart>, Untried> {
    Ok(bench.objects.list_parts(&upload.key, &upload.id).await?)
}
