//! The end of a quarantine: of the two copies of a drained recording the first goes, or counts again.

use handin_core::RecordingId;
use sqlx::AnyConnection;

use super::holds::held;
use super::receipts::{self, NewReceipt};
use super::recordings::end;
use super::revisions::{self, Revision};
use super::statement::{execute, query};
use super::{Caused, Change, Error, drains};

/// Lets the object go that a drained one has replaced: from now on it is never the one that counts again. Gives `false`
/// if a hold covers the recording, or it counts.
#[derive(Debug, Clone)]
pub struct LetGo {
    /// The recording.
    pub recording: RecordingId,
    /// Which of its objects.
    pub number: u32,
    /// The key of the object that counts; it was proved a moment ago.
    pub counts: String,
}

pub(super) const LET_GO: &str = concat!(
    "update revision set state = 'given_up' where recording = $1 and number = $2 and state in ('replaced', 'given_up')      and exists (select 1 from recording where recording.id = $1 and recording.object_key = $3 and not ",
    held!(),
    ")"
);

impl Change for LetGo {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        // A hold that is being placed touches this row too, so that the two cannot pass each other.
        end::meet(tx, &self.recording).await?;
        let let_go = query(LET_GO)
            .bind(self.recording.as_str())
            .bind(i64::from(self.number))
            .bind(self.counts.as_str());
        Ok(execute(tx, let_go).await? == 1)
    }
}

/// Puts the object in its place again that a drained one had replaced, because that one is not whole. Gives `false`, and
/// changes nothing, if the first was let go, or something else counts.
#[derive(Debug, Clone)]
pub struct TakeBack {
    /// The object that stands where it was, in the state `Replaced`.
    pub old: Revision,
    /// The object that is not whole.
    pub damaged: Revision,
    /// The statement about the old one.
    pub receipt: NewReceipt,
    /// Written with it.
    pub caused: Caused,
}

pub(super) const COUNT_AGAIN: &str =
    "update revision set state = 'current' where recording = $1 and number = $2 and state = 'replaced'";

pub(super) const TAKE_BACK: &str = "\
    update recording set object_key = $1, place = $2, upload_id = $3, write_token = $4
    where id = $5 and object_key = $6 and state in ('sealed', 'partial')";

impl Change for TakeBack {
    type Out = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, Error> {
        let TakeBack { old, damaged, .. } = self;
        let numbered =
            |text, of: &Revision| query(text).bind(of.recording.as_str()).bind(i64::from(of.number));
        if execute(tx, numbered(COUNT_AGAIN, old)).await? == 0 {
            return Ok(false);
        }
        let take_back = query(TAKE_BACK)
            .bind(old.key.as_str())
            .bind(old.place.as_str())
            .bind(old.upload_id.clone())
            .bind(old.write_token.as_str())
            .bind(old.recording.as_str())
            .bind(damaged.key.as_str());
        if execute(tx, take_back).await? == 0 {
            // Nothing of this is kept: it was deleted meanwhile.
            execute(tx, revisions::keep_old(old)).await?;
            return Ok(false);
        }
        execute(tx, numbered(revisions::NOT_CURRENT, damaged)).await?;
        drains::again(tx, &old.recording).await?;
        receipts::replace(tx, &self.receipt).await?;
        self.caused.write(tx).await?;
        Ok(true)
    }
}
