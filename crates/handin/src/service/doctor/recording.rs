//! The main job in small: a recording of two parts goes in by presigned URL, is proved, read back and deleted.

use sha2::{Digest as _, Sha256};

use super::Check;
use super::bench::{Bench, Untried, WRITE_TOKEN};
use super::probes::Finding;
use crate::objects::capabilities::Weight;

/// S3's smallest part before the last.
const FIRST: usize = handin_core::MIN_PART_SIZE as usize;
const LAST: usize = 1_000;

/// Sends a recording through its whole life.
pub(super) async fn check(bench: &Bench) -> Check {
    Check::new(
        "recording",
        Weight::Essential,
        "takes a recording of two parts by presigned URL, completes it and gives it back",
        round_trip(bench).await,
        "look at the step that failed; the credentials need s3:PutObject, GetObject, DeleteObject, ListBucket, \
         ListMultipartUploadParts, ListBucketMultipartUploads and AbortMultipartUpload",
    )
}

async fn round_trip(bench: &Bench) -> Result<Finding, Untried> {
    let parts = [vec![b'a'; FIRST], vec![b'b'; LAST]];
    let digests = parts.each_ref().map(|part| <[u8; 32]>::from(Sha256::digest(part)));
    let upload = bench.open("recording", true).await?;
    for ((number, part), digest) in (1..).zip(&parts).zip(digests) {
        let signed = bench.part(&upload, number, part.len() as u64, Some(digest))?;
        bench.put(&signed, &[], part).await?.expect_success("a part")?;
    }
    let stored = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let size = stored.iter().map(|part| part.size).sum();
    bench.objects.complete(&upload.key, &upload.id, &stored, size).await?;
    let head = bench.objects.head(&upload.key).await?.ok_or_else(|| Untried::because("no object stands"))?;
    let sizes = parts.each_ref().map(|part| part.len() as u64);
    let read_back = bench.objects.hash_object(&upload.key, &sizes).await?;
    bench.objects.delete(&upload.key).await?;
    let gone = bench.objects.head(&upload.key).await?.is_none();
    let ours = head.write_token.as_deref() == Some(WRITE_TOKEN);
    let whole = head.size == sizes.iter().sum::<u64>() && read_back == digests;
    Ok(match (ours && whole, gone) {
        (true, true) => Finding { does: true, found: format!("{} bytes came back", head.size) },
        (true, false) => Finding { does: false, found: "a deleted object still stands".to_owned() },
        (false, _) => Finding { does: false, found: format!("other bytes came back, {} of them", head.size) },
    })
}
