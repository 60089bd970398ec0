//! Receipts: signed statements, written in the transaction that seals their recording or gives it another object.

use std::collections::HashMap;

use handin_core::{CandidateId, ExamId, RecordingId, SubjectId};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{execute, query};
use super::{Db, Error};

/// A receipt to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// The recording it is about.
    pub recording: RecordingId,
    /// Compact JWS.
    pub jws: String,
    /// When it was signed.
    pub issued_at: Timestamp,
}

pub(super) const ADD: &str = "insert into receipt (recording, jws, issued_at) values ($1, $2, $3)";

pub(super) async fn add(tx: &mut AnyConnection, receipt: &NewReceipt) -> Result<(), Error> {
    let add = query(ADD)
        .bind(receipt.recording.as_str())
        .bind(receipt.jws.as_str())
        .bind(millis(receipt.issued_at));
    execute(tx, add).await.map(drop)
}

pub(super) const REPLACE: &str = "update receipt set jws = $1, issued_at = $2 where recording = $3";

/// Puts a receipt in the place of the one that the recording has.
pub(super) async fn replace(tx: &mut AnyConnection, receipt: &NewReceipt) -> Result<(), Error> {
    let replace = query(REPLACE)
        .bind(receipt.jws.as_str())
        .bind(millis(receipt.issued_at))
        .bind(receipt.recording.as_str());
    execute(tx, replace).await.map(drop)
}

pub(super) const GET: &str = "select jws from receipt where recording = $1";

/// The receipt of a recording, as a compact JWS.
pub async fn get(db: &Db, recording: &RecordingId) -> Result<Option<String>, Error> {
    let row = db.one(query(GET).bind(recording.as_str())).await?;
    row.map(|row| Row::new("receipt", &row).text("jws")).transpose()
}

pub(super) const OF_SITTING: &str = "\
    select receipt.recording, receipt.jws from recording join receipt on receipt.recording = recording.id \
    where recording.exam = $1 and recording.candidate = $2 and recording.subject = $3";

/// The receipts of a sitting, as compact JWSs, by recording.
pub async fn of_sitting(
    db: &Db,
    exam: &ExamId,
    subject: &SubjectId,
    candidate: &CandidateId,
) -> Result<HashMap<RecordingId, String>, Error> {
    let find = query(OF_SITTING).bind(exam.as_str()).bind(candidate.as_str()).bind(subject.as_str());
    let receipt = |row| {
        let row = Row::new("receipt", row);
        Ok((row.name("recording")?, row.text("jws")?))
    };
    db.all(find).await?.iter().map(receipt).collect()
}
