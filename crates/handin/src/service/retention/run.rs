//! A run: looks at everything whose time has come, marks what is due, and hands over to deletion what was marked for long
//! enough.
//!
//! It may die at any point and be run again, and any number may run at once: every change is conditional on what was
//! read. What needs confirmation stays as it is until somebody confirms the very list.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::ExamId;

use super::survey::{Item, Looked, Needs, Survey, Walk, is_too_much, moment, survey};
use super::verdict::Verdict;
use super::{BY_ITSELF, destroy, grace, holds, job, pause, tier};
use crate::app::App;
use crate::db::Caused;
use crate::db::certificates::NewCertificate;
use crate::db::due::{DeleteMarked, Doomed, Mark, Move, Moves};
use crate::db::tiers::{QueueTiers, ToTier};
use crate::service::Error;
use crate::service::api_keys::Platform;
use crate::service::events::RecordingDeleted;

/// Asks at once; the ledger takes them in groups.
const AT_ONCE: usize = 32;
/// As finely as the ledger tells times apart.
const INSTANT: Duration = Duration::from_millis(1);
/// How long a preview shows what is refused under a new policy.
const SHOWN: Duration = Duration::from_secs(86_400);

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// Recordings that were marked.
    pub marked: u64,
    /// Recordings whose grace was over; their objects are being deleted.
    pub deleted: u64,
    /// Recordings that go to another storage class; jobs take them there.
    pub tiered: u64,
    /// Recordings that stay where they are, as moving them costs more than it saves, or they would have to be restored first.
    pub refused: u64,
    /// Recordings that are due and wait for somebody to confirm.
    pub unconfirmed: u64,
    /// Why they do.
    pub needs: Option<Needs>,
}

/// Runs by itself; the `retain` job.
///
/// # Errors
/// When the database is not available.
pub async fn run(app: &App) -> Result<Ran, Error> {
    holds::remind(app).await?;
    destroy::take_up(app).await?;
    pause::look(app).await?;
    let survey = survey(app, app.clock.now()).await?;
    let fresh = survey.list.values().filter(|item| !item.old && item.leaves).count() as u64;
    let too_much = is_too_much(app, survey.waiting + fresh, survey.of);
    let paused = survey.paused_until.is_some();
    let ran = act(app, BY_ITSELF, &survey, |item| !(item.old || paused || too_much && item.leaves)).await?;
    if let Some(until) = survey.paused_until {
        tracing::error!(%until, "the clock is far ahead of the last run: nothing is marked or deleted until then");
    }
    if let Some(needs) = ran.needs {
        tracing::warn!(
            recordings = ran.unconfirmed,
            why = needs.word(),
            "recordings are due, but wait for `handin retention run --confirm`"
        );
    }
    Ok(ran)
}

/// Runs by somebody's word, who confirms the list of a survey, or confirms nothing.
///
/// # Errors
/// [`Error::Invalid`] for what is no confirmation; [`Error::ListChanged`] when the list is another by now.
pub async fn run_as(app: &App, who: &Platform, confirmation: Option<&str>) -> Result<Ran, Error> {
    let Some(confirmation) = confirmation else { return run(app).await };
    let at = moment(confirmation).filter(|at| *at <= app.clock.now());
    let at = at.ok_or_else(|| Error::invalid("confirm", "use `confirmation` of a preview, unchanged"))?;
    let survey = survey(app, at).await?;
    if survey.confirmation != confirmation {
        return Err(Error::ListChanged);
    }
    let mut audit = crate::service::audit(app, who, "retention.confirm", confirmation, None);
    audit.detail =
        serde_json::json!({ "recordings": survey.total.recordings, "bytes": survey.total.bytes }).to_string();
    app.db.change(Caused { audit: vec![audit], ..Caused::default() }).await?;
    act(app, &who.key_id, &survey, |_| true).await
}

/// Walks once more and acts on each page; marks, by the word of `by`, only what is on the list and `allowed`, and while runs
/// stand still deletes nothing else either.
async fn act(app: &App, by: &str, survey: &Survey, allowed: impl Fn(&Item) -> bool) -> Result<Ran, Error> {
    let now = app.clock.now();
    let mut walk = Walk::begin(app, now);
    let mut ran = Ran::default();
    while let Some(page) = walk.page().await? {
        let may = |looked: &Looked| match (survey.list.get(&looked.row.id), &looked.verdict) {
            (Some(item), verdict) => allowed(item) && item.leaves != matches!(verdict, Verdict::Tier { .. }),
            (None, Verdict::Over | Verdict::Drain(_)) => survey.paused_until.is_none(),
            (None, _) => false,
        };
        // Before they are left to their next look.
        drain(app, page.iter().filter(|looked| may(looked))).await?;
        let moves: Vec<Move> = page.iter().filter_map(|looked| next(app, looked, may, by)).collect();
        let wanted = page.iter().filter(|looked| {
            matches!(looked.verdict, Verdict::Mark { .. } | Verdict::Tier { .. } | Verdict::Over)
        });
        ran.unconfirmed += wanted.filter(|looked| !may(looked)).count() as u64;
        if !moves.is_empty() {
            ran.marked += app.db.change(Moves(moves)).await?;
        }
        let tiers = moving(app, &page, may, ran.tiered);
        if !tiers.is_empty() {
            ran.tiered += app.db.change(QueueTiers(tiers)).await?;
        }
        let refused = page.iter().filter(|looked| matches!(looked.verdict, Verdict::Refused { .. }));
        ran.refused += refused.count() as u64;
        let over = page.into_iter().filter(|looked| looked.verdict == Verdict::Over && may(looked));
        ran.deleted += delete(app, over, ran.deleted).await?;
    }
    ran.needs = survey.needs.filter(|_| ran.unconfirmed > 0);
    metrics::counter!("handin_retention_total", "step" => "marked").increment(ran.marked);
    metrics::counter!("handin_retention_total", "step" => "deleted").increment(ran.deleted);
    metrics::counter!("handin_retention_total", "step" => "tiered").increment(ran.tiered);
    metrics::gauge!("handin_retention_refused").set(ran.refused as f64);
    metrics::gauge!("handin_retention_unconfirmed").set(ran.unconfirmed as f64);
    app.jobs.wake();
    Ok(ran)
}

/// Asks those that are to go to the archive to go there.
async fn drain(app: &App, looked: impl Iterator<Item = &Looked>) -> Result<(), Error> {
    let due = looked.filter(|looked| matches!(looked.verdict, Verdict::Drain(_)));
    let ask = |looked: &Looked| {
        let (exam, id) = (looked.row.exam.clone(), looked.row.id.clone());
        let policy = looked.policy.version.clone();
        async move { crate::service::drain::ask_one(app, &exam, &id, &policy).await }
    };
    let asks: Vec<_> = due.map(ask).collect();
    stream::iter(asks).buffer_unordered(AT_ONCE).try_collect().await
}

/// What goes to other storage classes; `earlier` recordings of this run go first.
fn moving(app: &App, page: &[Looked], allowed: impl Fn(&Looked) -> bool, earlier: u64) -> Vec<ToTier> {
    let moving =
        page.iter().filter(|looked| matches!(looked.verdict, Verdict::Tier { .. }) && allowed(looked));
    moving.zip(earlier..).filter_map(|(looked, earlier)| tier::planned(app, looked, earlier)).collect()
}

/// What becomes of a recording that stays where it is.
fn next(app: &App, looked: &Looked, allowed: impl Fn(&Looked) -> bool, by: &str) -> Option<Move> {
    let (row, now) = (&looked.row, app.clock.now());
    let (due_at, mark) = match looked.verdict {
        Verdict::Later(at) => (at, Mark::TakeBack),
        Verdict::Drain(at) if allowed(looked) => (at, Mark::TakeBack),
        Verdict::Waiting(end) => (end, Mark::Keep),
        // Even without a grace, what is marked goes with a later run at the earliest.
        Verdict::Mark { .. } if allowed(looked) => {
            ((now + grace(app)).max(now + INSTANT), Mark::Set { at: now, by: by.to_owned() })
        }
        // Its grace begins anew when the hold is released.
        Verdict::Held if row.marked_at.is_some() => (now, Mark::TakeBack),
        // For a day a preview shows what a new policy wants in vain.
        Verdict::Refused { again, .. } if now >= looked.policy.set_at + SHOWN => (again, Mark::Keep),
        Verdict::Mark { .. }
        | Verdict::Drain(_)
        | Verdict::Held
        | Verdict::Tier { .. }
        | Verdict::Refused { .. }
        | Verdict::Over => return None,
    };
    Some(Move { id: row.id.clone(), seen: row.seen, due_at, mark })
}

/// Deletes recordings, one certificate for each exam, version of a policy, and word by which it was marked. `earlier`
/// recordings of this run go first.
async fn delete(app: &App, over: impl Iterator<Item = Looked>, earlier: u64) -> Result<u64, Error> {
    let mut batches: BTreeMap<(ExamId, String, String), Vec<Doomed>> = BTreeMap::new();
    for Looked { row, policy, .. } in over {
        let payload = RecordingDeleted::new(&row.id, &row.exam, &row.key);
        let event = crate::service::new_event(app, "recording.deleted", &row.id, &row.exam, &payload);
        let by = row.marked_by.unwrap_or_else(|| BY_ITSELF.to_owned());
        let batch = batches.entry((row.exam, policy.version.clone(), by)).or_default();
        batch.push(Doomed { id: row.id, seen: row.seen, event });
    }
    let mut deleted = 0;
    for ((exam, policy, ordered_by), doomed) in batches {
        let ordered_at = app.clock.now();
        let id = app.ids.row(ordered_at);
        let certificate = NewCertificate { id, exam, policy, ordered_at, ordered_by };
        deleted += app.db.change(deletion(app, certificate, doomed, earlier + deleted)).await?;
    }
    Ok(deleted)
}

/// A batch with everything that is written with it. Batches of a run begin one after the other, as fast as is allowed.
fn deletion(app: &App, certificate: NewCertificate, doomed: Vec<Doomed>, earlier: u64) -> DeleteMarked {
    let NewCertificate { id, exam, policy, ordered_by, .. } = &certificate;
    let begin = certificate.ordered_at + Duration::from_secs(earlier / app.config.retention.deletes_per_s);
    let mut audit = crate::service::audit(app, ordered_by.as_str(), "retention.delete", id, Some(exam));
    audit.detail = serde_json::json!({ "policy": policy, "recordings": doomed.len() }).to_string();
    DeleteMarked {
        doomed,
        job: job(app, "destroy", Some(id.as_str()), begin),
        caused: Caused { audit: vec![audit], ..Caused::default() },
        certificate,
    }
}
