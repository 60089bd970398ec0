//! Recordings: opened by a candidate, looked at, linked to.
//!
//! Signing lives in `sign.rs`, sealing in `seal.rs`, endings without an object in `discard.rs`.

use std::net::IpAddr;
use std::time::Duration;

use handin_core::{
    CandidateId, ExamId, ObjectKey, Pace, PartPlan, RecordingId, Sha256, State, StorageClass, StoredPart,
    SubjectId, Track, Upload, contiguous_bytes,
};
use jiff::Timestamp;

use super::api_keys::Platform;
use super::error::Error;
use super::handles::{Groups, Handle};
use super::pace::Wish;
use super::sign::{SignedUrl, sign_put, wish_for_put};
use super::tokens::Candidate;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::recordings::{Filter, NewRecording, Recording};
use crate::objects::{self, CreateUpload};

pub use super::claims::Manifest;
pub use crate::db::recordings::Recording as Row;

/// Who looks at a recording.
#[derive(Debug, Clone)]
pub enum Who {
    /// Its owner, by token.
    Candidate(std::sync::Arc<Candidate>),
    /// A platform, by API key.
    Platform(Platform),
}

/// What a candidate asks for at the start of a take.
#[derive(Debug, Clone)]
pub struct OpenRecording {
    /// Which track.
    pub track: Track,
    /// How it will get in.
    pub upload: Upload,
    /// MIME type, with parameters.
    pub content_type: String,
    /// The length in bytes, where it is known; a `put` needs it.
    pub size: Option<u64>,
    /// The digest of a `put`.
    pub sha256: Option<Sha256>,
    /// Whether parts will come with their SHA-256, which the store then demands and checks.
    pub checksums: bool,
    /// When the browser began to record.
    pub started_at: Option<Timestamp>,
    /// Repeating the request under the same key gives the same recording.
    pub idempotency_key: Option<String>,
    /// Where the request came from, if it is known.
    pub address: Option<IpAddr>,
}

impl OpenRecording {
    /// Whether the store is told at the start that every part comes with its SHA-256.
    fn declares_sha256(&self) -> bool {
        self.checksums && self.upload.is_multipart()
    }
}

/// A recording that takes parts.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The recording.
    pub recording: Recording,
    /// What signing wants to see.
    pub handle: String,
    /// When the handle ends.
    pub expires_at: Timestamp,
    /// The URL of a `put`.
    pub put: Option<SignedUrl>,
    /// What the server asks of the sender.
    pub pace: Pace,
}

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// The longest content type, in bytes; they go into a signature and an object's metadata.
const LONGEST_CONTENT_TYPE: usize = 200;
/// The longest life of a link to an object: 12 hours, a working day of a reviewer. Objects that are replaced stay that
/// long.
pub(super) const LONGEST_LINK: Duration = Duration::from_secs(12 * 3_600);
/// S3's limit for a single PUT: 5 GiB (S3 user guide, "Uploading objects").
const LARGEST_PUT: u64 = 5 << 30;

/// Opens a recording: the next take of a track.
///
/// # Errors
/// [`Error::Forbidden`] for a track the token does not name; [`Error::Invalid`] naming the field;
/// [`Error::TooManyTakes`]; [`Error::KeyReused`]; [`Error::Unavailable`].
pub async fn open(app: &App, who: &Candidate, wanted: OpenRecording) -> Result<Opened, Error> {
    let exam = super::exams::get(app, &who.exam).await?;
    let subject = exam.subject(&who.subject).ok_or(Error::NotFound("subject"))?;
    if !who.tracks.contains(&wanted.track) || !exam.tracks.contains(&wanted.track) {
        return Err(Error::Forbidden("this token does not allow to record this track"));
    }
    let max_bytes = exam.limits.max_bytes.unwrap_or(app.config.uploads.max_bytes);
    check_wanted(&wanted, max_bytes)?;
    let groups = super::pace::groups_of(app, who, wanted.address).await?;
    if let Some(earlier) = find_earlier(app, who, &wanted).await? {
        return opened(app, who, earlier, &groups);
    }
    check_takes(app, who, &wanted.track).await?;
    let new = prepare(app, who, wanted, subject.ends_at, max_bytes).await?;
    let caused = super::salvage::caused_by_open(app, &new);
    let inserted = db::recordings::open(&app.db, new.clone(), caused).await?;
    if !inserted.fresh {
        // Lost a race against the same idempotency key: nobody has a URL for this upload, so nothing can be in it.
        discard_unused(app, &new).await;
    }
    metrics::counter!("handin_opens_total", "upload" => inserted.recording.upload.as_str()).increment(1);
    opened(app, who, inserted.recording, &groups)
}

fn check_wanted(wanted: &OpenRecording, max_bytes: u64) -> Result<(), Error> {
    let printable = wanted.content_type.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if wanted.content_type.is_empty() || wanted.content_type.len() > LONGEST_CONTENT_TYPE || !printable {
        return Err(Error::invalid(
            "content_type",
            "use a MIME type of 1 to 200 ASCII characters, such as video/webm",
        ));
    }
    let most = if wanted.upload == Upload::Put { max_bytes.min(LARGEST_PUT) } else { max_bytes };
    match (wanted.upload, wanted.size) {
        (Upload::Stream, Some(_)) => {
            Err(Error::invalid("size", "a stream has no size yet; open it as a file"))
        }
        (Upload::Put, None) => {
            Err(Error::invalid("size", "a put needs its exact size in bytes, which is signed in"))
        }
        (_, Some(size)) if size == 0 || size > most => {
            Err(Error::invalid("size", format!("a recording of this exam has 1 to {most} bytes, not {size}")))
        }
        _ if wanted.sha256.is_some() && wanted.upload != Upload::Put => {
            Err(Error::invalid("sha256", "only a put has one digest; parts carry their own"))
        }
        _ => Ok(()),
    }
}

async fn find_earlier(
    app: &App,
    who: &Candidate,
    wanted: &OpenRecording,
) -> Result<Option<Recording>, Error> {
    let Some(key) = &wanted.idempotency_key else { return Ok(None) };
    let earlier = db::recordings::by_idempotency_key(
        &app.db,
        &who.exam,
        &who.subject,
        &who.candidate,
        &wanted.track,
        key,
    )
    .await?;
    match earlier {
        Some(found) if !same_request(&found, wanted) => Err(Error::KeyReused),
        other => Ok(other),
    }
}

fn same_request(earlier: &Recording, wanted: &OpenRecording) -> bool {
    earlier.upload == wanted.upload
        && earlier.content_type == wanted.content_type
        && earlier.size == wanted.size
        && earlier.sha256 == wanted.sha256
        && earlier.declared_sha256 == wanted.declares_sha256()
}

async fn check_takes(app: &App, who: &Candidate, track: &Track) -> Result<(), Error> {
    let most = app.config.uploads.most_takes;
    let takes = db::recordings::count_takes(&app.db, &who.exam, &who.subject, &who.candidate, track).await?;
    match takes < most {
        true => Ok(()),
        false => Err(Error::TooManyTakes(most)),
    }
}

async fn prepare(
    app: &App,
    who: &Candidate,
    wanted: OpenRecording,
    ends_at: Option<Timestamp>,
    max_bytes: u64,
) -> Result<NewRecording, Error> {
    let now = app.clock.now();
    let id = app.ids.recording(now);
    let key = ObjectKey {
        track: wanted.track.clone(),
        date: ObjectKey::date_of(ends_at.unwrap_or(now)),
        exam: who.exam.clone(),
        subject: who.subject.clone(),
        candidate: who.candidate.clone(),
        recording: id.clone(),
        revision: 0,
        extension: ObjectKey::extension_for(&wanted.content_type),
    };
    let plan = match wanted.upload {
        Upload::Put => PartPlan::new(max_bytes, wanted.size, 1),
        _ => PartPlan::new(max_bytes, wanted.size, app.config.store.max_parts),
    };
    let declared_sha256 = wanted.declares_sha256();
    let mut new = NewRecording {
        id,
        exam: who.exam.clone(),
        subject: who.subject.clone(),
        candidate: who.candidate.clone(),
        track: wanted.track,
        upload: wanted.upload,
        key: key.to_string(),
        upload_id: None,
        write_token: app.ids.word(),
        content_type: wanted.content_type,
        part_size: plan.part_size,
        max_parts: plan.max_parts,
        max_bytes,
        size: wanted.size,
        sha256: wanted.sha256,
        declared_sha256,
        idempotency_key: wanted.idempotency_key,
        opened_at: now,
        started_at: wanted.started_at,
        ends_at,
        salvage_at: super::salvage::due(app, now, ends_at),
        storage_class: super::retention::policies::storage_class(app, &who.exam).await?,
    };
    if wanted.upload.is_multipart() {
        new.upload_id = Some(create_upload(app, &mut new).await?);
    }
    Ok(new)
}

async fn create_upload(app: &App, new: &mut NewRecording) -> Result<String, Error> {
    match try_to_create(app, new).await {
        // Nobody is kept from recording because of a price.
        Err(error) if error.is_unknown_class() && new.storage_class != StorageClass::Standard => {
            tracing::error!(class = %new.storage_class, "the store does not know this class; it is not written in it");
            new.storage_class = StorageClass::Standard;
            Ok(try_to_create(app, new).await?)
        }
        other => Ok(other?),
    }
}

async fn try_to_create(app: &App, new: &NewRecording) -> Result<String, objects::Error> {
    let create = CreateUpload {
        content_type: &new.content_type,
        write_token: &new.write_token,
        declare_sha256: new.declared_sha256,
        storage_class: new.storage_class,
    };
    app.objects.create_upload(&new.key, create).await
}

async fn discard_unused(app: &App, new: &NewRecording) {
    if let Some(upload_id) = &new.upload_id
        && let Err(error) = app.objects.abort(&new.key, upload_id).await
    {
        tracing::warn!(key = new.key, %error, "an unused upload stays in the store until its lifecycle rule ends it");
    }
}

fn opened(app: &App, who: &Candidate, recording: Recording, groups: &Groups) -> Result<Opened, Error> {
    let now = app.clock.now();
    let handle = Handle::of(&recording, groups, recording.salvage_at);
    let wish = match recording.state.takes_parts() {
        true => {
            app.progress.expect(&recording.id, now);
            wish_for_put(&handle, None)
        }
        false => Wish::default(),
    };
    let (put, pace) = match super::pace::admit(app, who, &handle, wish, now) {
        Ok(pace) if wish.urls > 0 => (sign_put(app, &handle, now)?, pace),
        Ok(pace) => (None, pace),
        // The recording is open all the same; the sender has its one URL signed when its turn comes.
        Err(Error::Paced { pace, retry_after, .. }) => {
            (None, Pace { retry_after: Some(retry_after), ..pace })
        }
        Err(error) => return Err(error),
    };
    let (handle, expires_at) = (handle.seal(&app.keyring)?, recording.salvage_at);
    Ok(Opened { handle, expires_at, put, pace, recording })
}

/// A recording with what the store confirms of it.
#[derive(Debug, Clone)]
pub struct View {
    /// The ledger's row.
    pub recording: Recording,
    /// The parts the store holds; of a finished recording none, as they are one object now.
    pub confirmed: Vec<StoredPart>,
    /// How many bytes are there from the start without a gap.
    pub contiguous_bytes: u64,
    /// The receipt as a compact JWS.
    pub receipt: Option<String>,
    /// How to read it, as its recorder said with the seal.
    pub manifest: Option<Manifest>,
}

/// Looks a recording up, for its platform or its own candidate, and asks the store what has arrived.
///
/// # Errors
/// [`Error::NotFound`] when it is not there or is somebody else's.
pub async fn get(app: &App, who: &Who, id: &RecordingId) -> Result<View, Error> {
    let recording = find(app, who, id).await?;
    let confirmed = match (&recording.upload_id, recording.state) {
        (Some(upload_id), State::Open | State::Sealing) => {
            list_or_none(app, &recording.key, upload_id).await?
        }
        _ => Vec::new(),
    };
    let contiguous_bytes = match recording.sealed_size {
        Some(size) => size,
        None => contiguous_bytes(&confirmed, recording.part_size),
    };
    let receipt = match recording.state.has_object() || recording.state == State::Deleted {
        true => db::receipts::get(&app.db, id).await?,
        false => None,
    };
    let manifest = super::claims::manifest(&recording);
    Ok(View { recording, confirmed, contiguous_bytes, receipt, manifest })
}

async fn list_or_none(app: &App, key: &str, upload_id: &str) -> Result<Vec<StoredPart>, Error> {
    match app.objects.list_parts(key, upload_id).await {
        // Completed a moment ago by somebody else, or lost; either way it has no parts to show.
        Err(error) if error.is_no_such_upload() => Ok(Vec::new()),
        other => Ok(other?),
    }
}

/// The row of a recording, if `who` may see it.
pub(super) async fn find(app: &App, who: &Who, id: &RecordingId) -> Result<Recording, Error> {
    let found = db::recordings::get(&app.db, id).await?.ok_or(Error::NotFound("recording"))?;
    match who {
        Who::Candidate(candidate) if !owns(candidate, &found) => Err(Error::NotFound("recording")),
        _ => Ok(found),
    }
}

/// Whether a recording belongs to the sitting a token names.
pub(super) fn owns(who: &Candidate, recording: &Recording) -> bool {
    let Recording { exam, subject, candidate, .. } = recording;
    who.exam == *exam && who.subject == *subject && who.candidate == *candidate
}

/// Which recordings of an exam to list; `None` takes all.
#[derive(Debug, Clone, Default)]
pub struct RecordingFilter {
    /// Of this state.
    pub state: Option<State>,
    /// Of this track.
    pub track: Option<Track>,
    /// Of this candidate.
    pub candidate: Option<CandidateId>,
    /// Of this subject.
    pub subject: Option<SubjectId>,
    /// Only those that are marked for deletion.
    pub marked: bool,
}

/// Recordings of an exam by id, ascending, from after the given one.
///
/// # Errors
/// [`Error::NotFound`] for an exam that is not there.
pub async fn list(
    app: &App,
    exam: &ExamId,
    filter: RecordingFilter,
    after: Option<RecordingId>,
    limit: u32,
) -> Result<Vec<Recording>, Error> {
    super::exams::get(app, exam).await?;
    let RecordingFilter { state, track, candidate, subject, marked } = filter;
    let filter = Filter { exam: exam.clone(), subject, candidate, track, state, marked };
    Ok(db::recordings::list(&app.db, &filter, after.as_ref(), limit).await?)
}

/// A URL under which a reviewer can watch a recording.
#[derive(Debug, Clone)]
pub struct Link {
    /// A presigned GET; a secret.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Makes a link to a recording's object, and writes down who asked.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] while there is no object; [`Error::Archived`] while it cannot be read;
/// [`Error::Invalid`] for a life above 12 hours; [`Error::ReasonRequired`] where the house wants one.
pub async fn link(
    app: &App,
    who: &Platform,
    id: &RecordingId,
    ttl: Option<Duration>,
    download: bool,
    reason: Option<&str>,
) -> Result<Link, Error> {
    let recording = find(app, &Who::Platform(who.clone()), id).await?;
    if !recording.state.has_object() {
        return Err(Error::State {
            state: recording.state,
            hint: "only a sealed or partial one can be watched",
        });
    }
    let ttl = ttl.unwrap_or(super::seconds(app.config.uploads.url_ttl_s));
    if ttl.is_zero() || ttl > LONGEST_LINK {
        return Err(Error::invalid("ttl_s", "a link lives 1 second to 12 hours (43200)"));
    }
    check_readable(app, &recording).await?;
    let now = app.clock.now();
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    match reason {
        None if app.config.audit.require_link_reason => return Err(Error::ReasonRequired),
        Some(long) if long.chars().count() > LONGEST_REASON => {
            return Err(Error::invalid("reason", format!("use at most {LONGEST_REASON} characters")));
        }
        _ => {}
    }
    let mut audit = super::audit(app, who, "recording.link", id.as_str(), Some(&recording.exam));
    audit.detail =
        serde_json::json!({ "reason": reason, "download": download, "ttl_s": ttl.as_secs() }).to_string();
    app.db.change(Caused { audit: vec![audit], ..Caused::default() }).await?;
    let name = download.then(|| file_name(&recording));
    let signed =
        super::store_of(app, &recording.place)?.sign_get(&recording.key, now, ttl, name.as_deref())?;
    Ok(Link { url: signed.url, expires_at: signed.expires_at })
}

/// An archive shows an object only once somebody has had it restored.
async fn check_readable(app: &App, recording: &Recording) -> Result<(), Error> {
    if recording.storage_class.is_read_at_once() || !recording.place.is_empty() {
        return Ok(());
    }
    match app.objects.head(&recording.key).await? {
        Some(head) if head.is_restored => Ok(()),
        _ => Err(Error::Archived { class: recording.storage_class, key: recording.key.clone() }),
    }
}

fn file_name(recording: &Recording) -> String {
    let Recording { subject, candidate, track, take, key, .. } = recording;
    let extension = key.rsplit_once('.').map_or("bin", |(_, extension)| extension);
    format!("{subject}-{candidate}-{track}-{take}.{extension}")
}
