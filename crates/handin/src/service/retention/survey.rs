//! What is due: walks through everything whose time to be looked at has come, and changes nothing.
//!
//! A survey is as of a moment and has a hash over its exact list; both make its **confirmation**, so that whoever confirms
//! a run confirms this list and no other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use handin_core::{ExamId, RecordingId, Sha256};
use handin_plan::RegionPrices;
use jiff::Timestamp;
use sha2::Digest as _;

use super::policies::{Effective, of};
use super::tally::Tally;
use super::verdict::{Verdict, judge};
use super::{BY_ITSELF, pause, tier};
use crate::app::App;
use crate::db;
use crate::db::due::DueRow;
use crate::service::Error;

/// How many recordings are looked at in one page, and deleted with one certificate at most.
pub(super) const PAGE: u32 = 500;

/// A recording that was looked at.
pub(super) struct Looked {
    pub(super) row: DueRow,
    pub(super) policy: Arc<Effective>,
    pub(super) verdict: Verdict,
    /// Which rule makes it due, or has it go to another class, in words.
    pub(super) rule: String,
}

/// Walks page by page, with each exam's policy read once for a page.
pub(super) struct Walk<'a> {
    app: &'a App,
    at: Timestamp,
    last: Option<DueRow>,
    ended: bool,
    prices: Option<RegionPrices>,
    /// `None` where one cannot be read here.
    policies: HashMap<ExamId, Option<Arc<Effective>>>,
}

impl Walk<'_> {
    pub(super) fn begin(app: &App, at: Timestamp) -> Walk<'_> {
        Walk { app, at, last: None, ended: false, prices: tier::prices(app), policies: HashMap::new() }
    }

    /// The next recordings; `None` at the end. Those of an exam whose policy cannot be read here are left as they are.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<Looked>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let rows = db::due::walk(&self.app.db, self.at, self.last.as_ref(), PAGE).await?;
        self.ended = rows.len() < PAGE as usize;
        let Some(last) = rows.last() else { return Ok(None) };
        self.last = Some(last.clone());
        // A policy must be read after the rows that it judges, or a row that was stamped since is judged by the one before.
        self.policies.clear();
        let mut looked = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(policy) = self.policy(&row.exam).await? {
                let (verdict, rule) = judge(self.app, &row, &policy, self.at, self.prices.as_ref());
                looked.push(Looked { row, policy, verdict, rule });
            }
        }
        Ok(Some(looked))
    }

    async fn policy(&mut self, exam: &ExamId) -> Result<Option<Arc<Effective>>, Error> {
        if let Some(known) = self.policies.get(exam) {
            return Ok(known.clone());
        }
        let policy = match self.read(exam).await {
            Ok(policy) => Some(Arc::new(policy)),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(%exam, %error, "recordings are kept, as their policy cannot be read");
                None
            }
        };
        self.policies.insert(exam.clone(), policy.clone());
        Ok(policy)
    }

    async fn read(&self, exam: &ExamId) -> Result<Effective, Error> {
        let exam = crate::service::exams::get(self.app, exam).await?;
        of(self.app, &exam).await
    }
}

/// What one rule of one exam's policy makes due.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The exam.
    pub exam: ExamId,
    /// Which version of which policy.
    pub policy: String,
    /// The rule; `maximum` where none was due before it.
    pub rule: String,
    /// How much.
    pub tally: Tally,
}

/// Why a run waits for somebody to confirm it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The clock is more than a day ahead of the last run, or was less than a day ago.
    Clock,
    /// Some recordings were due before the policy was set that makes them due.
    OldData,
    /// With what earlier runs have marked, it would be more than the set share of all recordings.
    Share,
}

impl Needs {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Needs::Clock => "clock",
            Needs::OldData => "old_data",
            Needs::Share => "share",
        }
    }
}

/// Everything that a run would mark, and what it would delete.
#[derive(Debug, Clone)]
pub struct Survey {
    /// As of when.
    pub at: Timestamp,
    /// What confirms this list and no other.
    pub confirmation: String,
    /// All of it.
    pub total: Tally,
    /// By exam and rule.
    pub lines: Vec<Line>,
    /// How many finished recordings there are.
    pub of: u64,
    /// How many of them runs have marked by themselves that are not gone yet.
    pub waiting: u64,
    /// Why it waits to be confirmed, if it does.
    pub needs: Option<Needs>,
    /// Until when nothing is marked or deleted but what somebody confirms, as the clock jumped ahead.
    pub paused_until: Option<Timestamp>,
    pub(super) list: BTreeMap<RecordingId, Item>,
}

/// A recording on the list: it is to be marked or moved, or, while runs stand still, deleted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    digest: Sha256,
    pub(super) old: bool,
    /// Whether it leaves in the end; the share is counted in these.
    pub(super) leaves: bool,
}

/// What a run would do at `at`.
///
/// # Errors
/// When the database is not available.
pub async fn survey(app: &App, at: Timestamp) -> Result<Survey, Error> {
    let paused_until = pause::until(app, at).await?;
    let mut walk = Walk::begin(app, at);
    let mut list = BTreeMap::new();
    let mut lines: BTreeMap<(ExamId, String, String), Tally> = BTreeMap::new();
    while let Some(page) = walk.page().await? {
        for looked in page {
            take(&mut list, &mut lines, looked, paused_until.is_some());
        }
    }
    let of = db::due::count(&app.db).await?;
    let waiting = db::due::count_marked(&app.db, BY_ITSELF).await?;
    let total = lines.values().fold(Tally::default(), |sum, tally| sum.plus(*tally));
    Ok(Survey {
        at,
        confirmation: confirmation(at, &list),
        total,
        of,
        waiting,
        needs: match paused_until {
            Some(_) => (!list.is_empty()).then_some(Needs::Clock),
            None => needs(app, &list, waiting, of),
        },
        paused_until,
        lines: lines
            .into_iter()
            .map(|((exam, policy, rule), tally)| Line { exam, policy, rule, tally })
            .collect(),
        list,
    })
}

fn take(
    list: &mut BTreeMap<RecordingId, Item>,
    lines: &mut BTreeMap<(ExamId, String, String), Tally>,
    looked: Looked,
    paused: bool,
) {
    let Some(tally) = Tally::of(&looked) else { return };
    let Looked { row, policy, verdict, rule } = looked;
    let listed = match verdict {
        Verdict::Mark { old } => Some((String::new(), old)),
        Verdict::Tier { class, old, .. } => Some((format!(" {class}"), old)),
        Verdict::Over if paused => Some((" over".to_owned(), false)),
        _ => None,
    };
    if let Some((mark, old)) = listed {
        let line = format!("{} {} {} {} {rule}{mark}", row.id, row.key, row.size, policy.version);
        let leaves = !matches!(verdict, Verdict::Tier { .. });
        list.insert(row.id, Item { digest: sha2::Sha256::digest(line).into(), old, leaves });
    }
    let line = lines.entry((row.exam, policy.version.clone(), rule)).or_default();
    *line = line.plus(tally);
}

/// The moment in milliseconds, and half a SHA-256 over the list in the order of ids.
fn confirmation(at: Timestamp, list: &BTreeMap<RecordingId, Item>) -> String {
    let mut hash = sha2::Sha256::new();
    list.values().for_each(|item| hash.update(item.digest));
    format!("{}-{}", at.as_millisecond(), &hex::encode(hash.finalize())[..32])
}

/// The moment that a confirmation is about.
pub(in crate::service) fn moment(confirmation: &str) -> Option<Timestamp> {
    let (millis, _) = confirmation.split_once('-')?;
    Timestamp::from_millisecond(millis.parse().ok()?).ok()
}

fn needs(app: &App, list: &BTreeMap<RecordingId, Item>, waiting: u64, of: u64) -> Option<Needs> {
    let leaving = list.values().filter(|item| item.leaves).count() as u64;
    match list.values().any(|item| item.old) {
        true => Some(Needs::OldData),
        false if leaving == 0 => None,
        false => is_too_much(app, waiting + leaving, of).then_some(Needs::Share),
    }
}

/// Whether so many marks, those of earlier runs that are not gone yet included, go beyond the share that runs may mark by
/// themselves.
pub(in crate::service) fn is_too_much(app: &App, marks: u64, of: u64) -> bool {
    let retention = &app.config.retention;
    marks > retention.always_allowed
        && u128::from(marks) * 100 > u128::from(of) * u128::from(retention.most_percent)
}

/// What keeping so many bytes costs in a month, in US dollars, where a price is known.
pub fn usd_per_month(app: &App, bytes: u64) -> Option<f64> {
    let region = tier::prices(app)?;
    Some(bytes as f64 / handin_plan::GB * region.storage.of(handin_plan::Class::Standard).usd)
}
