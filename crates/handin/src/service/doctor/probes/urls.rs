//! What a presigned URL is held to: that it is signed, in time, unchanged, and used for what it was signed for.

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::{Bench, Finding, Untried};
use crate::objects::PartToSign;
use crate::service::doctor::bench::TTL;

const BODY: &[u8] = b"hello";

pub(super) async fn unsigned(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.put_object("unsigned", BODY).await?;
    let signed = bench.objects.sign_get(&key, bench.now(), TTL, None)?;
    let bare = signed.url.split('?').next().unwrap_or_default();
    Ok(Finding::refused(&bench.send(Method::GET, bare, &[], &[]).await?))
}

pub(super) async fn expired(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("expired", false).await?;
    let an_hour_ago = bench.now().saturating_sub(SignedDuration::from_hours(1)).unwrap_or_default();
    let part = PartToSign { number: 1, size: BODY.len() as u64, sha256: None };
    let signed = bench.part_at(&upload, part, an_hour_ago, Duration::from_secs(60))?;
    let reply = bench.put(&signed, &[], BODY).await?;
    let stored = bench.objects.list_parts(&upload.key, &upload.id).await?;
    Ok(Finding::refused(&reply).and_stored_nothing(!stored.is_empty()))
}

pub(super) async fn tampered(bench: &Bench) -> Result<Finding, Untried> {
    let (key, other) = (bench.key("tampered"), bench.key("tempered"));
    let mut signed = bench.object(&key, BODY.len() as u64, None)?;
    signed.url = signed.url.replacen("tampered", "tempered", 1);
    let reply = bench.put(&signed, &[], BODY).await?;
    let stored = bench.objects.head(&other).await?;
    Ok(Finding::refused(&reply).and_stored_nothing(stored.is_some()))
}

pub(super) async fn wrong_length(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("wrong-length", false).await?;
    let signed = bench.part(&upload, 1, BODY.len() as u64, None)?;
    let longer = bench.put(&signed, &[], b"hello!").await?;
    let shorter = bench.put(&signed, &[], b"hell").await?;
    let stored = bench.objects.list_parts(&upload.key, &upload.id).await?;
    let worse = if longer.is_refusal() { shorter } else { longer };
    Ok(Finding::refused(&worse).and_stored_nothing(!stored.is_empty()))
}

pub(super) async fn wrong_type(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("wrong-type");
    let signed = bench.object(&key, BODY.len() as u64, None)?;
    let reply = bench.put(&signed, &[("content-type", "text/html")], BODY).await?;
    let stored = bench.objects.head(&key).await?;
    Ok(Finding::refused(&reply).and_stored_nothing(stored.is_some()))
}

pub(super) async fn wrong_checksum(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("wrong-checksum");
    let signed = bench.object(&key, BODY.len() as u64, Some(Sha256::digest(b"jello").into()))?;
    let reply = bench.put(&signed, &[], BODY).await?;
    let stored = bench.objects.head(&key).await?;
    Ok(Finding::refused(&reply).and_stored_nothing(stored.is_some()))
}

pub(super) async fn wrong_part_checksum(bench: &Bench) -> Result<Finding, Untried> {
    let upload = bench.open("wrong-part-checksum", true).await?;
    let signed = bench.part(&upload, 1, BODY.len() as u64, Some(Sha256::digest(b"jello").into()))?;
    let reply = bench.put(&signed, &[], BODY).await?;
    let stored = bench.objects.list_parts(&upload.key, &upload.id).await?;
    Ok(Finding::refused(&reply).and_stored_nothing(!stored.is_empty()))
}
