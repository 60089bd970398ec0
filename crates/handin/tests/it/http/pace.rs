//! `/v1/exams/{exam}/pace`, and how the senders of an exam are held to it.

use std::time::Duration;

use handin::config::Config;
use handin::service;
use insta::assert_json_snapshot;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Builder, Open, PART, TestApp, postgres};
use crate::call::{Answer, Call};
use crate::caller::put;

/// Two parts a second: what is let through at first is a second's worth, and what is owed is made up for.
const RATE: usize = 2 * PART;

/// An app on SQLite, and one on PostgreSQL.
async fn apps() -> Vec<TestApp> {
    let mut apps = Vec::new();
    let builders =
        [TestApp::builder()].into_iter().chain(postgres().map(|url| TestApp::builder().postgres(&url)));
    for builder in builders {
        apps.push(with_exam(builder).await);
    }
    apps
}

async fn with_exam(builder: Builder) -> TestApp {
    let app = builder.start().await;
    app.exam().await;
    app
}

async fn set(app: &TestApp, policy: &Value) -> Value {
    app.platform(Method::PUT, "/v1/exams/spring/pace").json(policy).send().await.expect(200)
}

async fn open(app: &TestApp, candidate: &str) -> Open {
    app.open(&app.token(candidate).await).await
}

/// Asks for whole parts, while this many are pending.
async fn ask(app: &TestApp, open: &Open, parts: usize, pending: usize) -> Answer {
    let parts: Vec<_> = (1..=parts).map(|number| json!({ "number": number, "size": PART })).collect();
    let wanted = json!({ "handle": open.handle, "parts": parts, "pending_bytes": pending * PART });
    app.on(open, "sign").json(&wanted).send().await
}

/// How many single parts are signed in a row before one is not, while so many are pending.
async fn drain(app: &TestApp, open: &Open, pending: usize) -> usize {
    for signed in 0..100 {
        let answer = ask(app, open, 1, pending).await;
        if answer.status != 200 {
            answer.problem(429, "paced");
            return signed;
        }
    }
    panic!("nothing holds this sender back");
}

fn pause_of(answer: &Answer) -> u64 {
    answer.headers["retry-after"].parse().unwrap()
}

#[tokio::test]
async fn the_dial_is_shown_as_it_was_set() {
    for app in apps().await {
        let untouched = app.platform(Method::GET, "/v1/exams/spring/pace").send().await.expect(200);
        assert_eq!(untouched, json!({ "group_by": "none", "live_nodes": 1 }));
        let policy = json!({
            "max_bytes_per_s": 250_000_000, "parallel": 2, "spread_s": 60, "paused": "a cable is cut",
            "group_by": "roster", "group_bytes_per_s": 25_000_000, "groups": { "seoul-1": 12_500_000 }
        });
        let answer = set(&app, &policy).await;
        let mut told = answer.clone();
        told.as_object_mut().unwrap().retain(|name, _| policy.get(name).is_some());
        assert_eq!(told, policy);
        assert_eq!((&answer["live_nodes"], &answer["changed_at"]), (&json!(1), &json!(crate::app::START)));
        assert_eq!(app.platform(Method::GET, "/v1/exams/spring/pace").send().await.expect(200), answer);
        app.exam_called("autumn").await;
        assert_eq!(app.platform(Method::GET, "/v1/exams/spring").send().await.expect(200)["pace"], policy);
        let list = app.platform(Method::GET, "/v1/exams").send().await.expect(200);
        assert_eq!(
            (&list["items"][0]["pace"], &list["items"][1]["pace"]),
            (&json!({ "group_by": "none" }), &policy)
        );
        let audit = handin::db::audit::list(&app.node.app.db, None, 100).await.unwrap();
        let entry = audit.iter().find(|entry| entry.action == "pace.set").unwrap();
        assert_eq!(serde_json::from_str::<Value>(&entry.detail).unwrap(), policy);
        assert_eq!(
            (entry.who.as_str(), entry.what.as_str()),
            (answer["changed_by"].as_str().unwrap(), "spring")
        );
    }
}

#[tokio::test]
async fn an_exam_may_be_created_with_a_pace() {
    let app = TestApp::start().await;
    let exam =
        json!({ "id": "spring", "title": "T", "subjects": [{ "id": "coding" }], "pace": { "parallel": 1 } });
    let create = async || app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    assert_eq!(create().await["pace"], json!({ "parallel": 1, "group_by": "none" }));
    assert_eq!(open(&app, "c1").await.answer["pace"], json!({ "parallel": 1 }));
    set(&app, &json!({ "parallel": 3 })).await;
    assert_eq!(create().await["pace"]["parallel"], 3, "the dial stands where it was turned to since");
    let bad = json!({ "title": "T", "subjects": [{ "id": "coding" }], "pace": { "parallel": 0 } });
    let refused = app.platform(Method::POST, "/v1/exams").json(&bad).send().await.problem(422, "invalid");
    assert_eq!(refused["field"], "pace.parallel");
}

#[tokio::test]
async fn what_cannot_be_acted_on_is_named() {
    let app = with_exam(TestApp::builder()).await;
    let cases = [
        (json!({ "max_bytes_per_s": 1 }), "max_bytes_per_s"),
        (json!({ "max_bytes_per_s": -1 }), "max_bytes_per_s"),
        (json!({ "parallel": 0 }), "parallel"),
        (json!({ "spread_s": 3_601 }), "spread_s"),
        (json!({ "paused": "" }), "paused"),
        (json!({ "group_by": "age" }), "group_by"),
        (json!({ "group_bytes_per_s": 1_000_000 }), "group_by"),
        (json!({ "group_by": "roster", "groups": { "a b": 1_000_000 } }), "groups.a b"),
        (json!({ "group_by": "roster", "groups": { "seoul-1": 7 } }), "groups.seoul-1"),
        (json!({ "colour": "red" }), "colour"),
    ];
    for (policy, field) in cases {
        let call = app.platform(Method::PUT, "/v1/exams/spring/pace").json(&policy);
        assert_eq!(call.send().await.problem(422, "invalid")["field"], field, "{policy}");
    }
    for method in [Method::GET, Method::PUT] {
        let call = app.platform(method, "/v1/exams/autumn/pace").json(&json!({}));
        call.send().await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_pause_holds_parts_and_nothing_else() {
    let app = with_exam(TestApp::builder()).await;
    let one = open(&app, "c1").await;
    app.send(&one, 1, b"before").await;
    set(&app, &json!({ "paused": "a cable is cut" })).await;
    let held = ask(&app, &one, 1, 1).await;
    assert!((5..=10).contains(&pause_of(&held)), "{}", pause_of(&held));
    assert_json_snapshot!(held.problem(429, "paced"), @r#"
    {
      "detail": "sending is paused: a cable is cut",
      "pace": {
        "not_before": "2026-11-22T05:00:05Z",
        "retry_after_s": 5
      }
    }
    "#);
    let heartbeat = ask(&app, &one, 0, 9).await.expect(200);
    assert_eq!(heartbeat["pace"]["not_before"], "2026-11-22T05:00:05Z");
    assert_eq!(heartbeat["parts"], json!([]));
    app.on(&one, "sign").json(&json!({ "handle": one.handle })).send().await.expect(200);
    app.seal(&one, &[b"before"]).await.expect(200);
    let other = open(&app, "c2").await;
    assert_eq!(other.answer["pace"]["retry_after_s"], 5, "recordings are opened, and hear of it");
    set(&app, &json!({})).await;
    let signed = ask(&app, &other, 1, 1).await.expect(200);
    assert_eq!(signed.get("pace"), None);
}

#[tokio::test]
async fn bytes_are_signed_at_the_rate_and_the_held_back_come_again() {
    for app in apps().await {
        set(&app, &json!({ "max_bytes_per_s": RATE, "parallel": 4 })).await;
        let one = open(&app, "c1").await;
        let pace = json!({ "parallel": 4, "max_bytes_per_s": RATE });
        assert_eq!(one.answer["pace"], pace);
        assert_eq!(ask(&app, &one, 2, 9).await.expect(200)["pace"], pace);
        let held = ask(&app, &one, 1, 9).await;
        assert!((1..=2).contains(&pause_of(&held)), "{}", pause_of(&held));
        let problem = held.problem(429, "paced");
        assert_eq!(problem["pace"], pace);
        app.advance(Duration::from_secs(1));
        ask(&app, &one, 1, 9).await.expect(200);
        app.advance(Duration::from_secs(60));
        assert_eq!(
            drain(&app, &one, 20).await,
            2,
            "a minute of waiting gives no more than a second's worth at once"
        );
    }
}

#[tokio::test]
async fn a_recording_whose_parts_all_ask_stands_in_the_queue_once() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "max_bytes_per_s": PART })).await;
    let (greedy, modest) = (open(&app, "greedy").await, open(&app, "modest").await);
    ask(&app, &greedy, 4, 20).await.expect(200);
    for _ in 0..20 {
        ask(&app, &greedy, 4, 20).await.problem(429, "paced");
    }
    // Three seconds are owed, then four go to the one who stands before it.
    let held = ask(&app, &modest, 1, 20).await;
    assert!((3..=8).contains(&pause_of(&held)), "{}", pause_of(&held));
    held.problem(429, "paced");
}

#[tokio::test]
async fn the_nearly_finished_go_first_and_the_late_do_not_wait() {
    let app = with_exam(TestApp::builder()).await;
    let (near, far) = (open(&app, "near").await, open(&app, "far").await);
    app.advance(Duration::from_secs(3_601));
    set(&app, &json!({ "max_bytes_per_s": RATE })).await;
    assert_eq!(ask(&app, &far, 2, 20).await.status, 200);
    ask(&app, &far, 1, 20).await.problem(429, "paced");
    assert_eq!(drain(&app, &near, 1).await, 2, "those who are nearly finished may owe a second's worth");
    app.set_clock(near_salvage(&far));
    let far = Open { token: app.token("far").await, ..far };
    for _ in 0..20 {
        ask(&app, &far, 2, 2).await.expect(200);
    }
}

/// Some minutes before a recording is salvaged.
fn near_salvage(open: &Open) -> Timestamp {
    let end: Timestamp = open.answer["expires_at"].as_str().unwrap().parse().unwrap();
    end - Duration::from_secs(300)
}

#[tokio::test]
async fn who_has_much_to_send_after_the_bell_begins_at_a_moment_of_their_own() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "spread_s": 600 })).await;
    let bell = app.node.app.clock.now() + Duration::from_secs(3_600);
    let mut starts = std::collections::BTreeSet::new();
    let mut senders = Vec::new();
    for number in 0..5 {
        senders.push(open(&app, &format!("c{number}")).await);
        ask(&app, &senders[number], 1, 20).await.expect(200);
    }
    let file = json!({ "track": "screen", "upload": "file", "content_type": "video/mp4", "size": 20 * PART });
    let file = app.open_as(&app.token("c0").await, &file).await;
    ask(&app, &file, 1, 20).await.expect(200);
    app.set_clock(bell);
    ask(&app, &file, 1, 20).await.problem(429, "paced");
    for sender in &senders {
        let held = ask(&app, sender, 1, 20).await;
        let start: Timestamp = held.body["pace"]["not_before"].as_str().unwrap().parse().unwrap();
        let pause = start.duration_since(bell).as_secs_f64();
        assert!((0.0..600.0).contains(&pause));
        assert_eq!(pause_of(&held) as f64, pause.ceil());
        assert_eq!(ask(&app, sender, 0, 20).await.expect(200)["pace"]["not_before"], json!(start));
        ask(&app, sender, 1, 1).await.expect(200);
        starts.insert(start);
    }
    assert_eq!(starts.len(), 5, "{starts:?}");
    app.set_clock(*starts.last().unwrap());
    for sender in &senders {
        ask(&app, sender, 1, 20).await.expect(200);
    }
}

#[tokio::test]
async fn the_candidates_of_a_site_share_its_line() {
    for app in apps().await {
        let roster = r#"[{"candidate":"a1","group":"seoul"},{"candidate":"a2","group":"seoul"},
            {"candidate":"b1","group":"busan"},{"candidate":"c1"}]"#;
        app.platform(Method::PUT, "/v1/exams/spring/roster")
            .body("application/json", roster)
            .send()
            .await
            .expect(200);
        let mut senders = Vec::new();
        for candidate in ["a1", "a2", "b1", "c1"] {
            senders.push(open(&app, candidate).await);
        }
        // After they were opened: the dial is a live one.
        set(
            &app,
            &json!({ "group_by": "roster", "group_bytes_per_s": RATE, "groups": { "busan": 4 * RATE } }),
        )
        .await;
        let [a1, a2, b1, c1] = &senders[..] else { panic!("four were opened") };
        assert_eq!(ask(&app, a1, 2, 9).await.expect(200)["pace"]["max_bytes_per_s"], RATE);
        ask(&app, a2, 1, 9).await.problem(429, "paced");
        assert_eq!(ask(&app, b1, 2, 9).await.expect(200)["pace"]["max_bytes_per_s"], 4 * RATE);
        ask(&app, b1, 1, 9).await.expect(200);
        for _ in 0..9 {
            assert_eq!(ask(&app, c1, 2, 9).await.expect(200).get("pace"), None, "in no group");
        }
        set(&app, &json!({ "group_by": "network" })).await;
        ask(&app, a2, 1, 9).await.expect(200);
    }
}

#[tokio::test]
async fn networks_are_told_apart_by_what_trusted_proxies_say() {
    for trusted in [true, false] {
        let proxies = |config: &mut Config| {
            if trusted {
                config.server.trusted_proxies =
                    vec![handin::config::Network::host("127.0.0.1".parse().unwrap())];
            }
        };
        let app = with_exam(TestApp::builder().config(proxies)).await;
        set(&app, &json!({ "group_by": "network", "group_bytes_per_s": RATE })).await;
        let (one, two) = (from(&app, "c1", "192.0.2.1").await, from(&app, "c2", "192.0.2.200").await);
        let far = from(&app, "c3", "203.0.113.1").await;
        ask(&app, &one, 2, 9).await.expect(200);
        ask(&app, &two, 1, 9).await.problem(429, "paced");
        let other_network = ask(&app, &far, 1, 9).await.status;
        assert_eq!(other_network, if trusted { 200 } else { 429 }, "without trust all come from one address");
    }
}

async fn from(app: &TestApp, candidate: &str, address: &str) -> Open {
    let token = app.token(candidate).await;
    let opening: Call = app.opening(&token, &crate::caller::stream()).header("x-forwarded-for", address);
    Open::from(&token, opening.send().await.expect(201))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_a_rate_and_hear_of_changes() {
    for app in apps().await {
        let other = app.beside().await;
        set(&app, &json!({ "max_bytes_per_s": 4 * RATE })).await;
        let one = open(&app, "c1").await;
        service::pace::beat(&app.node.app).await.unwrap();
        service::pace::look(&other.node.app).await.unwrap();
        // Half of eight parts a second each.
        assert_eq!((drain(&app, &one, 20).await, drain(&other, &one, 20).await), (4, 4));
        set(&other, &json!({ "paused": "a cable is cut" })).await;
        service::pace::look(&app.node.app).await.unwrap();
        let held = ask(&app, &one, 1, 1).await.problem(429, "paced");
        assert_eq!(held["detail"], "sending is paused: a cable is cut");
        let alone = app.platform(Method::GET, "/v1/exams/spring/pace").send().await.expect(200);
        assert_eq!(alone["live_nodes"], 2);
        other.stop().await;
        service::pace::beat(&app.node.app).await.unwrap();
        assert_eq!(app.node.app.paces.live_nodes(), 1, "it has taken its leave");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_fell_silent_does_not_count() {
    let app = with_exam(TestApp::builder()).await;
    let silent = handin::db::nodes::Beat {
        node: "another".to_owned(),
        now: app.node.app.clock.now(),
        live_since: Timestamp::UNIX_EPOCH,
        known_since: Timestamp::UNIX_EPOCH,
    };
    app.node.app.db.change(silent).await.unwrap();
    service::pace::beat(&app.node.app).await.unwrap();
    assert_eq!(app.node.app.paces.live_nodes(), 2);
    app.advance(Duration::from_secs(16));
    service::pace::beat(&app.node.app).await.unwrap();
    assert_eq!(app.node.app.paces.live_nodes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_node_goes_on_with_what_it_knew() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "max_bytes_per_s": RATE })).await;
    let one = open(&app, "c1").await;
    app.node.app.db.close().await;
    assert!(
        service::pace::look(&app.node.app).await.is_err()
            && service::pace::beat(&app.node.app).await.is_err()
    );
    assert_eq!(drain(&app, &one, 20).await, 2);
    app.advance(Duration::from_secs(2));
    ask(&app, &one, 1, 1).await.expect(200);
}

#[tokio::test]
async fn a_pause_holds_from_the_first_request_after_a_start() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "paused": "a cable is cut" })).await;
    let one = open(&app, "c1").await;
    let app = app.restart().await;
    ask(&app, &one, 1, 1).await.problem(429, "paced");
}

#[tokio::test]
async fn clients_that_obey_nothing_get_few_urls() {
    let app = with_exam(TestApp::builder().config(|config| config.uploads.part_urls_per_s = 1)).await;
    let (one, two) = (open(&app, "c1").await, open(&app, "c2").await);
    for _ in 0..10 {
        ask(&app, &one, 1, 1).await.expect(200);
    }
    let held = ask(&app, &one, 1, 1).await;
    assert!((5..=10).contains(&pause_of(&held)), "{}", pause_of(&held));
    held.problem(429, "paced");
    ask(&app, &one, 0, 1).await.expect(200);
    ask(&app, &two, 1, 1).await.expect(200);
    app.advance(Duration::from_secs(10));
    ask(&app, &one, 1, 1).await.expect(200);
}

#[tokio::test]
async fn a_put_is_opened_without_its_url_and_waits_for_its_turn() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "paused": "a cable is cut" })).await;
    let token = app.token("c1").await;
    let one = app.open_as(&token, &put(b"whole")).await;
    assert_eq!(one.answer.get("put"), None);
    assert!((5..=10).contains(&one.answer["pace"]["retry_after_s"].as_u64().unwrap()));
    let sign = async || app.on(&one, "sign").json(&json!({ "handle": one.handle })).send().await;
    sign().await.problem(429, "paced");
    set(&app, &json!({})).await;
    let signed = sign().await.expect(200);
    assert_eq!(app.put(&signed["put"], b"whole").await, 200);
}

#[tokio::test]
async fn metrics_tell_who_was_let_through_and_who_was_not() {
    let app = with_exam(TestApp::builder()).await;
    set(&app, &json!({ "max_bytes_per_s": RATE })).await;
    drain(&app, &open(&app, "c1").await, 20).await;
    let metrics = app.call(Method::GET, "/metrics").send().await.text;
    for wanted in [
        "handin_admitted_total{priority=\"at_risk\"}",
        "handin_paced_total{why=\"rate\"}",
        "handin_pace_level_bytes{exam=\"spring\"}",
        "handin_live_nodes ",
    ] {
        assert!(metrics.contains(wanted), "{wanted}\n{metrics}");
    }
}
