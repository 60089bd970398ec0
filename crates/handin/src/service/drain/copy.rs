//! One recording to an archive: ranges are read here and sent as parts there, and the whole is proved before it counts.
//!
//! Whoever dies over it leaves a revision that is being written, and its parts at the archive; the next one goes on with
//! them. What was not stored as it was sent is given up and made again under another key.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use handin_core::{Sha256, StorageClass, StoredPart};
use jiff::Timestamp;
use sha2::Digest as _;

use crate::app::App;
use crate::db;
use crate::db::drains::{Note, Waiting};
use crate::db::recordings::Recording;
use crate::db::revisions::{Revision, RevisionState};
use crate::objects::{CreateUpload, Objects, PartPlace, Piece};
use crate::service::revisions::Why;
use crate::service::{Error, checks, completion, receipts, revisions, seconds, store_of};

/// A part is held in memory while it passes. One that was recorded in larger parts is cut anew, into these.
const LARGEST_PART: u64 = 64 << 20;
const CUT: u64 = 16 << 20;
/// How often the ledger hears how far a recording is.
const NOTED_EVERY_S: i64 = 1;

/// How a try ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The recording lives at the archive.
    Copied,
    /// Its time was up.
    Interrupted {
        /// Bytes at the archive so far.
        bytes_moved: u64,
    },
    /// It has got another object meanwhile.
    Overtaken,
    /// It was deleted.
    Gone,
    /// It lies in a class that is not read at once.
    Unreadable,
}

impl Outcome {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Outcome::Copied => "copied",
            Outcome::Interrupted { .. } => "interrupted",
            Outcome::Overtaken => "overtaken",
            Outcome::Gone => "gone",
            Outcome::Unreadable => "unreadable",
        }
    }
}

/// Copies a recording, or what is left of it to copy; begins no part after `end`.
///
/// # Errors
/// When it has to be tried again; [`Error::Internal`] when the recording is not as it was sealed.
pub(super) async fn copy(app: &App, waiting: &Waiting, end: Timestamp) -> Result<Outcome, Error> {
    let Some(recording) = db::recordings::get(&app.db, &waiting.recording).await? else {
        return Ok(Outcome::Gone);
    };
    if !recording.state.has_object() {
        return Ok(Outcome::Gone);
    }
    if !recording.storage_class.is_read_at_once() {
        return Ok(Outcome::Unreadable);
    }
    let archive = store_of(app, &waiting.archive)?;
    let Some(new) = revision(app, &recording, &waiting.archive).await? else { return Ok(Outcome::Overtaken) };
    let mut copy = Copying { app, archive, waiting, cut: Cut::of(&recording), recording, new, end };
    if !copy.attach().await? {
        return Ok(Outcome::Overtaken);
    }
    copy.run().await
}

/// The revision to be written: the one that somebody began, or a new one.
async fn revision(app: &App, recording: &Recording, archive: &str) -> Result<Option<Revision>, Error> {
    let all = db::revisions::of(&app.db, &recording.id).await?;
    let begun = all.into_iter().rev().find(|one| one.state == RevisionState::Writing && one.place == archive);
    if let Some(begun) = begun
        && revisions::prolong(app, &begun).await?
    {
        return Ok(Some(begun));
    }
    revisions::begin(app, recording, archive).await
}

/// How a recording goes.
struct Cut {
    sizes: Vec<u64>,
    /// Whether these are the parts that its receipt has a digest over; the archive is asked to keep digests only then.
    as_recorded: bool,
}

impl Cut {
    fn of(recording: &Recording) -> Cut {
        let size = recording.sealed_size.unwrap_or_default();
        let sizes = completion::sizes(recording, size);
        if sizes.iter().all(|size| *size <= LARGEST_PART) {
            return Cut { sizes, as_recorded: true };
        }
        let sizes = (0..size.div_ceil(CUT)).map(|number| CUT.min(size - number * CUT)).collect();
        Cut { sizes, as_recorded: false }
    }

    fn pieces(&self) -> Vec<Part> {
        let starts = self.sizes.iter().scan(0, |end, size| {
            let first = *end;
            *end += size;
            Some((first, *size))
        });
        (1..).zip(starts).map(|(number, (first, size))| Part { number, first, size }).collect()
    }
}

#[derive(Clone, Copy)]
struct Part {
    number: u32,
    first: u64,
    size: u64,
}

struct Copying<'a> {
    app: &'a App,
    archive: &'a Objects,
    waiting: &'a Waiting,
    recording: Recording,
    cut: Cut,
    new: Revision,
    end: Timestamp,
}

/// What was sent of a recording.
struct Sent {
    /// The digests of parts that passed here.
    digests: HashMap<u32, Sha256>,
    /// Bytes at the archive.
    bytes: u64,
    whole: bool,
}

impl Copying<'_> {
    /// Sees to it that there is an upload; `false` when the revision was given up meanwhile.
    async fn attach(&mut self) -> Result<bool, Error> {
        if self.new.upload_id.is_some() {
            return Ok(true);
        }
        // Whoever died before noting its upload has left it behind.
        revisions::end_uploads(self.archive, &self.new.key).await?;
        let create = CreateUpload {
            content_type: &self.recording.content_type,
            write_token: &self.new.write_token,
            declare_sha256: self.cut.as_recorded,
            storage_class: StorageClass::Standard,
        };
        let upload_id = self.archive.create_upload(&self.new.key, create).await?;
        self.new.upload_id = Some(upload_id.clone());
        revisions::attach(self.app, &self.new, &upload_id).await
    }

    fn upload_id(&self) -> &str {
        self.new.upload_id.as_deref().unwrap_or_default()
    }

    async fn run(&self) -> Result<Outcome, Error> {
        let stored = match self.archive.list_parts(&self.new.key, self.upload_id()).await {
            Ok(stored) => stored,
            // Whoever died had it completed; or else it is lost, and the proof says so.
            Err(error) if error.is_no_such_upload() => return self.prove(None).await,
            Err(error) => return Err(error.into()),
        };
        let sent = self.send(&stored).await?;
        if !sent.whole {
            return Ok(Outcome::Interrupted { bytes_moved: sent.bytes });
        }
        let stored = self.archive.list_parts(&self.new.key, self.upload_id()).await?;
        let digest = self.digest(&stored, &sent);
        if self.recording.sha256_parts.is_some() && digest.is_some() && digest != self.recording.sha256_parts
        {
            return self.refuse().await;
        }
        let size = self.recording.sealed_size.unwrap_or_default();
        match self.archive.complete(&self.new.key, self.upload_id(), &stored, size).await {
            // It may be at it still; the next try sees what has become of it.
            Err(error) if error.is_unavailable() => Err(error.into()),
            _ => self.prove(digest).await,
        }
    }

    /// Sends the parts that are not there, until the time is up.
    async fn send(&self, stored: &[StoredPart]) -> Result<Sent, Error> {
        let (there, missing): (Vec<Part>, Vec<Part>) =
            self.cut.pieces().into_iter().partition(|part| self.is_there(stored, *part));
        let bytes = there.iter().map(|part| part.size).sum();
        let mut sent = Sent { digests: HashMap::new(), bytes, whole: true };
        let sends: Vec<_> =
            missing.into_iter().map(|part| async move { (part, self.send_part(part).await) }).collect();
        let mut sending = stream::iter(sends).buffer_unordered(self.app.config.drain.parallel);
        let (mut failed, mut noted) = (None, self.app.clock.now().as_second());
        while let Some((part, result)) = sending.next().await {
            match result {
                Ok(Some(digest)) => {
                    sent.digests.insert(part.number, digest);
                    sent.bytes += part.size;
                }
                Ok(None) => sent.whole = false,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            let now = self.app.clock.now().as_second();
            if now - noted >= NOTED_EVERY_S {
                noted = now;
                self.note(sent.bytes).await?;
            }
        }
        failed.map_or(Ok(sent), Err)
    }

    async fn note(&self, bytes_moved: u64) -> Result<(), Error> {
        let recording = self.recording.id.clone();
        Ok(self.app.db.change(Note { recording, bytes_moved, next_at: None, error: None }).await?)
    }

    /// Whether the archive holds a part, and it can be told in the end that it is the right one.
    fn is_there(&self, stored: &[StoredPart], part: Part) -> bool {
        let provable = self.recording.sha256_parts.is_some() || !self.cut.as_recorded;
        let fits = |one: &&StoredPart| one.number == part.number && one.size == part.size;
        stored.iter().find(fits).is_some_and(|one| one.sha256.is_some() || provable)
    }

    /// Reads a part at the pace of the line and sends it; `None` when its time had not come, or is over.
    async fn send_part(&self, part: Part) -> Result<Option<Sha256>, Error> {
        if self.app.clock.now() >= self.end {
            return Ok(None);
        }
        let (mut bytes, mut hash) = (BytesMut::new(), sha2::Sha256::new());
        let mut at = part.first;
        while at < part.first + part.size {
            let left = part.first + part.size - at;
            let Some(size) = self.app.line.turn(self.app, self.waiting.rate, left).await else {
                return Ok(None);
            };
            let take = |read: &[u8]| {
                hash.update(read);
                bytes.extend_from_slice(read);
            };
            let store = store_of(self.app, &self.recording.place)?;
            store.read(Piece { key: &self.recording.key, first: at, size }, take).await?;
            at += size;
        }
        let digest: Sha256 = hash.finalize().into();
        let place = PartPlace { key: &self.new.key, upload_id: self.upload_id(), number: part.number };
        let declared = self.cut.as_recorded.then_some(digest);
        self.archive.upload_part(place, Bytes::from(bytes), declared).await?;
        metrics::counter!("handin_drain_bytes_total", "archive" => self.waiting.archive.clone())
            .increment(part.size);
        Ok(Some(digest))
    }

    /// The digest over the digests of all parts, where they are known.
    fn digest(&self, stored: &[StoredPart], sent: &Sent) -> Option<String> {
        let of = |part: &Part| {
            let listed = stored.iter().find(|one| one.number == part.number).and_then(|one| one.sha256);
            sent.digests.get(&part.number).copied().or(listed)
        };
        let digests: Option<Vec<Sha256>> = self.cut.pieces().iter().map(of).collect();
        let digests = digests.filter(|_| self.cut.as_recorded);
        digests.map(|digests| hex::encode(completion::over_parts(&digests)))
    }

    /// Looks at the whole, and puts it in the first one's place if it is what was recorded.
    async fn prove(&self, digest: Option<String>) -> Result<Outcome, Error> {
        let wanted = match self.recording.sha256_parts.clone().or(digest) {
            Some(wanted) => wanted,
            None => self.digest_of_first().await?,
        };
        let made = Recording {
            key: self.new.key.clone(),
            place: self.new.place.clone(),
            write_token: self.new.write_token.clone(),
            sha256_parts: Some(wanted.clone()),
            ..self.recording.clone()
        };
        if !checks::is_whole(self.app, &made).await? {
            return self.refuse().await;
        }
        let former = receipts::stated(self.app, &self.recording.id).await?;
        let receipt = receipts::about_another(former, self.new.key.clone(), wanted);
        if revisions::replace(self.app, &self.recording, &self.new, &receipt, Why::Drained).await? {
            return Ok(Outcome::Copied);
        }
        revisions::give_up(self.app, &self.recording, &self.new).await;
        Ok(Outcome::Overtaken)
    }

    /// Of a recording that nobody ever hashed.
    async fn digest_of_first(&self) -> Result<String, Error> {
        let size = self.recording.sealed_size.unwrap_or_default();
        let sizes = completion::sizes(&self.recording, size);
        let store = store_of(self.app, &self.recording.place)?;
        let digests = store.hash_object(&self.recording.key, &sizes).await?;
        Ok(hex::encode(completion::over_parts(&digests)))
    }

    /// Takes back what is not what was recorded; the next try makes it anew.
    async fn refuse(&self) -> Result<Outcome, Error> {
        revisions::give_up(self.app, &self.recording, &self.new).await;
        let key = &self.new.key;
        Err(Error::Unavailable {
            what: "the archive",
            retry_after: seconds(1),
            source: format!("what stands under {key} is not what was recorded; it was taken back").into(),
        })
    }
}
