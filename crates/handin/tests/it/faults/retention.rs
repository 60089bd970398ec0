//! The store while recordings go for good: what it does not let go is not certified, and what is gone already is no
//! failure.

use std::time::Duration;

use handin::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::app::TestApp;
use crate::proxy::{Action, Answer, Rule};

#[tokio::test]
async fn what_is_deleted_by_hand_leaves_no_version_either() {
    let scene = Scene::with(|config| config.store.retry_budget_ms = 0).await;
    let app = &scene.app;
    app.exam_with_bell("past", app.node.app.clock.now()).await;
    let (open, _) = app.sealed(&app.token_for("past", "c1").await).await;
    app.run_jobs().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    scene.proxy.script(Rule::on("get_versioning", Action::Answer(Answer::xml(200, enabled))));
    scene.proxy.script(Rule::on("delete_version", Action::Answer(Answer::xml(204, ""))));
    let key = open.key();
    let version = format!("<Version><Key>{key}</Key><VersionId>v1</VersionId></Version>");
    let one = format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{version}</ListVersionsResult>");
    let none = "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>";
    scene.proxy.script(Rule::on("list_versions", Action::Answer(Answer::xml(200, &one))).times(0..1));
    scene.proxy.script(Rule::on("list_versions", Action::Answer(Answer::xml(200, none))).times(1..2));
    app.platform(Method::DELETE, &format!("/v1/recordings/{}", open.id)).send().await.expect(200);
    app.run_jobs().await;
    let removed = scene.proxy.seen().into_iter().filter(|seen| seen.call == "delete_version").count();
    assert_eq!(removed, 1);
    assert_eq!(scene.bucket().objects().await, []);
}

/// Two recordings that were marked and whose grace is over; the next job deletes their objects.
async fn over() -> (Scene, Vec<String>) {
    let scene = Scene::with(at_once).await;
    let keys = let_be_over(&scene.app).await;
    (scene, keys)
}

fn at_once(config: &mut Config) {
    config.retention.grace_days = 0;
    config.store.retry_budget_ms = 0;
}

async fn let_be_over(app: &TestApp) -> Vec<String> {
    app.exam_with_bell("past", app.node.app.clock.now() - Duration::from_secs(40 * 86_400)).await;
    let mut keys = Vec::new();
    for candidate in ["c1", "c2"] {
        let (open, _) = app.sealed(&app.token_for("past", candidate).await).await;
        keys.push(open.key().to_owned());
    }
    app.run_jobs().await;
    let preview = app.platform(Method::GET, "/v1/retention/preview").send().await.expect(200);
    assert_eq!(run(app, &preview["confirmation"]).await["marked"], 2);
    app.advance(Duration::from_secs(1));
    assert_eq!(run(app, &Value::Null).await["deleted"], 2);
    keys
}

async fn run(app: &TestApp, confirm: &Value) -> Value {
    app.platform(Method::POST, "/v1/retention/runs")
        .json(&json!({ "confirm": confirm }))
        .send()
        .await
        .expect(200)
}

/// Whether the deletion is certified.
async fn is_certified(app: &TestApp) -> bool {
    let page = app.platform(Method::GET, "/v1/certificates").send().await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    page["items"][0]["certificate"].is_string()
}

/// Runs what is due, and what waits to be tried again.
async fn try_again(app: &TestApp) {
    app.advance(Duration::from_secs(30));
    app.run_jobs().await;
}

#[tokio::test]
async fn what_the_store_does_not_let_go_is_not_certified() {
    let kept = "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code><Message>locked</Message></Error></DeleteResult>";
    for refusal in [
        Answer::error(403, "AccessDenied"),
        Answer::error(503, "SlowDown"),
        Answer::xml(200, kept),
        // A store that says it has done it, and has not.
        Answer::xml(200, "<DeleteResult/>"),
    ] {
        let (scene, _) = over().await;
        scene.proxy.script(Rule::on("delete_objects", Action::Answer(refusal.clone())));
        scene.app.run_jobs().await;
        try_again(&scene.app).await;
        assert!(!is_certified(&scene.app).await, "{refusal:?}");
        assert_eq!(scene.bucket().objects().await.len(), 2, "{refusal:?}");
        scene.proxy.heal();
        try_again(&scene.app).await;
        assert!(is_certified(&scene.app).await, "{refusal:?}");
        assert_eq!(scene.bucket().objects().await, [], "{refusal:?}");
    }
}

#[tokio::test]
async fn what_is_gone_already_is_certified_like_the_rest() {
    let (scene, keys) = over().await;
    scene.app.node.app.objects.delete(&keys[0]).await.unwrap();
    scene.app.run_jobs().await;
    assert!(is_certified(&scene.app).await);
    assert_eq!(scene.bucket().objects().await, []);
}

#[tokio::test]
async fn an_object_that_somebody_else_wrote_stays_and_is_not_certified() {
    // The clock of a store outside would not go along with what is to come.
    let app = TestApp::builder().config(at_once).start().await;
    let keys = let_be_over(&app).await;
    let objects = &app.node.app.objects;
    objects.delete(&keys[0]).await.unwrap();
    let foreign = handin::objects::CreateUpload {
        content_type: "video/webm",
        write_token: "somebody else's",
        declare_sha256: false,
        storage_class: Default::default(),
    };
    let upload_id = objects.create_upload(&keys[0], foreign).await.unwrap();
    let place = handin::objects::PartPlace { key: &keys[0], upload_id: &upload_id, number: 1 };
    objects.upload_part(place, b"foreign".to_vec().into(), None).await.unwrap();
    let parts = objects.list_parts(&keys[0], &upload_id).await.unwrap();
    objects.complete(&keys[0], &upload_id, &parts, 7).await.unwrap();
    app.run_jobs().await;
    assert!(!is_certified(&app).await);
    assert_eq!(app.bucket().objects().await, [(keys[0].clone(), 7)], "the other one went");
    // Until the job is given up for good, and beyond.
    for _ in 0..30 {
        app.advance(Duration::from_secs(700));
        app.run_jobs().await;
    }
    assert!(!is_certified(&app).await);
    objects.delete(&keys[0]).await.unwrap();
    for _ in 0..3 {
        app.advance(Duration::from_secs(3_600));
        app.run_jobs().await;
    }
    assert!(is_certified(&app).await, "what was given up is taken up again");
}

#[tokio::test]
async fn whoever_may_not_ask_for_versions_deletes_nothing() {
    let (scene, _) = over().await;
    let refusal = Answer::error(403, "AccessDenied");
    scene.proxy.script(Rule::on("get_versioning", Action::Answer(refusal)));
    scene.app.run_jobs().await;
    assert_eq!(scene.bucket().objects().await.len(), 2);
    scene.proxy.heal();
    try_again(&scene.app).await;
    assert!(is_certified(&scene.app).await);
}

#[tokio::test]
async fn every_version_goes_where_the_bucket_keeps_them() {
    let (scene, mut keys) = over().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let of = |key: &str| {
        let version = format!("<Version><Key>{key}</Key><VersionId>v1</VersionId></Version>");
        let marker = format!("<DeleteMarker><Key>{key}</Key><VersionId>m2</VersionId></DeleteMarker>");
        format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{version}{marker}</ListVersionsResult>")
    };
    let none = Answer::xml(200, "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>");
    scene.proxy.script(Rule::on("get_versioning", Action::Answer(Answer::xml(200, enabled))));
    let removed = Answer::xml(204, "");
    scene.proxy.script(Rule::on("delete_version", Action::Answer(removed)));
    keys.sort();
    for (place, key) in keys.iter().enumerate() {
        // Each key is listed before and after its versions are removed.
        let before = Rule::on("list_versions", Action::Answer(Answer::xml(200, &of(key))));
        scene.proxy.script(before.times(2 * place..2 * place + 1));
        let after = Rule::on("list_versions", Action::Answer(none.clone()));
        scene.proxy.script(after.times(2 * place + 1..2 * place + 2));
    }
    scene.app.run_jobs().await;
    let removed = scene.proxy.seen().into_iter().filter(|seen| seen.call == "delete_version").count();
    assert_eq!(removed, 4, "two versions of two objects");
    assert!(is_certified(&scene.app).await);
}
