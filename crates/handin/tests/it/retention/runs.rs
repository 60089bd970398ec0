//! Runs: what is due is marked, waits, goes, is proved to be gone and certified; and what needs a person waits for one.

use std::time::Duration;

use handin::db::Caused;
use handin::db::revisions::{Begin, Revision, RevisionState};
use handin::service::retention::certificates::verify;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    events, pass_days, place, post_anchor, preview, ran, release, run, set_policy, state, with_recordings,
};
use crate::app::{TestApp, externals, postgres};

/// On SQLite and on PostgreSQL.
pub(super) async fn apps() -> Vec<TestApp> {
    let mut apps = vec![TestApp::start().await];
    if let Some(administrator) = postgres() {
        apps.push(TestApp::builder().postgres(&administrator).start().await);
    }
    apps
}

async fn certificates(app: &TestApp) -> Vec<Value> {
    let page = app.platform(Method::GET, "/v1/certificates?exam=spring").send().await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_due_is_marked_deleted_and_certified() {
    for app in apps().await {
        let (app, sealed) = with_recordings(app, &["c1", "c2"]).await;
        pass_days(&app, 30).await;
        assert_eq!(ran(&app).await, (0, 0), "the bell was an hour later");
        app.advance(Duration::from_secs(3_601));
        assert_eq!(ran(&app).await, (2, 0));
        assert_eq!(app.bucket().objects().await.len(), 2, "marked is not gone");
        pass_days(&app, 7).await;
        assert_eq!(ran(&app).await, (0, 2));
        assert_eq!(app.bucket().objects().await, []);
        for open in &sealed {
            assert_eq!(state(&app, open).await, "deleted");
        }
        let certificates = certificates(&app).await;
        let [certificate] = &certificates[..] else { panic!("{certificates:?}") };
        let keys = app.call(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
        let jwks = serde_json::from_value(keys).unwrap();
        let deletion = verify(certificate["certificate"].as_str().unwrap(), &jwks).unwrap();
        assert_eq!((deletion.kind.as_str(), deletion.objects), ("deletion", 2));
        assert_eq!((deletion.recordings, deletion.bytes), (2, 2 * b"a short recording".len() as u64));
        assert_eq!((deletion.policy.as_str(), deletion.ordered_by.as_str()), ("house@1", "retention"));
        assert!(
            sealed.iter().all(|open| deletion.tells_of(open.key())) && !deletion.tells_of("webcam/other")
        );
        assert!(verify(&app.sealed(&app.token("c3").await).await.1, &jwks).is_none(), "a receipt is none");
        let kinds = events(&app).await;
        let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
        assert_eq!((count("recording.deleted"), count("retention.certified")), (2, 1));
    }
}

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Hours go by, with the runs that are planned in them.
async fn pass_hours(app: &TestApp, hours: u64) {
    for _ in 0..hours {
        app.advance(Duration::from_secs(3_600));
        app.run_jobs().await;
    }
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_marks_and_deletes_nothing_until_a_person_confirms() {
    for app in apps().await {
        let (app, _) = with_recordings(app, &["c1", "c2", "c3"]).await;
        pass_days(&app, 31).await;
        assert_eq!(ran(&app).await, (3, 0));
        let hold = place(&app, &json!({ "exam": "spring", "candidate": "c3", "reason": "appeal" })).await;
        release(&app, &hold).await;
        app.advance(10 * YEAR);
        assert_eq!(ran(&app).await, (0, 0));
        pass_hours(&app, 23).await;
        assert_eq!(app.bucket().objects().await.len(), 3);
        let policy = app.platform(Method::GET, "/v1/exams/spring/retention").send().await.expect(200);
        let preview = preview(&app).await;
        assert!(policy["paused_until"].is_string() && policy["paused_until"] == preview["paused_until"]);
        assert_eq!((&preview["needs"], &preview["recordings"]), (&json!("clock"), &json!(1)));
        assert_eq!(preview["over"], 2);
        let confirmed = run(&app, preview["confirmation"].as_str()).await.expect(200);
        assert_eq!((&confirmed["marked"], &confirmed["deleted"]), (&json!(1), &json!(2)));
        app.run_jobs().await;
        assert_eq!(app.bucket().objects().await.len(), 1);
    }
}

#[tokio::test]
async fn a_clock_is_believed_when_it_goes_on_for_a_day() {
    let (app, _) = with_recordings(TestApp::start().await, &["c1"]).await;
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (1, 0));
    app.advance(10 * YEAR);
    pass_hours(&app, 24).await;
    assert_eq!(app.bucket().objects().await.len(), 1);
    pass_hours(&app, 2).await;
    assert_eq!(app.bucket().objects().await, []);
}

#[tokio::test]
async fn what_is_marked_is_listed_with_the_time_until_which_it_can_be_restored() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2"]).await;
    let marked = async || {
        let list = app.platform(Method::GET, "/v1/exams/spring/recordings?marked=true").send().await;
        list.expect(200)["items"].as_array().unwrap().clone()
    };
    assert_eq!(marked().await, [Value::Null; 0]);
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (2, 0));
    let listed = marked().await;
    let time = |name: &str| listed[0][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(time("gone_at").duration_since(time("marked_at")), jiff::SignedDuration::from_hours(7 * 24));
    assert_eq!(app.show(&sealed[0].id).await["gone_at"], listed[0]["gone_at"]);
    place(&app, &json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" })).await;
    let listed = marked().await;
    assert_eq!((listed.len(), &listed[0]["candidate"]), (1, &json!("c2")));
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    assert_eq!(marked().await, [Value::Null; 0]);
}

#[tokio::test]
async fn jobs_do_all_of_it_without_a_word_from_anybody() {
    let (app, _) = with_recordings(TestApp::start().await, &["c1", "c2"]).await;
    let page = app.call(Method::GET, "/v1/sitting").bearer(&app.token("c1").await).send().await.expect(200);
    let promised = page["retention_days"].as_u64().unwrap();
    // The bell rings after the first hour.
    for _ in 0..=promised * 24 {
        app.advance(Duration::from_secs(3_600));
        app.run_jobs().await;
    }
    assert_eq!(app.bucket().objects().await, [], "candidates were told {promised} days");
    assert_eq!(certificates(&app).await.len(), 1);
}

#[tokio::test]
async fn while_somebody_may_still_write_an_object_there_is_no_certificate() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1"]).await;
    let writer_has_until = app.node.app.clock.now() + Duration::from_secs(60 * 86_400);
    let revision = Revision {
        recording: sealed[0].id.parse().unwrap(),
        number: 1,
        state: RevisionState::Writing,
        key: "webcam/mended".to_owned(),
        place: String::new(),
        upload_id: None,
        write_token: "a writer's".to_owned(),
        erase_at: writer_has_until,
    };
    let begin = Begin { revision, from: sealed[0].key().to_owned(), caused: Caused::default() };
    assert!(app.node.app.db.change(begin).await.unwrap());
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (1, 0));
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    assert_eq!(app.bucket().objects().await, []);
    assert!(certificates(&app).await[0]["certificate"].is_null());
    pass_days(&app, 22).await;
    app.run_jobs().await;
    assert!(certificates(&app).await[0]["certificate"].is_string());
}

#[tokio::test]
async fn what_was_due_before_its_policy_was_set_waits_to_be_confirmed() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1"]).await;
    pass_days(&app, 20).await;
    set_policy(&app, &json!({ "rules": ["delete 10 days after bell"] })).await.expect(200);
    assert_eq!(ran(&app).await, (0, 0));
    assert_eq!(run(&app, None).await.expect(200)["needs"], "old_data");
    let before = preview(&app).await;
    assert_eq!((&before["recordings"], &before["needs"]), (&json!(1), &json!("old_data")));
    assert_eq!(before["lines"][0]["rule"], "delete 10 days after bell");
    let confirmation = before["confirmation"].as_str().unwrap();
    app.advance(Duration::from_secs(60));
    for wrong in ["", "x-y", "99999999999999-ab", &confirmation[..confirmation.len() - 1]] {
        let status = run(&app, Some(wrong)).await.status;
        assert!([409, 422].contains(&status), "{wrong}: {status}");
    }
    assert_eq!(run(&app, Some(confirmation)).await.expect(200)["marked"], 1);
    run(&app, Some(confirmation)).await.problem(409, "list_changed");
    pass_days(&app, 8).await;
    ran(&app).await;
    assert_eq!(state(&app, &sealed[0]).await, "deleted");
    let confirmed = &certificates(&app).await[0];
    let by = confirmed["ordered_by"].as_str().unwrap();
    assert_ne!(by, "retention", "the run that deleted it was nobody's word; the mark was");
}

#[tokio::test]
async fn the_days_of_an_exam_that_is_older_than_retention_wait_to_be_confirmed() {
    let app = TestApp::start().await;
    let start = app.node.app.clock.now();
    // As a server finds them that was upgraded.
    app.set_clock(start - Duration::from_secs(40 * 86_400));
    let exam = json!({ "id": "spring", "title": "Spring", "subjects": [{ "id": "coding" }], "retention": { "days": 14 } });
    app.platform(Method::POST, "/v1/exams").json(&exam).send().await.expect(201);
    app.sealed(&app.token("c1").await).await;
    app.set_clock(start);
    let ran = run(&app, None).await.expect(200);
    assert_eq!((&ran["marked"], &ran["needs"]), (&json!(0), &json!("old_data")));
}

#[tokio::test]
async fn what_comes_while_a_run_is_due_makes_one_run_more_and_no_other() {
    let (app, _) = with_recordings(TestApp::start().await, &["c1"]).await;
    for candidate in ["c1", "c2", "c3"] {
        post_anchor(&app, &json!({ "kind": "flagged", "candidate": candidate })).await.expect(201);
    }
    assert_eq!(app.run_jobs().await, 0, "within ten seconds, not at once");
    app.advance(Duration::from_secs(10));
    assert_eq!(app.run_jobs().await, 1);
}

#[tokio::test]
async fn a_run_beyond_the_share_marks_nothing_until_it_is_confirmed() {
    let app = TestApp::builder().config(|config| config.retention.always_allowed = 1).start().await;
    let (app, _) = with_recordings(app, &["c1", "c2"]).await;
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (0, 0));
    let preview = preview(&app).await;
    assert_eq!((&preview["needs"], &preview["of"]), (&json!("share"), &json!(2)));
    let hold = json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" });
    let hold = super::place(&app, &hold).await;
    run(&app, preview["confirmation"].as_str()).await.problem(409, "list_changed");
    assert_eq!(ran(&app).await, (1, 0), "one of two is allowed, as one alone always is");
    super::release(&app, &hold).await;
    assert_eq!(ran(&app).await, (0, 0), "run by run, no more is marked than in one");
    assert_eq!(self::preview(&app).await["needs"], "share");
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1), "when the first was gone, there was room for the next");
}

#[tokio::test]
async fn a_policy_that_is_changed_in_time_takes_marks_back() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2"]).await;
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (2, 0));
    set_policy(&app, &json!({ "rules": ["delete 60 days after bell if flagged", "delete 30 days after bell if not flagged"] }))
        .await
        .expect(200);
    post_anchor(&app, &json!({ "kind": "flagged", "candidate": "c1" })).await.expect(201);
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    assert_eq!(
        (state(&app, &sealed[0]).await, state(&app, &sealed[1]).await),
        ("sealed".into(), "deleted".into())
    );
    assert_eq!(certificates(&app).await[0]["policy"], "spring@1");
}

#[tokio::test]
async fn a_house_that_changes_its_mind_has_everything_looked_at_again() {
    let (app, _) = with_recordings(TestApp::start().await, &["c1"]).await;
    ran(&app).await;
    let mut house = app.node.app.config.clone();
    house.retention.rules = vec!["delete 1 day after bell".parse().unwrap()];
    pass_days(&app, 2).await;
    let other = app.beside_with(house).await;
    let page = app.call(Method::GET, "/v1/sitting").bearer(&app.token("c1").await).send().await;
    assert_eq!(
        page.expect(200)["retention_days"],
        9,
        "the last node that was started counts, on the first one too"
    );
    assert_eq!(ran(&other).await.0, 0, "the version is new, and its job has yet to run");
    assert_eq!(preview(&other).await["needs"], "old_data");
    assert_eq!(preview(&other).await["lines"][0]["policy"], "house@2");
}

#[tokio::test]
async fn two_nodes_at_once_mark_and_delete_each_recording_once() {
    for app in apps().await {
        let (app, _) = with_recordings(app, &["c1", "c2", "c3"]).await;
        let other = app.beside().await;
        pass_days(&app, 31).await;
        let marked = async |app: &TestApp| run(app, None).await.expect(200)["marked"].as_u64().unwrap();
        let (one, two) = tokio::join!(marked(&app), marked(&other));
        assert_eq!(one + two, 3);
        pass_days(&app, 8).await;
        tokio::join!(ran(&app), ran(&other));
        let deleted = events(&app).await.into_iter().filter(|kind| kind == "recording.deleted");
        assert_eq!(deleted.count(), 3);
        assert_eq!(app.bucket().objects().await, []);
        assert!(certificates(&app).await.iter().all(|one| one["certificate"].is_string()));
    }
}

#[tokio::test]
async fn every_store_lets_go_of_what_is_over() {
    for store in externals() {
        let builder = TestApp::builder().store(&store).config(|config| config.retention.grace_days = 0);
        let app = builder.start().await;
        let bell = app.node.app.clock.now() - Duration::from_secs(40 * 86_400);
        app.exam_with_bell("spring", bell).await;
        for candidate in ["c1", "c2"] {
            app.sealed(&app.token(candidate).await).await;
        }
        let confirmation = preview(&app).await["confirmation"].as_str().unwrap().to_owned();
        assert_eq!(run(&app, Some(&confirmation)).await.expect(200)["marked"], 2, "{}", store.name);
        app.advance(Duration::from_secs(1));
        assert_eq!(ran(&app).await, (0, 2), "{}", store.name);
        assert_eq!(app.bucket().objects().await, [], "{}", store.name);
        assert!(certificates(&app).await[0]["certificate"].is_string(), "{}", store.name);
    }
}

#[tokio::test]
async fn no_version_is_left_where_a_store_keeps_them() {
    let (stores, mut keeping) = (externals(), 0);
    for store in &stores {
        let builder = TestApp::builder().store(store).config(|config| config.retention.grace_days = 0);
        let app = builder.start().await;
        if !app.bucket().keep_versions().await {
            continue;
        }
        keeping += 1;
        let bell = app.node.app.clock.now() - Duration::from_secs(40 * 86_400);
        app.exam_with_bell("spring", bell).await;
        let (by_hand, _) = app.sealed(&app.token("c1").await).await;
        app.platform(Method::DELETE, &format!("/v1/recordings/{}", by_hand.id)).send().await.expect(200);
        app.sealed(&app.token("c2").await).await;
        assert_eq!(app.bucket().versions().await.len(), 2, "{}", store.name);
        let confirmation = preview(&app).await["confirmation"].as_str().unwrap().to_owned();
        assert_eq!(run(&app, Some(&confirmation)).await.expect(200)["marked"], 1, "{}", store.name);
        app.advance(Duration::from_secs(1));
        assert_eq!(ran(&app).await, (0, 1), "{}", store.name);
        assert_eq!(app.bucket().versions().await, [""; 0], "{}", store.name);
        assert!(certificates(&app).await[0]["certificate"].is_string(), "{}", store.name);
    }
    assert!(stores.is_empty() || keeping > 0, "no store could keep versions");
}
