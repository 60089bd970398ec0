//! Holds in stores with Object Lock: what is held has a legal hold there too, for as long as it is held and no longer.

use handin::objects::capabilities::KnownStore;
use handin::service::revisions::retire;
use reqwest::Method;
use serde_json::json;

use super::{place, release};
use crate::app::{Open, TestApp, externals};
use crate::unfinished::film;

/// Runs a test on every store, in a bucket with Object Lock.
async fn everywhere(test: impl AsyncFn(TestApp, KnownStore)) {
    for store in [None].into_iter().chain(externals().into_iter().map(Some)) {
        let name = store.as_ref().map_or("embedded", |store| store.name.as_str());
        let builder = match &store {
            Some(external) => TestApp::builder().store(external).locked().await,
            None => TestApp::builder(),
        };
        let app = builder.start().await;
        if store.is_none() {
            app.bucket().enable_object_lock().await;
        }
        assert!(app.node.app.objects.has_lock().await.unwrap(), "{name}");
        app.exam().await;
        Box::pin(test(app, KnownStore::from_name(name).unwrap())).await;
    }
}

async fn is_locked(app: &TestApp, key: &str) -> bool {
    app.node.app.objects.legal_hold(key).await.unwrap()
}

async fn sealed(app: &TestApp, candidate: &str) -> Open {
    let open = app.sealed(&app.token(candidate).await).await.0;
    app.run_jobs().await;
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_has_a_legal_hold_for_as_long_as_any_hold_covers_it() {
    everywhere(async |app, store| {
        let (one, other) = (sealed(&app, "c1").await, sealed(&app, "c2").await);
        assert!(!is_locked(&app, one.key()).await, "{store:?}");
        let first = place(&app, &json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" })).await;
        app.run_jobs().await;
        assert!(is_locked(&app, one.key()).await && !is_locked(&app, other.key()).await, "{store:?}");
        let later = sealed(&app, "c1").await;
        assert!(is_locked(&app, later.key()).await, "{store:?}: sealed under the hold");

        let second = place(&app, &json!({ "exam": "spring", "reason": "audit" })).await;
        release(&app, &first).await;
        app.run_jobs().await;
        for open in [&one, &other, &later] {
            assert!(is_locked(&app, open.key()).await, "{store:?}: another hold covers it");
        }
        release(&app, &second).await;
        app.run_jobs().await;
        for open in [&one, &other, &later] {
            assert!(!is_locked(&app, open.key()).await, "{store:?}: nothing holds it");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_hold_of_somebody_else_is_left_alone() {
    everywhere(async |app, store| {
        let open = sealed(&app, "c1").await;
        assert!(app.node.app.objects.set_legal_hold(open.key(), true).await.unwrap());
        let hold = place(&app, &json!({ "exam": "spring", "reason": "appeal" })).await;
        app.run_jobs().await;
        release(&app, &hold).await;
        app.run_jobs().await;
        assert!(is_locked(&app, open.key()).await, "{store:?}");
        // So that what runs on the store after this finds it as it was.
        assert!(app.node.app.objects.set_legal_hold(open.key(), false).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_after_its_hold_goes_whatever_order_the_jobs_take() {
    everywhere(async |app, store| {
        let open = sealed(&app, "c1").await;
        let hold = place(&app, &json!({ "exam": "spring", "reason": "appeal" })).await;
        app.run_jobs().await;
        let path = format!("/v1/recordings/{}", open.id);
        let refused = app.platform(Method::DELETE, &path).send().await;
        assert_eq!(refused.expect(409)["code"], "held", "{store:?}");
        release(&app, &hold).await;
        app.platform(Method::DELETE, &path).send().await.expect(200);
        // The erase job before the one that the release caused.
        handin::service::discard::erase(&app.node.app, &open.id.parse().unwrap()).await.unwrap();
        app.run_jobs().await;
        assert_eq!(app.bucket().objects().await, [], "{store:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_recording_is_held_at_every_moment() {
    everywhere(async |app, store| {
        let film = film();
        let open = app.open(&app.token("c1").await).await;
        for (number, part) in (1..).zip(film.parts()) {
            app.send(&open, number, part).await;
        }
        place(&app, &json!({ "exam": "spring", "reason": "appeal" })).await;
        app.seal(&open, &film.parts()).await.expect(200);
        app.run_jobs().await;
        let mended = open.key().replace(".webm", ".1.webm");
        assert_eq!(app.show(&open.id).await["key"], json!(mended), "{store:?}");
        assert!(is_locked(&app, &mended).await, "{store:?}");
        assert!(is_locked(&app, open.key()).await, "{store:?}: until it is retired");
        retire(&app.node.app, &open.id.parse().unwrap(), 0).await.unwrap();
        assert!(is_locked(&app, &mended).await, "{store:?}");
        let left: Vec<String> = app.bucket().objects().await.into_iter().map(|(key, _)| key).collect();
        assert_eq!(left, [mended], "{store:?}");
    })
    .await;
}
