//! Killed while sealing: the next server seals, by a job alone and when the browser comes back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{After, Before, Moment, Scene, at_each};
use crate::app::{Open, PART, claim, digest};
use crate::call::Answer;
use crate::caller::{Caller, claim_of_put};
use crate::process::Process;

/// The claim as a recorder sends it, with how to read the recording.
fn with_manifest(mut claim: Value) -> Value {
    claim["manifest"] = json!({ "version": 1, "ended": "stopped" });
    claim
}

/// What was recorded, and how it was sent.
struct Recorded {
    open: Open,
    bytes: Vec<u8>,
    claim: Value,
}

async fn sent_in_parts(caller: &Caller, candidate: &str) -> Recorded {
    let (first, last) = (vec![7; PART], candidate.as_bytes());
    let open = caller.open(&caller.token(candidate).await).await;
    caller.send(&open, 1, &first).await;
    caller.send(&open, 2, last).await;
    let claim = with_manifest(claim(&open, &[&first, last]));
    Recorded { open, bytes: [&first, last].concat(), claim }
}

async fn sent_as_put(caller: &Caller, candidate: &str) -> Recorded {
    let bytes = candidate.as_bytes().to_vec();
    let open = caller.sent_as_put(&caller.token(candidate).await, &bytes).await;
    let claim = with_manifest(claim_of_put(&open, &bytes));
    Recorded { open, bytes, claim }
}

impl Recorded {
    async fn seal(&self, caller: &Caller) -> Answer {
        caller.on(&self.open, "seal").json(&self.claim).send().await
    }

    /// Asks again as a browser does, as often as it is told to wait.
    async fn seal_patiently(&self, caller: &Caller) -> Value {
        loop {
            let answer = self.seal(caller).await;
            if answer.status == 200 {
                return answer.body;
            }
            let pause = answer.headers["retry-after"].parse().unwrap();
            assert!([409, 503].contains(&answer.status), "{}", answer.text);
            tokio::time::sleep(Duration::from_secs(pause)).await;
        }
    }

    async fn assert_whole(&self, caller: &Caller, receipt: &str) {
        let stated = caller.verified(receipt).await.expect("a key of this server signed it");
        assert_eq!((stated.id.as_str(), stated.state.as_str()), (self.open.id.as_str(), "sealed"));
        assert_eq!((stated.size, stated.duration_ms), (self.bytes.len() as u64, Some(1_000)));
        assert_eq!(digest(&caller.download(&self.open.id).await), digest(&self.bytes));
        assert_eq!(caller.show(&self.open.id).await["manifest"], self.claim["manifest"]);
        let again = self.seal(caller).await.expect(200);
        assert_eq!(again["receipt"], json!(receipt), "there is one receipt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_sealed_by_the_next_server() {
    let calls = ["list_parts", "complete_upload", "head"];
    let moments: Vec<Moment> = calls.iter().flat_map(|call| [Before(call), After(call)]).collect();
    at_each(&moments, async |moment, scene| {
        let server = scene.begin().await;
        let recorded = [sent_in_parts(&server, "c1").await, sent_in_parts(&server, "c2").await];
        let completions = are_sealed_after(&scene, server, moment, &recorded).await;
        let was_completed = [After("complete_upload"), Before("head"), After("head")].contains(&moment);
        // On a busy machine a lease of five seconds may run out while its holder still works, and another completes too.
        let right = if was_completed { completions == 0 } else { completions >= 2 };
        assert!(right, "{moment:?}: {completions} completions after the restart");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_is_sealed_by_the_next_server() {
    at_each(&[Before("head"), After("head")], async |moment, scene| {
        let server = scene.begin().await;
        let recorded = [sent_as_put(&server, "c1").await, sent_as_put(&server, "c2").await];
        are_sealed_after(&scene, server, moment, &recorded).await;
    })
    .await;
}

/// Kills the server in the middle of two seals. The browser of the first never comes back, the other does. Gives how
/// many completions the store saw afterwards.
async fn are_sealed_after(scene: &Scene, server: Process, moment: Moment, recorded: &[Recorded; 2]) -> usize {
    let gate = scene.stop_at(moment);
    let seal = |it: &Recorded| tokio::spawn(server.on(&it.open, "seal").json(&it.claim).attempt());
    let seals = recorded.each_ref().map(seal);
    let server = scene.kill_and_restart(server, gate, 2).await;
    for seal in seals {
        assert!(seal.await.unwrap().is_err(), "{moment:?}: nobody was left to answer");
    }
    let before = scene.proxy.count("complete_upload");
    let [left, returns] = recorded;
    let sealed = returns.seal_patiently(&server).await;
    assert_eq!(sealed["state"], "sealed", "{moment:?}");
    returns.assert_whole(&server, sealed["receipt"].as_str().unwrap()).await;
    let receipt =
        async |caller: &Caller| caller.show(&left.open.id).await["receipt"].as_str().map(str::to_owned);
    let receipt = server.eventually("a job has sealed it", receipt).await;
    left.assert_whole(&server, &receipt).await;
    let mut expected = recorded.each_ref().map(|it| (it.open.key().to_owned(), it.bytes.len() as u64));
    expected.sort();
    assert_eq!(scene.objects().await, expected, "{moment:?}");
    assert_eq!(scene.uploads().await, Vec::<String>::new(), "{moment:?}");
    scene.proxy.count("complete_upload") - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_was_answered_stands_for_good() {
    at_each(&[After("head")], async |_, scene| {
        let server = scene.begin().await;
        let recorded = sent_as_put(&server, "c1").await;
        let sealed = recorded.seal(&server).await.expect(200);
        server.kill();
        let server = scene.site.serve().await;
        recorded.assert_whole(&server, sealed["receipt"].as_str().unwrap()).await;
    })
    .await;
}
