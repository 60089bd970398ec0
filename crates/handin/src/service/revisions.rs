//! Revisions: how a recording gets another object, and how the objects that do not count any more are erased.
//!
//! Nothing here makes an object; `remake.rs` and `drain/copy.rs` do. At every moment the ledger names one object that is
//! whole, and knows every other that may stand in a store, whoever died in between.

use std::time::Duration;

use handin_core::{ObjectKey, RecordingId, StorageClass};

use super::error::Error;
use super::events::{self, DrainDone, RecordingTiered};
use super::receipts::Receipt;
use super::recordings::LONGEST_LINK;
use super::retention::locks;
use super::{checks, discard, drain};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::jobs::NewJob;
use crate::db::outbox::NewEvent;
use crate::db::quarantine::TakeBack;
use crate::db::receipts::NewReceipt;
use crate::db::recordings::Recording;
use crate::db::revisions::{Attach, Begin, GiveUp, Gone, Prolong, Replace, Revision, RevisionState};
use crate::objects::Objects;

/// How long somebody may take to make an object. Long after the last call of whoever died over it has ended.
const WRITING: Duration = Duration::from_secs(86_400);
/// A link may have been signed a moment before its object was replaced, and be used up to its last second.
const MARGIN: Duration = Duration::from_secs(3_600);

/// Why a recording gets another object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its head was finished.
    Mended,
    /// It is kept in another class.
    Tiered(StorageClass),
    /// It went to an archive.
    Drained,
}

/// Begins another object of a finished recording, in the store of that name; `None` when it has got one meanwhile, or none any more.
pub(super) async fn begin(app: &App, recording: &Recording, place: &str) -> Result<Option<Revision>, Error> {
    let earlier = db::revisions::of(&app.db, &recording.id).await?;
    let number = 1 + earlier.iter().map(|revision| revision.number).max().unwrap_or_default();
    let key = ObjectKey { revision: number, ..parse(&recording.key)? };
    let revision = Revision {
        recording: recording.id.clone(),
        number,
        state: RevisionState::Writing,
        key: key.to_string(),
        place: place.to_owned(),
        upload_id: None,
        write_token: app.ids.word(),
        erase_at: app.clock.now() + WRITING,
    };
    let caused = Caused { jobs: vec![retirement(app, &revision)], ..Caused::default() };
    let begin = Begin { revision: revision.clone(), from: recording.key.clone(), caused };
    Ok(app.db.change(begin).await?.then_some(revision))
}

fn parse(key: &str) -> Result<ObjectKey, Error> {
    key.parse().map_err(Error::internal)
}

/// The job that erases an object once its time has come. It finds nothing to do for one that counts by then.
fn retirement(app: &App, revision: &Revision) -> NewJob {
    NewJob {
        payload: Some(revision.number.to_string()),
        unique_key: None,
        ..super::job(app, "retire", &revision.recording, revision.erase_at)
    }
}

/// Notes the upload that makes an object; `false` when it was given up meanwhile.
pub(super) async fn attach(app: &App, revision: &Revision, upload_id: &str) -> Result<bool, Error> {
    let (recording, number) = (revision.recording.clone(), revision.number);
    Ok(app.db.change(Attach { recording, number, upload_id: upload_id.to_owned() }).await?)
}

/// Gives whoever makes an object their full time once more; `false` when it was given up meanwhile.
pub(super) async fn prolong(app: &App, revision: &Revision) -> Result<bool, Error> {
    let (recording, number) = (revision.recording.clone(), revision.number);
    Ok(app.db.change(Prolong { recording, number, until: app.clock.now() + WRITING }).await?)
}

/// Puts `new`, which was proved, in the place of the object that counts, and reissues the receipt. From then on nobody
/// is given a link to the old one; it is erased when the last has ended. `false` when somebody was faster, or a hold keeps it where it is.
pub(super) async fn replace(
    app: &App,
    recording: &Recording,
    new: &Revision,
    receipt: &Receipt,
    why: Why,
) -> Result<bool, Error> {
    let now = app.clock.now();
    let last_link = LONGEST_LINK + MARGIN;
    let old = Revision {
        recording: recording.id.clone(),
        number: parse(&recording.key)?.revision,
        state: RevisionState::Replaced,
        key: recording.key.clone(),
        place: recording.place.clone(),
        upload_id: recording.upload_id.clone(),
        write_token: recording.write_token.clone(),
        erase_at: now + if new.place == recording.place { last_link } else { last_link.max(quarantine(app)) },
    };
    // Before it counts, so that no moment is without: the old one keeps its own until it is erased.
    if new.place.is_empty() {
        locks::lock_if_held(app, &recording.id, &new.key).await?;
    }
    let jws = super::receipts::issue(&app.keyring, receipt)?;
    let mut caused = caused_by_replacing(app, recording, &old, new, receipt, why);
    caused.jobs.extend(locks::job_of(app, &recording.id).await);
    let replace = Replace {
        new: new.clone(),
        sha256_parts: receipt.sha256_parts.clone().unwrap_or_default(),
        receipt: NewReceipt { recording: recording.id.clone(), jws, issued_at: now },
        storage_class: why.storage_class(recording),
        tiered_at: matches!(why, Why::Tiered(_)).then_some(now),
        caused,
        old,
    };
    Ok(app.db.change(replace).await?)
}

/// How long both copies stand of a recording that was drained.
fn quarantine(app: &App) -> Duration {
    super::seconds(u64::from(app.config.drain.quarantine_days) * 86_400)
}

impl Why {
    /// In which class the first store keeps the recording, or kept it before it was drained.
    fn storage_class(self, recording: &Recording) -> StorageClass {
        match self {
            Why::Mended | Why::Drained => recording.storage_class,
            Why::Tiered(class) => class,
        }
    }

    /// The event, and the word of the audit log.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Why::Mended => ("recording.mended", "recording.mend"),
            Why::Tiered(_) => (events::RECORDING_TIERED, "recording.tier"),
            Why::Drained => (events::DRAIN_DONE, "recording.drain"),
        }
    }

    /// What the event says.
    fn told(self, recording: &Recording, old: &Revision, new: &Revision, receipt: &Receipt) -> String {
        let (id, exam) = (recording.id.to_string(), recording.exam.to_string());
        match self {
            Why::Mended => super::json(receipt),
            Why::Tiered(class) => super::json(&RecordingTiered {
                id,
                exam,
                key: new.key.clone(),
                replaces: old.key.clone(),
                storage_class: class.to_string(),
            }),
            Why::Drained => super::json(&DrainDone {
                id,
                exam,
                archive: new.place.clone(),
                key: new.key.clone(),
                size: receipt.size,
                first_copy_until: old.erase_at,
            }),
        }
    }
}

fn caused_by_replacing(
    app: &App,
    recording: &Recording,
    old: &Revision,
    new: &Revision,
    receipt: &Receipt,
    why: Why,
) -> Caused {
    let (event, action) = why.words();
    let mut audit = super::audit(app, "server", action, recording.id.as_str(), Some(&recording.exam));
    audit.detail = serde_json::json!({
        "key": new.key, "place": new.place, "replaces": old.key, "storage_class": why.storage_class(recording).as_str(),
    })
    .to_string();
    let told = NewEvent {
        payload: why.told(recording, old, new, receipt),
        ..super::event(app, event, recording, &())
    };
    Caused { jobs: vec![retirement(app, old)], events: vec![told], audit: vec![audit] }
}

/// Gives up an object that was not finished, and takes away what there is of it. What cannot be done now, or turns up
/// later, is left to the job that was planned when it was begun.
pub(super) async fn give_up(app: &App, recording: &Recording, new: &Revision) {
    if let Err(error) = try_to_give_up(app, recording, new).await {
        tracing::warn!(key = new.key, %error, "what was not finished stays in the store until a job erases it");
    }
}

async fn try_to_give_up(app: &App, recording: &Recording, new: &Revision) -> Result<(), Error> {
    app.db.change(GiveUp { recording: new.recording.clone(), number: new.number }).await?;
    // An answer that got lost may have been that it counts.
    match find(app, &new.recording, new.number).await? {
        Some(known) if known.state == RevisionState::GivenUp => erase(app, recording, new).await,
        _ => Ok(()),
    }
}

async fn find(app: &App, id: &RecordingId, number: u32) -> Result<Option<Revision>, Error> {
    let all = db::revisions::of(&app.db, id).await?;
    Ok(all.into_iter().find(|revision| revision.number == number))
}

/// Erases an object whose time has come: one that was replaced, if the one that counts is whole, or one that was never
/// finished. The `retire` job.
///
/// # Errors
/// When it has to be tried again; [`Error::Internal`] when the object that counts is not whole.
pub async fn retire(app: &App, id: &RecordingId, number: u32) -> Result<(), Error> {
    loop {
        let all = db::revisions::of(&app.db, id).await?;
        let Some(revision) = all.iter().find(|one| one.number == number).cloned() else { return Ok(()) };
        let recording = db::recordings::get(&app.db, id).await?.ok_or(Error::NotFound("recording"))?;
        match revision.state {
            RevisionState::Current => return Ok(()),
            RevisionState::Writing if revision.erase_at > app.clock.now() => {
                return Err(Error::Unavailable {
                    what: "the object store",
                    retry_after: MARGIN,
                    source: format!("{} is still being written", revision.key).into(),
                });
            }
            RevisionState::Writing => {
                app.db.change(GiveUp { recording: id.clone(), number }).await?;
                continue;
            }
            RevisionState::Replaced
                if recording.state.has_object() && drain::is_first_copy(&all, &recording, &revision) =>
            {
                if !drain::let_go(app, &recording, &revision).await? {
                    return Ok(());
                }
            }
            RevisionState::Replaced => check_successor(app, &recording).await?,
            // Gone already, or never finished, by this ledger: one that was restored from an old backup may be wrong.
            RevisionState::GivenUp | RevisionState::Gone => check_standing(app, &recording).await?,
        }
        erase(app, &recording, &revision).await?;
        forget(app, &revision).await?;
        return drain::ended(app, &recording).await;
    }
}

/// The last look before the only other copy of the bytes goes.
async fn check_successor(app: &App, recording: &Recording) -> Result<(), Error> {
    if recording.state.has_object() && !checks::is_whole(app, recording).await? {
        let key = &recording.key;
        return Err(Error::internal(format!("{key} is not as it was; what it replaced is kept")));
    }
    Ok(())
}

/// Puts the object in its place again that a drained one had replaced, because that one is not whole; `false` when it is
/// too late for that, or somebody was faster.
pub(super) async fn take_back(app: &App, recording: &Recording, old: &Revision) -> Result<bool, Error> {
    let Some(damaged) = find(app, &recording.id, parse(&recording.key)?.revision).await? else {
        return Ok(false);
    };
    let receipt = super::receipts::stated(app, &recording.id).await?;
    let digest = receipt.sha256_parts.clone().unwrap_or_default();
    let receipt = super::receipts::about_another(receipt, old.key.clone(), digest);
    let jws = super::receipts::issue(&app.keyring, &receipt)?;
    let now = app.clock.now();
    let mut audit =
        super::audit(app, "server", "recording.drain_undone", recording.id.as_str(), Some(&recording.exam));
    audit.detail = serde_json::json!({ "key": old.key, "damaged": damaged.key }).to_string();
    let erase = retirement(app, &Revision { erase_at: now, ..damaged.clone() });
    let take_back = TakeBack {
        old: old.clone(),
        damaged,
        receipt: NewReceipt { recording: recording.id.clone(), jws, issued_at: now },
        caused: Caused { jobs: vec![erase], audit: vec![audit], ..Caused::default() },
    };
    Ok(app.db.change(take_back).await?)
}

/// A look at what counts before another object of the recording goes.
async fn check_standing(app: &App, recording: &Recording) -> Result<(), Error> {
    if recording.state.has_object() && checks::complaint(app, recording).await?.is_some() {
        let key = &recording.key;
        return Err(Error::internal(format!("{key} is not as it was; what stands beside it is kept")));
    }
    Ok(())
}

/// Erases every object of a recording but the one that its row names; somebody decided that the recording goes.
pub(super) async fn erase_others(app: &App, recording: &Recording) -> Result<(), Error> {
    for revision in db::revisions::of(&app.db, &recording.id).await? {
        if [RevisionState::Current, RevisionState::Gone].contains(&revision.state) {
            continue;
        }
        app.db.change(GiveUp { recording: recording.id.clone(), number: revision.number }).await?;
        erase(app, recording, &revision).await?;
        // Whoever still writes an object may leave more of it behind; the job of its own comes back for that.
        if revision.state == RevisionState::Replaced {
            forget(app, &revision).await?;
        }
    }
    Ok(())
}

async fn erase(app: &App, recording: &Recording, revision: &Revision) -> Result<(), Error> {
    let key = &revision.key;
    if recording.key == *key {
        return Err(Error::internal(format!("refused to erase {key}, which counts")));
    }
    let objects = super::store_of(app, &revision.place)?;
    if revision.state != RevisionState::Replaced {
        end_uploads(objects, key).await?;
    }
    if revision.place.is_empty() && app.objects.has_lock().await? {
        Box::pin(locks::release_other(app, &recording.id, key)).await?;
    }
    discard::remove(objects, key, revision.upload_id.as_deref(), &revision.write_token).await
}

/// Ends the uploads under a key of which only the store knows: their creator died before it could note them.
pub(super) async fn end_uploads(objects: &Objects, key: &str) -> Result<(), Error> {
    let page = objects.list_uploads(key, None).await?;
    for upload in page.uploads.iter().filter(|upload| upload.key == key) {
        objects.abort(key, &upload.upload_id).await?;
    }
    Ok(())
}

async fn forget(app: &App, revision: &Revision) -> Result<(), Error> {
    let gone = Gone { recording: revision.recording.clone(), number: revision.number };
    app.db.change(gone).await?;
    Ok(())
}
