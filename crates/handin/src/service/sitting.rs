//! One sitting as its own candidate sees it: what to record, until when, and what is there already.
//!
//! Knows the sitting that a token names and no other; how complete a whole exam is stands in `sittings.rs`.

use std::sync::Arc;

use handin_core::{CandidateId, Exam, Subject, Track};
use jiff::Timestamp;

use super::error::Error;
use super::recordings::owns;
use super::tokens::Candidate;
use crate::app::App;
use crate::db;
use crate::db::recordings::Recording;

/// One candidate in one subject.
#[derive(Debug, Clone)]
pub struct OwnSitting {
    /// The exam.
    pub exam: Arc<Exam>,
    /// The subject, one of the exam's.
    pub subject: Subject,
    /// Who.
    pub candidate: CandidateId,
    /// The tracks that the exam asks for and the token allows, in the exam's order.
    pub tracks: Vec<Track>,
    /// Every take, by track, the first first.
    pub takes: Vec<OwnTake>,
    /// How many days after the bell recordings are gone, unless somebody places a hold or has to confirm; `None` where the
    /// policy cannot be read.
    pub retention_days: Option<u32>,
    /// The time of the answer.
    pub server_time: Timestamp,
    /// When a recording that is opened at that time is salvaged.
    pub salvage_at: Timestamp,
}

/// One take and what proves it.
#[derive(Debug, Clone)]
pub struct OwnTake {
    /// The ledger's row.
    pub recording: Recording,
    /// The receipt as a compact JWS, once there is one.
    pub receipt: Option<String>,
}

/// The sitting that a token names.
///
/// # Errors
/// [`Error::NotFound`] when the exam or the subject is not there.
pub async fn get(app: &App, who: &Candidate) -> Result<OwnSitting, Error> {
    let exam = super::exams::get(app, &who.exam).await?;
    let subject = exam.subject(&who.subject).ok_or(Error::NotFound("subject"))?.clone();
    let takes = takes(app, who).await?;
    let tracks = exam.tracks.iter().filter(|track| who.tracks.contains(track)).cloned().collect();
    let retention_days = promised_days(app, &exam).await?;
    let server_time = app.clock.now();
    let salvage_at = super::salvage::due(app, server_time, subject.ends_at);
    let candidate = who.candidate.clone();
    Ok(OwnSitting { exam, subject, candidate, tracks, takes, retention_days, server_time, salvage_at })
}

/// A policy that this node cannot read takes a sentence from the candidate's page, not the page.
async fn promised_days(app: &App, exam: &Exam) -> Result<Option<u32>, Error> {
    match super::retention::policies::promised_days(app, exam).await {
        Ok(days) => Ok(Some(days)),
        Err(error @ Error::Internal(_)) => {
            tracing::error!(exam = %exam.id, %error, "candidates are not told how long recordings are kept");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn takes(app: &App, who: &Candidate) -> Result<Vec<OwnTake>, Error> {
    let candidate = std::slice::from_ref(&who.candidate);
    let recordings = db::recordings::of_sittings(&app.db, &who.exam, candidate).await?;
    // After the recordings: whichever of them is sealed has its receipt by now.
    let mut receipts = db::receipts::of_sitting(&app.db, &who.exam, &who.subject, &who.candidate).await?;
    let mine = recordings.into_iter().filter(|recording| owns(who, recording));
    Ok(mine.map(|recording| OwnTake { receipt: receipts.remove(&recording.id), recording }).collect())
}
