//! Brings one take from this machine into the bucket: open, send, seal, verify. The same for a file and for a stream.
//!
//! Each step can be repeated after a kill and finds what the one before left.

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::sync::watch;

use super::api::{Gone, Open, Opened, Part, Seal, Sealed, View, is_gone, problem};
use super::board::{Sent, SentParts};
use super::progress::Meter;
use super::receipt::{self, Receipt};
use super::retry::persist;
use super::send::{FOREVER, Ready, Sender, Shared};
use super::source::Source;
use super::state::{Record, Take};

/// What is needed to deliver one take.
pub struct Delivery<'a> {
    /// What all takes share.
    pub shared: &'a Shared,
    /// Where the bytes are.
    pub source: Source,
    /// How far they have come.
    pub ready: watch::Receiver<Ready>,
    /// Where the server's receipt keys are remembered.
    pub keys: PathBuf,
    /// Who watches.
    pub meter: &'a Meter,
    /// Told once it is known how many bytes the recording may have.
    pub limit: Option<&'a watch::Sender<u64>>,
}

/// A recording that is sealed, with a receipt that has been verified against what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// `stream`, `file` or `put`.
    pub upload: String,
    /// Bytes that an earlier run had brought in already.
    pub resumed_bytes: u64,
    /// What the receipt states.
    #[serde(flatten)]
    pub stated: Receipt,
    /// The receipt as a compact JWS.
    pub receipt: String,
}

/// How often parts that the server misses are sent again.
const MOST_ROUNDS: u32 = 5;
/// How often the same bytes are tried in a new recording.
const MOST_RENEWALS: u32 = 3;

impl Delivery<'_> {
    /// Delivers the take. Nothing that was spooled is lost when it fails; a later run carries on.
    ///
    /// # Errors
    /// With everything that the person can do something about.
    pub async fn run(&self, take: &mut Take) -> anyhow::Result<Delivered> {
        tokio::select! {
            result = self.deliver(take) => result,
            never = self.meter.show() => match never {},
            never = self.follow() => match never {},
        }
    }

    async fn follow(&self) -> std::convert::Infallible {
        let mut ready = self.ready.clone();
        loop {
            let now = *ready.borrow_and_update();
            self.meter.expect(now.bytes, now.ended);
            if ready.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn deliver(&self, take: &mut Take) -> anyhow::Result<Delivered> {
        for _ in 0..MOST_RENEWALS {
            match self.try_deliver(take).await {
                Err(error) if is_gone(&error) => {
                    self.meter.say(&format!("{error:#}; sending everything again as a new take"));
                    self.meter.take_back(self.meter.confirmed());
                    take.renew()?;
                }
                other => return other,
            }
        }
        bail!("{MOST_RENEWALS} recordings in a row could not be carried on")
    }

    async fn try_deliver(&self, take: &mut Take) -> anyhow::Result<Delivered> {
        let resumed = take.record.opened.is_some() || take.record.upload != "stream";
        let opened = self.open(take).await?;
        if let Some(limit) = self.limit {
            // The exam's limit may fall into the last part, and is not named; one part less is always allowed.
            limit.send_replace(
                opened.part_size.saturating_mul(opened.max_parts.saturating_sub(1).max(1).into()),
            );
        }
        let sender = Sender::new(self.shared, &opened, take.record.upload == "put", &self.source, self.meter);
        let view = if resumed { Some(self.look(&opened).await?) } else { None };
        let (mut sent, resumed_bytes) = self.confirmed(&sender, view.as_ref()).await?;
        let receipt = match view.and_then(|view| view.receipt) {
            Some(receipt) => {
                sent = self.all(&sender).await?;
                receipt
            }
            None => self.send_and_seal(take, &opened, &sender, &mut sent).await?.receipt,
        };
        let stated = receipt::verify(self.shared, &self.keys, self.tell(), &receipt).await?;
        stated.check(&take.record, &opened.id, &sent)?;
        take.sealed(receipt.clone())?;
        Ok(Delivered { upload: take.record.upload.clone(), resumed_bytes, stated, receipt })
    }

    async fn open(&self, take: &mut Take) -> anyhow::Result<Opened> {
        if let Some(opened) = &take.record.opened {
            return Ok(opened.clone());
        }
        let wanted = self.wanted(&take.record).await?;
        let key = take.record.idempotency_key.clone();
        let open = || async {
            self.shared.pacer.may_ask().await;
            self.shared.api.open(&wanted, &key).await
        };
        let patience = || if self.ready.borrow().ended { self.shared.patience } else { FOREVER };
        let opened = persist(&self.shared.ids, patience, self.tell(), open)
            .await
            .context("no recording could be opened")?;
        take.record.opened = Some(opened.clone());
        take.save()?;
        self.meter.say(&format!("recording {}", opened.id));
        Ok(opened)
    }

    async fn wanted<'r>(&self, record: &'r Record) -> anyhow::Result<Open<'r>> {
        let size = self.ready.borrow().bytes;
        let size = (record.upload != "stream").then_some(size);
        let sha256 = match (record.upload.as_str(), size) {
            ("put", Some(size)) => Some(hex::encode(self.source.digest(0..size).await?)),
            _ => None,
        };
        Ok(Open {
            track: &record.track,
            upload: &record.upload,
            content_type: &record.content_type,
            size,
            sha256,
        })
    }

    async fn look(&self, opened: &Opened) -> anyhow::Result<View> {
        let Shared { ids, patience, api, .. } = self.shared;
        let view = persist(ids, || *patience, self.tell(), || api.view(&opened.id)).await?;
        match view.state.as_str() {
            "open" | "sealing" | "sealed" => Ok(view),
            state => Err(anyhow::anyhow!("recording {} is {state}", opened.id).context(Gone)),
        }
    }

    /// The parts that the store holds and that are still what they were here.
    async fn confirmed(&self, sender: &Sender<'_>, view: Option<&View>) -> anyhow::Result<(SentParts, u64)> {
        let ready = *self.ready.borrow();
        let mut sent = SentParts::new();
        for part in view.iter().flat_map(|view| &view.parts) {
            if part.number > sender.count(ready) {
                continue;
            }
            let ours = sender.digest(part.number, ready.bytes).await?;
            // A store that keeps no digests is believed here; the seal compares the object itself.
            let same = part.sha256.as_deref().is_none_or(|theirs| theirs == hex::encode(ours));
            if same && part.size == sender.size(part.number, ready.bytes) {
                sent.insert(part.number, Sent { size: part.size, sha256: ours });
            }
        }
        let bytes = sent.values().map(|part| part.size).sum();
        if bytes > 0 {
            self.meter.confirm(bytes);
            self.meter.say(&format!("{} parts were there already", sent.len()));
        }
        Ok((sent, bytes))
    }

    /// Every part as it is here, without sending any.
    async fn all(&self, sender: &Sender<'_>) -> anyhow::Result<SentParts> {
        let bytes = self.ready.borrow().bytes;
        let mut parts = SentParts::new();
        for number in 1..=sender.count(Ready { ended: true, ..*self.ready.borrow() }) {
            let sha256 = sender.digest(number, bytes).await?;
            parts.insert(number, Sent { size: sender.size(number, bytes), sha256 });
        }
        Ok(parts)
    }

    async fn send_and_seal(
        &self,
        take: &mut Take,
        opened: &Opened,
        sender: &Sender<'_>,
        sent: &mut SentParts,
    ) -> anyhow::Result<Sealed> {
        for _ in 0..MOST_ROUNDS {
            *sent = sender.send(std::mem::take(sent), self.ready.clone()).await?;
            if !take.record.ended {
                take.record.ended = true;
                take.save()?;
            }
            let claim = self.claim(take, opened, sent);
            let error = match self.seal(opened, &claim).await {
                Ok(sealed) => return Ok(sealed),
                Err(error) => error,
            };
            let missing = problem(&error).map_or(Vec::new(), |problem| problem.parts.clone());
            if missing.is_empty() || is_gone(&error) {
                return Err(error);
            }
            self.meter.say(&format!("{error:#}; sending parts {missing:?} again"));
            self.forget(sent, &missing);
        }
        bail!("the server missed parts {MOST_ROUNDS} times in a row")
    }

    async fn seal(&self, opened: &Opened, claim: &Seal<'_>) -> anyhow::Result<Sealed> {
        let Shared { ids, patience, api, .. } = self.shared;
        persist(ids, || *patience, self.tell(), || api.seal(&opened.id, claim)).await
    }

    /// Says why something is tried again.
    fn tell(&self) -> impl Fn(&anyhow::Error) {
        |why| self.meter.say(&format!("{why:#}"))
    }

    fn claim<'o>(&self, take: &Take, opened: &'o Opened, sent: &SentParts) -> Seal<'o> {
        let size = sent.values().map(|part| part.size).sum();
        let hex = |part: &Sent| Some(hex::encode(part.sha256));
        let duration_ms = self.ready.borrow().recorded_ms;
        let (parts, sha256) = match take.record.upload.as_str() {
            "put" => (Vec::new(), sent.values().next().and_then(hex)),
            _ => (
                sent.iter()
                    .map(|(n, part)| Part { number: *n, size: part.size, sha256: hex(part) })
                    .collect(),
                None,
            ),
        };
        Seal { handle: &opened.handle, size, parts, sha256, duration_ms }
    }

    fn forget(&self, sent: &mut SentParts, missing: &[u32]) {
        for part in missing.iter().filter_map(|number| sent.remove(number)) {
            self.meter.take_back(part.size);
        }
    }
}
