//! The kinds of work of `handin upload`: a file, a live stream, and the rest of a broken-off stream.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use tokio::sync::watch;

use super::api::Api;
use super::content_type;
use super::deliver::{Delivered, Delivery};
use super::pace::Pacer;
use super::progress::{Display, Meter};
use super::put::Putter;
use super::send::{Ready, Shared};
use super::source::Source;
use super::spool::Spool;
use super::state::{Folder, Origin, Record, Take};
use super::stream::{Feed, Joint, Opening, Spooling, join};
use super::token::Sitting;
use super::webm::Splice;
use crate::clock::{Clock, Ids};

/// What all work of one call shares.
pub struct Bench {
    /// Server, store, time.
    pub shared: Shared,
    /// Who records.
    pub sitting: Sitting,
    /// What survives a kill.
    pub folder: Folder,
    /// Who watches.
    pub display: Display,
}

/// How to reach the server, and how hard to try.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// Its address.
    pub server: &'a str,
    /// The candidate's token.
    pub token: &'a str,
    /// The state folder.
    pub state: &'a Path,
    /// Parts in flight at most.
    pub parallel: usize,
    /// How long one thing may fail in a row.
    pub patience: Duration,
    /// How long nothing of a part may move.
    pub stall: Duration,
}

/// Where one take's bytes are, and how it may be labelled.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// `stream`, `file` or `put`.
    pub upload: &'a str,
    /// MIME type; `None` tells it from the bytes.
    pub content_type: Option<&'a str>,
    /// Whether a stream that cannot be spliced is appended to what is spooled.
    pub append: bool,
}

impl Bench {
    /// Makes everything ready; the server is not asked yet.
    ///
    /// # Errors
    /// When the token is not one, or the state folder cannot be made.
    pub fn new(setup: &Setup<'_>, display: Display, clock: Clock, ids: Ids) -> anyhow::Result<Bench> {
        let Setup { server, token, state, parallel, patience, stall } = *setup;
        let pacer = Pacer::new(clock.clone(), parallel);
        Ok(Bench {
            sitting: Sitting::of_token(token)?,
            folder: Folder::open(state)?,
            display,
            shared: Shared {
                api: Api::new(server, token, pacer.clone())?,
                putter: Putter::new(pacer.clone(), stall)?,
                pacer,
                clock,
                ids,
                parallel,
                patience,
            },
        })
    }

    /// Sends a finished file.
    ///
    /// # Errors
    /// When it cannot be read or brought in.
    pub async fn send_file(&self, track: &str, path: &Path, how: How<'_>) -> anyhow::Result<Delivered> {
        let file = Found::at(path)?;
        ensure!(file.size > 0, "{} is empty", path.display());
        let record = self.record(track, file.origin(), how, "", &beginning(path)?);
        let mut take = self.folder.latest(&record)?;
        let meter = self.display.meter(track);
        let (_ready, receiver) = watch::channel(Ready { bytes: file.size, ended: true, recorded_ms: None });
        let delivery = self.delivery(Source::new(&file.path), receiver, &meter, None);
        let delivered = delivery.run(&mut take).await?;
        meter.close();
        ensure!(Found::at(path)? == file, "{} was written to while it was sent", path.display());
        Ok(delivered)
    }

    /// Sends standard input while it is being recorded; carries on what an earlier run was killed in.
    ///
    /// # Errors
    /// When something of the stream could not be spooled, or the recording could not be brought in.
    pub async fn send_stream(
        &self,
        track: &str,
        input: impl Read + Send + 'static,
        how: How<'_>,
    ) -> anyhow::Result<Vec<Delivered>> {
        let nonce = self.shared.ids.word();
        let wanted = self.record(track, Origin::Stream, how, &nonce, b"");
        let mut earlier = self.folder.latest(&wanted)?;
        if earlier.record.receipt.is_some() {
            earlier = self.folder.next(&wanted, earlier.record.attempt)?;
        }
        let feed = Feed::start(input);
        let (opening, feed) = blocking(move || Ok((feed.opening()?, feed))).await?;
        let mut spool = open_spool(&earlier).await?;
        if spool.size() == 0 {
            ensure!(!opening.bytes.is_empty(), "standard input ended before a single byte came");
            return Ok(vec![self.live(earlier, spool, None, opening, feed, how).await?]);
        }
        if opening.bytes.is_empty() {
            return Ok(vec![self.finish_take(earlier).await?]);
        }
        let joint = match earlier.record.ended {
            true => Joint::Apart(anyhow::anyhow!("it had ended")),
            false => join(&mut spool, &opening, how.append, SystemTime::from(self.shared.clock.now()))?,
        };
        match joint {
            Joint::Spliced(splice) => {
                Ok(vec![self.live(earlier, spool, Some(splice), opening, feed, how).await?])
            }
            Joint::Appended => Ok(vec![self.live(earlier, spool, None, opening, feed, how).await?]),
            Joint::Apart(why) => {
                self.display.say(
                    track,
                    &format!("the earlier recording is sealed as it is, a new take begins: {why:#}"),
                );
                let next = self.folder.next(&wanted, earlier.record.attempt)?;
                let spool = open_spool(&next).await?;
                let (before, after) =
                    tokio::join!(self.finish_take(earlier), self.live(next, spool, None, opening, feed, how));
                Ok(vec![before?, after?])
            }
        }
    }

    /// Sends and seals what earlier runs left of this sitting's streams and files.
    ///
    /// # Errors
    /// For each that could not be brought in.
    pub async fn finish(&self) -> anyhow::Result<Vec<(String, anyhow::Result<Delivered>)>> {
        let takes = self.folder.unsealed(self.shared.api.server(), &self.sitting)?;
        let finish = takes.into_iter().map(|take| async {
            let track = take.record.track.clone();
            (track, self.finish_take(take).await)
        });
        Ok(futures_util::future::join_all(finish).await)
    }

    async fn finish_take(&self, mut take: Take) -> anyhow::Result<Delivered> {
        let meter = self.display.meter(&take.record.track);
        let (path, ready) = match &take.record.origin {
            Origin::File { path, size, .. } => {
                let same = Found::at(path)?.origin() == take.record.origin;
                ensure!(same, "{} was written to meanwhile", path.display());
                (path.clone(), Ready { bytes: *size, ended: true, recorded_ms: None })
            }
            Origin::Stream => (take.spool(), open_spool(&take).await?.ready(true)),
        };
        ensure!(ready.bytes > 0, "nothing of it was recorded");
        let (_ready, receiver) = watch::channel(ready);
        let delivered = self.delivery(Source::new(&path), receiver, &meter, None).run(&mut take).await?;
        meter.close();
        Ok(delivered)
    }

    async fn live(
        &self,
        mut take: Take,
        spool: Spool,
        splice: Option<Box<Splice>>,
        opening: Opening,
        feed: Feed,
        how: How<'_>,
    ) -> anyhow::Result<Delivered> {
        if take.record.content_type.is_empty() {
            take.record.content_type =
                how.content_type.unwrap_or(content_type::of(&opening.bytes)).to_owned();
            take.save()?;
        }
        let (ready, receiver) = watch::channel(spool.ready(false));
        let (limit, limited) = watch::channel(u64::MAX);
        let spooling = Spooling { spool, splice, ready, limit: limited };
        let spooled = blocking(move || spooling.run(&opening, &feed));
        let meter = self.display.meter(&take.record.track);
        let source = Source::new(&take.spool());
        let delivery = self.delivery(source, receiver, &meter, Some(&limit));
        // Whatever becomes of the sending, the stream is spooled to its end: it can be sent later.
        let (spooled, delivered) = tokio::join!(spooled, delivery.run(&mut take));
        meter.close();
        let delivered =
            delivered.context("what is spooled is kept; send it with `handin upload --finish`")?;
        let id = &delivered.stated.id;
        spooled.with_context(|| format!("recording {id} is sealed with what came before"))?;
        Ok(delivered)
    }

    fn record(&self, track: &str, origin: Origin, how: How<'_>, nonce: &str, beginning: &[u8]) -> Record {
        let upload = if origin == Origin::Stream { "stream" } else { how.upload };
        let mut record = Record::new(self.shared.api.server(), &self.sitting, track, origin, upload, nonce);
        if record.origin != Origin::Stream {
            record.content_type = how.content_type.unwrap_or(content_type::of(beginning)).to_owned();
        }
        record
    }

    fn delivery<'a>(
        &'a self,
        source: Source,
        ready: watch::Receiver<Ready>,
        meter: &'a Meter,
        limit: Option<&'a watch::Sender<u64>>,
    ) -> Delivery<'a> {
        let keys = self.folder.keys_of(self.shared.api.server());
        Delivery { shared: &self.shared, source, ready, keys, meter, limit }
    }
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    size: u64,
    modified_ns: i128,
}

impl Found {
    fn at(path: &Path) -> anyhow::Result<Found> {
        let path = std::path::absolute(path)?;
        let about = std::fs::metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        ensure!(about.is_file(), "{} is not a file; give a live stream as `-`", path.display());
        let modified = about.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let modified_ns = i128::try_from(modified.as_nanos()).unwrap_or(i128::MAX);
        Ok(Found { path, size: about.len(), modified_ns })
    }

    fn origin(&self) -> Origin {
        Origin::File { path: self.path.clone(), size: self.size, modified_ns: self.modified_ns }
    }
}

fn beginning(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    file.take(64).read_to_end(&mut beginning)?;
    Ok(beginning)
}

async fn open_spool(take: &Take) -> anyhow::Result<Spool> {
    let path = take.spool();
    blocking(move || {
        Spool::open(&path).with_context(|| format!("the spool {} cannot be used", path.display()))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("a thread of this program ended early")?
}
