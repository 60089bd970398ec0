//! More is asked than there is room for: what has no room is refused at once and early, and what is stuck takes no room
//! from what is not.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::gate::Gate;
use super::scene::Scene;
use crate::caller::stream;
use crate::proxy::{Action, Rule};

/// Room for four seals, four calls that sign, two opens and one look.
async fn small() -> Scene {
    Scene::with(|config| {
        config.server.max_requests = 4;
        config.server.max_wait_ms = 50;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_that_hang_in_the_store_keep_nobody_from_sealing() {
    let scene = small().await;
    let app = &scene.app;
    let sent = scene.sent("c1").await;
    let mut gate = Gate::closed();
    scene.proxy.script(Rule::on("create_upload", Action::Before(gate.hook())));
    let token = app.token("c2").await;
    let stuck: Vec<_> = (0..2).map(|_| tokio::spawn(app.opening(&token, &stream()).send())).collect();
    gate.reached(2).await;
    let began = Instant::now();
    // Nothing of the body is read: it is no JSON, and nobody says so.
    let nonsense = app.call(Method::POST, "/v1/recordings").bearer(&token).body("application/json", "{");
    let refused = nonsense.send().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(["1", "2"].contains(&refused.headers["retry-after"].as_str()));
    refused.problem(503, "overloaded");
    assert_eq!(app.show(&sent.id).await["state"], "open");
    app.on(&sent, "sign").json(&json!({ "handle": sent.handle })).send().await.expect(200);
    assert_eq!(app.seal(&sent, &[b"c1"]).await.expect(200)["state"], "sealed");
    gate.open();
    for opened in join_all(stuck).await {
        opened.unwrap().expect(201);
    }
    app.open(&token).await;
    let metrics = app.call(Method::GET, "/metrics").send().await.text;
    assert!(metrics.contains("handin_shed_total{kind=\"open\"}"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_hang_in_the_store_keep_nobody_from_opening_and_sealing() {
    let scene = small().await;
    let app = &scene.app;
    let (sent, looked_at) = (scene.sent("c1").await, scene.sent("c2").await);
    let mut gate = Gate::closed();
    scene.proxy.script(Rule::on("list_parts", Action::Before(gate.hook())).once());
    let path = format!("/v1/recordings/{}", looked_at.id);
    let stuck = tokio::spawn(app.platform(Method::GET, &path).send());
    gate.reached(1).await;
    app.platform(Method::GET, "/v1/exams").send().await.problem(503, "overloaded");
    for path in ["/healthz", "/metrics"] {
        assert_eq!(app.call(Method::GET, path).send().await.status, 200, "{path} is never refused");
    }
    app.opening(&sent.token, &stream()).send().await.expect(201);
    assert_eq!(app.seal(&sent, &[b"c1"]).await.expect(200)["state"], "sealed");
    gate.open();
    stuck.await.unwrap().expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_can_read_that_there_is_no_room() {
    let scene = small().await;
    let mut gate = Gate::closed();
    scene.proxy.script(Rule::on("create_upload", Action::Before(gate.hook())));
    let token = scene.app.token("c1").await;
    let stuck: Vec<_> = (0..2).map(|_| tokio::spawn(scene.app.opening(&token, &stream()).send())).collect();
    gate.reached(2).await;
    let refused = scene.app.opening(&token, &stream()).header("origin", "https://exams.example").send().await;
    assert_eq!(refused.headers["access-control-allow-origin"], "*");
    refused.problem(503, "overloaded");
    gate.open();
    for opened in join_all(stuck).await {
        opened.unwrap().expect(201);
    }
}
