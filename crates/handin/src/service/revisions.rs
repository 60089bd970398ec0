//! Revisions: how a recording gets another object, and how the objects that do not count any more are erased.
//!
//! Nothing here makes an object; `remake.rs` does. At every moment the ledger names one object that is whole, and knows
//! every other that may stand in the store, whoever died in between.

use std::time::Duration;

use handin_core::{ObjectKey, RecordingId, StorageClass};

use super::error::Error;
use super::receipts::Receipt;
use super::recordings::LONGEST_LINK;
use super::{checks, discard};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::jobs::NewJob;
use crate::db::receipts::NewReceipt;
use crate::db::recordings::Recording;
use crate::db::revisions::{Attach, Begin, GiveUp, Gone, Replace, Revision, RevisionState};

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
}

/// Begins another object of a finished recording; `None` when it has got one meanwhile, or none any more.
pub(super) async fn begin(app: &App, recording: &Recording) -> Result<Option<Revision>, Error> {
    let earlier = db::revisions::of(&app.db, &recording.id).await?;
    let number = 1 + earlier.iter().map(|revision| revision.number).max().unwrap_or_default();
    let key = ObjectKey { revision: number, ..parse(&recording.key)? };
    let revision = Revision {
        recording: recording.id.clone(),
        number,
        state: RevisionState::Writing,
        key: key.to_string(),
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
    let old = Revision {
        recording: recording.id.clone(),
        number: parse(&recording.key)?.revision,
        state: RevisionState::Replaced,
        key: recording.key.clone(),
        upload_id: recording.upload_id.clone(),
        write_token: recording.write_token.clone(),
        erase_at: now + LONGEST_LINK + MARGIN,
    };
    let jws = super::receipts::issue(&app.keyring, receipt)?;
    let replace = Replace {
        new: new.clone(),
        sha256_parts: receipt.sha256_parts.clone().unwrap_or_default(),
        receipt: NewReceipt { recording: recording.id.clone(), jws, issued_at: now },
        storage_class: why.storage_class(recording),
        tiered_at: matches!(why, Why::Tiered(_)).then_some(now),
        caused: caused_by_replacing(app, recording, &old, receipt, why),
        old,
    };
    Ok(app.db.change(replace).await?)
}

impl Why {
    fn storage_class(self, recording: &Recording) -> StorageClass {
        match self {
            Why::Mended => recording.storage_class,
            Why::Tiered(class) => class,
        }
    }

    /// The words of the event and of the audit log.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Why::Mended => ("recording.mended", "recording.mend"),
            Why::Tiered(_) => ("recording.tiered", "recording.tier"),
        }
    }
}

fn caused_by_replacing(
    app: &App,
    recording: &Recording,
    old: &Revision,
    receipt: &Receipt,
    why: Why,
) -> Caused {
    let mut stated = serde_json::to_value(receipt).unwrap_or_default();
    let (event, action) = why.words();
    let mut audit = super::audit(app, "server", action, recording.id.as_str(), Some(&recording.exam));
    let mut detail = serde_json::json!({ "key": receipt.key, "replaces": old.key });
    if let Why::Tiered(class) = why {
        stated["storage_class"] = class.as_str().into();
        detail["storage_class"] = class.as_str().into();
    }
    audit.detail = detail.to_string();
    Caused {
        jobs: vec![retirement(app, old)],
        events: vec![super::event(app, event, recording, &stated)],
        audit: vec![audit],
    }
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
        let Some(revision) = find(app, id, number).await? else { return Ok(()) };
        let recording = db::recordings::get(&app.db, id).await?.ok_or(Error::NotFound("recording"))?;
        match revision.state {
            RevisionState::Current | RevisionState::Gone => return Ok(()),
            RevisionState::Writing => {
                app.db.change(GiveUp { recording: id.clone(), number }).await?;
                continue;
            }
            RevisionState::Replaced => check_successor(app, &recording).await?,
            RevisionState::GivenUp => {}
        }
        erase(app, &recording, &revision).await?;
        return forget(app, &revision).await;
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
    if revision.state != RevisionState::Replaced {
        end_uploads(app, key).await?;
    }
    discard::remove(app, key, revision.upload_id.as_deref(), &revision.write_token).await
}

/// Ends the uploads under a key of which only the store knows: their creator died before it could note them.
async fn end_uploads(app: &App, key: &str) -> Result<(), Error> {
    let page = app.objects.list_uploads(key, None).await?;
    for upload in page.uploads.iter().filter(|upload| upload.key == key) {
        app.objects.abort(key, &upload.upload_id).await?;
    }
    Ok(())
}

async fn forget(app: &App, revision: &Revision) -> Result<(), Error> {
    let gone = Gone { recording: revision.recording.clone(), number: revision.number };
    app.db.change(gone).await?;
    Ok(())
}
