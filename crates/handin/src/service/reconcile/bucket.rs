//! The bucket's side: every object that is listed, asked of the ledger.
//!
//! A row is written before anybody can store its object, and rows are never removed; so a row that is asked for after the
//! listing is there, unless it was lost. Everything else may change in between, and is looked at again before it is told.

use std::time::Duration;

use handin_core::{ObjectKey, Reason, RecordingId, RehearsalKey, State};

use super::{Comparison, Fault, Finding, number};
use crate::db;
use crate::db::inventory::Item;
use crate::db::jobs::{NewJob, unique_key};
use crate::db::revisions::{Revision, RevisionState};
use crate::objects::Listed;
use crate::service::Error;

/// A job whose time has come is about to run for so long.
const ABOUT_TO_RUN: Duration = Duration::from_secs(3_600);

/// Asks the ledger about every object, a page at a time.
pub(super) async fn walk(comparison: &mut Comparison<'_>) -> Result<(), Error> {
    let mut next = None;
    loop {
        let page = comparison.app.objects.list("", next.as_deref()).await?;
        comparison.listed += page.objects.len() as u64;
        look_at(comparison, page.objects).await?;
        comparison.moved();
        next = page.next;
        if next.is_none() {
            return Ok(());
        }
    }
}

async fn look_at(comparison: &mut Comparison<'_>, objects: Vec<Listed>) -> Result<(), Error> {
    let mut ours = Vec::with_capacity(objects.len());
    for object in objects {
        match object.key.parse::<ObjectKey>() {
            Ok(key) => ours.push((key.recording, object)),
            Err(_) if object.key.starts_with(RehearsalKey::PREFIX) => {
                comparison.report.rehearsals.add(object.size);
            }
            Err(_) => comparison.report.foreign.add(object.size),
        }
    }
    let ids: Vec<RecordingId> = ours.iter().map(|(id, _)| id.clone()).collect();
    let items = db::inventory::items(&comparison.app.db, &ids).await?;
    for (id, object) in &ours {
        match items.get(id) {
            None => unknown(comparison, id, object)?,
            Some(item) if item.key == object.key => counted(comparison, item, object).await?,
            Some(item) => other(comparison, item, object).await?,
        }
    }
    Ok(())
}

fn unknown(comparison: &mut Comparison<'_>, id: &RecordingId, object: &Listed) -> Result<(), Error> {
    if comparison.unknown.is_young(object) {
        comparison.report.young.add(object.size);
        return Ok(());
    }
    comparison.unknown.add(id, object);
    comparison.found(&finding(Fault::Unknown, id, object))
}

fn finding(fault: Fault, id: &RecordingId, object: &Listed) -> Finding {
    Finding {
        fault,
        recording: id.to_string(),
        key: object.key.clone(),
        size: Some(object.size),
        expected: None,
        modified_at: object.modified_at,
    }
}

/// An object that its recording's row names.
async fn counted(comparison: &mut Comparison<'_>, item: &Item, object: &Listed) -> Result<(), Error> {
    let discarded = [Some(Reason::DiscardedByCandidate), Some(Reason::DiscardedByPlatform)];
    match item.state {
        State::Open | State::Sealing => comparison.report.unfinished.add(object.size),
        State::Sealed | State::Partial if item.size == Some(object.size) => {
            comparison.seen.push(number(&item.id));
            comparison.report.sound.add(object.size);
        }
        // Not seen: the ledger's side looks at it once more, and tells.
        State::Sealed | State::Partial => {}
        State::Abandoned if !discarded.contains(&item.reason) => {
            comparison.found(&finding(Fault::Late, &item.id, object))?;
        }
        State::Abandoned | State::Deleted => ended(comparison, item, object).await?,
    }
    Ok(())
}

/// An object whose recording was deleted or discarded.
async fn ended(comparison: &mut Comparison<'_>, item: &Item, object: &Listed) -> Result<(), Error> {
    let app = comparison.app;
    let certified = match &item.certificate {
        Some(id) => db::certificates::get(&app.db, id).await?.is_none_or(|found| found.jws.is_some()),
        None => true,
    };
    let job = crate::service::job(app, "erase", &item.id, app.clock.now());
    if !certified || waits(comparison, &job).await? {
        comparison.report.going.add(object.size);
        return Ok(());
    }
    left_over(comparison, item, object, job).await
}

/// An object of a known recording that its row does not name.
async fn other(comparison: &mut Comparison<'_>, item: &Item, object: &Listed) -> Result<(), Error> {
    let app = comparison.app;
    let revisions = db::revisions::of(&app.db, &item.id).await?;
    let Some(revision) = revisions.into_iter().find(|revision| revision.key == object.key) else {
        return unknown(comparison, &item.id, object);
    };
    let job = retirement(comparison, &revision);
    let until = revision.erase_at + ABOUT_TO_RUN;
    match revision.state {
        // It took its place since; the ledger's side looks at it.
        RevisionState::Current => Ok(()),
        RevisionState::Writing | RevisionState::Replaced | RevisionState::GivenUp
            if until > app.clock.now() || waits(comparison, &job).await? =>
        {
            comparison.report.going.add(object.size);
            Ok(())
        }
        _ => left_over(comparison, item, object, job).await,
    }
}

/// The job that erases an object that does not count, once more.
fn retirement(comparison: &Comparison<'_>, revision: &Revision) -> NewJob {
    let (app, number) = (comparison.app, revision.number);
    let job = crate::service::job(app, "retire", &revision.recording, app.clock.now());
    let key = format!("{}:{number}", unique_key("retire", &revision.recording));
    NewJob { payload: Some(number.to_string()), unique_key: Some(key), ..job }
}

async fn waits(comparison: &Comparison<'_>, job: &NewJob) -> Result<bool, Error> {
    let key = job.unique_key.as_deref().unwrap_or_default();
    Ok(db::inventory::run_at(&comparison.app.db, key).await?.is_some())
}

async fn left_over(
    comparison: &mut Comparison<'_>,
    item: &Item,
    object: &Listed,
    job: NewJob,
) -> Result<(), Error> {
    if comparison.app.objects.head(&object.key).await?.is_none() {
        // It went since it was listed.
        comparison.report.going.add(object.size);
        return Ok(());
    }
    comparison.found(&finding(Fault::LeftOver, &item.id, object))?;
    comparison.queue(job).await
}
