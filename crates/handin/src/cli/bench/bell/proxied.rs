//! One take on its way through a proxy that carries the bytes: the old way, one request with the whole recording.

use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::{TryStreamExt, stream};
use handin_core::hash_of_part_hashes_input;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};

use super::candidate::Candidate;
use super::ledger::Kept;
use super::measure::Kind;
use super::plan::Take;
use crate::cli::bench::proxy::SHA256_HEADER;
use crate::cli::upload::put;
use crate::cli::upload::retry::{Backoff, Failure, jitter};

/// What the proxy answers.
#[derive(Debug, Deserialize)]
struct Accepted {
    id: String,
    receipt: String,
}

/// Sends the whole after the bell, as often as its client would.
///
/// # Errors
/// When the client has given up.
pub async fn hand_in(candidate: &Candidate, track: usize, take: Take) -> anyhow::Result<Kept> {
    candidate.until(candidate.life.submits).await;
    let run = &candidate.run;
    let mut backoff = Backoff::default();
    let accepted = loop {
        let limit = run.whole.limit.unwrap_or(Duration::MAX);
        let sent = candidate.try_once(Kind::Proxy, || async {
            let late = |_| Failure::Again { after: None, why: anyhow!("its client's time was over") };
            timeout(limit, send(candidate, track, take)).await.map_err(late)?
        });
        let why = match Box::pin(sent).await {
            Ok(accepted) => break accepted,
            Err(Failure::Final(why)) => return Err(why),
            Err(Failure::Again { why, .. } | Failure::Held { why, .. } | Failure::SignAgain(why)) => why,
        };
        let left = run.ends.saturating_duration_since(Instant::now());
        let wait = backoff.next(Instant::now(), left, None, jitter(&run.ids));
        match wait.filter(|_| run.whole.tries.is_none_or(|tries| backoff.attempts() < tries)) {
            Some(wait) => sleep(wait).await,
            None => return Err(why.context(format!("given up after {} tries", backoff.attempts()))),
        }
    };
    run.measure.keep(take.bytes);
    let digest = run.content.digest(take.class, &(0..take.bytes));
    let digest = hex::encode(Sha256::digest(hash_of_part_hashes_input(&[digest])));
    Ok(candidate.kept(track, take, accepted.id, accepted.receipt, 1, digest))
}

async fn send(candidate: &Candidate, track: usize, take: Take) -> Result<Accepted, Failure> {
    let run = &candidate.run;
    let whole = 0..take.bytes;
    let line = candidate.line.clone();
    let pieces = stream::iter(run.content.pieces(take.class, &whole).map(Ok::<_, std::io::Error>));
    let pieces = pieces.and_then(move |piece| {
        let line = line.clone();
        async move { line.carry(piece.len()).await.map(|()| piece) }
    });
    let proxy = run.proxy.as_deref().unwrap_or_default();
    let request = run
        .http
        .post(format!("{proxy}/recordings/{}", run.tracks[track]))
        .bearer_auth(&candidate.token)
        .header(SHA256_HEADER, hex::encode(run.content.digest(take.class, &whole)))
        .header(http::header::CONTENT_LENGTH, take.bytes)
        .body(reqwest::Body::wrap_stream(pieces));
    let answer = put::answer(request).await?;
    let answer = answer.bytes().await.map_err(|error| Failure::Again { after: None, why: error.into() })?;
    let accepted = serde_json::from_slice(&answer).context("the proxy's answer cannot be read");
    accepted.map_err(Failure::Final)
}
