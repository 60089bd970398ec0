//! The store failing at each call of open, sign and seal, as clients of the API see it.

use std::ops::RangeInclusive;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::scene::{A_LEASE, Scene};
use crate::app::{Open, claim};
use crate::call::{Answer, Call};
use crate::caller::{claim_of_put, stream};
use crate::proxy::{self, Action, Rule};

/// A way to fail, for as long as it lasts.
struct Failure {
    name: &'static str,
    action: Action,
    /// Whether the store did its work all the same.
    done: bool,
    /// Whether anything at all came back.
    answered: bool,
}

fn failures() -> Vec<Failure> {
    let error = |status, code| proxy::Answer::error(status, code);
    let answered = |name, action, done| Failure { name, action, done, answered: true };
    let silent = |name, action, done| Failure { name, action, done, answered: false };
    vec![
        answered("503", Action::Answer(error(503, "SlowDown").header("Retry-After", "7")), false),
        answered("500", Action::Answer(error(500, "InternalError")), false),
        answered("200 with an error", Action::Answer(error(200, "InternalError")), false),
        answered("503 over a success", Action::Replace(error(503, "SlowDown")), true),
        answered("200 with an error over a success", Action::Replace(error(200, "InternalError")), true),
        silent("dropped", Action::Drop, false),
        silent("answer dropped", Action::DropAnswer, true),
        silent("hangs", Action::Hang, false),
        silent("answer hangs", Action::HangAnswer, true),
    ]
}

impl Failure {
    /// When the API asks to be called again: what the store wishes, or two seconds, up to twice as long.
    fn pauses(&self) -> RangeInclusive<u64> {
        if self.name == "503" { 7..=14 } else { 2..=4 }
    }
}

/// Every call is tried once, so that each failure reaches the API.
async fn without_retries() -> Scene {
    Scene::with(|config| {
        config.store.retry_budget_ms = 0;
        config.store.call_timeout_ms = 5_000;
    })
    .await
}

#[track_caller]
fn assert_pause(answer: &Answer, pauses: RangeInclusive<u64>, what: &str) {
    let pause: u64 = answer.headers["retry-after"].parse().unwrap();
    assert!(pauses.contains(&pause), "{what}: {pause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_is_answered_503_and_repeated_under_its_key() {
    let scene = without_retries().await;
    let failures: Vec<_> = failures().into_iter().enumerate().collect();
    let mut calls = Vec::new();
    for (number, failure) in &failures {
        // With the subject before it, as a key has a shard of two hex digits too, which may be c1.
        let mark = format!("/coding/c{number}/");
        let hit = move |seen: &proxy::Seen| seen.call == "create_upload" && seen.target.contains(&mark);
        scene.proxy.script(Rule::matching(hit, failure.action.clone()));
        calls.push(opening(&scene, *number).await.send());
    }
    for ((_, failure), answer) in failures.iter().zip(join_all(calls).await) {
        assert_pause(&answer, failure.pauses(), failure.name);
        answer.problem(503, "unavailable");
    }
    assert_eq!(scene.app.recordings().await, Vec::<Value>::new());
    scene.proxy.heal();
    for (number, failure) in &failures {
        let opened = opening(&scene, *number).await.send().await.expect(201);
        assert_eq!(opened["take"], 1, "{}", failure.name);
    }
    // An upload whose answer was lost stays behind, empty, until reconciliation reports it.
    let strangers = failures.iter().filter(|(_, failure)| failure.done).count();
    assert_eq!(scene.bucket().uploads().await.len(), failures.len() + strangers);
    let reconciled = handin::service::checks::reconcile(&scene.app.node.app).await.unwrap();
    assert_eq!((reconciled.strangers.len(), reconciled.lost.len()), (strangers, 0));
}

async fn opening(scene: &Scene, number: usize) -> Call {
    let token = scene.app.token(&format!("c{number}")).await;
    scene.app.opening(&token, &stream()).header("idempotency-key", "k1")
}

/// A recording whose seal is about to fail at `call`.
struct Case<'a> {
    open: Open,
    claim: Value,
    call: &'static str,
    failure: &'a Failure,
}

/// What the first attempt to seal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Sealed,
    Unavailable,
    /// The store may be completing it still, so nobody may try before the lease is over.
    Sealing,
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{}, {}", self.call, self.failure.name)
    }

    fn seal(&self, scene: &Scene) -> Call {
        scene.app.on(&self.open, "seal").json(&self.claim)
    }

    fn first(&self) -> First {
        match (self.call, self.failure.done, self.failure.answered) {
            ("complete_upload", true, _) => First::Sealed,
            ("complete_upload", false, false) => First::Sealing,
            _ => First::Unavailable,
        }
    }

    fn assert_first(&self, answer: Answer) {
        let name = self.name();
        match self.first() {
            First::Sealed => assert_eq!(answer.expect(200)["state"], "sealed", "{name}"),
            First::Sealing => {
                assert_pause(&answer, 5..=10, &name);
                answer.problem(409, "sealing");
            }
            First::Unavailable => {
                assert_pause(&answer, self.failure.pauses(), &name);
                answer.problem(503, "unavailable");
            }
        }
    }

    /// How many completions the store was asked for in all.
    fn completions(&self) -> usize {
        match (self.call, self.first()) {
            ("complete_upload", First::Unavailable | First::Sealing) => 2,
            _ => 1,
        }
    }
}

/// Seals that fail in every way at every call, all at once.
async fn failed<'a>(scene: &Scene, failures: &'a [Failure]) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for call in ["list_parts", "complete_upload", "head", "head of put"] {
        for (number, failure) in failures.iter().enumerate() {
            // Without a body a HEAD cannot hide an error.
            if call.starts_with("head") && failure.name.starts_with("200") {
                continue;
            }
            let candidate = format!("c{number}-{}", call.replace(' ', "-"));
            let (open, claim) = match call {
                "head of put" => as_put(scene, &candidate).await,
                _ => in_parts(scene, &candidate).await,
            };
            let (call, key) = (call.trim_end_matches(" of put"), open.key().to_owned());
            let hit = move |seen: &proxy::Seen| seen.call == call && seen.target.contains(&key);
            scene.proxy.script(Rule::matching(hit, failure.action.clone()));
            cases.push(Case { open, claim, call, failure });
        }
    }
    let answers = join_all(cases.iter().map(|case| case.seal(scene).send())).await;
    cases.iter().zip(answers).for_each(|(case, answer)| case.assert_first(answer));
    scene.proxy.heal();
    cases
}

async fn in_parts(scene: &Scene, candidate: &str) -> (Open, Value) {
    let open = scene.sent(candidate).await;
    let claim = claim(&open, &[candidate.as_bytes()]);
    (open, claim)
}

async fn as_put(scene: &Scene, candidate: &str) -> (Open, Value) {
    let open = scene.app.sent_as_put(&scene.app.token(candidate).await, candidate.as_bytes()).await;
    let claim = claim_of_put(&open, candidate.as_bytes());
    (open, claim)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_failed_is_finished_when_the_browser_repeats_it() {
    let (scene, failures) = (without_retries().await, failures());
    let cases = failed(&scene, &failures).await;
    for case in &cases {
        let again = case.seal(&scene).send().await;
        match case.first() {
            First::Sealing => drop(again.problem(409, "sealing")),
            _ => assert_eq!(again.expect(200)["state"], "sealed", "{}", case.name()),
        }
    }
    scene.app.advance(A_LEASE);
    for case in &cases {
        assert_eq!(case.seal(&scene).send().await.expect(200)["state"], "sealed", "{}", case.name());
    }
    assert_all_whole(&scene, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_failed_is_finished_by_a_job() {
    let (scene, failures) = (without_retries().await, failures());
    let cases = failed(&scene, &failures).await;
    scene.app.advance(A_LEASE);
    scene.app.run_jobs().await;
    assert_all_whole(&scene, &cases).await;
}

async fn assert_all_whole(scene: &Scene, cases: &[Case<'_>]) {
    let mut expected = Vec::new();
    for case in cases {
        let (key, name) = (case.open.key().to_owned(), case.name());
        let stated = scene.app.receipt(&case.open.id).await;
        assert_eq!(
            (stated.state.as_str(), json!(stated.size)),
            ("sealed", case.claim["size"].clone()),
            "{name}"
        );
        let of_this = |seen: &&proxy::Seen| seen.call == "complete_upload" && seen.target.contains(&key);
        if case.open.answer["put"].is_null() {
            assert_eq!(scene.proxy.seen().iter().filter(of_this).count(), case.completions(), "{name}");
        }
        expected.push((key, stated.size));
    }
    expected.sort();
    assert_eq!(scene.bucket().objects().await, expected);
    assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_is_not_noticed_by_the_client() {
    let scene = Scene::start().await;
    for call in ["create_upload", "list_parts", "head"] {
        scene.proxy.script(Rule::on(call, Action::Answer(proxy::Answer::error(503, "SlowDown"))).once());
    }
    let (open, claim) = in_parts(&scene, "c1").await;
    assert_eq!(scene.app.on(&open, "seal").json(&claim).send().await.expect(200)["state"], "sealed");
    for call in ["create_upload", "list_parts", "head"] {
        assert_eq!(scene.proxy.count(call), 2, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_never_asks_the_store() {
    let scene = without_retries().await;
    let open = scene.app.open(&scene.app.token("c1").await).await;
    scene.proxy.script(Rule::matching(|_| true, Action::Drop));
    let before = scene.proxy.seen().len();
    let signed = scene.app.sign(&open, 1, b"recorded meanwhile").await;
    assert_eq!(scene.proxy.seen().len(), before);
    scene.proxy.heal();
    assert_eq!(scene.app.put(&signed, b"recorded meanwhile").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_outlives_its_request() {
    let scene = Scene::with(|config| config.server.request_timeout_ms = 3_000).await;
    let (late, left) = (in_parts(&scene, "c1").await, in_parts(&scene, "c2").await);
    let seal = |(open, claim): &(Open, Value)| scene.app.on(open, "seal").json(claim);

    let _closed = scene.hold_before("complete_upload");
    let answer = seal(&late).send().await;
    assert_pause(&answer, 2..=4, "it took longer than a request may");
    answer.problem(503, "timeout");

    let mut closed = scene.hold_before("list_parts");
    let hung_up = tokio::spawn(seal(&left).attempt());
    closed.reached(1).await;
    hung_up.abort();

    for recorded in [&late, &left] {
        let answer = seal(recorded).send().await;
        assert_pause(&answer, 1..=2, "whoever has the lease is gone");
        answer.problem(409, "sealing");
    }
    scene.app.advance(A_LEASE);
    scene.app.run_jobs().await;
    for (open, _) in [&late, &left] {
        assert_eq!(scene.app.receipt(&open.id).await.state, "sealed");
    }
    assert_eq!(scene.bucket().objects().await.len(), 2);
}
