//! The server's clock jumps, forward and back, with the store's clock and without it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::scene::{A_LEASE, Scene};
use crate::app::{Open, START, TestApp};
use crate::call::Answer;
use crate::caller::stream;

const HOUR: Duration = Duration::from_secs(3_600);

fn start() -> Timestamp {
    START.parse().unwrap()
}

async fn sent() -> (TestApp, Open) {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"recorded").await;
    (app, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_ahead_ends_urls_early_and_fresh_ones_work() {
    let (app, open) = sent().await;
    let old = app.sign(&open, 1, b"again").await;
    app.advance(7 * HOUR);
    assert_eq!(app.put(&old, b"again").await, 403, "its ten minutes are over");
    app.send(&open, 1, b"again").await;
    assert_eq!(app.seal(&open, &[b"again"]).await.expect(200)["state"], "sealed");
    assert_eq!(app.receipt(&open.id).await.sealed_at, "2026-11-22T12:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_beyond_all_ends_keeps_what_arrived() {
    let (app, open) = sent().await;
    app.advance(30 * 24 * HOUR);
    app.seal(&open, &[b"recorded"]).await.problem(401, "expired");
    let fresh = Open { token: app.token("c1").await, ..open.clone() };
    app.seal(&fresh, &[b"recorded"]).await.problem(401, "expired");
    app.run_jobs().await;
    let shown = app.show(&open.id).await;
    assert_eq!((&shown["state"], &shown["reason"]), (&json!("partial"), &json!("not_sealed_in_time")));
    assert_eq!(app.download(&open.id).await, b"recorded");

    app.set_clock(start());
    assert_eq!(app.seal(&open, &[b"recorded"]).await.expect(200)["state"], "partial", "salvage came first");
    assert_eq!(app.show(&open.id).await["receipt"], shown["receipt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_back_changes_nothing_for_who_is_recording() {
    let (app, open) = sent().await;
    let later = app.open(&open.token).await;
    app.set_clock(start() - HOUR);
    let earlier = app.open(&open.token).await;
    assert_eq!((&later.answer["take"], &earlier.answer["take"]), (&json!(2), &json!(3)));
    for open in [&open, &later, &earlier] {
        app.send(open, 1, b"then").await;
        assert_eq!(app.seal(open, &[b"then"]).await.expect(200)["state"], "sealed");
        assert_eq!(app.receipt(&open.id).await.sealed_at, "2026-11-22T04:00:00Z");
    }
    assert_eq!(app.bucket().objects().await.len(), 3);
}

/// A lease is a moment in the ledger: when the clock goes back, whoever wants it next waits for that moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_jump_back_makes_a_dead_lease_last_until_its_moment() {
    let scene = Scene::start().await;
    let now = scene.app.node.app.clock.now();
    let open = scene.sent("c1").await;
    let mut gate = scene.hold_before("list_parts");
    let dies = tokio::spawn(scene.app.sealing(&open, &[b"c1"]).attempt());
    gate.reached(1).await;
    dies.abort();
    let refused = async |app: &TestApp| -> Answer { app.seal(&open, &[b"c1"]).await };

    scene.app.set_clock(now - Duration::from_secs(120));
    assert_eq!(scene.app.run_jobs().await, 4, "nothing but the four regular jobs is due");
    refused(&scene.app).await.problem(409, "sealing");
    scene.app.advance(A_LEASE);
    refused(&scene.app).await.problem(409, "sealing");
    scene.app.set_clock(now + A_LEASE);
    assert_eq!(refused(&scene.app).await.expect(200)["state"], "sealed");
    assert_eq!(scene.proxy.count("complete_upload"), 1);
}

/// A store checks signatures by its own clock, and forgives a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_disagrees_with_the_store_is_refused_until_it_is_right() {
    let scene = Scene::start().await;
    let now = scene.app.node.app.clock.now();
    let open = scene.sent("c1").await;
    let off = Duration::from_secs(1_200);
    for wrong in [now + off, now - off] {
        scene.app.set_clock(wrong);
        let answer = scene.app.opening(&open.token, &stream()).send().await;
        assert!(["2", "3", "4"].contains(&answer.headers["retry-after"].as_str()));
        answer.problem(503, "unavailable");
        let signed = scene.app.sign(&open, 1, b"c1").await;
        assert_eq!(
            scene.app.put(&signed, b"c1").await,
            403,
            "signing goes on, but the store does not take it"
        );
    }
    scene.app.seal(&open, &[b"c1"]).await.problem(503, "unavailable");
    assert_eq!(scene.bucket().objects().await, []);
    scene.app.set_clock(now);
    assert_eq!(scene.app.recordings().await.len(), 1);
    assert_eq!(scene.app.seal(&open, &[b"c1"]).await.expect(200)["state"], "sealed");
    assert_eq!(scene.app.download(&open.id).await, b"c1");
}
