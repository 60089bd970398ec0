//! A live stream from standard input: spooled as it comes, sent while it goes on, carried on after a kill.
//!
//! Standard input is read by a thread of its own, written by another, so that neither a slow network nor a hung server
//! ever makes the recorder wait. Refuses to know what is done with the spooled bytes.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use tokio::sync::watch;

use super::send::Ready;
use super::spool::Spool;
use super::webm::{self, Head, Splice};

/// At most this much of the stream can be lost to a power cut; to a kill, nothing that was read.
const SYNC_EVERY: Duration = Duration::from_millis(250);
/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;
/// Pieces that may wait for the disk.
const WAITING: usize = 64;
/// A head that is longer is not waited for, in bytes.
const LONGEST_HEAD: usize = 4 << 20;

/// Standard input, piece by piece. It ends when the sender is gone.
pub struct Feed(Receiver<std::io::Result<Vec<u8>>>);

/// The first bytes of a stream, and what they are.
#[derive(Debug, Default)]
pub struct Opening {
    /// As they came; none when nothing came at all.
    pub bytes: Vec<u8>,
    /// The head of a WebM stream.
    pub head: Option<Head>,
}

impl Feed {
    /// Begins to read.
    pub fn start(mut input: impl Read + Send + 'static) -> Feed {
        let (pieces, feed) = sync_channel(WAITING);
        std::thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = match input.read(&mut piece) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Ok(0) => return,
                    Ok(count) => {
                        piece.truncate(count);
                        Ok(piece)
                    }
                    Err(error) => Err(error),
                };
                let over = read.is_err();
                // Nobody listens any more when the spool is full.
                if pieces.send(read).is_err() || over {
                    return;
                }
            }
        });
        Feed(feed)
    }

    /// Waits for the first bytes: enough of them to tell what they are, if they are WebM.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub fn opening(&self) -> std::io::Result<Opening> {
        let mut opening = Opening::default();
        while let Ok(piece) = self.0.recv() {
            opening.bytes.extend(piece?);
            match webm::head(&opening.bytes) {
                Ok(None) if opening.bytes.len() < LONGEST_HEAD => {}
                Ok(head) => {
                    opening.head = head;
                    break;
                }
                Err(_) => break,
            }
        }
        Ok(opening)
    }
}

/// How a stream goes on after a break.
#[derive(Debug)]
pub enum Joint {
    /// The new stream is rewritten so that it follows the spooled one.
    Spliced(Box<Splice>),
    /// Its bytes are appended as they are.
    Appended,
    /// It cannot follow, for this reason: it becomes a take of its own.
    Apart(anyhow::Error),
}

/// Decides how a new stream carries on a spooled one, and makes the spool ready for it.
///
/// The time between the last spooled byte and `now` is kept as a gap, so that the tracks of a sitting stay in step.
///
/// # Errors
/// When the spool cannot be written.
pub fn join(spool: &mut Spool, opening: &Opening, append: bool, now: SystemTime) -> anyhow::Result<Joint> {
    if append {
        return Ok(Joint::Appended);
    }
    let (cut, next_time) = match spool.joint() {
        Ok(joint) => joint,
        Err(error) => return Ok(Joint::Apart(anyhow::Error::new(error).context("what is spooled"))),
    };
    let (Some(before), Some(next)) = (spool.head().cloned(), &opening.head) else {
        return Ok(Joint::Apart(anyhow::anyhow!("the new stream is not WebM")));
    };
    let gap = spool.silent_for(now)?.as_nanos() / u128::from(before.scale);
    match Splice::new(&before, next, next_time + u64::try_from(gap).unwrap_or_default()) {
        Ok(splice) => {
            spool.mend(cut)?;
            Ok(Joint::Spliced(Box::new(splice)))
        }
        Err(refused) => Ok(Joint::Apart(refused.into())),
    }
}

/// Writes a stream into its spool until it ends.
pub struct Spooling {
    /// Where it goes.
    pub spool: Spool,
    /// What it goes through first.
    pub splice: Option<Box<Splice>>,
    /// Told what may be sent.
    pub ready: watch::Sender<Ready>,
    /// The most bytes the recording may have.
    pub limit: watch::Receiver<u64>,
}

impl Spooling {
    /// Runs until the stream ends or nothing more fits. Whatever was spooled may be sent then, also after an error.
    ///
    /// # Errors
    /// When something of the stream was not spooled.
    pub fn run(mut self, opening: &Opening, feed: &Feed) -> anyhow::Result<()> {
        let result = self.write(&opening.bytes).and_then(|()| self.follow(feed));
        let synced = self.spool.sync();
        self.ready.send_replace(self.spool.ready(true));
        result.and(synced.context("the spool cannot be written"))
    }

    fn follow(&mut self, feed: &Feed) -> anyhow::Result<()> {
        let mut synced = Instant::now();
        loop {
            let wait = SYNC_EVERY.saturating_sub(synced.elapsed());
            match feed.0.recv_timeout(wait) {
                Ok(piece) => self.write(&piece.context("standard input broke off")?)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if synced.elapsed() >= SYNC_EVERY {
                synced = Instant::now();
                self.spool.sync()?;
                self.ready.send_replace(self.spool.ready(false));
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.spool.limit(*self.limit.borrow());
        let result = match &mut self.splice {
            Some(splice) => self.spool.append(&splice.feed(bytes)?),
            None => self.spool.append(bytes),
        };
        Ok(result?)
    }
}
