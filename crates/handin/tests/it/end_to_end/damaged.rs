//! Bytes that are not what was recorded, and objects that change after they were sealed.

use std::time::Duration;

use handin::config::Config;
use handin::objects::capabilities::Capability;
use handin::service::checks::verify;
use serde_json::json;

use super::{Place, everywhere, everywhere_with};
use crate::app::part;
use crate::caller::put;

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_part_is_refused_on_arrival_or_found_by_the_seal() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let open = app.open(&app.token("c1").await).await;
        let refuses = place.does(Capability::RefusesWrongPartChecksum);
        let signed = app.sign(&open, 1, b"recorded").await;
        assert_eq!(app.put(&signed, b"recorder").await, if refuses { 400 } else { 200 }, "{store:?}");
        let answer = app.seal(&open, &[b"recorded"]).await;
        if refuses {
            assert_eq!(answer.problem(409, "parts_missing")["parts"], json!([1]), "{store:?}");
            app.send(&open, 1, b"recorded").await;
            assert_eq!(app.seal(&open, &[b"recorded"]).await.expect(200)["state"], "sealed", "{store:?}");
            assert_eq!(app.download(&open.id).await, b"recorded", "{store:?}");
        } else {
            answer.problem(409, "object_differs");
            let stated = app.receipt(&open.id).await;
            assert_eq!(
                (stated.state.as_str(), stated.reason.as_deref()),
                ("partial", Some("object_differs"))
            );
            assert_eq!(app.download(&open.id).await, b"recorder", "{store:?}: kept all the same");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_length_is_exact() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let open = app.open(&app.token("c1").await).await;
        let signed = app.sign(&open, 1, b"recorded").await;
        for wrong in [&b"recorde"[..], b"recorded!"] {
            assert_eq!(app.put(&signed, wrong).await, 403, "{store:?}");
        }
        let none = app.seal(&open, &[b"recorded"]).await.problem(409, "parts_missing");
        assert_eq!(none["parts"], json!([1]), "{store:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_is_written_once() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let open = app.open_as(&app.token("c1").await, &put(b"first")).await;
        assert_eq!(app.put(&open.answer["put"], b"first").await, 200, "{store:?}");
        let refuses = place.does(Capability::RefusesSecondWrite);
        assert_eq!(
            app.put(&open.answer["put"], b"first").await,
            if refuses { 412 } else { 200 },
            "{store:?}"
        );
        let claim = json!({ "handle": open.handle, "size": 5, "sha256": part(1, b"first")["sha256"] });
        assert_eq!(
            app.on(&open, "seal").json(&claim).send().await.expect(200)["state"],
            "sealed",
            "{store:?}"
        );
        assert_eq!(
            app.put(&open.answer["put"], b"first").await,
            if refuses { 412 } else { 200 },
            "{store:?}"
        );
        assert_eq!(app.download(&open.id).await, b"first", "{store:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_object_is_looked_at_again() {
    let change = |config: &mut Config| {
        config.jobs.verify_after_s = 60;
        // No moment is near enough for a regular job to be due between the two runs.
        config.jobs.reconcile_every_s = u64::MAX;
        config.webhooks.look_every_s = u64::MAX;
        config.audit.link_every_s = u64::MAX;
    };
    everywhere_with(change, looks_again).await;
}

async fn looks_again(place: Place) {
    let (app, store) = (&place.app, place.store);
    app.exam().await;
    let (kept, _) = app.sealed(&app.token("c1").await).await;
    let (gone, receipt) = app.sealed(&app.token("c2").await).await;
    app.run_jobs().await;
    app.advance(Duration::from_secs(61));
    assert_eq!(app.run_jobs().await, 2, "{store:?}: both are verified");
    app.node.app.objects.delete(gone.key()).await.unwrap();
    let found = async |id: &str| verify(&app.node.app, &id.parse().unwrap(), 1).await.unwrap();
    assert!(found(&kept.id).await, "{store:?}");
    assert!(!found(&gone.id).await, "{store:?}");
    // It reports and changes nothing: what was once proved stays written.
    let shown = app.show(&gone.id).await;
    assert_eq!((&shown["state"], &shown["receipt"]), (&json!("sealed"), &json!(receipt)), "{store:?}");
}
