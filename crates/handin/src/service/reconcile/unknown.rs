//! Objects under keys of ours that the ledger does not know: an exact list, a confirmation for it, and its end.
//!
//! Such objects are never deleted because of what a program found. Whoever deletes them has seen the list, and even then not
//! what is younger than a day, not more than a run of retention may mark by itself, nothing that a hold covers, and nothing at
//! all while the ledger looks older than its bucket.

use std::time::Duration;

use handin_core::{ObjectKey, RecordingId, Sha256};
use jiff::Timestamp;
use sha2::Digest as _;

use super::WHO;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::holds::Scope;
use crate::objects::Listed;
use crate::service::Error;
use crate::service::retention::survey::is_too_much;

/// What is younger is on no list: whatever goes on has ended by then.
const YOUNG: Duration = Duration::from_secs(86_400);
/// The most objects that one confirmation deletes; the list is kept in memory.
const MOST: usize = 100_000;

/// The list, in the order of keys.
pub(super) struct Unknown {
    at: Timestamp,
    hash: sha2::Sha256,
    count: u64,
    newest: Option<RecordingId>,
    /// No longer than [`MOST`].
    objects: Vec<Listed>,
}

impl Unknown {
    pub(super) fn as_of(at: Timestamp) -> Unknown {
        Unknown { at, hash: sha2::Sha256::new(), count: 0, newest: None, objects: Vec::new() }
    }

    /// Whether it is too young to be on the list; what tells no age is.
    pub(super) fn is_young(&self, object: &Listed) -> bool {
        object.modified_at.is_none_or(|modified_at| modified_at + YOUNG > self.at)
    }

    pub(super) fn add(&mut self, id: &RecordingId, object: &Listed) {
        self.hash.update(format!("{} {}\n", object.key, object.size));
        self.count += 1;
        self.newest = self.newest.take().max(Some(id.clone()));
        if self.objects.len() < MOST {
            self.objects.push(object.clone());
        }
    }

    /// The moment in milliseconds, and half a SHA-256 over the list.
    pub(super) fn confirmation(&self) -> String {
        let hash: Sha256 = self.hash.clone().finalize().into();
        format!("{}-{}", self.at.as_millisecond(), &hex::encode(hash)[..32])
    }

    /// Why the list may not be deleted; `None` for one that may, or that is empty.
    pub(super) async fn refusal(&self, app: &App, of: u64) -> Result<Option<String>, Error> {
        let Some(newest) = &self.newest else { return Ok(None) };
        if db::inventory::newest(&app.db).await?.is_none_or(|known| known < *newest) {
            return Ok(Some(format!(
                "{newest} is unknown and was opened after everything that the ledger knows: the ledger is older than its bucket"
            )));
        }
        let too_much = is_too_much(app, self.count, of) || self.count > MOST as u64;
        Ok(too_much.then(|| {
            format!(
                "{} unknown objects beside {of} recordings are more than may go (retention.most_percent, retention.always_allowed, {MOST})",
                self.count
            )
        }))
    }

    /// Deletes what is on the list. Gives how many objects went, and how many were kept.
    pub(super) async fn delete(&self, app: &App) -> Result<(u64, u64), Error> {
        let keeps_versions = app.objects.keeps_versions().await?;
        let (mut deleted, mut kept) = (0, 0);
        for object in &self.objects {
            let key: ObjectKey = object.key.parse().map_err(Error::internal)?;
            if !self.may_go(app, &key, object).await? {
                kept += 1;
                continue;
            }
            self.note(app, &key, object).await?;
            app.objects.delete(&object.key).await?;
            if keeps_versions {
                app.objects.delete_versions(&object.key).await?;
            }
            deleted += 1;
        }
        Ok((deleted, kept))
    }

    /// The last look: it is still what was listed, it was written by a server of ours, nobody knows it by now, and no hold covers it.
    async fn may_go(&self, app: &App, key: &ObjectKey, object: &Listed) -> Result<bool, Error> {
        let Some(head) = app.objects.head(&object.key).await? else { return Ok(false) };
        if head.size != object.size || head.write_token.is_none() || is_known(app, key, object).await? {
            return Ok(false);
        }
        let scope = Scope {
            exam: key.exam.clone(),
            candidate: Some(key.candidate.clone()),
            subject: Some(key.subject.clone()),
            recording: Some(key.recording.clone()),
        };
        Ok(!db::holds::cover(&app.db, &scope).await?)
    }

    /// Written before it goes: what went with nobody knowing would be worse than an entry too many.
    async fn note(&self, app: &App, key: &ObjectKey, object: &Listed) -> Result<(), Error> {
        let mut audit =
            crate::service::audit(app, WHO, "object.delete", key.recording.as_str(), Some(&key.exam));
        audit.detail =
            serde_json::json!({ "key": object.key, "size": object.size, "confirmation": self.confirmation() })
                .to_string();
        Ok(app.db.change(Caused { audit: vec![audit], ..Caused::default() }).await?)
    }
}

async fn is_known(app: &App, key: &ObjectKey, object: &Listed) -> Result<bool, Error> {
    let id = &key.recording;
    let item = db::inventory::items(&app.db, std::slice::from_ref(id)).await?.remove(id);
    let revisions = db::revisions::of(&app.db, id).await?;
    Ok(item.is_some_and(|item| item.key == object.key)
        || revisions.iter().any(|revision| revision.key == object.key))
}
