//! One take on its way by presigned URLs: opened, sent part by part or whole, sealed.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures_util::TryStreamExt;
use futures_util::stream;
use handin_core::{Sha256, hash_of_part_hashes_input};
use sha2::Digest;
use tokio::time::{Instant, sleep, timeout};

use super::candidate::Candidate;
use super::ledger::{Kept, candidate_id};
use super::measure::Kind;
use super::plan::Take;
use crate::cli::upload::api::{Open, Opened, Part, Seal, Sealed, Sign, SignedUrl, is_gone, problem};
use crate::cli::upload::put;
use crate::cli::upload::retry::{Backoff, Failure, jitter};

/// One take of one candidate.
pub struct Recording<'a> {
    candidate: &'a Candidate,
    track: usize,
    take: Take,
    sent: u64,
}

/// How often parts that the server misses are sent again.
const MOST_ROUNDS: u32 = 5;
const CONTENT_TYPE: &str = "video/webm";

impl<'a> Recording<'a> {
    /// A take that has not begun.
    pub fn new(candidate: &'a Candidate, track: usize, take: Take) -> Recording<'a> {
        Recording { candidate, track, take, sent: 0 }
    }

    /// Sends each part as soon as it is recorded, and seals. Gives nothing where only signing is measured.
    ///
    /// # Errors
    /// When the take had to be given up.
    pub async fn record(mut self) -> anyhow::Result<Option<Kept>> {
        self.candidate.until(self.candidate.life.begins).await;
        let opened = self.open("stream").await?;
        let parts = self.take.bytes.div_ceil(opened.part_size) as u32;
        for number in 1..=parts {
            self.wait_for(&opened, number, parts).await;
            self.send(&opened, number).await?;
        }
        if self.candidate.run.sign_only {
            return Ok(None);
        }
        for _ in 0..MOST_ROUNDS {
            let all = (1..=parts).map(|number| self.part(&opened, number)).collect();
            let error = match self.seal(&opened, all, None).await {
                Ok(sealed) => return Ok(Some(self.kept(opened, sealed, parts))),
                Err(error) => error,
            };
            let missing = problem(&error).map_or(Vec::new(), |problem| problem.parts.clone());
            if missing.is_empty() || is_gone(&error) {
                return Err(error);
            }
            for number in missing {
                self.send(&opened, number).await?;
            }
        }
        bail!("the server missed parts {MOST_ROUNDS} times in a row")
    }

    /// Sends the whole with one PUT after the bell, and seals.
    ///
    /// # Errors
    /// When the take had to be given up, as its client would give it up.
    pub async fn hand_in(mut self) -> anyhow::Result<Option<Kept>> {
        self.candidate.until(self.candidate.life.submits).await;
        let opened = self.open("put").await?;
        let whole = 0..self.take.bytes;
        let digest = self.digest(&whole);
        let (run, mut backoff) = (&self.candidate.run, Backoff::default());
        loop {
            let signed = self.sign(&opened, Vec::new()).await?;
            if run.sign_only {
                return Ok(None);
            }
            let put = timeout(run.whole.limit.unwrap_or(Duration::MAX), self.put(&signed, &whole));
            let failure = match put.await {
                Ok(Ok(())) => break,
                Ok(Err(failure)) => failure,
                Err(_) => {
                    let failure = Failure::Again { after: None, why: anyhow!("its client's time was over") };
                    run.measure.note::<()>(Kind::Put, Duration::ZERO, &Err(failure));
                    Failure::Again { after: None, why: anyhow!("its client's time was over") }
                }
            };
            self.pause(&mut backoff, failure).await?;
        }
        self.sent = self.take.bytes;
        run.measure.keep(self.take.bytes);
        let sealed = self.seal(&opened, Vec::new(), Some(hex::encode(digest))).await?;
        Ok(Some(self.kept(opened, sealed, 1)))
    }

    async fn open(&self, upload: &str) -> anyhow::Result<Opened> {
        let size = (upload == "put").then_some(self.take.bytes);
        let sha256 = size.map(|size| hex::encode(self.digest(&(0..size))));
        let track = &self.candidate.run.tracks[self.track];
        let wanted = Open { track, upload, content_type: CONTENT_TYPE, size, sha256 };
        // The same after any failure, so that a lost answer does not open a second recording.
        let key = format!("bell-{}-{track}", candidate_id(self.candidate.life.number));
        self.candidate.ask(Kind::Open, || self.candidate.api.open(&wanted, &key)).await
    }

    /// Until a part is recorded; meanwhile the server hears of it.
    async fn wait_for(&self, opened: &Opened, number: u32, parts: u32) {
        let candidate = self.candidate;
        let recorded = u64::from(number) * opened.part_size;
        let ready = candidate.life.begins
            + Duration::from_secs_f64(recorded as f64 * 8.0 / self.take.bitrate.max(1) as f64);
        let ready = if number == parts { candidate.life.submits } else { ready.min(candidate.life.submits) };
        let due = candidate.run.started + ready;
        while due.saturating_duration_since(Instant::now()) > candidate.pacer.heartbeat() {
            sleep(candidate.pacer.heartbeat()).await;
            let wish = self.wish(opened, Vec::new());
            // A missed heartbeat costs nothing; the next part says the same.
            drop(candidate.try_once(Kind::Heartbeat, || candidate.api.sign(&opened.id, &wish)).await);
        }
        candidate.until(ready).await;
    }

    async fn send(&mut self, opened: &Opened, number: u32) -> anyhow::Result<()> {
        let (range, mut backoff) = (self.range(opened, number), Backoff::default());
        loop {
            let signed = self.sign(opened, vec![self.part(opened, number)]).await?;
            if self.candidate.run.sign_only {
                break;
            }
            match self.put(&signed, &range).await {
                Ok(()) => break,
                Err(failure) => self.pause(&mut backoff, failure).await?,
            }
        }
        self.sent = self.sent.max(range.end);
        self.candidate.run.measure.keep(range.end - range.start);
        Ok(())
    }

    async fn sign(&self, opened: &Opened, parts: Vec<Part>) -> anyhow::Result<SignedUrl> {
        let _permit = self.candidate.pacer.enter().await;
        let wish = self.wish(opened, parts);
        let signed = self.candidate.ask(Kind::Sign, || self.candidate.api.sign(&opened.id, &wish)).await?;
        let first = signed.parts.into_iter().next().map(|part| part.signed);
        first.or(signed.put).context("the server signed something else than it was asked to")
    }

    async fn put(&self, signed: &SignedUrl, range: &Range<u64>) -> Result<(), Failure> {
        let candidate = self.candidate;
        candidate.line.up().await;
        let _permit = candidate.pacer.enter().await;
        let wanted = Instant::now();
        let _slot = candidate.run.puts.acquire().await.map_err(|error| Failure::Final(error.into()))?;
        let mut request = candidate.run.http.put(&signed.url).body(self.body(range));
        let length = |name: &&String| name.eq_ignore_ascii_case("content-length");
        for name in signed.headers.keys().filter(|name| !length(name)) {
            request = request.header(name, &signed.headers[name]);
        }
        let request = request.header(http::header::CONTENT_LENGTH, range.end - range.start);
        let result = put::send(request).await;
        candidate.run.measure.note(Kind::Put, wanted.elapsed(), &result);
        result
    }

    fn body(&self, range: &Range<u64>) -> reqwest::Body {
        let pieces = self.candidate.run.content.pieces(self.take.class, range);
        let (line, pacer) = (self.candidate.line.clone(), self.candidate.pacer.clone());
        let pieces = stream::iter(pieces.map(Ok::<_, std::io::Error>)).and_then(move |piece| {
            let (line, pacer) = (line.clone(), pacer.clone());
            async move {
                pacer.spend(piece.len()).await;
                line.carry(piece.len()).await.map(|()| piece)
            }
        });
        reqwest::Body::wrap_stream(pieces)
    }

    /// Waits before the next try, or says why there is none.
    async fn pause(&self, backoff: &mut Backoff, failure: Failure) -> anyhow::Result<()> {
        let run = &self.candidate.run;
        let (after, why) = match failure {
            Failure::Again { after, why } => (after, why),
            Failure::Held { after, why } => (Some(after), why),
            Failure::SignAgain(why) => (None, why),
            Failure::Final(why) => return Err(why),
        };
        let left = run.ends.saturating_duration_since(Instant::now());
        let wait = backoff.next(Instant::now(), left, after, jitter(&run.ids));
        match wait.filter(|_| run.whole.tries.is_none_or(|tries| backoff.attempts() < tries)) {
            Some(wait) => sleep(wait).await,
            None => return Err(why.context(format!("given up after {} tries", backoff.attempts()))),
        }
        Ok(())
    }

    async fn seal(
        &self,
        opened: &Opened,
        parts: Vec<Part>,
        sha256: Option<String>,
    ) -> anyhow::Result<Sealed> {
        let claim = Seal { handle: &opened.handle, size: self.take.bytes, parts, sha256, duration_ms: None };
        self.candidate.ask(Kind::Seal, || self.candidate.api.seal(&opened.id, &claim)).await
    }

    fn kept(&self, opened: Opened, sealed: Sealed, parts: u32) -> Kept {
        let ranges = (1..=parts).map(|number| match parts {
            1 => 0..self.take.bytes,
            _ => self.range(&opened, number),
        });
        let digests: Vec<Sha256> = ranges.map(|range| self.digest(&range)).collect();
        let digest = hex::encode(sha2::Sha256::digest(hash_of_part_hashes_input(&digests)));
        self.candidate.kept(self.track, self.take, opened.id, sealed.receipt, parts, digest)
    }

    fn wish<'o>(&self, opened: &'o Opened, parts: Vec<Part>) -> Sign<'o> {
        let life = &self.candidate.life;
        let recorded = self.candidate.run.started.elapsed().min(life.submits).saturating_sub(life.begins);
        let bytes = (recorded.as_secs_f64() * self.take.bitrate as f64 / 8.0) as u64;
        let pending = bytes.min(self.take.bytes).saturating_sub(self.sent);
        let recorded_ms = u64::try_from(recorded.as_millis()).ok();
        Sign { handle: &opened.handle, parts, recorded_ms, pending_bytes: Some(pending) }
    }

    fn part(&self, opened: &Opened, number: u32) -> Part {
        let range = self.range(opened, number);
        Part { number, size: range.end - range.start, sha256: Some(hex::encode(self.digest(&range))) }
    }

    fn range(&self, opened: &Opened, number: u32) -> Range<u64> {
        let start = u64::from(number - 1) * opened.part_size;
        start..(start + opened.part_size).min(self.take.bytes)
    }

    fn digest(&self, range: &Range<u64>) -> Sha256 {
        self.candidate.run.content.digest(self.take.class, range)
    }
}
