//! What is counted while the bell rings: calls by kind, how long each took, why some failed, who has a receipt.
//!
//! Everything is as a candidate sees it: a call begins when it is wanted, and its wait for one of the generator's
//! connections counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::cli::upload::api::problem;
use crate::cli::upload::retry::Failure;
use crate::report::quantile;

/// What a candidate asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A recording is opened.
    Open,
    /// A part is signed.
    Sign,
    /// The server hears how far the recording is.
    Heartbeat,
    /// A part or a whole goes to the store.
    Put,
    /// A recording is sealed.
    Seal,
    /// A whole recording goes through the proxy.
    Proxy,
}

/// Counts of one run.
#[derive(Default)]
pub struct Measure {
    calls: Mutex<BTreeMap<Kind, Tally>>,
    /// Bytes that the store or the proxy has confirmed.
    pub stored: AtomicU64,
    /// Recordings with a receipt; under `--sign-only`, with their last part signed.
    pub done: AtomicU64,
}

#[derive(Default)]
struct Tally {
    /// Of those that succeeded, in units of 10 µs.
    took: Vec<u32>,
    asked_to_wait: u64,
    failed: BTreeMap<String, u64>,
}

/// What became of one kind of calls.
#[derive(Debug, Clone, Serialize)]
pub struct Calls {
    /// Which.
    pub kind: Kind,
    /// How many succeeded.
    pub ok: u64,
    /// How many the server asked to come later (429 or 503 with Retry-After): no errors.
    pub asked_to_wait: u64,
    /// How many were tried again for another reason, by reason.
    pub failed: BTreeMap<String, u64>,
    /// How long those that succeeded took, in milliseconds.
    pub ms: Spread,
}

/// How values spread.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// The middle one.
    pub p50: Option<f64>,
    /// 95 in 100 are not above it.
    pub p95: Option<f64>,
    /// 99 in 100.
    pub p99: Option<f64>,
    /// The highest.
    pub max: Option<f64>,
}

impl Spread {
    /// Of these values.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |q| quantile(&values, q).map(|value| (value * 1e4).round() / 1e4);
        Spread { count: values.len(), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) }
    }
}

impl Measure {
    /// Notes how an attempt ended.
    pub fn note<T>(&self, kind: Kind, took: Duration, result: &Result<T, Failure>) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = calls.entry(kind).or_default();
        match result {
            Ok(_) => tally.took.push(u32::try_from(took.as_micros() / 10).unwrap_or(u32::MAX)),
            Err(Failure::Held { .. } | Failure::Again { after: Some(_), .. }) => tally.asked_to_wait += 1,
            Err(failure) => *tally.failed.entry(reason(failure)).or_default() += 1,
        }
    }

    /// Notes bytes that are safe.
    pub fn keep(&self, bytes: u64) {
        self.stored.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes a recording that is done.
    pub fn finish(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls that were answered so far, one way or another.
    pub fn answered(&self) -> u64 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.values().map(|tally| tally.took.len() as u64 + tally.asked_to_wait).sum()
    }

    /// All kinds of calls that were made.
    pub fn calls(&self) -> Vec<Calls> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let summed = |(kind, tally): (&Kind, &Tally)| Calls {
            kind: *kind,
            ok: tally.took.len() as u64,
            asked_to_wait: tally.asked_to_wait,
            failed: tally.failed.clone(),
            ms: Spread::of(tally.took.iter().map(|took| f64::from(*took) / 100.0).collect()),
        };
        calls.iter().map(summed).collect()
    }

    /// How long the calls of a kind took, in milliseconds, for a plot.
    pub fn took_ms(&self, kind: Kind) -> Vec<f64> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let took = calls.get(&kind).map(|tally| &tally.took[..]).unwrap_or_default();
        took.iter().map(|took| f64::from(*took) / 100.0).collect()
    }
}

/// A short name for why a call failed: the problem's code, or the outermost words.
fn reason(failure: &Failure) -> String {
    let (Failure::Again { why, .. }
    | Failure::Held { why, .. }
    | Failure::SignAgain(why)
    | Failure::Final(why)) = failure;
    match problem(why) {
        Some(problem) => problem.code.clone(),
        // The outermost words name no address and no URL that would make each failure a kind of its own.
        None => why.to_string().split(" from http").next().unwrap_or_default().chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_when_asked_is_no_error() {
        let measure = Measure::default();
        let again = |after| Failure::Again {
            after,
            why: anyhow::anyhow!("reset").context("no answer from http://a:1"),
        };
        measure.note(Kind::Sign, Duration::from_millis(3), &Ok(()));
        measure.note::<()>(Kind::Sign, Duration::ZERO, &Err(again(Some(Duration::from_secs(1)))));
        measure.note::<()>(Kind::Sign, Duration::ZERO, &Err(again(None)));
        let calls = measure.calls();
        assert_eq!((calls[0].ok, calls[0].asked_to_wait, calls[0].ms.p99), (1, 1, Some(3.0)));
        assert_eq!(calls[0].failed, BTreeMap::from([("no answer".to_owned(), 1)]));
    }
}
