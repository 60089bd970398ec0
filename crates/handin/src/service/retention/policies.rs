//! Which policy an exam has: its own newest version, else the days it was created with, else the house's.

use handin_core::retention::{Action, Anchor, BadRule, Period, RetentionPolicy, Rule};
use handin_core::{BadName, Exam, ExamId, StorageClass};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{job, stamp, tier};
use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::retention::{PolicyVersion, SetPolicy, StampExam};
use crate::service::Error;
use crate::service::api_keys::Platform;

/// A policy as people write it, in JSON or TOML. What is absent is as in the house.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// Such as `Asia/Seoul`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Each a sentence: `delete 30 days after bell`.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The most days after the bell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_days: Option<u32>,
    /// Why that is more than the house's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// In which storage class new recordings are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

/// The policy that counts for an exam.
#[derive(Debug, Clone)]
pub struct Effective {
    /// What it says.
    pub policy: RetentionPolicy,
    /// Its name in certificates: `spring-2026@2`, `house@1`; version 0 is the days that the exam was created with.
    pub version: String,
    /// When it was set; what was due before that is old.
    pub set_at: Timestamp,
    /// Who set it.
    pub set_by: String,
}

/// How often a version is tried that somebody else has just taken.
const TRIES: u32 = 5;

impl PolicyText {
    /// Reads and checks a policy; `house` says what is absent.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field.
    pub fn read(self, house: &RetentionPolicy) -> Result<RetentionPolicy, Error> {
        let zone = |name: String| {
            let wanted = "use a time zone that this server knows, such as Asia/Seoul";
            TimeZone::get(&name).map_err(|_| Error::invalid("time_zone", format!("{name:?}: {wanted}")))
        };
        let rule = |(place, text): (usize, &String)| {
            text.parse().map_err(|bad: BadRule| Error::invalid(format!("rules[{place}]"), bad))
        };
        let class = |name: String| name.parse().map_err(|bad: BadName| Error::invalid("storage_class", bad));
        let policy = RetentionPolicy {
            time_zone: self.time_zone.map_or_else(|| Ok(house.time_zone.clone()), zone)?,
            rules: self.rules.iter().enumerate().map(rule).collect::<Result<_, _>>()?,
            maximum_days: self.maximum_days.unwrap_or(house.maximum_days),
            reason: self.reason,
            storage_class: self.storage_class.map_or(Ok(house.storage_class), class)?,
        };
        policy.check(house.maximum_days).map_err(|bad| Error::invalid(bad.field.clone(), bad))?;
        Ok(policy)
    }

    /// A policy in words.
    pub fn of(policy: &RetentionPolicy) -> PolicyText {
        PolicyText {
            time_zone: Some(policy.time_zone.iana_name().unwrap_or("UTC").to_owned()),
            rules: policy.rules.iter().map(Rule::to_string).collect(),
            maximum_days: Some(policy.maximum_days),
            reason: policy.reason.clone(),
            // What stores do unasked is not said, so that policies that were set before there were classes read the same.
            storage_class: Some(policy.storage_class)
                .filter(|class| *class != StorageClass::Standard)
                .map(|class| class.to_string()),
        }
    }

    fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// Sets the policy of an exam: a new version, which counts from now on.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] naming the field.
pub async fn set(app: &App, who: &Platform, exam: &ExamId, text: PolicyText) -> Result<Effective, Error> {
    crate::service::exams::get(app, exam).await?;
    let policy = text.read(&app.config.retention.policy())?;
    if let Some(place) = policy.rules.iter().position(|rule| rule.action == Action::Drain)
        && app.config.drain.archive.is_none()
    {
        let reason = "no archive is named in the setting drain.archive; name one, or write delete";
        return Err(Error::invalid(format!("rules[{place}]"), reason));
    }
    tier::check_known(app, &policy).await?;
    let text = PolicyText::of(&policy).json();
    for _ in 0..TRIES {
        let mut audit = crate::service::audit(app, who, "retention.set", exam.as_str(), Some(exam));
        audit.detail.clone_from(&text);
        let caused = Caused { audit: vec![audit], jobs: vec![soon(app)], ..Caused::default() };
        if let Some(new) = add(app, Some(exam), &text, &who.key_id, caused).await? {
            app.jobs.wake();
            return effective(new);
        }
    }
    Err(Error::internal(format!("the policy of {exam} is being set by too many at once")))
}

/// A look at what is due, within ten seconds, for whatever comes in them. One that is running has begun before, so that it is
/// never taken for the one that is still needed.
pub(super) fn soon(app: &App) -> db::jobs::NewJob {
    const STEP: i64 = 10;
    let now = app.clock.now();
    let next = (now.as_second().div_euclid(STEP) + 1) * STEP;
    let run_at = Timestamp::from_second(next).unwrap_or(now);
    job(app, "retain", Some(&format!("soon:{next}")), run_at)
}

/// Adds the next version; `None` when somebody was faster.
async fn add(
    app: &App,
    exam: Option<&ExamId>,
    text: &str,
    by: &str,
    caused: Caused,
) -> Result<Option<PolicyVersion>, Error> {
    let newest = db::retention::newest_policy(&app.db, exam).await?;
    let new = PolicyVersion {
        exam: exam.cloned(),
        version: 1 + newest.map_or(0, |newest| newest.version),
        policy: text.to_owned(),
        set_at: app.clock.now(),
        set_by: by.to_owned(),
    };
    let set = SetPolicy { new: new.clone(), stamp: stamp(app), caused };
    Ok(app.db.change(set).await?.then_some(new))
}

/// The policy that counts for an exam.
///
/// # Errors
/// When the database is not available.
pub async fn of(app: &App, exam: &Exam) -> Result<Effective, Error> {
    if let Some(own) = db::retention::newest_policy(&app.db, Some(&exam.id)).await? {
        return effective(own);
    }
    match exam.retention_days {
        Some(days) => created_with(app, exam, days).await,
        None => house(app).await,
    }
}

/// The short form: so many days after the bell. It counts from when there was retention at all: before that the days were
/// no more than a notice.
async fn created_with(app: &App, exam: &Exam, days: u32) -> Result<Effective, Error> {
    let first = db::retention::first_of_house(&app.db).await?;
    let begin = first.map_or_else(|| app.clock.now(), |first| first.set_at);
    let rule = Rule {
        action: Action::Delete,
        period: Period::Days(days),
        anchor: Anchor::Bell,
        conditions: Vec::new(),
    };
    let house = app.config.retention.policy();
    let maximum_days = house.maximum_days.max(days);
    Ok(Effective {
        policy: RetentionPolicy { rules: vec![rule], maximum_days, ..house },
        version: format!("{}@0", exam.id),
        set_at: exam.created_at.max(begin),
        set_by: "exam".to_owned(),
    })
}

/// The policy of the house, as the ledger has it.
///
/// # Errors
/// When the database is not available.
pub async fn house(app: &App) -> Result<Effective, Error> {
    if let Some(newest) = db::retention::newest_policy(&app.db, None).await? {
        return effective(newest);
    }
    Ok(Effective {
        policy: app.config.retention.policy(),
        version: "house@0".to_owned(),
        set_at: app.clock.now(),
        set_by: "configuration".to_owned(),
    })
}

/// Makes this node's configuration the policy of the house, as each node does when it starts, so that the last one that was
/// started counts. One that differs becomes a new version, and the recordings of all exams are looked at again.
///
/// # Errors
/// When the database is not available.
pub async fn adopt_house(app: &App) -> Result<(), Error> {
    let text = PolicyText::of(&app.config.retention.policy()).json();
    for _ in 0..TRIES {
        match db::retention::newest_policy(&app.db, None).await? {
            Some(newest) if newest.policy == text => return Ok(()),
            _ => {}
        }
        let now = app.clock.now();
        // A job of its own for each version: one that is running may have passed exams already.
        let restamp = job(app, "restamp", Some(&app.ids.row(now)), now);
        let caused = Caused { jobs: vec![restamp], ..Caused::default() };
        if add(app, None, &text, "configuration", caused).await?.is_some() {
            return Ok(());
        }
    }
    Err(Error::internal("nodes disagree about the policy of the house"))
}

fn effective(stored: PolicyVersion) -> Result<Effective, Error> {
    let text: PolicyText = serde_json::from_str(&stored.policy).map_err(Error::internal)?;
    // Read as it was checked when it was set, whatever the house allows by now.
    let lenient = RetentionPolicy {
        time_zone: TimeZone::UTC,
        rules: Vec::new(),
        maximum_days: u32::MAX,
        reason: None,
        storage_class: StorageClass::Standard,
    };
    let name = stored.exam.as_ref().map_or("house", ExamId::as_str);
    Ok(Effective {
        // What does not read here is no fault of the caller's: this node knows other time zones than the one that set it.
        policy: text.read(&lenient).map_err(Error::internal)?,
        version: format!("{name}@{}", stored.version),
        set_at: stored.set_at,
        set_by: stored.set_by,
    })
}

/// In which storage class new recordings of an exam are written: as its own policy says, else this node's configuration.
///
/// # Errors
/// When the database is not available.
pub async fn storage_class(app: &App, exam: &ExamId) -> Result<StorageClass, Error> {
    match db::retention::newest_policy(&app.db, Some(exam)).await?.map(effective).transpose() {
        Ok(Some(own)) => Ok(own.policy.storage_class),
        Ok(None) => Ok(app.config.retention.storage_class),
        Err(error) => {
            // A candidate must be able to record, whatever a policy says that this node cannot read.
            tracing::error!(%exam, %error, "a recording is written in STANDARD, as the policy cannot be read");
            Ok(StorageClass::Standard)
        }
    }
}

/// Has the recordings of every exam looked at again, because the house has another policy; the `restamp` job.
///
/// # Errors
/// When the database is not available.
pub async fn restamp(app: &App) -> Result<(), Error> {
    const PAGE: u32 = 100;
    let mut after = None;
    loop {
        let exams = db::exams::list(&app.db, after.as_ref(), PAGE).await?;
        let Some(last) = exams.last() else { return Ok(()) };
        after = Some(last.id.clone());
        for exam in exams {
            app.db.change(StampExam { exam: exam.id, stamp: stamp(app) }).await?;
        }
    }
}

/// How many days after the bell the recordings of an exam are gone, unless somebody places a hold or has to confirm: what its
/// candidates can be promised. To the longest case and the grace come the run that marks and the one that deletes.
///
/// # Errors
/// When the database is not available.
pub async fn promised_days(app: &App, exam: &Exam) -> Result<u32, Error> {
    let policy = of(app, exam).await?.policy;
    let retention = &app.config.retention;
    let runs = u32::try_from((2 * retention.run_every_s).div_ceil(86_400)).unwrap_or(u32::MAX);
    Ok(policy.longest_days(&exam.tracks).saturating_add(retention.grace_days).saturating_add(runs))
}
