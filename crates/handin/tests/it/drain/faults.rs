//! What goes wrong at an archive: nothing is lost, and it is tried again.

use super::*;
use crate::proxy::{Action, Answer as Scripted, Proxy, Rule};
use crate::stores::{TestStore, new_bucket};

#[tokio::test]
async fn a_damaged_copy_is_found_before_the_first_goes_and_made_again() {
    let app = with_archive().start().await;
    let recordings = sealed(&app, &["c1"]).await;
    assert_eq!(counts(&drained(&app).await), [0, 1, 0]);
    let first_try = keys(&archive(&app)).await;
    assert_eq!(damage(folder(&app.node.app.config), BYTES), 1);
    pass_days(&app, 8).await;
    assert_eq!(keys(&app.bucket()).await, [recordings[0].key()], "the first copy counted again and stands");
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
    let second_try = keys(&archive(&app)).await;
    assert_eq!(second_try.len(), 1);
    assert_ne!(second_try, first_try, "no key is written twice");
    assert_eq!(app.download(&recordings[0].id).await, BYTES);
    pass_days(&app, 8).await;
    assert_eq!(counts(&progress(&app).await), [0, 0, 1]);
    assert_eq!(app.bucket().objects().await, []);
    assert_eq!(app.download(&recordings[0].id).await, BYTES);
}

#[tokio::test]
async fn when_neither_copy_is_whole_both_are_kept() {
    let app = with_archive().start().await;
    let recordings = sealed(&app, &["c1"]).await;
    assert_eq!(counts(&drained(&app).await), [0, 1, 0]);
    damage(folder(&app.node.app.config), BYTES);
    let objects = &app.node.app.objects;
    objects.delete(recordings[0].key()).await.unwrap();
    pass_days(&app, 8).await;
    assert_eq!(archive(&app).objects().await.len(), 1);
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
}

/// An app whose archive is a store of its own behind a proxy.
struct Behind {
    app: TestApp,
    proxy: Proxy,
    _stores: [TestStore; 2],
}

async fn behind() -> Behind {
    let (store, first) = (TestStore::embedded().await, TestStore::embedded().await);
    let proxy = Proxy::start(store.address()).await;
    let archive = Archive {
        endpoint: Some(proxy.endpoint()),
        bucket: new_bucket(),
        access_key: Some(store.access_key.clone().into()),
        secret_key: Some(store.secret_key.clone().into()),
        ..Archive::default()
    };
    let change = |config: &mut Config| {
        config.archives.insert("nas".to_owned(), archive);
        config.store.retry_budget_ms = 0;
        config.store.call_timeout_ms = 3_000;
    };
    // Both stores tell the time of the machine.
    let app =
        TestApp::builder().config(change).store(&first.reached_at(first.endpoint.clone())).start().await;
    app.node.app.archives["nas"].ensure_bucket().await.unwrap();
    Behind { app, proxy, _stores: [store, first] }
}

#[tokio::test]
async fn an_archive_that_is_full_slow_or_away_is_tried_again() {
    let Behind { app, proxy, _stores } = behind().await;
    let recordings = sealed(&app, &["c1"]).await;
    let full = || Action::Answer(Scripted::error(507, "InsufficientStorage"));
    let rules = [
        Rule::on("create_upload", Action::Drop),
        Rule::on("put_part", full()),
        Rule::on("put_part", Action::Hang),
        Rule::on("complete_upload", full()),
        Rule::on("complete_upload", Action::DropAnswer),
        Rule::on("head", Action::Answer(Scripted::error(503, "SlowDown"))),
    ];
    for (times, rule) in rules.into_iter().enumerate() {
        proxy.heal();
        proxy.script(rule);
        let failing = drained(&app).await;
        assert_eq!((counts(&failing), &failing["failing"]), ([1, 0, 0], &json!(1)), "{failing}");
        assert!(failing["error"].is_string());
        assert_eq!(app.download(&recordings[0].id).await, BYTES, "the first copy counts");
        // Each pause is twice the last. The stores allow a quarter of an hour in all.
        app.advance(Duration::from_secs((10 << times) + 1));
    }
    proxy.heal();
    app.run_jobs().await;
    let done = progress(&app).await;
    assert_eq!((counts(&done), &done["failing"]), ([0, 1, 0], &json!(0)), "{done}");
    assert_eq!(app.download(&recordings[0].id).await, BYTES);
}

#[tokio::test]
async fn an_upload_that_the_archive_lost_is_begun_anew() {
    let Behind { app, proxy, _stores } = behind().await;
    let recordings = sealed(&app, &["c1"]).await;
    proxy.script(Rule::on("complete_upload", Action::Answer(Scripted::error(503, "SlowDown"))));
    assert_eq!(counts(&drained(&app).await), [1, 0, 0]);
    proxy.heal();
    let there = &app.node.app.archives["nas"];
    for upload in there.list_uploads("", None).await.unwrap().uploads {
        there.abort(&upload.key, &upload.upload_id).await.unwrap();
    }
    for _ in 0..3 {
        app.advance(Duration::from_secs(60));
        app.run_jobs().await;
    }
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
    assert_eq!(app.download(&recordings[0].id).await, BYTES);
}
