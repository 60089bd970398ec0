//! One recording sealed, opened or discarded from two places at once: two nodes on one ledger, a browser and a job.

use futures_util::future::join_all;
use serde_json::Value;

use super::gate::Gate;
use super::scene::{A_LEASE, Scene};
use crate::app::{Open, TestApp, postgres};
use crate::call::Answer;
use crate::caller::stream;
use crate::proxy::{Action, Rule};

/// Two nodes on SQLite, and two on PostgreSQL.
async fn pairs() -> Vec<(Scene, TestApp)> {
    let mut pairs = Vec::new();
    let builders =
        [TestApp::builder()].into_iter().chain(postgres().map(|url| TestApp::builder().postgres(&url)));
    for builder in builders {
        let scene = Scene::of(builder).await;
        let other = scene.app.beside().await;
        pairs.push((scene, other));
    }
    pairs
}

/// Seals as a task, so that it can be held up.
fn seal(app: &TestApp, open: &Open, part: &str) -> tokio::task::JoinHandle<Answer> {
    tokio::spawn(app.sealing(open, &[part.as_bytes()]).send())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_node_waits_for_the_first_and_gives_its_receipt() {
    for (scene, other) in pairs().await {
        let open = scene.sent("c1").await;
        let mut gate = scene.hold_after("complete_upload");
        let first = seal(&scene.app, &open, "c1");
        gate.reached(1).await;
        let busy = other.seal(&open, &[b"c1"]).await;
        assert!(["1", "2"].contains(&busy.headers["retry-after"].as_str()));
        busy.problem(409, "sealing");
        gate.open();
        let sealed = first.await.unwrap().expect(200);
        assert_eq!(other.seal(&open, &[b"c1"]).await.expect(200), sealed);
        assert_eq!(scene.proxy.count("complete_upload"), 1);
        assert_eq!(scene.bucket().objects().await, [(open.key().to_owned(), 2)]);
    }
}

type Hold = fn(&Scene, &'static str) -> Gate;

/// The first node freezes for longer than its lease, with its completion on the way or done, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_overtaken_gives_the_receipt_of_the_other() {
    for (scene, other) in pairs().await {
        for (candidate, by_job) in [("c1", false), ("c2", true)] {
            for before in [true, false] {
                let candidate = format!("{candidate}-{before}");
                let open = scene.sent(&candidate).await;
                scene.proxy.heal();
                let hold: Hold = if before { Scene::hold_before } else { Scene::hold_after };
                let mut gate = hold(&scene, "complete_upload");
                let first = seal(&scene.app, &open, &candidate);
                gate.reached(1).await;
                scene.app.advance(A_LEASE);
                match by_job {
                    true => drop(other.run_jobs().await),
                    false => drop(other.seal(&open, &[candidate.as_bytes()]).await.expect(200)),
                }
                let receipt = other.show(&open.id).await["receipt"].clone();
                gate.open();
                let late = first.await.unwrap().expect(200);
                assert_eq!((&late["state"], &late["receipt"]), (&"sealed".into(), &receipt), "{candidate}");
                assert_eq!(other.download(&open.id).await, candidate.as_bytes());
            }
        }
        assert_eq!(scene.bucket().objects().await.len(), 4);
        assert_eq!(scene.bucket().uploads().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_on_both_nodes_get_one_receipt() {
    for (scene, other) in pairs().await {
        let open = scene.sent("c1").await;
        let calls = [&scene.app, &other].repeat(4).into_iter().map(|app| seal(app, &open, "c1"));
        let mut receipts = Vec::new();
        for answer in join_all(calls).await {
            match answer.unwrap() {
                sealed if sealed.status == 200 => receipts.push(sealed.body["receipt"].clone()),
                busy => {
                    assert!(busy.headers.contains_key("retry-after"));
                    busy.problem(409, "sealing");
                }
            }
        }
        let receipt = scene.app.show(&open.id).await["receipt"].clone();
        assert!(!receipts.is_empty() && receipts.iter().all(|one| *one == receipt), "{receipts:?}");
        assert_eq!(scene.proxy.count("complete_upload"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_opens_one_recording_on_both_nodes() {
    for (scene, other) in pairs().await {
        let token = scene.app.token("c1").await;
        // Both have made their upload before either writes its row.
        let mut gate = Gate::closed();
        scene.proxy.script(Rule::on("create_upload", Action::After(gate.hook())).times(0..2));
        let open = |app: &TestApp| {
            tokio::spawn(app.opening(&token, &stream()).header("idempotency-key", "k1").send())
        };
        let both = [open(&scene.app), open(&other)];
        gate.reached(2).await;
        gate.open();
        let ids: Vec<Value> = join_all(both)
            .await
            .into_iter()
            .map(|answer| answer.unwrap().expect(201)["id"].clone())
            .collect();
        assert_eq!(ids[0], ids[1]);
        assert_eq!(scene.app.recordings().await.len(), 1);
        assert_eq!(
            scene.bucket().uploads().await.len(),
            1,
            "the loser's upload, for which nothing was signed, is ended"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_sealed_cannot_be_discarded_on_the_way() {
    for (scene, other) in pairs().await {
        let open = scene.sent("c1").await;
        let mut gate = scene.hold_before("complete_upload");
        let sealing = seal(&scene.app, &open, "c1");
        gate.reached(1).await;
        let refused = other.discard(&open).await;
        assert!((60..=120).contains(&refused.headers["retry-after"].parse::<u64>().unwrap()));
        refused.problem(409, "sealing");
        gate.open();
        assert_eq!(sealing.await.unwrap().expect(200)["state"], "sealed");
        assert_eq!(other.discard(&open).await.problem(409, "wrong_state")["state"], "sealed");
        assert_eq!(scene.bucket().objects().await, [(open.key().to_owned(), 2)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_comes_with_the_salvage_gets_what_was_salvaged() {
    for (scene, other) in pairs().await {
        let open = scene.sent("c1").await;
        let mut gate = scene.hold_after("complete_upload");
        let id: handin_core::RecordingId = open.id.parse().unwrap();
        let app = scene.app.node.app.clone();
        let salvage = tokio::spawn(async move { handin::service::salvage::salvage(&app, &id).await });
        gate.reached(1).await;
        other.seal(&open, &[b"c1"]).await.problem(409, "sealing");
        gate.open();
        salvage.await.unwrap().unwrap();
        let late = other.seal(&open, &[b"c1"]).await.expect(200);
        assert_eq!(
            late["state"], "partial",
            "the length was never announced, so salvage cannot say that it is whole"
        );
        assert_eq!(scene.proxy.count("complete_upload"), 1);
        assert_eq!(other.seal(&open, &[b"c1"]).await.expect(200), late);
    }
}
