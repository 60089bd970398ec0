//! The bucket's own rules. These probes write rules and put the old ones back, if there were any.

use super::{Bench, Finding, Untried};
use crate::objects::{cleans_by_itself, cors_rule};
use crate::service::doctor::browser;

pub(super) async fn cors(bench: &Bench) -> Result<Finding, Untried> {
    const ORIGIN: &str = "https://exam.example";
    let before = bench.objects.cors().await?;
    bench.objects.put_cors(&[cors_rule(&[ORIGIN.to_owned()])]).await?;
    let ours = browser::preflight(bench, ORIGIN).await;
    let theirs = browser::preflight(bench, "https://elsewhere.example").await;
    if !before.is_empty() {
        bench.objects.put_cors(&before).await?;
    }
    let (ours, theirs) = (ours?, theirs?);
    let found = match (ours.allowed, theirs.allowed) {
        (true, false) => "allows the origin named and no other".to_owned(),
        (true, true) => "allows every origin, whatever the rules".to_owned(),
        (false, _) => ours.found,
    };
    Ok(Finding::new(ours.allowed && !theirs.allowed, found))
}

pub(super) async fn lifecycle(bench: &Bench) -> Result<Finding, Untried> {
    let before = bench.objects.lifecycle().await?;
    bench.objects.clean_by_itself().await?;
    let kept = cleans_by_itself(&bench.objects.lifecycle().await?);
    if !before.is_empty() {
        bench.objects.put_lifecycle(&before).await?;
    }
    Ok(Finding::new(kept, if kept { "kept" } else { "lost" }))
}
