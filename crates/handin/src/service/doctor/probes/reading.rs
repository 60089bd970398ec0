//! Reading back what was stored.

use handin_s3::Operation as _;
use handin_s3::ops::{ByteRange, GetObject};
use http::Method;

use super::{Bench, Finding, Untried};
use crate::service::doctor::bench::TTL;

/// Every kind of character that URLs, headers or XML treat apart.
const AWKWARD: [&str; 6] =
    ["a space", "plus+percent%41", "tilde~and'quotes\"", "시험/녹화", "🎥", "amp&lt<semi;eq=q?hash#"];

pub(super) async fn range(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.put_object("ranges", b"0123456789").await?;
    let signed = bench.objects.sign_get(&key, bench.now(), TTL, None)?;
    let get =
        GetObject { key: &key, range: Some(ByteRange { first: 2, last: Some(5) }), ..GetObject::default() };
    let call = get.call();
    let range = call.headers.iter().find(|(name, _)| name == "range").map_or("", |(_, value)| value.as_ref());
    // A player sends `range` without a signature.
    let reply = bench.send(Method::GET, &signed.url, &[("range", range)], &[]).await?;
    let does = reply.status == 206 && reply.body.as_ref() == b"2345";
    Ok(Finding::new(does, format!("{} with {} bytes", reply.status, reply.body.len())))
}

pub(super) async fn any_key(bench: &Bench) -> Result<Finding, Untried> {
    let mut refused = Vec::new();
    for name in AWKWARD {
        if !comes_back(bench, name).await? {
            refused.push(name);
        }
    }
    Ok(match refused.is_empty() {
        true => Finding::new(true, format!("{} of {0} came back", AWKWARD.len())),
        false => Finding::new(false, format!("not these: {refused:?}")),
    })
}

async fn comes_back(bench: &Bench, name: &str) -> Result<bool, Untried> {
    let key = bench.key(name);
    let signed = bench.object(&key, name.len() as u64, None)?;
    if bench.put(&signed, &[], name.as_bytes()).await?.is_refusal() {
        return Ok(false);
    }
    let signed = bench.objects.sign_get(&key, bench.now(), TTL, Some(name))?;
    Ok(bench.send(Method::GET, &signed.url, &[], &[]).await?.body.as_ref() == name.as_bytes())
}
