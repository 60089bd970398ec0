//! Storage classes: what rules move is moved near the store, what costs more than it saves stays, and what is held stays
//! readable.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::runs::apps;
use super::{events, pass_days, place, preview, ran, release, run, set_policy, state, with_recordings};
use crate::app::{Open, TestApp};
use crate::call::Answer;
use crate::caller::{claim_of_put, put};
use crate::unfinished::film;

/// Longer than any link lives.
const A_DAY: Duration = Duration::from_secs(86_400);

async fn link(app: &TestApp, open: &Open) -> Answer {
    app.platform(Method::POST, &format!("/v1/recordings/{}/link", open.id)).json(&json!({})).send().await
}

async fn class(app: &TestApp, open: &Open) -> Value {
    app.show(&open.id).await["storage_class"].clone()
}

/// The classes of all objects as anybody sees them who lists the bucket.
async fn listed(app: &TestApp) -> Vec<String> {
    app.bucket().classes().await.into_iter().map(|(_, class)| class).collect()
}

/// How many recordings a run takes to other classes; its jobs have run.
async fn moved(app: &TestApp) -> u64 {
    let ran = run(app, None).await.expect(200);
    app.run_jobs().await;
    ran["tiered"].as_u64().unwrap()
}

#[tokio::test]
async fn a_recording_goes_through_its_classes_and_then_for_good() {
    for app in apps().await {
        let (app, sealed) = with_recordings(app, &["c1", "c2"]).await;
        let rules = [
            "tier:GLACIER_IR 10 days after bell",
            "tier:STANDARD_IA 2 days after bell",
            "delete 30 days after bell",
        ];
        set_policy(&app, &json!({ "rules": rules })).await.expect(200);
        pass_days(&app, 1).await;
        assert_eq!((moved(&app).await, listed(&app).await), (0, vec!["STANDARD".to_owned(); 2]));
        pass_days(&app, 2).await;
        let shown = preview(&app).await;
        assert_eq!((&shown["tiered"]["recordings"], &shown["needs"]), (&json!(2), &Value::Null));
        assert_eq!(shown["lines"][0]["rule"], "tier:STANDARD_IA 2 days after bell");
        let before = app.receipt(&sealed[0].id).await;
        assert_eq!(moved(&app).await, 2);
        assert_eq!(class(&app, &sealed[0]).await, "STANDARD_IA");
        let after = app.receipt(&sealed[0].id).await;
        assert_eq!(after.sha256_parts, before.sha256_parts, "the same bytes");
        assert_eq!(after.replaces.map(|former| former.key), Some(before.key));
        assert_eq!(app.download(&sealed[0].id).await, b"a short recording");
        assert_eq!((moved(&app).await, listed(&app).await.len()), (0, 4), "a link may have been handed out");
        app.advance(A_DAY);
        app.run_jobs().await;
        assert_eq!(listed(&app).await, ["STANDARD_IA"; 2]);
        pass_days(&app, 7).await;
        assert_eq!(moved(&app).await, 2);
        app.advance(A_DAY);
        app.run_jobs().await;
        assert_eq!(listed(&app).await, ["GLACIER_IR"; 2]);
        assert_eq!(app.download(&sealed[1].id).await, b"a short recording");
        let kinds = events(&app).await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "recording.tiered").count(), 4);
        pass_days(&app, 20).await;
        assert_eq!(ran(&app).await, (2, 0));
        pass_days(&app, 8).await;
        assert_eq!(ran(&app).await, (0, 2));
        assert_eq!(app.bucket().objects().await, []);
        assert_eq!(state(&app, &sealed[0]).await, "deleted");
    }
}

#[tokio::test]
async fn what_is_held_is_not_taken_where_it_cannot_be_read_at_once() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2", "c3"]).await;
    let rules = ["tier:GLACIER 2 days after bell", "delete 90 days after bell"];
    set_policy(&app, &json!({ "rules": rules })).await.expect(200);
    let hold = place(&app, &json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" })).await;
    pass_days(&app, 3).await;
    assert_eq!(preview(&app).await["held"], 1);
    assert_eq!(run(&app, None).await.expect(200)["tiered"], 2);
    let late = place(&app, &json!({ "exam": "spring", "candidate": "c3", "reason": "appeal" })).await;
    app.run_jobs().await;
    for (open, expected) in sealed.iter().zip(["STANDARD", "GLACIER", "STANDARD"]) {
        assert_eq!(class(&app, open).await, expected);
    }
    let refused = link(&app, &sealed[1]).await.problem(409, "archived");
    assert!(refused["detail"].as_str().unwrap().contains("GLACIER"), "{refused}");
    link(&app, &sealed[0]).await.expect(200);
    release(&app, &hold).await;
    release(&app, &late).await;
    app.advance(A_DAY);
    assert_eq!(moved(&app).await, 2);
    assert_eq!(class(&app, &sealed[2]).await, "GLACIER");
}

#[tokio::test]
async fn what_costs_more_than_it_saves_stays_and_a_preview_says_so() {
    let prices = |config: &mut handin::config::Config| {
        config.retention.prices_of = Some("ap-northeast-2".to_owned());
    };
    let (app, sealed) = with_recordings(TestApp::builder().config(prices).start().await, &["c1"]).await;
    let rules = ["tier:GLACIER_IR 2 days after bell", "delete 30 days after bell"];
    pass_days(&app, 3).await;
    set_policy(&app, &json!({ "rules": rules })).await.expect(200);
    for _ in 0..2 {
        let shown = preview(&app).await;
        let refused = &shown["lines"][0]["refused"];
        assert_eq!((&refused["recordings"], &shown["tiered"]["recordings"]), (&json!(1), &json!(0)));
        // Three requests at 0.02 a thousand, and 64 days or so of 128 KiB at 0.005 for nothing.
        let costs = refused["costs_usd"].as_f64().unwrap();
        assert!((0.000_061..0.000_062).contains(&costs), "{costs}");
        assert!(refused["saves_usd"].as_f64().unwrap() < costs);
        let ran = run(&app, None).await.expect(200);
        assert_eq!((&ran["refused"], &ran["tiered"], &ran["unconfirmed"]), (&json!(1), &json!(0), &json!(0)));
    }
    app.run_jobs().await;
    assert_eq!(class(&app, &sealed[0]).await, "STANDARD");
    pass_days(&app, 2).await;
    run(&app, None).await.expect(200);
    assert_eq!(preview(&app).await["lines"], json!([]), "for a day it is shown");
    pass_days(&app, 26).await;
    assert_eq!(ran(&app).await, (1, 0), "it goes when it is due");
}

#[tokio::test]
async fn what_was_to_move_before_its_policy_was_set_waits_to_be_confirmed() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2"]).await;
    pass_days(&app, 20).await;
    let rules = ["tier:DEEP_ARCHIVE 10 days after bell", "delete 90 days after bell"];
    set_policy(&app, &json!({ "rules": rules })).await.expect(200);
    assert_eq!(run(&app, None).await.expect(200)["needs"], "old_data");
    app.run_jobs().await;
    assert_eq!(class(&app, &sealed[0]).await, "STANDARD");
    let confirmation = preview(&app).await["confirmation"].as_str().unwrap().to_owned();
    assert_eq!(run(&app, Some(&confirmation)).await.expect(200)["tiered"], 2);
    // What was queued under one policy is not done under another.
    let kept = json!({ "rules": ["tier:DEEP_ARCHIVE 10 days after flagged", "delete 90 days after bell"] });
    set_policy(&app, &kept).await.expect(200);
    app.run_jobs().await;
    assert_eq!(listed(&app).await, ["STANDARD"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_recordings_are_written_in_the_class_of_their_policy() {
    let app = TestApp::start().await;
    app.exam().await;
    let policy = json!({ "rules": ["delete 30 days after bell"], "storage_class": "STANDARD_IA" });
    assert_eq!(set_policy(&app, &policy).await.expect(200)["storage_class"], "STANDARD_IA");
    let film = film();
    let open = app.open(&app.token("c1").await).await;
    for (number, part) in (1..).zip(film.parts()) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &film.parts()).await.expect(200);
    let whole = app.open_as(&app.token("c2").await, &put(b"a whole file")).await;
    let mut signed = whole.answer["put"].clone();
    assert_eq!(signed["headers"]["x-amz-storage-class"], "STANDARD_IA");
    let without = signed["headers"].as_object_mut().unwrap();
    let header = without.remove("x-amz-storage-class").unwrap();
    assert_eq!(app.put(&signed, b"a whole file").await, 403, "the sender must say it");
    signed["headers"]["x-amz-storage-class"] = header;
    assert_eq!(app.put(&signed, b"a whole file").await, 200);
    app.on(&whole, "seal").json(&claim_of_put(&whole, b"a whole file")).send().await.expect(200);
    app.run_jobs().await;
    film.assert_mended(&app.download(&open.id).await);
    assert_eq!(listed(&app).await, ["STANDARD_IA"; 3], "the mended object too");
    assert_eq!(class(&app, &open).await, "STANDARD_IA");
    assert_eq!(class(&app, &whole).await, "STANDARD_IA");
}

#[tokio::test]
async fn a_policy_names_classes_that_there_are() {
    let app = TestApp::start().await;
    app.exam().await;
    let rule = "delete 30 days after bell";
    for (policy, field) in [
        (json!({ "rules": [rule, "tier:FLOPPY 1 day after bell"] }), "rules[1]"),
        (json!({ "rules": [rule, "tier:STANDARD 1 day after bell"] }), "rules[1]"),
        (json!({ "rules": [rule], "storage_class": "FLOPPY" }), "storage_class"),
        (json!({ "rules": [rule], "storage_class": "GLACIER" }), "storage_class"),
    ] {
        let refused = set_policy(&app, &policy).await.problem(422, "invalid");
        assert_eq!(refused["field"], field, "{policy}");
    }
    assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "nothing is left of a question");
}
