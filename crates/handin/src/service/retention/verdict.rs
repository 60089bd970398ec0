//! What is to become of a recording at a moment. `handin_core::retention` says when it is due and in which class it is to be
//! kept; here marks, holds and prices come to that. Changes nothing.

use std::time::Duration;

use handin_core::StorageClass;
use handin_core::retention::{drain_due, due, tiers};
use handin_plan::{RegionPrices, Worth};
use jiff::Timestamp;

use super::policies::Effective;
use super::{grace, tier};
use crate::app::App;
use crate::db::due::DueRow;

/// When a recording is looked at again that is on its way to another storage class.
const AGAIN: Duration = Duration::from_secs(86_400);

/// What is to become of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// It is not due before then.
    Later(Timestamp),
    /// It is to go to the archive; it is not due to be deleted, or to be looked at, before then.
    Drain(Timestamp),
    /// It is due, or due to go where it cannot be read at once, and a hold covers it.
    Held,
    /// It is to go to another storage class.
    Tier {
        /// Which.
        class: StorageClass,
        /// What that costs and saves, where prices are known.
        worth: Option<Worth>,
        /// Whether it was due to go there before its policy was set.
        old: bool,
        /// When to look again, at the latest.
        again: Timestamp,
    },
    /// It would go to another storage class, but that is not worth it.
    Refused {
        /// What it would cost and save; `None` for one that would have to be restored first.
        worth: Option<Worth>,
        /// When to look again.
        again: Timestamp,
    },
    /// It is due: it is to be marked.
    Mark {
        /// Whether it was due before its policy was set.
        old: bool,
    },
    /// It is marked, and can be restored until then.
    Waiting(Timestamp),
    /// It is marked, and its grace is over.
    Over,
}

/// What is to become of a recording at a moment, and by which rule.
pub(super) fn judge(
    app: &App,
    row: &DueRow,
    policy: &Effective,
    at: Timestamp,
    prices: Option<&RegionPrices>,
) -> (Verdict, String) {
    let (due, grace) = (due(&policy.policy, &row.facts), grace(app));
    if due.at > at {
        // What cannot be read cannot be copied; what is asked to go to the archive stays in its class until it went.
        let may_drain =
            app.config.drain.archive.is_some() && !row.drained && row.storage_class.is_read_at_once();
        let drain = drain_due(&policy.policy, &row.facts).filter(|_| may_drain);
        let next = drain.map_or(due.at, |drain| drain.min(due.at));
        if next <= at {
            return (Verdict::Drain(due.at), String::new());
        }
        if row.drained {
            return (Verdict::Later(next), String::new());
        }
        let gone_at = due.at.checked_add(grace).unwrap_or(Timestamp::MAX);
        return judge_tier(row, policy, at, (next, gone_at), prices);
    }
    let rule = due.rule.map_or_else(|| "maximum".to_owned(), ToString::to_string);
    let verdict = match row.marked_at.map(|marked| marked + grace) {
        _ if row.held => Verdict::Held,
        None => Verdict::Mark { old: due.at < policy.set_at },
        Some(end) if end > at => Verdict::Waiting(end),
        Some(_) => Verdict::Over,
    };
    (verdict, rule)
}

/// The same for one that is not due before `due_at`, and gone at `gone_at`.
fn judge_tier(
    row: &DueRow,
    policy: &Effective,
    at: Timestamp,
    (due_at, gone_at): (Timestamp, Timestamp),
    prices: Option<&RegionPrices>,
) -> (Verdict, String) {
    let tiers = tiers(&policy.policy, &row.facts, at);
    let later = tiers.next.map_or(due_at, |next| next.min(due_at));
    let Some(wanted) = tiers.now.filter(|tier| tier.class != row.storage_class) else {
        return (Verdict::Later(later), String::new());
    };
    let again = later.min(at + AGAIN);
    let worth = prices.map(|prices| tier::worth(row, wanted.class, at, gone_at, prices));
    let verdict = match row.marked_at {
        // Its mark is taken back first.
        Some(_) => Verdict::Later(at),
        None if !wanted.class.is_read_at_once() && row.held => Verdict::Held,
        None if !row.storage_class.is_read_at_once() => Verdict::Refused { worth: None, again: later },
        None if worth.is_some_and(|worth| !worth.pays()) => Verdict::Refused { worth, again: later },
        None => Verdict::Tier { class: wanted.class, worth, old: wanted.at < policy.set_at, again },
    };
    (verdict, wanted.rule.to_string())
}
