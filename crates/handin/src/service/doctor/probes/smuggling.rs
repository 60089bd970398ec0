//! Headers that the holder of a URL adds without a signature. AWS refuses them (`HeadersNotSigned`); a store that does
//! not lets candidates do more than they were allowed.

use http::Method;

use super::{Bench, Finding, Untried};

const BODY: &[u8] = b"hello";
const SECRET: &[u8] = b"somebody else's";

pub(super) async fn copy_source(bench: &Bench) -> Result<Finding, Untried> {
    let source = bench.put_object("somebody-elses", SECRET).await?;
    let key = bench.key("copied");
    let signed = bench.object(&key, BODY.len() as u64, None)?;
    let source = format!("/{}/{source}", bench.objects.bucket());
    let reply = bench.put(&signed, &[("x-amz-copy-source", &source)], BODY).await?;
    let copied = bench.objects.head(&key).await?.is_some_and(|head| head.size == SECRET.len() as u64);
    let finding = Finding::refused(&reply);
    Ok(if copied {
        Finding::new(false, format!("{}, and copied the other object", finding.found))
    } else {
        finding
    })
}

pub(super) async fn acl(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("opened");
    let signed = bench.object(&key, BODY.len() as u64, None)?;
    let reply = bench.put(&signed, &[("x-amz-acl", "public-read")], BODY).await?;
    let bare = signed.url.split('?').next().unwrap_or_default();
    let public = !bench.send(Method::GET, bare, &[], &[]).await?.is_refusal();
    let finding = Finding::refused(&reply);
    Ok(if public {
        Finding::new(false, format!("{}, and the object is public", finding.found))
    } else {
        finding
    })
}

pub(super) async fn metadata(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("marked");
    let signed = bench.object(&key, BODY.len() as u64, None)?;
    Ok(Finding::refused(&bench.put(&signed, &[("x-amz-meta-more", "1")], BODY).await?))
}
