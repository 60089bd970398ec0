//! The audit log, and the chain that makes a change of it show.
//!
//! Rows are written in the transaction of what they tell of, by many at once; a chain written there would have all of them wait for
//! each other. So the `link` job links them afterwards: each gets the next place, and a hash over the hash before it and the
//! row. How far the chain reached is signed with the key of receipts.

use handin_core::ExamId;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::keyring::{Purpose, verify_with};
use crate::app::App;
use crate::db;
use crate::db::chain::{Checkpoint, Link, LinkRows};

pub use crate::db::audit::NewAudit as Entry;
pub use crate::db::chain::Linked;

/// What a checkpoint calls itself.
const AUDIT: &str = "audit";
/// How many rows are linked in one transaction, and looked at in one page.
const AT_ONCE: u32 = 500;
/// What stands before the first row.
const NOTHING: &str = "";

/// What a checkpoint states: the chain reached this place, with this hash. Its JWS is compact, EdDSA, verified with
/// `/.well-known/jwks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Always `audit`, which nothing else says that is signed with this key.
    pub kind: String,
    /// The last place.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
    /// When, RFC 3339 UTC.
    pub at: String,
}

/// The hash of a row: SHA-256, in hex, over the hash before it, in hex (nothing before the first), and the row as a JSON
/// array without blanks: `[seq, id, at in unix ms, who, action, what, exam, detail, address]`.
pub fn hash(before: &str, seq: u64, entry: &Entry) -> String {
    let row = serde_json::json!([
        seq,
        entry.id,
        entry.at.as_millisecond(),
        entry.who,
        entry.action,
        entry.what,
        entry.exam.as_ref().map(ExamId::as_str),
        entry.detail,
        entry.address,
    ]);
    hex::encode(Sha256::new().chain_update(before).chain_update(row.to_string()).finalize())
}

/// Links rows that were committed since: the `link` job.
///
/// # Errors
/// When the database is not available, or somebody else linked at the same moment.
pub async fn link(app: &App) -> Result<(), Error> {
    loop {
        let head = db::chain::head(&app.db).await?;
        let rows = db::chain::unlinked(&app.db, AT_ONCE).await?;
        let (mut seq, mut last) = head.map_or((0, NOTHING.to_owned()), |head| (head.seq, head.hash));
        let is_over = rows.len() < AT_ONCE as usize;
        let links: Vec<Link> = rows
            .iter()
            .map(|entry| {
                seq += 1;
                last = hash(&last, seq, entry);
                Link { id: entry.id.clone(), seq, hash: last.clone() }
            })
            .collect();
        if !links.is_empty() {
            let checkpoint = Some(checkpoint(app, seq, &last)?);
            app.db.change(LinkRows { links, checkpoint }).await?;
        }
        if is_over {
            return Ok(());
        }
    }
}

fn checkpoint(app: &App, seq: u64, hash: &str) -> Result<Checkpoint, Error> {
    let at = app.clock.now();
    let reached = Reached { kind: AUDIT.to_owned(), seq, hash: hash.to_owned(), at: at.to_string() };
    let jws = app.keyring.sign(Purpose::Receipt, &reached).map_err(Error::internal)?;
    Ok(Checkpoint { seq, hash: hash.to_owned(), at, jws })
}

/// Verifies a checkpoint with nothing but a JWK set; `None` when no key of the set signed it, or it is something else.
pub fn verify(jws: &str, jwks: &JwkSet) -> Option<Reached> {
    let id = jsonwebtoken::decode_header(jws).ok()?.kid?;
    let reached: Reached = verify_with(&DecodingKey::from_jwk(jwks.find(&id)?).ok()?, jws)?;
    (reached.kind == AUDIT).then_some(reached)
}

/// A walk along the chain that looks at every link.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The last place looked at.
    pub seq: u64,
    /// How many rows were looked at.
    pub rows: u64,
    /// How many signed checkpoints fit.
    pub checkpoints: u64,
    hash: String,
    signed_to: u64,
}

/// Something that is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Rows are not there.
    #[error("rows {from} to {to} are missing")]
    Missing {
        /// The first place without a row.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A row is not the one that was linked.
    #[error(
        "row {seq} ({id}) does not fit its hash: it was changed after it was linked, or put there by hand"
    )]
    Changed {
        /// Its place.
        seq: u64,
        /// Its id.
        id: String,
    },
    /// A checkpoint and the row at its place differ.
    #[error(
        "row {seq} has another hash than was signed: it, or one between {after} and it, was changed and all hashes behind it written anew"
    )]
    Rewritten {
        /// The place of the checkpoint.
        seq: u64,
        /// The place of the last checkpoint that fits.
        after: u64,
    },
    /// A checkpoint was not signed by a key of ours.
    #[error("the checkpoint at row {seq} was not signed by a key of this server")]
    Forged {
        /// Its place.
        seq: u64,
    },
}

impl Walk {
    /// Looks at the next page; gives what is wrong with it, and whether there may be more. At the end the checkpoints behind the
    /// last row are looked at too.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn step(&mut self, app: &App) -> Result<(Vec<Flaw>, bool), Error> {
        let rows = db::chain::behind(&app.db, self.seq, AT_ONCE).await?;
        let is_over = rows.len() < AT_ONCE as usize;
        // Up to the end of this page; the last page has all that are left.
        let last = rows.last().map_or(self.seq, |row| row.seq);
        let signed = checkpoints(app, self.signed_to, if is_over { u64::MAX } else { last }).await?;
        let mut signed = signed.into_iter().peekable();
        let mut flaws = Vec::new();
        for row in &rows {
            flaws.extend(self.look(row));
            while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.seq <= row.seq) {
                flaws.extend(self.compare(app, row, &checkpoint));
            }
        }
        if let Some(cut) = signed.last() {
            flaws.push(Flaw::Missing { from: self.seq + 1, to: cut.seq });
        }
        Ok((flaws, !is_over))
    }

    fn look(&mut self, row: &Linked) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let follows = row.seq == self.seq + 1;
        if !follows {
            flaws.push(Flaw::Missing { from: self.seq + 1, to: row.seq - 1 });
        }
        // Behind a gap nobody can say what the first row should hash to; the next one leans on it again.
        if follows && hash(&self.hash, row.seq, &row.entry) != row.hash {
            flaws.push(Flaw::Changed { seq: row.seq, id: row.entry.id.clone() });
        }
        (self.seq, self.rows) = (row.seq, self.rows + 1);
        self.hash.clone_from(&row.hash);
        flaws
    }

    fn compare(&mut self, app: &App, row: &Linked, checkpoint: &Checkpoint) -> Option<Flaw> {
        let after = std::mem::replace(&mut self.signed_to, checkpoint.seq);
        let reached: Option<Reached> = app.keyring.verify(Purpose::Receipt, &checkpoint.jws);
        let Some(reached) = reached.filter(|one| one.kind == AUDIT && one.seq == checkpoint.seq) else {
            return Some(Flaw::Forged { seq: checkpoint.seq });
        };
        // A checkpoint whose row is missing was named by the gap.
        if checkpoint.seq == row.seq && reached.hash != row.hash {
            return Some(Flaw::Rewritten { seq: row.seq, after });
        }
        self.checkpoints += 1;
        None
    }
}

async fn checkpoints(app: &App, after: u64, last: u64) -> Result<Vec<Checkpoint>, Error> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let page = db::chain::checkpoints(&app.db, after, AT_ONCE).await?;
        let is_over = page.len() < AT_ONCE as usize || page.last().is_some_and(|one| one.seq > last);
        after = page.last().map_or(after, |one| one.seq);
        all.extend(page.into_iter().filter(|one| one.seq <= last));
        if is_over {
            return Ok(all);
        }
    }
}

/// How many rows are linked, and how many are not yet.
///
/// # Errors
/// When the database is not available.
pub async fn counts(app: &App) -> Result<(u64, u64), Error> {
    Ok(db::chain::counts(&app.db).await?)
}

/// Rows of the chain in their order, those behind the given place; a page of them.
///
/// # Errors
/// When the database is not available.
pub async fn behind(app: &App, seq: u64) -> Result<Vec<Linked>, Error> {
    Ok(db::chain::behind(&app.db, seq, AT_ONCE).await?)
}

/// The last signed statement of how far the chain reached.
///
/// # Errors
/// When the database is not available.
pub async fn last_checkpoint(app: &App) -> Result<Option<String>, Error> {
    let head = db::chain::head(&app.db).await?.map_or(0, |head| head.seq);
    Ok(db::chain::checkpoints(&app.db, head.saturating_sub(1), 1).await?.pop().map(|one| one.jws))
}

/// Entries by id, oldest first, from after the given one; of an exam, or of one thing that something was done to.
///
/// # Errors
/// When the database is not available.
pub async fn list(
    app: &App,
    exam: Option<&ExamId>,
    what: Option<&str>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    Ok(match (what, exam) {
        (Some(what), _) => db::audit::of_what(&app.db, what, after, limit).await?,
        (None, Some(exam)) => db::audit::of_exam(&app.db, exam, after, limit).await?,
        (None, None) => db::audit::list(&app.db, after, limit).await?,
    })
}
