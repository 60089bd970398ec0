//! Receipts: signed statements, written in the transaction that seals their recording.

use handin_core::RecordingId;
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

pub(super) const GET: &str = "select jws from receipt where recording = $1";

/// The receipt of a recording, as a compact JWS.
pub async fn get(db: &Db, recording: &RecordingId) -> Result<Option<String>, Error> {
    let row = db.one(query(GET).bind(recording.as_str())).await?;
    row.map(|row| Row::new("receipt", &row).text("jws")).transpose()
}
