//! The `head` job: makes a recording seekable whose sender had no time to finish its head.
//!
//! It reads the object near the store, builds the head out of what it saw, and has the store make another object: part 1
//! with that head, the rest copied. Only when that is proved does it take the place of the first, which goes last. Every
//! byte behind the reserved head stays as it was recorded. See `docs/decisions/0007-heads-are-mended-near-the-store.md`.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::container::{HEAD_SIZE, HeadState, Scanner, finish_head, head_state};
use handin_core::{Claim, ClaimedPart, ObjectKey, Reason, RecordingId, Sha256, StoredPart, Upload, prove};
use sha2::Digest as _;

use super::completion::{self, End};
use super::error::Error;
use super::{checks, receipts, revisions};
use crate::app::App;
use crate::db;
use crate::db::jobs::NewJob;
use crate::db::recordings::Recording;
use crate::db::revisions::Revision;
use crate::objects::{self, CreateUpload, ErrorKind, PartPlace, Piece};

/// Part 1 is held in memory, once for each job at work; a recording of larger parts keeps its head. Parts are above
/// this when an exam allows more than 64,000 MiB for a recording.
const LARGEST_FIRST_PART: u64 = 64 << 20;
/// Copies that the store makes at once for one recording.
const COPIES: usize = 4;

/// How a look at a recording's head ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is finished, or not a head that recorders of ours reserve.
    Finished,
    /// It is finished now.
    Mended,
    /// The recording was mended or deleted by somebody else meanwhile.
    Overtaken,
    /// The object is not the one that was sealed. It is left alone, for a person to look at.
    Differs,
    /// The store cannot copy parts, or the first part is too large to be held.
    Unsupported,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Finished => "finished",
            Outcome::Mended => "mended",
            Outcome::Overtaken => "overtaken",
            Outcome::Differs => "differs",
            Outcome::Unsupported => "unsupported",
        }
    }
}

/// The job for a recording that ends so; none where no head can want mending, or none shall be mended.
pub(super) fn job(app: &App, recording: &Recording, end: &End) -> Option<NewJob> {
    let wanted = app.config.jobs.mend_heads && is_ours(recording, end.reason);
    let after = super::seconds(app.config.jobs.mend_after_s).mul_f64(1.0 + super::chance(app));
    wanted.then(|| super::job(app, "head", &recording.id, app.clock.now() + after))
}

/// Recorders of ours send streams of WebM. An object that differs from its claim is kept as it is.
fn is_ours(recording: &Recording, reason: Option<Reason>) -> bool {
    recording.upload == Upload::Stream
        && ObjectKey::extension_for(&recording.content_type) == "webm"
        && reason != Some(Reason::ObjectDiffers)
}

/// Finishes the head of a finished recording, if its sender reserved one and left it; the `head` job.
///
/// # Errors
/// When it has to be tried again; what was begun is given up then, and what counted counts.
pub async fn mend(app: &App, id: &RecordingId) -> Result<Outcome, Error> {
    let Some(recording) = db::recordings::get(&app.db, id).await? else { return Ok(Outcome::Overtaken) };
    // One that was drained stays as it is: its store is not ours to write to but for drains.
    let is_here = recording.state.has_object() && recording.place.is_empty();
    let outcome = match is_here && is_ours(&recording, recording.reason) {
        true => look(app, &recording).await,
        false => Ok(Outcome::Overtaken),
    };
    let word = outcome.as_ref().map_or("failed", |outcome| outcome.word());
    metrics::counter!("handin_heads_total", "outcome" => word).increment(1);
    outcome
}

async fn look(app: &App, recording: &Recording) -> Result<Outcome, Error> {
    let size = recording.sealed_size.unwrap_or_default();
    let mut head = Vec::new();
    let beginning = Piece { key: &recording.key, first: 0, size: size.min(HEAD_SIZE as u64) };
    match app.objects.read(beginning, |bytes| head.extend_from_slice(bytes)).await {
        Err(objects::Error { kind: ErrorKind::NoSuchKey, .. }) => {
            return Ok(differs(recording, "it is gone"));
        }
        read => read?,
    }
    if head_state(&head) != HeadState::Open {
        return Ok(Outcome::Finished);
    }
    let sizes = completion::sizes(recording, size);
    if sizes.first().is_some_and(|first| *first > LARGEST_FIRST_PART) {
        tracing::warn!(recording = %recording.id, "a head is left unfinished, because part 1 is too large");
        return Ok(Outcome::Unsupported);
    }
    let former = receipts::stated(app, &recording.id).await?;
    let mut film = Film::scan(app, recording, &sizes).await?;
    if recording.sha256_parts.as_ref().is_some_and(|sealed| *sealed != film.sha256_parts()) {
        return Ok(differs(recording, "its bytes are others"));
    }
    film.finish(&head)?;
    let Some(mut new) = revisions::begin(app, recording, "").await? else { return Ok(Outcome::Overtaken) };
    let receipt = receipts::about_another(former, new.key.clone(), film.sha256_parts());
    let outcome = match make(app, recording, &mut new, &film).await {
        Ok(true) => Box::pin(revisions::replace(app, recording, &new, &receipt)).await,
        other => other,
    };
    settle(app, recording, &new, outcome).await
}

fn differs(recording: &Recording, how: &str) -> Outcome {
    tracing::error!(recording = %recording.id, key = recording.key, how, "a finished recording is not as it was");
    Outcome::Differs
}

/// Leaves nothing behind of an object that does not count in the end.
async fn settle(
    app: &App,
    recording: &Recording,
    new: &Revision,
    outcome: Result<bool, Error>,
) -> Result<Outcome, Error> {
    if !matches!(outcome, Ok(true)) {
        Box::pin(revisions::give_up(app, recording, new)).await;
    }
    match outcome {
        Ok(true) => Ok(Outcome::Mended),
        Ok(false) => Ok(Outcome::Overtaken),
        Err(Error::Unavailable { source, .. }) if is_unsupported(&*source) => {
            tracing::warn!(recording = %recording.id, "a head is left unfinished, because the store copies no parts");
            Ok(Outcome::Unsupported)
        }
        Err(error) => Err(error),
    }
}

fn is_unsupported(error: &(dyn std::error::Error + 'static)) -> bool {
    let refused = error.downcast_ref::<objects::Error>();
    refused.is_some_and(|error| matches!(error.kind, ErrorKind::Other { status: 501, .. }))
}

/// What was read of an object: its first part, the digest of each, and what its head is to say.
struct Film {
    first: Vec<u8>,
    sizes: Vec<u64>,
    digests: Vec<Sha256>,
    scanner: Scanner,
}

impl Film {
    /// Reads the object once, part by part; nothing is held but the first part.
    async fn scan(app: &App, recording: &Recording, sizes: &[u64]) -> Result<Film, Error> {
        let mut scanner = Scanner::new();
        let (mut first, mut digests, mut at) = (Vec::new(), Vec::with_capacity(sizes.len()), 0);
        let playable = playable(recording);
        for size in sizes.iter().copied() {
            let mut hash = sha2::Sha256::new();
            let (is_first, mut left) = (digests.is_empty(), playable.saturating_sub(at));
            let take = |bytes: &[u8]| {
                hash.update(bytes);
                if is_first {
                    first.extend_from_slice(bytes);
                }
                let played = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                scanner.push(&bytes[..played]);
                left -= played as u64;
            };
            app.objects.read(Piece { key: &recording.key, first: at, size }, take).await?;
            digests.push(hash.finalize().into());
            at += size;
        }
        Ok(Film { first, sizes: sizes.to_vec(), digests, scanner })
    }

    /// Puts the finished head in the place of `head`, with which the first part begins.
    fn finish(&mut self, head: &[u8]) -> Result<(), Error> {
        let finished = finish_head(head, self.scanner.points(), self.scanner.duration_ms());
        match (self.first.get_mut(..finished.len()), self.digests.first_mut()) {
            (Some(beginning), Some(digest)) if head_state(&finished) == HeadState::Finished => {
                beginning.copy_from_slice(&finished);
                *digest = sha2::Sha256::digest(&self.first).into();
                Ok(())
            }
            _ => Err(Error::internal("a head that was open cannot be finished")),
        }
    }

    fn sha256_parts(&self) -> String {
        hex::encode(completion::over_parts(&self.digests))
    }

    /// What the new object must turn out to be.
    fn claim(&self) -> Claim {
        let parts = (1..).zip(self.sizes.iter().zip(&self.digests));
        let parts =
            parts.map(|(number, (size, digest))| ClaimedPart { number, size: *size, sha256: Some(*digest) });
        Claim { size: self.sizes.iter().sum(), parts: parts.collect() }
    }
}

/// Up to where the bytes follow one another as they were recorded: some stores cannot leave out what came from behind a
/// hole, and it then stands at the end of the object.
fn playable(recording: &Recording) -> u64 {
    let missing = recording.missing.as_deref();
    let missing = missing.and_then(|json| serde_json::from_str::<receipts::MissingRange>(json).ok());
    missing.map_or(u64::MAX, |missing| missing.from_byte)
}

/// Makes the new object and proves it; `false` when it was given up meanwhile.
async fn make(app: &App, recording: &Recording, new: &mut Revision, film: &Film) -> Result<bool, Error> {
    let Some(mut upload) = gather(app, recording, new, film, recording.declared_sha256).await? else {
        return Ok(false);
    };
    if recording.declared_sha256 && lacks_checksums(&upload.parts) {
        app.objects.abort(&new.key, &upload.id).await?;
        match gather(app, recording, new, film, false).await? {
            Some(undeclared) => upload = undeclared,
            None => return Ok(false),
        }
    }
    let size = film.claim().size;
    let refused = app.objects.complete(&new.key, &upload.id, &upload.parts, size).await.err();
    let made = Recording {
        key: new.key.clone(),
        write_token: new.write_token.clone(),
        sha256_parts: Some(film.sha256_parts()),
        ..recording.clone()
    };
    // A failure may have been a success, as always.
    match (checks::is_whole(app, &made).await?, refused) {
        (true, _) => Ok(true),
        (false, Some(error)) => Err(error.into()),
        (false, None) => Err(Error::internal(format!("{} is not what it was made of", new.key))),
    }
}

/// An upload with all its parts.
struct Gathered {
    id: String,
    parts: Vec<StoredPart>,
}

/// Opens an upload and brings its parts together; `None` when the new object was given up meanwhile.
async fn gather(
    app: &App,
    recording: &Recording,
    new: &mut Revision,
    film: &Film,
    declare_sha256: bool,
) -> Result<Option<Gathered>, Error> {
    let content_type = &recording.content_type;
    let create = CreateUpload { content_type, write_token: &new.write_token, declare_sha256 };
    let id = app.objects.create_upload(&new.key, create).await?;
    new.upload_id = Some(id.clone());
    if !revisions::attach(app, new, &id).await? {
        return Ok(None);
    }
    let sha256 = declare_sha256.then(|| film.digests[0]);
    send(app, recording, PartPlace { key: &new.key, upload_id: &id, number: 1 }, film, sha256).await?;
    let parts = app.objects.list_parts(&new.key, &id).await?;
    prove(&film.claim(), &parts).map_err(Error::internal)?;
    Ok(Some(Gathered { id, parts }))
}

/// versitygw keeps the checksums of parts that it is sent, but of those that it copies none; and then completes no
/// upload that was to have them.
fn lacks_checksums(parts: &[StoredPart]) -> bool {
    parts.iter().any(|part| part.sha256.is_some()) && parts.iter().any(|part| part.sha256.is_none())
}

/// Sends part 1 and has the others copied, in the bounds that they have in the first object.
async fn send(
    app: &App,
    recording: &Recording,
    first: PartPlace<'_>,
    film: &Film,
    sha256: Option<Sha256>,
) -> Result<(), objects::Error> {
    app.objects.upload_part(first, Bytes::copy_from_slice(&film.first), sha256).await?;
    let starts = film.sizes.iter().scan(0, |end, size| {
        let first = *end;
        *end += size;
        Some((first, *size))
    });
    let copies = (1..).zip(starts).skip(1).map(|(number, (at, size))| {
        let from = Piece { key: &recording.key, first: at, size };
        app.objects.copy_part(PartPlace { number, ..first }, from)
    });
    stream::iter(copies.collect::<Vec<_>>()).buffer_unordered(COPIES).try_collect().await
}
