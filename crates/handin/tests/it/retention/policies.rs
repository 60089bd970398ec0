//! What policies may say, who sets them, and what candidates are told.

use handin::db::Caused;
use handin::db::retention::{PolicyVersion, SetPolicy};
use reqwest::Method;
use serde_json::{Value, json};

use super::{post_anchor, preview, set_policy};
use crate::app::TestApp;

async fn shown(app: &TestApp) -> Value {
    app.platform(Method::GET, "/v1/exams/spring/retention").send().await.expect(200)
}

#[tokio::test]
async fn an_exam_has_the_policy_of_the_house_until_it_gets_its_own() {
    let app = TestApp::start().await;
    app.exam().await;
    let house = shown(&app).await;
    assert_eq!(house["rules"], json!(["delete 30 days after bell"]));
    assert_eq!((&house["version"], &house["promised_days"]), (&json!("house@1"), &json!(38)));
    let policy =
        json!({ "rules": ["delete 3 months after  bell if not flagged"], "time_zone": "Asia/Seoul" });
    let own = set_policy(&app, &policy).await.expect(200);
    assert_eq!((&own["version"], &own["maximum_days"]), (&json!("spring@1"), &json!(180)));
    assert_eq!(own["rules"], json!(["delete 3 months after bell if not flagged"]));
    assert_eq!(own["promised_days"], json!(188), "a flagged one has no rule but the maximum");
    assert_eq!(set_policy(&app, &policy).await.expect(200)["version"], "spring@2");
    assert_eq!(shown(&app).await["version"], "spring@2");
    assert_eq!(app.node.app.clock.now().to_string(), own["set_at"].as_str().unwrap());
}

#[tokio::test]
async fn the_days_that_an_exam_is_created_with_are_a_policy() {
    let app = TestApp::start().await;
    let exam = json!({ "id": "spring", "title": "Spring", "subjects": [{ "id": "coding" }], "retention": { "days": 14 } });
    app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    let policy = shown(&app).await;
    assert_eq!(
        (&policy["version"], &policy["rules"]),
        (&json!("spring@0"), &json!(["delete 14 days after bell"]))
    );
    let token = app.token("c1").await;
    let sitting = app.call(Method::GET, "/v1/sitting").bearer(&token).send().await.expect(200);
    assert_eq!(sitting["retention_days"], 22, "the grace is counted, and a day for the runs");
    let long = json!({ "title": "Long", "subjects": [{ "id": "coding" }], "retention": { "days": 181 } });
    let refused = app.platform(Method::POST, "/v1/exams").json(&long).send().await.problem(422, "invalid");
    assert_eq!(refused["field"], "retention.days");
}

#[tokio::test]
async fn a_policy_that_a_node_cannot_read_is_not_the_candidates_fault() {
    let (app, _) = super::with_recordings(TestApp::start().await, &["c1"]).await;
    let new = PolicyVersion {
        exam: Some("spring".parse().unwrap()),
        version: 1,
        policy: json!({ "rules": ["delete 1 day after bell"], "time_zone": "Mars/Olympus" }).to_string(),
        set_at: app.node.app.clock.now(),
        set_by: "a node that knows more time zones".to_owned(),
    };
    let set = SetPolicy { new, stamp: -1, caused: Caused::default() };
    assert!(app.node.app.db.change(set).await.unwrap());
    let token = app.token("c1").await;
    let sitting = app.call(Method::GET, "/v1/sitting").bearer(&token).send().await.expect(200);
    assert_eq!(sitting["retention_days"], Value::Null);
    app.platform(Method::GET, "/v1/exams/spring/retention").send().await.problem(500, "internal");
    super::pass_days(&app, 40).await;
    assert_eq!(super::ran(&app).await, (0, 0), "what nobody can judge is kept");
}

#[tokio::test]
async fn what_a_policy_lacks_is_named_with_what_to_write() {
    let app = TestApp::start().await;
    app.exam().await;
    let rule = "delete 30 days after bell";
    for (policy, field) in [
        (json!({ "rules": [] }), "rules"),
        (json!({ "rules": [rule, "delete 30 days after lunch"] }), "rules[1]"),
        (json!({ "rules": ["keep-clip 30 days after bell"] }), "rules[0]"),
        (json!({ "rules": [rule], "time_zone": "Asia/Soul" }), "time_zone"),
        (json!({ "rules": [rule], "maximum_days": 0 }), "maximum_days"),
        (json!({ "rules": [rule], "maximum_days": 400 }), "reason"),
        (json!({ "rules": [rule], "reason": "x".repeat(501) }), "reason"),
    ] {
        let refused = set_policy(&app, &policy).await.problem(422, "invalid");
        assert_eq!(refused["field"], field, "{policy}");
    }
    let long = json!({ "rules": [rule], "maximum_days": 400, "reason": "appeals" });
    assert_eq!(set_policy(&app, &long).await.expect(200)["version"], "spring@1", "nothing was set before");
}

#[tokio::test]
async fn events_are_anchors_for_all_or_for_one_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let (app, _) = super::with_recordings(app, &["c1", "c2"]).await;
    let policy = json!({ "rules": ["delete 1 day after hiring_decided", "delete 100 days after bell"] });
    set_policy(&app, &policy).await.expect(200);
    super::pass_days(&app, 2).await;
    assert_eq!(preview(&app).await["recordings"], 0);
    let day_ago = "2026-11-23T05:00:00Z";
    post_anchor(&app, &json!({ "kind": "hiring_decided", "at": day_ago })).await.expect(201);
    assert_eq!(preview(&app).await["recordings"], 2);
    let of_c1 = json!({ "kind": "hiring_decided", "candidate": "c1" });
    assert_eq!(post_anchor(&app, &of_c1).await.expect(201)["at"], "2026-11-24T05:00:00Z");
    assert_eq!(preview(&app).await["recordings"], 1, "c1's own word counts");
    let back = json!({ "kind": "hiring_decided", "withdrawn": true });
    assert_eq!(post_anchor(&app, &back).await.expect(201)["at"], Value::Null);
    assert_eq!(preview(&app).await["recordings"], 0);
    assert_eq!(post_anchor(&app, &json!({ "kind": "bell" })).await.problem(422, "invalid")["field"], "kind");
    assert_eq!(post_anchor(&app, &json!({ "kind": "lunch" })).await.problem(422, "invalid")["field"], "kind");
}
