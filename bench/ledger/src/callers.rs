//! Many callers that each wait for their answer before they ask again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handin::db::Error;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::meter::Meter;
use crate::writes::Writes;

/// Whether callers wait for each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// No: the ledger gathers what it likes.
    Together,
    /// Yes: no write begins before the one before it is durable.
    OneByOne,
}

/// One thing to measure.
pub struct Case {
    /// See [`Writes::call`].
    pub call: &'static str,
    /// How many ask at once.
    pub callers: usize,
    /// Whether they wait for each other.
    pub turns: Turns,
    /// For how long new calls are begun.
    pub long: Duration,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = if self.turns == Turns::OneByOne { ", one by one" } else { "" };
        write!(f, "{}, {}{turns}", self.call, self.callers)
    }
}

/// Runs a case until its time is over or nothing is left to do, and gives rate, CPU and waiting times.
pub async fn measure(case: &Case, writes: &Arc<Writes>, meter: &Meter) -> Result<Value, Error> {
    let turns = Arc::new(Semaphore::new(if case.turns == Turns::OneByOne { 1 } else { case.callers }));
    let (before, begin) = (meter.read(), Instant::now());
    let mut callers = JoinSet::new();
    for _ in 0..case.callers {
        callers.spawn(caller(case.call, begin + case.long, writes.clone(), turns.clone()));
    }
    let mut waits = Vec::new();
    for outcome in callers.join_all().await {
        waits.extend(outcome?);
    }
    let (elapsed, used) = (begin.elapsed(), meter.read().since(before));
    waits.sort_unstable();
    let calls = waits.len().max(1) as f64;
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / calls;
    Ok(json!({
        "calls": waits.len(),
        "per_second": calls / elapsed.as_secs_f64(),
        "cpu_us": micros(used.here),
        "postgres_cpu_us": meter.has_postgres().then(|| micros(used.postgres)),
        "wait_ms": waits.get(waits.len() / 2).map(|wait| wait.as_secs_f64() * 1e3),
        "wait_99_ms": waits.get(waits.len() * 99 / 100).map(|wait| wait.as_secs_f64() * 1e3),
    }))
}

async fn caller(
    call: &'static str,
    end: Instant,
    writes: Arc<Writes>,
    turns: Arc<Semaphore>,
) -> Result<Vec<Duration>, Error> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let Ok(_turn) = turns.acquire().await else { break };
        let begin = Instant::now();
        if begin >= end || !writes.call(call).await? {
            break;
        }
        waits.push(begin.elapsed());
    }
    Ok(waits)
}
