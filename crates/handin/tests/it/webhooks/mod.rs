//! Webhooks from the receiver's side: what it is told, when, in which order, and how it knows who speaks.

pub mod receiver;
mod refused;
mod signed;
mod sittings;

use std::time::Duration;

use handin::config::Config;
use handin::service::webhooks::{Backlog, backlog};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Builder, TestApp};
use receiver::{Receiver, Says};

/// A day and more: as long as the longest pause between two tries.
const A_DAY: Duration = Duration::from_secs(95_040);
/// As many tries as an event is worth.
const TRIES: usize = 10;

/// Settings that let a receiver stand on the loopback.
fn inside(config: &mut Config) {
    config.webhooks.allow_private = true;
    config.webhooks.allow_http = true;
    config.webhooks.timeout_ms = 300;
}

fn builder() -> Builder {
    TestApp::builder().config(inside)
}

/// An app with the exam `spring`, and a receiver that is told these events; all if there are none.
async fn with_receiver(events: &[&str]) -> (TestApp, Receiver, Value) {
    let app = builder().start().await;
    app.exam().await;
    let receiver = Receiver::start().await;
    let webhook = add(&app, &receiver.url, events).await;
    (app, receiver, webhook)
}

async fn add(app: &TestApp, url: &str, events: &[&str]) -> Value {
    let new = json!({ "url": url, "events": events });
    app.platform(Method::POST, "/v1/webhooks").json(&new).send().await.expect(201)
}

/// A call on a webhook.
async fn on(app: &TestApp, webhook: &Value, route: &str, body: &Value) -> Value {
    let path = format!("/v1/webhooks/{}/{route}", webhook["id"].as_str().unwrap());
    app.platform(Method::POST, &path).json(body).send().await.expect(200)
}

async fn dead(app: &TestApp, webhook: &Value) -> Vec<Value> {
    let path = format!("/v1/webhooks/{}/dead", webhook["id"].as_str().unwrap());
    let page = app.platform(Method::GET, &path).send().await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_recording_is_told_of_in_the_order_of_its_life() {
    let (app, receiver, _) = with_receiver(&[]).await;
    let (sealed, _) = app.sealed(&app.token("c1").await).await;
    app.platform(Method::DELETE, &format!("/v1/recordings/{}", sealed.id)).send().await.expect(200);
    let discarded = app.open(&app.token("c2").await).await;
    app.discard(&discarded).await.expect(200);
    app.run_jobs().await;
    let told = receiver.told();
    let of = |id: &str| -> Vec<&str> {
        told.iter().filter(|told| told.recording() == id).map(receiver::Told::kind).collect()
    };
    assert_eq!(of(&sealed.id), ["recording.opened", "recording.sealed", "recording.deleted"]);
    assert_eq!(of(&discarded.id), ["recording.opened", "recording.abandoned"]);
    assert_eq!(told.len(), 5);
    app.run_jobs().await;
    assert!(receiver.told().is_empty(), "once is enough for a receiver that said yes");
}

#[tokio::test]
async fn a_webhook_is_told_what_it_asked_for_and_what_happened_since() {
    let (app, _, _) = with_receiver(&["hold.expired"]).await;
    app.sealed(&app.token("c1").await).await;
    app.advance(Duration::from_secs(1));
    let late = Receiver::start().await;
    add(&app, &late.url, &["recording.sealed"]).await;
    app.run_jobs().await;
    assert!(late.kinds().is_empty(), "it was before its time");
    app.sealed(&app.token("c2").await).await;
    app.run_jobs().await;
    assert_eq!(late.kinds(), ["recording.sealed"]);
}

#[tokio::test]
async fn what_comes_later_waits_for_what_comes_first_of_its_recording_only() {
    let (app, receiver, _) = with_receiver(&["recording.opened", "recording.sealed"]).await;
    let (stuck, _) = app.sealed(&app.token("c1").await).await;
    let (other, _) = app.sealed(&app.token("c2").await).await;
    let id = stuck.id.clone();
    receiver.answers(move |told| match told.recording() == id && told.kind() == "recording.opened" {
        true => Says::Status(500),
        false => Says::Status(200),
    });
    app.run_jobs().await;
    let told = receiver.told();
    let of = |id: &str| -> Vec<&str> {
        told.iter().filter(|told| told.recording() == id).map(receiver::Told::kind).collect()
    };
    assert_eq!(of(&other.id), ["recording.opened", "recording.sealed"]);
    assert_eq!(of(&stuck.id), ["recording.opened"]);
    receiver.says(Says::Status(200));
    app.advance(Duration::from_secs(6));
    app.run_jobs().await;
    let again = receiver.told();
    assert_eq!(
        again.iter().map(receiver::Told::kind).collect::<Vec<_>>(),
        ["recording.opened", "recording.sealed"]
    );
    assert!(told.iter().any(|told| told.id() == again[0].id()), "a try has the id of the one before");
}

#[tokio::test]
async fn a_receiver_that_was_gone_for_a_day_misses_nothing() {
    let (app, receiver, webhook) = with_receiver(&["recording.opened", "recording.sealed"]).await;
    receiver.says(Says::Status(503));
    for candidate in ["c1", "c2", "c3"] {
        app.sealed(&app.token(candidate).await).await;
    }
    for _ in 0..48 {
        app.run_jobs().await;
        app.advance(Duration::from_secs(1_800));
    }
    let tries = receiver.told().len();
    assert!((15..=3 * 8).contains(&tries), "{tries} tries in a day, for three recordings");
    let waiting = backlog(&app.node.app).await.unwrap();
    assert_eq!((waiting.waiting, waiting.dead), (6, 0));
    assert!(app.node.app.clock.now().duration_since(waiting.oldest.unwrap()).as_secs() >= 86_400);
    receiver.says(Says::Status(200));
    app.advance(A_DAY);
    app.run_jobs().await;
    let mut kinds = receiver.kinds();
    kinds.sort();
    assert_eq!(kinds, [["recording.opened"; 3], ["recording.sealed"; 3]].concat());
    assert_eq!(backlog(&app.node.app).await.unwrap(), Backlog::default());
    assert!(dead(&app, &webhook).await.is_empty());
}

#[tokio::test]
async fn after_three_days_an_event_is_dead_until_it_is_replayed() {
    let (app, receiver, webhook) = with_receiver(&["recording.opened", "recording.sealed"]).await;
    receiver.answers(|told| Says::Status(if told.kind() == "recording.opened" { 500 } else { 200 }));
    let (sealed, _) = app.sealed(&app.token("c1").await).await;
    for _ in 0..TRIES {
        app.run_jobs().await;
        app.advance(A_DAY);
    }
    app.run_jobs().await;
    let kinds = receiver.kinds();
    assert_eq!(
        kinds,
        [vec!["recording.opened"; TRIES], vec!["recording.sealed"]].concat(),
        "what is dead lets others by"
    );
    let gone = dead(&app, &webhook).await;
    assert_eq!(gone.len(), 1);
    assert_eq!((&gone[0]["recording"], &gone[0]["attempts"]), (&json!(sealed.id), &json!(TRIES)));
    assert_eq!(gone[0]["error"], "answered 500 Internal Server Error");
    assert_eq!(backlog(&app.node.app).await.unwrap().dead, 1);

    let path = format!("/v1/webhooks/{}/replay", webhook["id"].as_str().unwrap());
    let none = json!({ "event": sealed.id });
    app.platform(Method::POST, &path).json(&none).send().await.problem(404, "not_found");
    receiver.says(Says::Status(200));
    assert_eq!(on(&app, &webhook, "replay", &json!({ "event": gone[0]["event"] })).await["replayed"], 1);
    app.run_jobs().await;
    let again = receiver.told();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].id(), gone[0]["event"]);
    assert!(dead(&app, &webhook).await.is_empty());
}

/// The receiver said yes, and the server died before it wrote that down.
#[tokio::test]
async fn what_was_told_and_not_noted_is_told_again_under_the_same_id() {
    let (app, receiver, webhook) = with_receiver(&["recording.sealed"]).await;
    app.sealed(&app.token("c1").await).await;
    let node = app.node.app.clone();
    handin::service::webhooks::fan::fan(&node).await.unwrap();
    let id = webhook["id"].as_str().unwrap().parse().unwrap();
    tokio::select! {
        biased;
        () = receiver.came() => {}
        _ = handin::service::webhooks::deliver::deliver(&node, &id) => panic!("it should have died"),
    }
    let first = receiver.told();
    app.run_jobs().await;
    let second = receiver.told();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].id(), second[0].id());
    assert_eq!(first[0].text, second[0].text);
}

#[tokio::test]
async fn a_webhook_that_was_removed_is_told_nothing_more() {
    let (app, receiver, webhook) = with_receiver(&[]).await;
    receiver.says(Says::Status(500));
    app.sealed(&app.token("c1").await).await;
    app.run_jobs().await;
    receiver.told();
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    app.platform(Method::DELETE, &path).send().await.expect(200);
    app.platform(Method::DELETE, &path).send().await.problem(404, "not_found");
    app.advance(A_DAY);
    app.run_jobs().await;
    assert!(receiver.told().is_empty());
    assert_eq!(backlog(&app.node.app).await.unwrap(), Backlog::default());
}

#[tokio::test]
async fn events_are_forgotten_when_everybody_was_told_and_some_days_have_passed() {
    let (app, receiver, _) = with_receiver(&["recording.opened"]).await;
    app.open(&app.token("c1").await).await;
    app.run_jobs().await;
    receiver.says(Says::Status(500));
    app.open(&app.token("c2").await).await;
    app.run_jobs().await;
    let left = async || handin::db::outbox::list(&app.node.app.db, None, 100).await.unwrap().len();
    assert_eq!(left().await, 2);
    app.advance(Duration::from_secs(31 * 86_400));
    app.run_jobs().await;
    let kinds = handin::db::outbox::list(&app.node.app.db, None, 100).await.unwrap();
    let opened = kinds.iter().filter(|event| event.kind == "recording.opened").count();
    assert_eq!(opened, 1, "the one that nobody was told of stays");
}
