//! Bucket against ledger, both ways: every object of the bucket is looked up in the ledger, and every finished recording
//! in the bucket. What a person started, not the job: that one looks at what is open, this at what is finished.
//!
//! A comparison changes nothing. With `fix`, what the ledger has ended gets the jobs that end it, and what is missing an
//! entry in the audit log. Objects that the ledger does not know are deleted only by whoever confirms the very list, because
//! a ledger that was restored from an old backup knows none of the recordings since.

mod bucket;
mod ledger;
mod unknown;

use std::io;

use handin_core::RecordingId;
use jiff::Timestamp;
use serde::Serialize;

use self::unknown::Unknown;
use super::error::Error;
use super::retention::survey::moment;
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::inventory::Item;
use crate::db::jobs::Enqueue;
use crate::db::jobs::NewJob;

/// By whose word the audit log has what a comparison found.
const WHO: &str = "reconcile";

/// What a comparison is told.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Have jobs end what is left over, and note in the audit log what is missing.
    pub fix: bool,
    /// Delete what the ledger does not know: [`Report::confirmation`] of an earlier comparison, unchanged.
    pub confirm: Option<String>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A finished recording has none.
    Missing,
    /// It has another length than was sealed.
    Differs,
    /// The ledger has ended it, and no job is about to delete it.
    LeftOver,
    /// It came after salvage had found nothing. A person has to look; nothing deletes it.
    Late,
    /// Its key is one of ours, and the ledger does not know it.
    Unknown,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub fault: Fault,
    /// The recording that its key names.
    pub recording: String,
    /// Its key.
    pub key: String,
    /// Its bytes in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its bytes by the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// When it was stored, by the store's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Timestamp>,
}

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many.
    pub objects: u64,
    /// Their bytes, in the store or, where there are none, by the ledger.
    pub bytes: u64,
}

/// What a comparison found. Every object of the bucket is counted once.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The bucket.
    pub bucket: String,
    /// As of when.
    pub at: Timestamp,
    /// As they should be.
    pub sound: Tally,
    /// Of recordings that are not finished.
    pub unfinished: Tally,
    /// Ended, and about to be deleted by a job.
    pub going: Tally,
    /// Unknown, and stored less than a day before; they are on no list yet.
    pub young: Tally,
    /// Trial objects of candidates, which a rule of the bucket deletes.
    pub rehearsals: Tally,
    /// Under keys that are not ours.
    pub foreign: Tally,
    /// [`Fault::Missing`].
    pub missing: Tally,
    /// [`Fault::Differs`].
    pub differs: Tally,
    /// [`Fault::LeftOver`].
    pub left_over: Tally,
    /// [`Fault::Late`].
    pub late: Tally,
    /// [`Fault::Unknown`].
    pub unknown: Tally,
    /// What confirms the list of what is unknown, and no other; absent where there is none, or it cannot be deleted.
    pub confirmation: Option<String>,
    /// Why the list cannot be deleted, if there is one.
    pub refusal: Option<String>,
    /// What was done about it.
    pub fixed: Fixed,
}

/// What was done about findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Fixed {
    /// Objects left over that a job will end.
    pub queued: u64,
    /// Findings that the audit log has now.
    pub noted: u64,
    /// Unknown objects that were deleted.
    pub deleted: u64,
    /// Unknown objects on the list that were kept, because a hold covers them or they are not what was listed.
    pub kept: u64,
}

impl Report {
    /// Whether everything that the ledger promises stands in the bucket.
    pub fn is_sound(&self) -> bool {
        self.missing.objects == 0 && self.differs.objects == 0
    }
}

/// Who follows a comparison.
pub trait Watch: Send {
    /// Something is wrong.
    ///
    /// # Errors
    /// When it cannot be written down; the comparison ends.
    fn found(&mut self, finding: &Finding) -> io::Result<()>;

    /// So many objects were listed, and so many recordings looked at, of about so many.
    fn moved(&mut self, listed: u64, looked: u64, of: u64);
}

/// Compares the bucket with the ledger.
///
/// # Errors
/// When store or database are not available; [`Error::Invalid`] for what is no confirmation, or may not be confirmed;
/// [`Error::ListChanged`] when the list is another by now.
pub async fn compare(app: &App, wishes: &Wishes, watch: &mut dyn Watch) -> Result<Report, Error> {
    let now = app.clock.now();
    let at = match &wishes.confirm {
        Some(confirmation) => moment(confirmation).filter(|at| *at <= now).ok_or_else(unusable)?,
        None => now,
    };
    let of = db::due::count(&app.db).await?;
    let mut comparison = Comparison {
        app,
        fix: wishes.fix,
        of,
        listed: 0,
        looked: 0,
        seen: Vec::new(),
        unknown: Unknown::as_of(at),
        report: Report::new(app, at),
        watch,
    };
    bucket::walk(&mut comparison).await?;
    ledger::walk(&mut comparison).await?;
    comparison.conclude(wishes.confirm.as_deref()).await
}

fn unusable() -> Error {
    Error::invalid("confirm", "use `confirmation` of an earlier report, unchanged")
}

/// A comparison under way.
struct Comparison<'a> {
    app: &'a App,
    fix: bool,
    /// Finished recordings.
    of: u64,
    listed: u64,
    looked: u64,
    /// The recordings whose object stands as it should, as the numbers that their ids are: 16 bytes each.
    seen: Vec<u128>,
    unknown: Unknown,
    report: Report,
    watch: &'a mut dyn Watch,
}

impl Comparison<'_> {
    fn found(&mut self, finding: &Finding) -> Result<(), Error> {
        let tally = match finding.fault {
            Fault::Missing => &mut self.report.missing,
            Fault::Differs => &mut self.report.differs,
            Fault::LeftOver => &mut self.report.left_over,
            Fault::Late => &mut self.report.late,
            Fault::Unknown => &mut self.report.unknown,
        };
        tally.add(finding.size.or(finding.expected).unwrap_or_default());
        self.watch.found(finding).map_err(Error::internal)
    }

    fn moved(&mut self) {
        self.watch.moved(self.listed, self.looked, self.of);
    }

    /// Has a job end what is left over.
    async fn queue(&mut self, job: NewJob) -> Result<(), Error> {
        if self.fix {
            self.app.db.change(Enqueue(vec![job])).await?;
            self.report.fixed.queued += 1;
        }
        Ok(())
    }

    /// Tells of a finished recording whose object is not as it was sealed.
    async fn broken(&mut self, item: &Item, size: Option<u64>) -> Result<(), Error> {
        let fault = if size.is_some() { Fault::Differs } else { Fault::Missing };
        let finding = Finding {
            fault,
            recording: item.id.to_string(),
            key: item.key.clone(),
            size,
            expected: item.size,
            modified_at: None,
        };
        self.found(&finding)?;
        if !self.fix {
            return Ok(());
        }
        let action = if size.is_some() { "recording.differs" } else { "recording.missing" };
        let mut audit = super::audit(self.app, WHO, action, item.id.as_str(), Some(&item.exam));
        audit.detail =
            serde_json::json!({ "key": item.key, "size": size, "expected": item.size }).to_string();
        self.app.db.change(Caused { audit: vec![audit], ..Caused::default() }).await?;
        self.report.fixed.noted += 1;
        Ok(())
    }

    async fn conclude(mut self, confirm: Option<&str>) -> Result<Report, Error> {
        let confirmation = self.unknown.confirmation();
        let refusal = self.unknown.refusal(self.app, self.of).await?;
        if let Some(confirm) = confirm {
            if confirm != confirmation {
                return Err(Error::ListChanged);
            }
            if let Some(refusal) = refusal {
                return Err(Error::invalid("confirm", refusal));
            }
            let (deleted, kept) = self.unknown.delete(self.app).await?;
            (self.report.fixed.deleted, self.report.fixed.kept) = (deleted, kept);
        } else if self.report.unknown.objects > 0 {
            self.report.confirmation = refusal.is_none().then_some(confirmation);
            self.report.refusal = refusal;
        }
        Ok(self.report)
    }
}

impl Report {
    fn new(app: &App, at: Timestamp) -> Report {
        let none = Tally::default();
        Report {
            bucket: app.objects.bucket(),
            at,
            sound: none,
            unfinished: none,
            going: none,
            young: none,
            rehearsals: none,
            foreign: none,
            missing: none,
            differs: none,
            left_over: none,
            late: none,
            unknown: none,
            confirmation: None,
            refusal: None,
            fixed: Fixed::default(),
        }
    }
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// The number that an id is.
fn number(id: &RecordingId) -> u128 {
    // Every id is a ULID; one that were none would only be looked at once more.
    ulid::Ulid::from_string(id.as_str()).map_or(0, |id| id.0)
}
