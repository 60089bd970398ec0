//! The `head` job: makes a recording seekable whose sender had no time to finish its head.
//!
//! It reads the object near the store, builds the head out of what it saw, and has the store make another object: part 1
//! with that head, the rest copied. Only when that is proved does it take the place of the first, which goes last. Every
//! byte behind the reserved head stays as it was recorded. See `docs/decisions/0007-heads-are-mended-near-the-store.md`.

use handin_core::container::{HEAD_SIZE, HeadState, Scanner, finish_head, head_state};
use handin_core::{ObjectKey, Reason, RecordingId, Sha256, Upload};
use sha2::Digest as _;

use super::completion::{self, End};
use super::error::Error;
use super::receipts;
use super::remake::{Pattern, Remade, remake};
use super::revisions::Why;
use crate::app::App;
use crate::db;
use crate::db::jobs::NewJob;
use crate::db::recordings::Recording;
use crate::objects::{self, ErrorKind, Piece};

/// Part 1 is held in memory, once for each job at work; a recording of larger parts keeps its head. Parts are above
/// this when an exam allows more than 64,000 MiB for a recording.
const LARGEST_FIRST_PART: u64 = 64 << 20;

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
    /// The store cannot copy parts, the first part is too large to be held, or the object lies in an archive.
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
    if !recording.storage_class.is_read_at_once() {
        return Ok(Outcome::Unsupported);
    }
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
    Ok(match remake(app, recording, &film.pattern(recording), former, Why::Mended).await? {
        Remade::Counts => Outcome::Mended,
        Remade::Overtaken => Outcome::Overtaken,
        Remade::Unsupported => {
            tracing::warn!(recording = %recording.id, "a head is left unfinished, because the store copies no parts");
            Outcome::Unsupported
        }
    })
}

fn differs(recording: &Recording, how: &str) -> Outcome {
    tracing::error!(recording = %recording.id, key = recording.key, how, "a finished recording is not as it was");
    Outcome::Differs
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

    /// The same bytes in the same class, but for the head.
    fn pattern(&self, recording: &Recording) -> Pattern<'_> {
        Pattern {
            first: Some(&self.first),
            sizes: &self.sizes,
            digests: &self.digests,
            sha256_parts: self.sha256_parts(),
            storage_class: recording.storage_class,
            declare_sha256: recording.declared_sha256,
        }
    }
}

/// Up to where the bytes follow one another as they were recorded: some stores cannot leave out what came from behind a
/// hole, and it then stands at the end of the object.
fn playable(recording: &Recording) -> u64 {
    let missing = recording.missing.as_deref();
    let missing = missing.and_then(|json| serde_json::from_str::<receipts::MissingRange>(json).ok());
    missing.map_or(u64::MAX, |missing| missing.from_byte)
}
