//! The calls that are measured, each as the product's services make it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use handin::db::recordings::{self, Claimed};
use handin::db::{Db, Error};
use handin_core::RecordingId;

use crate::rows::Rows;

/// The database, and what is open in it.
pub struct Writes {
    db: Db,
    rows: Rows,
    next: AtomicU64,
    open: Mutex<VecDeque<RecordingId>>,
}

impl Writes {
    /// On a database with the schema.
    pub fn new(db: Db) -> Writes {
        Writes { db, rows: Rows::new(), next: AtomicU64::new(0), open: Mutex::default() }
    }

    /// Makes the call of that name; `false` if there is nothing left to make it with.
    pub async fn call(&self, name: &str) -> Result<bool, Error> {
        match name {
            "open" => self.open(false).await,
            "open with its reads" => self.open(true).await,
            _ => self.seal().await,
        }
    }

    async fn open(&self, reads: bool) -> Result<bool, Error> {
        let new = self.rows.recording(self.next.fetch_add(1, Ordering::Relaxed));
        if reads {
            self.look(&new).await?;
        }
        let caused = self.rows.caused_by_open(&new);
        let opened = recordings::open(&self.db, new, caused).await?;
        assert!(opened.fresh, "every open is the first of its key");
        self.opened().push_back(opened.recording.id);
        Ok(true)
    }

    /// What the service asks before it opens: whether this is a repetition, and how many takes there are.
    async fn look(&self, new: &recordings::NewRecording) -> Result<(), Error> {
        let recordings::NewRecording { exam, subject, candidate, track, .. } = new;
        let key = new.idempotency_key.as_deref().unwrap_or_default();
        let earlier = recordings::by_idempotency_key(&self.db, exam, subject, candidate, track, key).await?;
        assert!(earlier.is_none(), "keys are random");
        recordings::count_takes(&self.db, exam, subject, candidate, track).await.map(drop)
    }

    async fn seal(&self) -> Result<bool, Error> {
        let Some(id) = self.opened().pop_front() else { return Ok(false) };
        let Claimed::Yes(recording) = self.db.change(self.rows.claim(&id)).await? else {
            panic!("nobody else seals {id}");
        };
        assert!(self.db.change(self.rows.finish(&recording)).await?, "the lease of {id} is ours");
        Ok(true)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, VecDeque<RecordingId>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
