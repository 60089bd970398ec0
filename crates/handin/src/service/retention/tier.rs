//! Tiers: a recording goes to a cheaper storage class when a rule says so, if that saves more than it costs. The `tier` job.
//!
//! No key is written twice, so a change of class is a new object under a new key, which the store copies, which is proved,
//! and which takes the place of the former (`remake.rs`).

use std::time::Duration;

use handin_core::retention::{Action, RetentionPolicy};
use handin_core::{RecordingId, StorageClass};
use handin_plan::{Class, Move, Prices, RegionPrices, Worth, worth as worth_of};
use jiff::Timestamp;

use super::policies;
use super::survey::Looked;
use super::verdict::{Verdict, judge};
use crate::app::App;
use crate::db;
use crate::db::due::DueRow;
use crate::db::recordings::Recording;
use crate::db::tiers::ToTier;
use crate::objects::CreateUpload;
use crate::service::remake::{Pattern, Remade, remake};
use crate::service::revisions::Why;
use crate::service::{Error, checks, completion, exams, receipts};

const DAY_S: f64 = 86_400.0;

/// How a change of class ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept in its new class.
    Tiered,
    /// It is not to go there any more: a policy, an anchor or a hold has changed, or it is there or gone.
    Overtaken,
    /// The object is not the one that was sealed. It is left alone, for a person to look at.
    Differs,
    /// The store copies no parts, or does not have the class.
    Unsupported,
}

/// The prices that say whether a change pays; `None` where none are known.
pub(super) fn prices(app: &App) -> Option<RegionPrices> {
    let store = &app.config.store;
    let is_amazons = store.endpoint.as_deref().is_some_and(|endpoint| endpoint.contains(".amazonaws.com"));
    let region = app.config.retention.prices_of.as_ref().or(is_amazons.then_some(&store.region))?;
    Prices::read(None).ok()?.region.remove(region)
}

/// What it is worth to move a recording at `at` that is gone at `gone_at`.
pub(super) fn worth(
    row: &DueRow,
    to: StorageClass,
    at: Timestamp,
    gone_at: Timestamp,
    prices: &RegionPrices,
) -> Worth {
    let days = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64().max(0.0) / DAY_S;
    let it = Move {
        bytes: row.size,
        parts: row.parts,
        from: class(row.storage_class),
        days_there: days(row.tiered_at.unwrap_or(row.facts.sealed), at),
        to: class(to),
        days_left: days(at, gone_at),
    };
    worth_of(&it, prices)
}

fn class(class: StorageClass) -> Class {
    match class {
        StorageClass::Standard => Class::Standard,
        StorageClass::StandardIa => Class::Infrequent,
        StorageClass::GlacierIr => Class::Instant,
        StorageClass::Glacier => Class::Flexible,
        StorageClass::DeepArchive => Class::Deep,
    }
}

/// The job of a recording that is to go to another class. `earlier` ones of this run go first, as fast as is allowed, so that
/// jobs which somebody waits for never stand behind all of them.
pub(super) fn planned(app: &App, looked: &Looked, earlier: u64) -> Option<ToTier> {
    let Verdict::Tier { class, again, .. } = looked.verdict else { return None };
    let run_at = app.clock.now() + Duration::from_secs(earlier / app.config.retention.moves_per_s);
    let mut job = crate::service::job(app, "tier", &looked.row.id, run_at);
    job.payload = Some(class.to_string());
    let away = !class.is_read_at_once();
    Some(ToTier { id: looked.row.id.clone(), seen: looked.row.seen, due_at: again, away, job })
}

/// Takes a recording to a storage class, if its policy still says so; the `tier` job.
///
/// # Errors
/// When it has to be tried again; what was begun is given up then, and what counted counts.
pub async fn tier(app: &App, id: &RecordingId, to: StorageClass) -> Result<Outcome, Error> {
    let outcome = match is_wanted(app, id, to).await? {
        true => match db::recordings::get(&app.db, id).await? {
            Some(recording) => take(app, &recording, to).await?,
            None => Outcome::Overtaken,
        },
        false => Outcome::Overtaken,
    };
    match outcome {
        Outcome::Unsupported => {
            tracing::error!(recording = %id, class = %to, "a recording stays in its class: the store cannot take it there");
        }
        Outcome::Differs => {
            tracing::error!(recording = %id, "a recording stays in its class: its object is not as it was");
        }
        Outcome::Tiered | Outcome::Overtaken => {}
    }
    Ok(outcome)
}

/// Asks again what the run has asked: policy, anchors and holds may have changed since.
async fn is_wanted(app: &App, id: &RecordingId, to: StorageClass) -> Result<bool, Error> {
    let Some(row) = db::due::one(&app.db, id).await? else { return Ok(false) };
    let exam = exams::get(app, &row.exam).await?;
    let policy = policies::of(app, &exam).await?;
    let (verdict, _) = judge(app, &row, &policy, app.clock.now(), prices(app).as_ref());
    Ok(matches!(verdict, Verdict::Tier { class, .. } if class == to))
}

async fn take(app: &App, recording: &Recording, to: StorageClass) -> Result<Outcome, Error> {
    if !recording.state.has_object()
        || !recording.place.is_empty()
        || !recording.storage_class.is_read_at_once()
    {
        return Ok(Outcome::Overtaken);
    }
    if checks::complaint(app, recording).await?.is_some() {
        return Ok(Outcome::Differs);
    }
    let former = receipts::stated(app, &recording.id).await?;
    let sizes = completion::sizes(recording, recording.sealed_size.unwrap_or_default());
    let (digests, sha256_parts) = match &recording.sha256_parts {
        Some(stated) => (Vec::new(), stated.clone()),
        None => {
            let digests = app.objects.hash_object(&recording.key, &sizes).await?;
            let over = hex::encode(completion::over_parts(&digests));
            (digests, over)
        }
    };
    let pattern = Pattern {
        first: None,
        sizes: &sizes,
        digests: &digests,
        sha256_parts,
        storage_class: to,
        // The store knows the digest of what it copies by itself.
        declare_sha256: true,
    };
    Ok(match remake(app, recording, &pattern, former, Why::Tiered(to)).await? {
        Remade::Counts => Outcome::Tiered,
        Remade::Overtaken => Outcome::Overtaken,
        Remade::Unsupported => Outcome::Unsupported,
    })
}

/// Whether the store has every class that a policy names. It is asked by beginning an upload and aborting it, so that
/// nothing is left of the question.
///
/// # Errors
/// [`Error::Invalid`] naming the field; [`Error::Unavailable`].
pub(super) async fn check_known(app: &App, policy: &RetentionPolicy) -> Result<(), Error> {
    let rules = policy.rules.iter().enumerate().filter_map(|(place, rule)| match rule.action {
        Action::Tier(class) => Some((format!("rules[{place}]"), class)),
        _ => None,
    });
    let written = Some(("storage_class".to_owned(), policy.storage_class));
    for (field, class) in written.into_iter().chain(rules) {
        if class != StorageClass::Standard && !knows(app, class).await? {
            let reason =
                format!("the store does not have the storage class {class}; `handin doctor` says more");
            return Err(Error::invalid(field, reason));
        }
    }
    Ok(())
}

async fn knows(app: &App, class: StorageClass) -> Result<bool, Error> {
    let key = format!("{}{}", handin_core::RehearsalKey::PREFIX, app.ids.word());
    let create = CreateUpload {
        content_type: "application/octet-stream",
        write_token: "class",
        declare_sha256: false,
        storage_class: class,
    };
    match app.objects.create_upload(&key, create).await {
        Ok(upload) => app.objects.abort(&key, &upload).await.map(|()| true).map_err(Error::from),
        Err(error) if error.is_unknown_class() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
