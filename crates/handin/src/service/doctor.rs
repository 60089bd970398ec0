//! Examines the configured store: whether a recording gets in, out and away, what the store refuses, what browsers may
//! do, and whether the clocks agree. Asks the store only; knows neither exams nor the database.

pub mod probes;

mod browser;
mod environment;
mod recording;

pub mod bench;

use bench::{Bench, Untried};
use probes::{Finding, probe};

use crate::objects::capabilities::{Capability, Weight};

/// What an examination is told.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Pages of these origins must be able to send; `*` stands for any.
    pub origins: Vec<String>,
    /// Write missing CORS and lifecycle rules, and create a missing bucket.
    pub fix: bool,
}

/// What came out.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// The bucket.
    pub bucket: String,
    /// Its address as browsers see it.
    pub origin: String,
    /// Whether everything essential is as it should be.
    pub sound: bool,
    /// Every check, in the order it was made.
    pub checks: Vec<Check>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Its name.
    pub check: &'static str,
    /// Whether recordings are not safe without it.
    pub essential: bool,
    /// Whether it is as it should be.
    pub passed: bool,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
    /// What to do, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    fn new(
        check: &'static str,
        weight: Weight,
        expected: &str,
        outcome: Result<Finding, Untried>,
        advice: &str,
    ) -> Check {
        let finding = outcome.unwrap_or_else(|untried| Finding { does: false, found: untried.to_string() });
        Check {
            check,
            essential: weight == Weight::Essential,
            passed: finding.does,
            expected: expected.to_owned(),
            found: finding.found,
            advice: (!finding.does).then(|| advice.to_owned()),
        }
    }
}

/// Examines the store behind `bench`, and leaves nothing there but the rules it was told to write.
pub async fn examine(bench: &Bench, wishes: &Wishes) -> Report {
    let mut checks = environment::reach(bench, wishes).await;
    if checks.iter().all(|check| check.passed || !check.essential) {
        checks.push(recording::check(bench).await);
        for capability in capabilities() {
            checks.push(check(bench, capability).await);
        }
        checks.extend(environment::rules(bench, wishes).await);
        checks.push(environment::legal_holds(bench).await);
        checks.push(clean(bench).await);
    }
    let sound = checks.iter().all(|check| check.passed || !check.essential);
    Report { bucket: bench.objects.bucket(), origin: bench.objects.origin(), sound, checks }
}

/// What can be asked without touching the bucket's rules; these are looked at in `environment`.
fn capabilities() -> impl Iterator<Item = Capability> {
    let of_the_bucket = [Capability::AnswersPreflights, Capability::KeepsLifecycle];
    Capability::ALL.iter().copied().filter(move |capability| !of_the_bucket.contains(capability))
}

async fn check(bench: &Bench, capability: Capability) -> Check {
    let about = capability.about();
    Check::new(about.id, about.weight, about.expected, probe(bench, capability).await, about.otherwise)
}

async fn clean(bench: &Bench) -> Check {
    let stuck = bench.clean().await;
    let found = match stuck.is_empty() {
        true => Finding { does: true, found: "nothing left".to_owned() },
        false => Finding { does: false, found: format!("{} left under {}", stuck.len(), bench.prefix()) },
    };
    Check::new(
        "cleanup",
        Weight::Wanted,
        "removes what it stored for this examination",
        Ok(found),
        "delete them",
    )
}
