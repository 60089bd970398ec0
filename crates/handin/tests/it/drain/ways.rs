//! What becomes of recordings that go to an archive, when nothing fails.

use handin_core::drain::Timetable;

use super::*;
use crate::caller::claim_of_put;

#[tokio::test]
async fn a_drained_exam_plays_from_its_archive_and_leaves_the_first_store_after_the_quarantine() {
    let app = with_archive().start().await;
    let recordings = sealed(&app, &["c1", "c2"]).await;
    let before = app.receipt(&recordings[0].id).await;
    assert_eq!(counts(&drained(&app).await), [0, 2, 0]);
    assert_eq!(app.bucket().objects().await.len(), 2, "both copies stand");
    assert_eq!(archive(&app).objects().await.len(), 2);
    for open in &recordings {
        let link = app.platform(Method::POST, &format!("/v1/recordings/{}/link", open.id)).json(&json!({}));
        let link = link.send().await.expect(200);
        let endpoint = app.node.app.config.archives["nas"].endpoint.clone().unwrap();
        assert!(link["url"].as_str().unwrap().starts_with(&endpoint), "{link}");
        assert_eq!(app.download(&open.id).await, BYTES);
    }
    let after = app.receipt(&recordings[0].id).await;
    assert_eq!((after.size, after.sha256_parts), (before.size, before.sha256_parts));
    assert_eq!(after.replaces.unwrap().key, before.key);
    let events = handin::db::outbox::list(&app.node.app.db, None, 10_000).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "drain.done").count(), 2);

    pass_days(&app, 6).await;
    assert_eq!(app.bucket().objects().await.len(), 2, "the quarantine is not over");
    pass_days(&app, 2).await;
    assert_eq!(app.bucket().objects().await, []);
    assert_eq!(counts(&progress(&app).await), [0, 0, 2]);
    assert_eq!(app.download(&recordings[1].id).await, BYTES);
    drain(&app, &json!({ "to": "nas" })).await.expect(200);
    assert_eq!(counts(&progress(&app).await), [0, 0, 2], "what lives there does not go again");
}

#[tokio::test]
async fn what_is_held_is_copied_and_its_first_copy_stays() {
    let app = with_archive().start().await;
    let recordings = sealed(&app, &["c1", "c2", "c3"]).await;
    let hold = json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" });
    let hold = app.platform(Method::POST, "/v1/holds").json(&hold).send().await.expect(201);
    assert_eq!(counts(&drained(&app).await), [0, 3, 0]);
    let later = json!({ "exam": "spring", "candidate": "c2", "reason": "audit" });
    let later = app.platform(Method::POST, "/v1/holds").json(&later).send().await.expect(201);
    pass_days(&app, 8).await;
    assert_eq!(app.bucket().objects().await.len(), 2);
    assert!(!keys(&app.bucket()).await.contains(&recordings[2].key().to_owned()));
    assert_eq!(counts(&progress(&app).await), [0, 2, 1]);
    for hold in [hold, later] {
        let path = format!("/v1/holds/{}", hold["id"].as_str().unwrap());
        app.platform(Method::DELETE, &path).send().await.expect(200);
    }
    pass_days(&app, 1).await;
    assert_eq!(app.bucket().objects().await, []);
    assert_eq!(counts(&progress(&app).await), [0, 0, 3]);
}

#[tokio::test]
async fn retention_deletes_both_copies_and_certifies_them() {
    let app = with_archive().start().await;
    let recordings = sealed(&app, &["c1"]).await;
    let rules = json!({ "rules": ["delete 2 days after bell"] });
    app.platform(Method::PUT, "/v1/exams/spring/retention").json(&rules).send().await.expect(200);
    pass_days(&app, 5).await;
    assert_eq!(counts(&drained(&app).await), [0, 1, 0], "drained in its grace, and both copies stand");
    for _ in 0..8 * 24 {
        app.advance(Duration::from_secs(3_600));
        app.run_jobs().await;
    }
    assert_eq!(app.show(&recordings[0].id).await["state"], "deleted");
    assert_eq!((app.bucket().objects().await, archive(&app).objects().await), (vec![], vec![]));
    let page = app.platform(Method::GET, "/v1/certificates").send().await.expect(200);
    let jwks = app.call(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
    let jws = page["items"][0]["certificate"].as_str().unwrap();
    let stated =
        handin::service::retention::certificates::verify(jws, &serde_json::from_value(jwks).unwrap());
    let stated = stated.unwrap();
    assert_eq!((stated.recordings, stated.objects), (1, 2));
    assert!(stated.tells_of(recordings[0].key()));
    assert_eq!(progress(&app).await["waiting"], Value::Null, "nothing of it is listed any more");
}

#[tokio::test]
async fn draining_waits_while_somebody_records() {
    let app = with_archive().start().await;
    sealed(&app, &["c1"]).await;
    let open = app.open(&app.token("c2").await).await;
    let waiting = drained(&app).await;
    assert_eq!((counts(&waiting), &waiting["paused"]), ([1, 0, 0], &json!("exam")));
    assert!(app.discard(&open).await.status < 300);
    app.run_jobs().await;
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
}

#[tokio::test]
async fn draining_keeps_to_its_hours_unless_a_rate_is_given() {
    let table: Timetable = "Sat 00:00-06:00 full, else off".parse().unwrap();
    let app = with_archive().config(|config| config.drain.timetable = table).start().await;
    // A Sunday, five in the morning.
    sealed(&app, &["c1"]).await;
    let waiting = drained(&app).await;
    assert_eq!((counts(&waiting), &waiting["paused"]), ([1, 0, 0], &json!("timetable")));
    drain(&app, &json!({ "to": "nas", "max_bytes_per_s": 1_000_000 })).await.expect(200);
    app.run_jobs().await;
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
}

#[tokio::test]
async fn a_rule_drains_and_another_deletes() {
    let app = with_archive().config(|config| config.drain.archive = Some("nas".to_owned())).start().await;
    let recordings = sealed(&app, &["c1"]).await;
    let rules = json!({ "rules": ["drain 3 days after bell", "delete 12 days after bell"] });
    app.platform(Method::PUT, "/v1/exams/spring/retention").json(&rules).send().await.expect(200);
    let pass = async |days: u64| {
        for _ in 0..days * 24 {
            app.advance(Duration::from_secs(3_600));
            app.run_jobs().await;
        }
    };
    pass(2).await;
    assert_eq!(progress(&app).await["copied"], Value::Null, "its time has not come");
    pass(2).await;
    assert_eq!(counts(&progress(&app).await), [0, 1, 0]);
    pass(8).await;
    assert_eq!(counts(&progress(&app).await), [0, 0, 1]);
    assert_eq!(app.download(&recordings[0].id).await, BYTES);
    pass(9).await;
    assert_eq!(app.show(&recordings[0].id).await["state"], "deleted");
    assert_eq!((app.bucket().objects().await, archive(&app).objects().await), (vec![], vec![]));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let app = with_archive().start().await;
    sealed(&app, &["c1"]).await;
    drain(&app, &json!({ "to": "tape" })).await.problem(422, "invalid");
    drain(&app, &json!({ "to": "nas", "max_bytes_per_s": 1 })).await.problem(422, "invalid");
    let rules = json!({ "rules": ["drain 3 days after bell"] });
    let refused = app.platform(Method::PUT, "/v1/exams/spring/retention").json(&rules).send().await;
    refused.problem(422, "invalid");
    let strange = app.platform(Method::POST, "/v1/exams/autumn/drain").json(&json!({ "to": "nas" }));
    strange.send().await.problem(404, "not_found");
    app.platform(Method::GET, "/v1/exams/autumn/drain").send().await.problem(404, "not_found");
    let all = app.platform(Method::GET, "/v1/drains").send().await.expect(200);
    assert_eq!(all["items"], json!([]));
}

#[tokio::test]
async fn an_object_in_several_parts_arrives_as_it_was() {
    let app = with_archive().start().await;
    app.exam().await;
    let bytes: Vec<u8> = (0..crate::app::PART * 2 + 7).map(|at| (at % 251) as u8).collect();
    let parts: Vec<&[u8]> = bytes.chunks(crate::app::PART).collect();
    let open = app.open(&app.token("c1").await).await;
    for (number, part) in (1..).zip(&parts) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &parts).await.expect(200);
    let put = app.sent_as_put(&app.token("c2").await, BYTES).await;
    app.on(&put, "seal").json(&claim_of_put(&put, BYTES)).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(counts(&drained(&app).await), [0, 2, 0]);
    assert_eq!(app.download(&open.id).await, bytes);
    assert_eq!(app.download(&put.id).await, BYTES);
}
