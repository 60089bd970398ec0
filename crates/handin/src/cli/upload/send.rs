//! Sends the parts of one recording: signed just in time, several at once, each with its own patience.
//!
//! Works for a finished file as for a stream that still grows. Refuses to know where the bytes come from, and when the
//! recording is complete: that is the server's to say.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use handin_core::Sha256;
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::api::{Api, Opened, Part, Sign, SignedUrl};
use super::board::{Board, Sent, SentParts};
use super::pace::Pacer;
use super::progress::Meter;
use super::pulse::Pulse;
use super::put::Putter;
use super::retry::{Failure, jitter};
use super::source::Source;
use crate::clock::{Clock, Ids};

/// How much of a recording there is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// Bytes that may be sent; they do not change any more.
    pub bytes: u64,
    /// Whether these are all.
    pub ended: bool,
    /// How much was recorded, in milliseconds, where it is known.
    pub recorded_ms: Option<u64>,
}

/// What all recordings of this process share.
pub struct Shared {
    /// The server.
    pub api: Api,
    /// The way to the store.
    pub putter: Putter,
    /// The server's wishes.
    pub pacer: Arc<Pacer>,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub ids: Ids,
    /// Parts in flight at most.
    pub parallel: usize,
    /// How long one thing may fail in a row.
    pub patience: Duration,
}

/// One recording on its way.
pub struct Sender<'a> {
    shared: &'a Shared,
    recording: &'a Opened,
    /// Whether it goes as one PUT.
    whole: bool,
    source: &'a Source,
    meter: &'a Meter,
    digests: Mutex<BTreeMap<u32, Sha256>>,
    urls: Mutex<BTreeMap<u32, SignedUrl>>,
}

/// The patience while a stream still grows: there is nothing better to do than to go on trying.
pub const FOREVER: Duration = Duration::from_secs(7 * 86_400);
/// How many parts are signed with one call at most, the wanted one among them.
const SIGN_AHEAD: usize = 4;
/// A URL that ends sooner is not begun with, in seconds.
const URL_MARGIN_S: i64 = 30;

impl<'a> Sender<'a> {
    /// A sender for an open recording.
    pub fn new(
        shared: &'a Shared,
        recording: &'a Opened,
        whole: bool,
        source: &'a Source,
        meter: &'a Meter,
    ) -> Sender<'a> {
        let (digests, urls) = Default::default();
        Sender { shared, recording, whole, source, meter, digests, urls }
    }

    /// Sends every part that is not in `sent` as soon as it is ready, until the recording has ended and all are sent.
    ///
    /// # Errors
    /// When a part had to be given up; the others were sent all the same.
    pub async fn send(&self, sent: SentParts, ready: watch::Receiver<Ready>) -> anyhow::Result<SentParts> {
        tokio::select! {
            result = self.send_parts(Board::new(sent), ready.clone()) => result,
            never = self.heartbeats(ready) => match never {},
        }
    }

    async fn send_parts(
        &self,
        mut board: Board,
        mut ready: watch::Receiver<Ready>,
    ) -> anyhow::Result<SentParts> {
        let mut flights = FuturesUnordered::new();
        loop {
            let now = *ready.borrow_and_update();
            board.offer(self.count(now), Instant::now());
            while flights.len() < self.shared.parallel
                && let Some(number) = board.take(Instant::now())
            {
                let ahead = board.ahead_of(number, SIGN_AHEAD - 1);
                flights.push(async move { (number, self.try_send(number, now, &ahead).await) });
            }
            if now.ended && board.is_idle() {
                return board.finish();
            }
            let due = board.next_due().filter(|_| flights.len() < self.shared.parallel);
            tokio::select! {
                Some((number, outcome)) = flights.next() => self.land(&mut board, number, outcome, now.ended),
                Ok(()) = ready.changed(), if !now.ended => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
    }

    /// Tells the server between the parts of a stream that it is alive, and hears the server's wishes.
    async fn heartbeats(&self, ready: watch::Receiver<Ready>) -> std::convert::Infallible {
        loop {
            sleep(self.shared.pacer.heartbeat()).await;
            self.shared.pacer.may_ask().await;
            let now = *ready.borrow();
            let heartbeat = self.wish(Vec::new(), now);
            // A missed heartbeat costs nothing; the next part, or the next heartbeat, says the same.
            drop(self.shared.api.sign(&self.recording.id, &heartbeat).await);
        }
    }

    /// The digest of a part of a recording that has `bytes` bytes so far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn digest(&self, number: u32, bytes: u64) -> std::io::Result<Sha256> {
        let mut digests = self.digests.lock().await;
        if let Some(digest) = digests.get(&number) {
            return Ok(*digest);
        }
        let digest = self.source.digest(self.range(number, bytes)).await?;
        digests.insert(number, digest);
        Ok(digest)
    }

    /// How many parts can be cut from what is ready.
    pub fn count(&self, ready: Ready) -> u32 {
        let parts = match ready.ended {
            true => ready.bytes.div_ceil(self.part_size(ready.bytes)),
            false => ready.bytes / self.part_size(ready.bytes),
        };
        u32::try_from(parts).unwrap_or(u32::MAX).min(self.recording.max_parts)
    }

    /// The size of a part of a recording that has `bytes` bytes so far.
    pub fn size(&self, number: u32, bytes: u64) -> u64 {
        let range = self.range(number, bytes);
        range.end - range.start
    }

    fn part_size(&self, bytes: u64) -> u64 {
        if self.whole { bytes.max(1) } else { self.recording.part_size }
    }

    fn range(&self, number: u32, bytes: u64) -> Range<u64> {
        let size = self.part_size(bytes);
        let start = u64::from(number - 1) * size;
        start..(start + size).min(bytes)
    }

    async fn try_send(&self, number: u32, ready: Ready, ahead: &[u32]) -> Result<Sent, Failure> {
        let _permit = self.shared.pacer.enter().await;
        let signed = self.url(number, ready, ahead).await?;
        let range = self.range(number, ready.bytes);
        let pulse = Arc::new(Pulse::start());
        let result = {
            let _shown = self.meter.follow(&pulse);
            self.shared.putter.put(&signed, self.source, range.clone(), &pulse).await
        };
        match result {
            Ok(()) => {
                let sha256 = self.digest(number, ready.bytes).await.map_err(unreadable)?;
                Ok(Sent { size: range.end - range.start, sha256 })
            }
            Err(failure) => {
                if matches!(failure, Failure::SignAgain(_)) {
                    self.digests.lock().await.remove(&number);
                }
                Err(failure)
            }
        }
    }

    fn land(&self, board: &mut Board, number: u32, outcome: Result<Sent, Failure>, ended: bool) {
        let failure = match outcome {
            Ok(sent) => {
                self.meter.confirm(sent.size);
                return board.succeed(number, sent);
            }
            Err(failure) => failure,
        };
        let patience = if ended { self.shared.patience } else { FOREVER };
        self.meter.trouble(number, &failure);
        board.fail(number, failure, Instant::now(), patience, jitter(&self.shared.ids));
    }

    /// A URL for a part: one signed ahead if it is fresh, else a new one, and some for the parts that come next.
    async fn url(&self, number: u32, ready: Ready, ahead: &[u32]) -> Result<SignedUrl, Failure> {
        let mut urls = self.urls.lock().await;
        // Each is used once; whatever went wrong with it, the next attempt gets a new one.
        if let Some(signed) = urls.remove(&number).filter(|signed| self.is_fresh(signed)) {
            return Ok(signed);
        }
        self.shared.pacer.may_ask().await;
        let mut parts = Vec::new();
        for number in std::iter::once(number).chain(ahead.iter().copied()).filter(|_| !self.whole) {
            parts.push(self.part(number, ready).await.map_err(unreadable)?);
        }
        let wanted = self.wish(parts, ready);
        let signed = self.shared.api.sign(&self.recording.id, &wanted).await?;
        urls.extend(signed.parts.into_iter().map(|part| (part.number, part.signed)));
        let missing =
            || Failure::Final(anyhow::anyhow!("the server signed something else than it was asked to"));
        urls.remove(&number).or(signed.put).ok_or_else(missing)
    }

    async fn part(&self, number: u32, ready: Ready) -> std::io::Result<Part> {
        let sha256 = Some(hex::encode(self.digest(number, ready.bytes).await?));
        Ok(Part { number, size: self.size(number, ready.bytes), sha256 })
    }

    fn is_fresh(&self, signed: &SignedUrl) -> bool {
        let margin = jiff::SignedDuration::from_secs(URL_MARGIN_S);
        signed.expires_at.is_some_and(|end: Timestamp| end.duration_since(self.shared.clock.now()) > margin)
    }

    fn wish(&self, parts: Vec<Part>, ready: Ready) -> Sign<'_> {
        let pending = ready.bytes.saturating_sub(self.meter.confirmed());
        let (recorded_ms, pending_bytes) = (ready.recorded_ms, Some(pending));
        Sign { handle: &self.recording.handle, parts, recorded_ms, pending_bytes }
    }
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::Final(anyhow::Error::new(error).context("the recording cannot be read"))
}
