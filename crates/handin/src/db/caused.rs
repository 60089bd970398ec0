//! What a change causes: jobs, events and audit rows, written in its transaction.

use sqlx::AnyConnection;

use super::audit::{self, NewAudit};
use super::jobs::{self, NewJob};
use super::outbox::{self, NewEvent};
use super::{Change, Error};

/// Rows to be written in the same transaction as the change that causes them.
#[derive(Debug, Clone, Default)]
pub struct Caused {
    /// Work to do later.
    pub jobs: Vec<NewJob>,
    /// What the platform wants to hear about.
    pub events: Vec<NewEvent>,
    /// Who did what.
    pub audit: Vec<NewAudit>,
}

impl Caused {
    /// Writes the rows.
    pub(super) async fn write(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        Caused::write_all(tx, &[self]).await
    }

    /// Writes what several changes cause, in as few statements as one would need.
    pub(super) async fn write_all(tx: &mut AnyConnection, all: &[&Caused]) -> Result<(), Error> {
        jobs::add(tx, &all.iter().flat_map(|caused| &caused.jobs).collect::<Vec<_>>()).await?;
        outbox::add(tx, &all.iter().flat_map(|caused| &caused.events).collect::<Vec<_>>()).await?;
        audit::add(tx, &all.iter().flat_map(|caused| &caused.audit).collect::<Vec<_>>()).await
    }
}

/// Rows that no change of another table causes: a job that is planned by the clock, a look that is audited.
impl Change for Caused {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        self.write(tx).await
    }
}
