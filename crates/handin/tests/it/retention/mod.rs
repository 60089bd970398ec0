//! Retention from the outside: policies, holds, runs, and proof that what is gone is gone.

mod holds;
mod locks;
mod policies;
mod random;
mod runs;
mod tiers;

use std::time::Duration;

use handin::db::retention::{Look, NoteLook};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Open, TestApp};
use crate::call::Answer;

/// An app with the exam `spring` and a sealed recording of each candidate.
async fn with_recordings(app: TestApp, candidates: &[&str]) -> (TestApp, Vec<Open>) {
    app.exam().await;
    let mut sealed = Vec::new();
    for candidate in candidates {
        sealed.push(app.sealed(&app.token(candidate).await).await.0);
    }
    app.run_jobs().await;
    (app, sealed)
}

/// Days in which the server looked and nothing else happened.
async fn pass_days(app: &TestApp, days: u64) {
    for _ in 0..days {
        look(app).await;
        app.advance(Duration::from_secs(86_400));
    }
}

/// What a run notes of its clock, and no more of it.
async fn look(app: &TestApp) {
    let (db, looked_at) = (&app.node.app.db, app.node.app.clock.now());
    let last = handin::db::retention::last_look(db).await.unwrap();
    let look = Look { looked_at, paused_until: None };
    assert!(db.change(NoteLook { last, look }).await.unwrap());
}

async fn run(app: &TestApp, confirm: Option<&str>) -> Answer {
    app.platform(Method::POST, "/v1/retention/runs").json(&json!({ "confirm": confirm })).send().await
}

/// A run that nobody confirms; gives how many it marked and deleted.
async fn ran(app: &TestApp) -> (u64, u64) {
    let ran = run(app, None).await.expect(200);
    app.run_jobs().await;
    (ran["marked"].as_u64().unwrap(), ran["deleted"].as_u64().unwrap())
}

async fn preview(app: &TestApp) -> Value {
    app.platform(Method::GET, "/v1/retention/preview").send().await.expect(200)
}

async fn set_policy(app: &TestApp, policy: &Value) -> Answer {
    app.platform(Method::PUT, "/v1/exams/spring/retention").json(policy).send().await
}

async fn post_anchor(app: &TestApp, event: &Value) -> Answer {
    app.platform(Method::POST, "/v1/exams/spring/events").json(event).send().await
}

async fn place(app: &TestApp, hold: &Value) -> Value {
    app.platform(Method::POST, "/v1/holds").json(hold).send().await.expect(201)
}

async fn release(app: &TestApp, hold: &Value) -> Value {
    let path = format!("/v1/holds/{}", hold["id"].as_str().unwrap());
    app.platform(Method::DELETE, &path).send().await.expect(200)
}

async fn state(app: &TestApp, open: &Open) -> String {
    app.show(&open.id).await["state"].as_str().unwrap().to_owned()
}

/// The kinds of all events so far.
async fn events(app: &TestApp) -> Vec<String> {
    let events = handin::db::outbox::list(&app.node.app.db, None, 10_000).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}
