//! Pace: when and how fast an exam's senders may send. The operator says so for the exam; every node holds its own
//! senders to its share of it.
//!
//! Signing asks nobody: what it needs to know stands in the node's memory ([`Paces`]), which one task keeps current,
//! and in the handle. A node that has lost the ledger goes on with what it knew last.

use std::net::IpAddr;
use std::time::Duration;

use handin_core::pacing::{Asked, PacePolicy, Priority, heartbeat, start_after_bell};
use handin_core::{ExamId, Group, MIN_PART_SIZE, Pace};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::api_keys::Platform;
use super::error::{Error, Held};
use super::handles::{Groups, Handle};
use super::paces::Paced;
use super::tokens::Candidate;
use crate::app::App;
use crate::db;
use crate::db::nodes::{Beat, Farewell};
use crate::db::pace::{SetPace, policy_json};

pub use super::paces::Paces;
pub use crate::db::pace::ExamPace;

/// How often a node looks for changed policies: so long a change of the dial takes at most to reach every node.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks there are to a node's word that it is alive.
const LOOKS_PER_BEAT: u32 = 5;
/// A node that was silent for so long does not count: two lost words are none.
const LIVE_FOR: Duration = Duration::from_secs(15);
/// A node that was silent for so long will not come back under its id.
const KNOWN_FOR: Duration = Duration::from_secs(86_400);
/// Clocks of nodes may differ by this much, and no change is overlooked.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);
/// More exams than are paced at a time.
const MOST_POLICIES: u32 = 10_000;
/// Who is held back by a pause asks again after half of this to all of it, and so comes back spread over the other half.
const PAUSED_FOR: Duration = Duration::from_secs(10);

/// What is asked of an exam's senders, and who set it; of an exam without a policy, nothing.
///
/// # Errors
/// [`Error::NotFound`] for an exam that is not there.
pub async fn get(app: &App, exam: &ExamId) -> Result<Option<ExamPace>, Error> {
    super::exams::get(app, exam).await?;
    Ok(db::pace::get(&app.db, exam).await?)
}

/// Sets what is asked of an exam's senders. This node obeys at once, the others within about a second.
///
/// # Errors
/// [`Error::Invalid`] naming the field; [`Error::NotFound`] for an exam that is not there.
pub async fn set(app: &App, who: &Platform, exam: &ExamId, policy: PacePolicy) -> Result<ExamPace, Error> {
    super::exams::get(app, exam).await?;
    let pace = checked(app, who, exam, policy)?;
    let audit = super::audit(app, who, "pace.set", exam.as_str(), Some(exam));
    let audit = db::audit::NewAudit { detail: policy_json(&pace.policy), ..audit };
    app.db.change(SetPace { pace: pace.clone(), audit }).await?;
    app.paces.learn(pace.clone());
    Ok(pace)
}

/// A policy that can be written to the ledger.
pub(super) fn checked(
    app: &App,
    who: &Platform,
    exam: &ExamId,
    policy: PacePolicy,
) -> Result<ExamPace, Error> {
    policy.check().map_err(|error| Error::invalid(error.field.clone(), error))?;
    // As the ledger keeps it.
    let changed_at =
        Timestamp::from_millisecond(app.clock.now().as_millisecond()).map_err(Error::internal)?;
    let changed_by = who.key_id.clone();
    Ok(ExamPace { exam: exam.clone(), policy, changed_at, changed_by })
}

/// What is asked of the senders of these exams, which come in the order of their ids.
///
/// # Errors
/// When the database is not available.
pub async fn of_exams(app: &App, exams: &[handin_core::Exam]) -> Result<Vec<PacePolicy>, Error> {
    let (Some(first), Some(last)) = (exams.first(), exams.last()) else { return Ok(Vec::new()) };
    let known = db::pace::between(&app.db, &first.id, &last.id).await?;
    let policy = |exam: &handin_core::Exam| {
        let known = known.iter().find(|pace| pace.exam == exam.id);
        known.map(|pace| pace.policy.clone()).unwrap_or_default()
    };
    Ok(exams.iter().map(policy).collect())
}

/// Keeps this node's memory current until `stop`, and tells the others that it is alive.
pub async fn keep_current(app: &App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let mut looks = 0_u32;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = look(app).await {
            tracing::warn!(%error, "the pace of exams is as it was last known");
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS_PER_BEAT)
            && let Err(error) = beat(app).await
        {
            tracing::warn!(%error, "the number of live nodes is as it was last known");
        }
    }
    // Without it the others wait until this node's silence tells them.
    let farewell = Farewell { node: app.paces.node.clone() };
    if let Err(error) = app.db.change(farewell).await {
        tracing::debug!(%error, "the other nodes find out by themselves that this one has ended");
    }
}

/// Learns what has changed since the last look.
///
/// # Errors
/// When the database is not available; the memory stays as it was.
pub async fn look(app: &App) -> Result<(), Error> {
    let since =
        app.paces.newest().saturating_sub(SignedDuration::try_from(CLOCKS_DIFFER).unwrap_or_default());
    let since = since.unwrap_or(Timestamp::MIN);
    for pace in db::pace::changed_since(&app.db, since, MOST_POLICIES).await? {
        app.paces.learn(pace);
    }
    app.paces.forget_idle(app.clock.now());
    Ok(())
}

/// Says that this node is alive, and hears how many are.
///
/// # Errors
/// When the database is not available; the number stays as it was.
pub async fn beat(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let node = app.paces.node.clone();
    let live = app.db.change(Beat { node, now, live_since: now - LIVE_FOR, known_since: now - KNOWN_FOR });
    app.paces.set_live_nodes(live.await?);
    Ok(())
}

/// What a sender wants signed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish {
    /// How many URLs; none is a heartbeat.
    pub urls: usize,
    /// The bytes of all of them.
    pub bytes: u64,
    /// All bytes that stand only with the sender, as it says.
    pub pending: u64,
    /// Whether the last part is among them.
    pub ends: bool,
}

/// Lets a sender's wish through, or tells it when to come again. Gives what is asked of it. A heartbeat always passes.
///
/// # Errors
/// [`Error::Paced`].
pub(super) fn admit(
    app: &App,
    who: &Candidate,
    handle: &Handle,
    wish: Wish,
    now: Timestamp,
) -> Result<Pace, Error> {
    let paced = app.paces.of(&who.exam);
    let policy = paced.as_deref().map(|paced| &paced.policy);
    let asked = asked(handle, wish, now);
    let pace = pace(app, policy, handle, who, &asked, now);
    if wish.urls == 0 {
        return Ok(pace);
    }
    let hold = |why: Held, retry_after| {
        metrics::counter!("handin_paced_total", "why" => why.word()).increment(1);
        Err(Error::Paced { why, pace, retry_after })
    };
    if let Some(reason) = policy.and_then(|policy| policy.paused.clone()) {
        return hold(Held::Paused(reason), spread_out(app, PAUSED_FOR));
    }
    if let Some(start) = pace.not_before {
        return hold(
            Held::Spread,
            whole_seconds(Duration::try_from(start.duration_since(now)).unwrap_or_default()),
        );
    }
    if let Err(wait) = app.paces.count_urls(handle, wish.urls, app.config.uploads.part_urls_per_s, now) {
        return hold(Held::Urls, spread_out(app, wait));
    }
    let through = |paced: &Paced| {
        let group = handle.group(paced.policy.group_by);
        let asked = Asked { turn: app.paces.turn_of(handle), ..asked };
        paced.through(app.paces.live_nodes(), group.as_ref(), &asked, now)
    };
    match paced.as_deref().map_or(Ok(None), through) {
        Err(wait) => {
            app.paces.give_turn(handle, now + wait);
            hold(Held::Rate, spread_out(app, wait))
        }
        Ok(priority) => {
            count(priority);
            Ok(pace)
        }
    }
}

fn asked(handle: &Handle, wish: Wish, now: Timestamp) -> Asked {
    let rung = handle.bell_ms.is_some_and(|bell| bell <= now.as_millisecond());
    Asked {
        bytes: wish.bytes,
        pending: wish.pending.max(wish.bytes),
        // A put is one part, however large; that makes it no small one.
        part_size: if handle.max_parts == 1 { MIN_PART_SIZE } else { handle.part_size },
        ended: rung || wish.ends || handle.size.is_some(),
        time_left: SignedDuration::from_millis(handle.expires_ms.saturating_sub(now.as_millisecond())),
        turn: None,
    }
}

/// What is asked of a sender now.
fn pace(
    app: &App,
    policy: Option<&PacePolicy>,
    handle: &Handle,
    who: &Candidate,
    asked: &Asked,
    now: Timestamp,
) -> Pace {
    let uploads = &app.config.uploads;
    let (parallel, rate) = (uploads.parallel, uploads.max_bytes_per_s);
    let heartbeat = heartbeat(app.progress.recordings(), app.paces.live_nodes());
    let Some(policy) = policy else {
        return Pace { parallel, max_bytes_per_s: rate, heartbeat, ..Pace::default() };
    };
    let group = handle.group(policy.group_by).and_then(|group| policy.rate_of(&group));
    let not_before = match &policy.paused {
        Some(_) => Some(now + PAUSED_FOR / 2),
        None => start(policy, handle, who, asked, now).filter(|start| *start > now),
    };
    Pace {
        not_before,
        parallel: least([parallel, policy.parallel]),
        max_bytes_per_s: least([rate, policy.max_bytes_per_s, group]),
        retry_after: policy.paused.is_some().then_some(PAUSED_FOR / 2),
        heartbeat,
    }
}

/// When a sender may begin that has much to send after the bell.
fn start(
    policy: &PacePolicy,
    handle: &Handle,
    who: &Candidate,
    asked: &Asked,
    now: Timestamp,
) -> Option<Timestamp> {
    // Before the bell nobody waits for a place behind it.
    let bell = Timestamp::from_millisecond(handle.bell_ms?).ok().filter(|bell| *bell <= now)?;
    let rushed = asked.is_little() || asked.priority() == Priority::Deadline;
    (!rushed && !policy.spread.is_zero()).then(|| start_after_bell(&who.candidate, bell, policy.spread))
}

fn least<T: Ord>(limits: impl IntoIterator<Item = Option<T>>) -> Option<T> {
    limits.into_iter().flatten().min()
}

/// Whole seconds between half of a wait and all of it, at least one: those who were held back together do not return
/// together, and rather too early than leave the line idle.
fn spread_out(app: &App, wait: Duration) -> Duration {
    whole_seconds(wait.mul_f64(0.5 + super::chance(app) / 2.0))
}

fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs_f64().ceil().max(1.0) as u64)
}

fn count(priority: Option<Priority>) {
    let word = match priority {
        None => return,
        Some(Priority::Deadline) => "deadline",
        Some(Priority::Finishing) => "finishing",
        Some(Priority::AtRisk(_)) => "at_risk",
    };
    metrics::counter!("handin_admitted_total", "priority" => word).increment(1);
}

/// The groups a candidate belongs to who calls from this address.
///
/// # Errors
/// When the database is not available.
pub(super) async fn groups_of(app: &App, who: &Candidate, address: Option<IpAddr>) -> Result<Groups, Error> {
    let roster = db::candidates::group_of(&app.db, &who.exam, &who.candidate).await?;
    Ok(Groups { roster, network: address.map(Group::of_network) })
}
