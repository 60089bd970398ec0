//! Whether anything was lost: receipts by the server's public keys, objects byte by byte, the exam's list both ways.
//!
//! Believes nobody: what counts is what the senders' own ledger says they sent.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use serde_json::Value;

use super::admission::{Platform, SUBJECT};
use super::candidate::Run;
use super::ledger::{Kept, candidate_id};
use super::plan::Plan;
use crate::cli::bench::chance::Chance;
use crate::cli::upload::receipt::Receipt;

/// How many objects are read back and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Compare {
    /// Every one.
    All,
    /// As many, drawn by chance.
    Some(usize),
}

impl FromStr for Compare {
    type Err = String;

    fn from_str(text: &str) -> Result<Compare, String> {
        match text {
            "all" => Ok(Compare::All),
            _ => text.parse().map(Compare::Some).map_err(|_| "write all, or how many".to_owned()),
        }
    }
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Recordings there had to be.
    pub expected: usize,
    /// Receipts whose signature and every statement are right.
    pub receipts_verified: usize,
    /// Objects that were read back and are, byte by byte, what was sent.
    pub objects_same: usize,
    /// What is missing, doubled or different, each by its name.
    pub problems: Vec<String>,
}

/// Objects that are read at the same time.
const AT_ONCE: usize = 8;

/// Looks at everything.
///
/// # Errors
/// When server or store cannot be asked.
pub async fn verify(
    run: &Run,
    plan: &Plan,
    platform: &Platform,
    exam: &str,
    (compare, seed): (Compare, u64),
    bar: &ProgressBar,
) -> anyhow::Result<Verdict> {
    let kept = run.ledger.kept();
    let problems = [run.ledger.lost(), unaccounted(run, plan, &kept)].concat();
    let mut verdict = Verdict { expected: plan.recordings(), problems, ..Verdict::default() };
    let keys: JwkSet = serde_json::from_value(platform.jwks().await?).context("the server's keys")?;
    for one in &kept {
        match check_receipt(run, exam, one, &keys) {
            Ok(()) => verdict.receipts_verified += 1,
            Err(error) => verdict.problems.push(format!("{}: {error:#}", name(run, one))),
        }
    }
    verdict.problems.extend(check_list(run, &kept, &platform.recordings(exam).await?));
    let chosen = choose(&kept, compare, seed);
    bar.set_length(chosen.len() as u64);
    bar.set_position(0);
    let compared = stream::iter(chosen).map(|one| async move {
        let result = check_object(run, platform, one).await;
        bar.inc(1);
        result.map_err(|error| format!("{}: {error:#}", name(run, one)))
    });
    let compared: Vec<Result<(), String>> = compared.buffer_unordered(AT_ONCE).collect().await;
    verdict.objects_same = compared.iter().filter(|result| result.is_ok()).count();
    verdict.problems.extend(compared.into_iter().filter_map(Result::err));
    Ok(verdict)
}

/// Recordings that were planned, and of which nobody has heard since.
fn unaccounted(run: &Run, plan: &Plan, kept: &[Kept]) -> Vec<String> {
    let lost = run.ledger.lost();
    let takes = plan.lives.iter().flat_map(|life| (0..life.takes.len()).map(|track| (life.number, track)));
    let silent = takes.filter(|take| {
        let begins = format!("{} {}:", candidate_id(take.0), run.tracks[take.1]);
        kept.binary_search_by_key(take, |kept| (kept.candidate, kept.track)).is_err()
            && !lost.iter().any(|lost| lost.starts_with(&begins))
    });
    silent
        .map(|(number, track)| format!("{} {}: has not ended", candidate_id(number), run.tracks[track]))
        .collect()
}

fn check_receipt(run: &Run, exam: &str, kept: &Kept, keys: &JwkSet) -> anyhow::Result<()> {
    let stated = Receipt::verify(&kept.receipt, keys)?;
    let candidate = candidate_id(kept.candidate);
    let ours = [&kept.id, exam, SUBJECT, &candidate, &run.tracks[kept.track], "sealed"];
    let theirs = [&stated.id, &stated.exam, &stated.subject, &stated.candidate, &stated.track, &stated.state]
        .map(|s| &**s);
    ensure!(theirs == ours, "the receipt states {theirs:?}, not {ours:?}");
    let (ours, theirs) = ((kept.bytes, kept.parts), (stated.size, stated.parts));
    ensure!(theirs == ours, "the receipt states {theirs:?} bytes and parts, but {ours:?} were sent");
    let digest = stated.replaces.as_ref().map_or(&stated.sha256_parts, |sent| &sent.sha256_parts);
    ensure!(
        digest.as_deref() == Some(&kept.sha256_parts),
        "the receipt states digest {digest:?}, but {} was sent",
        kept.sha256_parts
    );
    Ok(())
}

/// The exam's list has exactly what was sent, each sealed, none twice.
fn check_list(run: &Run, kept: &[Kept], listed: &[Value]) -> Vec<String> {
    let text =
        |row: &Value, field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut ours: BTreeMap<&str, &Kept> = kept.iter().map(|kept| (kept.id.as_str(), kept)).collect();
    let mut problems = Vec::new();
    if ours.len() < kept.len() {
        problems
            .push(format!("{} receipts are for a recording that another has, too", kept.len() - ours.len()));
    }
    for row in listed {
        let (id, state) = (text(row, "id"), text(row, "state"));
        let who = format!("{} {} ({id})", text(row, "candidate"), text(row, "track"));
        match ours.remove(id.as_str()) {
            Some(_) if state == "sealed" => {}
            Some(_) => problems.push(format!("{who}: has a receipt, but is listed as {state}")),
            None if state == "sealed" => {
                problems.push(format!("{who}: is sealed, but its sender has no receipt"));
            }
            None => problems.push(format!("{who}: is {state}")),
        }
    }
    problems
        .extend(ours.values().map(|kept| format!("{}: has a receipt, but is not listed", name(run, kept))));
    problems
}

fn choose(kept: &[Kept], compare: Compare, seed: u64) -> Vec<&Kept> {
    let mut chosen: Vec<&Kept> = kept.iter().collect();
    if let Compare::Some(most) = compare {
        let mut chance = Chance::of(seed, u32::MAX - 1);
        chosen.sort_by_cached_key(|_| chance.next());
        chosen.truncate(most);
    }
    chosen
}

async fn check_object(run: &Run, platform: &Platform, kept: &Kept) -> anyhow::Result<()> {
    let link = platform.link(&kept.id).await?;
    let answer = run.http.get(link).send().await.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the store answers {} for its object", answer.status());
    let mut at = 0;
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.try_next().await.map_err(reqwest::Error::without_url)? {
        ensure!(
            at + piece.len() as u64 <= kept.bytes && run.content.matches(kept.class, at, &piece),
            "its object differs from what was sent, after byte {at}"
        );
        at += piece.len() as u64;
    }
    ensure!(at == kept.bytes, "its object has {at} bytes, but {} were sent", kept.bytes);
    Ok(())
}

fn name(run: &Run, kept: &Kept) -> String {
    format!("{} {} ({})", candidate_id(kept.candidate), run.tracks[kept.track], kept.id)
}
