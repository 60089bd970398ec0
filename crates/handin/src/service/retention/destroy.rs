//! The end of a batch of recordings that the ledger has deleted: their objects go, are proved to be gone, and a
//! certificate says so. The `destroy` job.
//!
//! Every step can be repeated: what is gone is gone, and a certificate is signed once, when nothing is left.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::certificates::{DELETION, Deletion, hash_of_key};
use super::{event, job, locks};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::certificates::{Certificate, Certify};
use crate::db::due::DeletedRow;
use crate::db::jobs::Enqueue;
use crate::db::revisions::RevisionState;
use crate::objects::Objects;
use crate::service::events::RetentionCertified;
use crate::service::{Error, revisions, store_of};

/// Looks at the store at once.
const LOOKS: usize = 16;
/// When a store that did not do what it said is asked again.
const AGAIN: Duration = Duration::from_secs(10);
/// How long a deletion may go without its certificate before it is taken up again.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);
/// How many deletions are taken up with one run.
const TAKEN_UP: u32 = 1_000;

/// Deletes the objects of a batch, and certifies it once none is left.
///
/// # Errors
/// When it has to be tried again; [`Error::Unavailable`] too for an object that the store does not let go, or that somebody
/// may still be writing; [`Error::Internal`] for one that is not ours.
pub async fn destroy(app: &App, certificate: &str) -> Result<(), Error> {
    let Some(certificate) = db::certificates::get(&app.db, certificate).await? else { return Ok(()) };
    if certificate.jws.is_some() {
        return Ok(());
    }
    let rows = db::due::of_certificate(&app.db, &certificate.order.id).await?;
    let places = places(app, &rows).await?;
    take_turn(app, places.values().map(BTreeMap::len).sum())?;
    let mut stores = Vec::new();
    for (place, keys) in &places {
        // Asked first: whoever may not ask deletes nothing that could never be certified.
        let objects = store_of(app, place)?;
        stores.push((objects, objects.keeps_versions().await?, keys));
    }
    give_up_the_rest(app, &rows).await?;
    for (objects, keeps_versions, keys) in stores {
        erase(objects, keeps_versions, keys).await?;
    }
    wait_for_writers(app, &rows).await?;
    certify(app, &certificate, &rows, &places).await
}

fn take_turn(app: &App, deletions: usize) -> Result<(), Error> {
    let turn = app.deletions.take(app.clock.now(), deletions, app.config.retention.deletes_per_s);
    turn.map_err(|retry_after| Error::Unavailable {
        what: "the object store",
        retry_after,
        source: "so many deletions are under way that this one has to wait".into(),
    })
}

/// Every key in one store, with the write token that makes its object ours.
type Keys = BTreeMap<String, String>;

/// Every key that an object of these recordings has, or had, by the store that it stands in.
async fn places(app: &App, rows: &[DeletedRow]) -> Result<BTreeMap<String, Keys>, Error> {
    let mut places: BTreeMap<String, Keys> = BTreeMap::new();
    for row in rows {
        let keys = places.entry(row.place.clone()).or_default();
        keys.insert(row.key.clone(), row.write_token.clone());
        for revision in db::revisions::of(&app.db, &row.id).await? {
            let keys = places.entry(revision.place).or_default();
            keys.insert(revision.key, revision.write_token);
        }
    }
    Ok(places)
}

async fn give_up_the_rest(app: &App, rows: &[DeletedRow]) -> Result<(), Error> {
    let has_lock = app.objects.has_lock().await?;
    for row in rows {
        if has_lock {
            Box::pin(locks::release(app, &row.id)).await?;
        }
        if let Some(upload_id) = &row.upload_id {
            store_of(app, &row.place)?.abort(&row.key, upload_id).await?;
        }
        // Other revisions may still be written; whoever gives them up must know that they will never count.
        if let Some(recording) = db::recordings::get(&app.db, &row.id).await? {
            revisions::erase_others(app, &recording).await?;
        }
    }
    Ok(())
}

async fn erase(objects: &Objects, keeps_versions: bool, keys: &Keys) -> Result<(), Error> {
    delete(objects, keys).await?;
    if keeps_versions {
        for key in keys.keys() {
            objects.delete_versions(key).await?;
        }
    }
    check_gone(objects, keys).await
}

async fn delete(objects: &Objects, keys: &Keys) -> Result<(), Error> {
    let standing = look_at(objects, keys).await?;
    let of = |wanted: Standing| {
        standing.iter().filter(move |(_, standing)| *standing == wanted).map(|(key, _)| *key)
    };
    objects.delete_all(&of(Standing::Ours).collect::<Vec<_>>()).await?;
    match of(Standing::Strange).next() {
        None => Ok(()),
        Some(key) => {
            Err(Error::internal(format!("refused to delete {key}, which carries another write token")))
        }
    }
}

/// What stands under a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Nothing,
    Ours,
    Strange,
}

async fn look_at<'k>(objects: &Objects, keys: &'k Keys) -> Result<Vec<(&'k str, Standing)>, Error> {
    let looks: Vec<_> = keys.iter().map(|(key, write_token)| look(objects, key, write_token)).collect();
    let standing: Vec<Standing> = stream::iter(looks).buffered(LOOKS).try_collect().await?;
    Ok(keys.keys().map(String::as_str).zip(standing).collect())
}

async fn look(objects: &Objects, key: &str, write_token: &str) -> Result<Standing, Error> {
    Ok(match objects.head(key).await? {
        None => Standing::Nothing,
        Some(head) if head.write_token.as_deref() == Some(write_token) => Standing::Ours,
        Some(_) => Standing::Strange,
    })
}

async fn check_gone(objects: &Objects, keys: &Keys) -> Result<(), Error> {
    let standing = look_at(objects, keys).await?;
    match standing.iter().find(|(_, standing)| *standing != Standing::Nothing) {
        None => Ok(()),
        Some((key, _)) => Err(Error::Unavailable {
            what: "the object store",
            retry_after: AGAIN,
            source: format!("{key} is still there after it was deleted").into(),
        }),
    }
}

/// Whoever still writes an object that was given up may leave it behind; until their time is over, nobody can say that none
/// is left.
async fn wait_for_writers(app: &App, rows: &[DeletedRow]) -> Result<(), Error> {
    let now = app.clock.now();
    for row in rows {
        let revisions = db::revisions::of(&app.db, &row.id).await?;
        let written = [RevisionState::Writing, RevisionState::GivenUp];
        let writers = revisions.iter().filter(|revision| written.contains(&revision.state));
        let until = writers.map(|revision| revision.erase_at).max().filter(|until| *until > now);
        if let Some(until) = until {
            return Err(Error::Unavailable {
                what: "the object store",
                retry_after: Duration::try_from(until.duration_since(now)).unwrap_or(AGAIN),
                source: format!("an object of {} may still be written", row.id).into(),
            });
        }
    }
    Ok(())
}

/// Has the deletions taken up again that have no certificate after an hour; those whose job still waits are left to it.
pub(super) async fn take_up(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let open = db::certificates::unsigned(&app.db, now - LEFT_BEHIND, TAKEN_UP).await?;
    metrics::gauge!("handin_retention_uncertified").set(open.len() as f64);
    if open.is_empty() {
        return Ok(());
    }
    let jobs = open.iter().map(|id| job(app, "destroy", Some(id.as_str()), now)).collect();
    Ok(app.db.change(Enqueue(jobs)).await?)
}

async fn certify(
    app: &App,
    certificate: &Certificate,
    rows: &[DeletedRow],
    places: &BTreeMap<String, Keys>,
) -> Result<(), Error> {
    let order = &certificate.order;
    let now = app.clock.now();
    let mut hashes: Vec<String> = places.values().flat_map(Keys::keys).map(|key| hash_of_key(key)).collect();
    hashes.sort();
    let statement = Deletion {
        kind: DELETION.to_owned(),
        id: order.id.clone(),
        exam: order.exam.to_string(),
        policy: order.policy.clone(),
        ordered_at: text(order.ordered_at),
        ordered_by: order.ordered_by.clone(),
        certified_at: text(now),
        recordings: rows.len() as u64,
        bytes: rows.iter().map(|row| row.size).sum(),
        objects: hashes.len() as u64,
        deleted_keys: hashes,
    };
    let payload = RetentionCertified {
        id: order.id.clone(),
        exam: statement.exam.clone(),
        policy: statement.policy.clone(),
        recordings: statement.recordings,
        bytes: statement.bytes,
        certified_at: statement.certified_at.clone(),
    };
    let caused = Caused {
        events: vec![event(app, "retention.certified", &order.exam, &payload)],
        ..Caused::default()
    };
    let jws = super::certificates::issue(&app.keyring, &statement)?;
    app.db.change(Certify { id: order.id.clone(), jws, issued_at: now, caused }).await?;
    Ok(())
}

fn text(at: Timestamp) -> String {
    at.to_string()
}
