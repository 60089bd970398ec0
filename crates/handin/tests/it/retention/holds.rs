//! What a hold covers stays, whatever happens around it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{events, pass_days, place, ran, release, state, with_recordings};
use crate::app::TestApp;

#[tokio::test]
async fn each_scope_holds_what_it_names_and_nothing_else() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2", "c3", "c4"]).await;
    let scopes = [
        json!({ "exam": "spring", "candidate": "c1", "reason": "appeal" }),
        json!({ "exam": "spring", "candidate": "c2", "subject": "coding", "reason": "appeal" }),
        json!({ "recording": sealed[2].id, "reason": "appeal", "owner": "legal" }),
    ];
    for scope in &scopes {
        assert_eq!(place(&app, scope).await["covers"], 1, "{scope}");
    }
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (1, 0));
    assert_eq!(super::preview(&app).await["held"], 3);
    let whole = place(&app, &json!({ "exam": "spring", "reason": "a court asks" })).await;
    assert_eq!(whole["covers"], 4);
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 0), "the mark of c4 was taken back");
    release(&app, &whole).await;
    assert_eq!(ran(&app).await, (1, 0), "and its grace begins anew");
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    assert_eq!(state(&app, &sealed[3]).await, "deleted");
    assert_eq!(app.bucket().objects().await.len(), 3);
}

#[tokio::test]
async fn what_is_held_nobody_deletes_by_hand_either() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1"]).await;
    let hold = place(&app, &json!({ "recording": sealed[0].id, "reason": "appeal" })).await;
    let delete = || app.platform(Method::DELETE, &format!("/v1/recordings/{}", sealed[0].id)).send();
    delete().await.problem(409, "held");
    assert_eq!(state(&app, &sealed[0]).await, "sealed");
    release(&app, &hold).await;
    assert_eq!(delete().await.expect(200)["state"], "deleted");
}

#[tokio::test]
async fn what_is_held_while_it_is_recorded_its_own_candidate_cannot_discard() {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    app.send(&open, 1, b"the only part").await;
    let hold = json!({ "exam": "spring", "candidate": "c1", "reason": "seen with a phone" });
    assert_eq!(place(&app, &hold).await["covers"], 0, "nothing of it is finished");
    app.discard(&open).await.problem(409, "held");
    app.run_jobs().await;
    assert_eq!(state(&app, &open).await, "open");
    let sealed = app.seal(&open, &[b"the only part"]).await.expect(200);
    assert_eq!(sealed["state"], "sealed", "the part is still there");
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (0, 0), "what is sealed under a hold is held");
}

#[tokio::test]
async fn what_is_marked_can_be_restored_until_its_grace_is_over() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1", "c2"]).await;
    let restore = async |place: usize| {
        let path = format!("/v1/recordings/{}/restore", sealed[place].id);
        app.platform(Method::POST, &path).json(&json!({ "reason": "the result is disputed" })).send().await
    };
    restore(0).await.problem(409, "wrong_state");
    pass_days(&app, 31).await;
    assert_eq!(ran(&app).await, (2, 0));
    let hold = restore(0).await.expect(201);
    assert_eq!(hold["recording"], sealed[0].id);
    pass_days(&app, 8).await;
    assert_eq!(ran(&app).await, (0, 1));
    assert_eq!(
        (state(&app, &sealed[0]).await, state(&app, &sealed[1]).await),
        ("sealed".into(), "deleted".into())
    );
    restore(1).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn a_hold_that_has_expired_holds_on_and_its_owner_is_reminded_once() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1"]).await;
    let hold = json!({ "exam": "spring", "reason": "appeal", "expires_at": "2026-12-01T00:00:00Z" });
    let hold = place(&app, &hold).await;
    pass_days(&app, 60).await;
    assert_eq!(ran(&app).await, (0, 0));
    assert_eq!(ran(&app).await, (0, 0));
    assert_eq!(state(&app, &sealed[0]).await, "sealed");
    assert_eq!(events(&app).await.iter().filter(|kind| *kind == "hold.expired").count(), 1);
    let released = release(&app, &hold).await;
    assert_eq!(release(&app, &hold).await["released_at"], released["released_at"], "once is enough");
}

#[tokio::test]
async fn holds_are_listed_page_by_page() {
    let (app, _) = with_recordings(TestApp::start().await, &[]).await;
    let mut placed = Vec::new();
    for candidate in ["c1", "c2", "c3"] {
        app.advance(std::time::Duration::from_secs(1));
        placed.push(
            place(&app, &json!({ "exam": "spring", "candidate": candidate, "reason": "appeal" })).await,
        );
    }
    release(&app, &placed[1]).await;
    let list = async |query: &str| {
        let page = app.platform(Method::GET, &format!("/v1/holds?{query}")).send().await.expect(200);
        let of = |hold: &Value| hold["candidate"].as_str().unwrap().to_owned();
        (page["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>(), page["next"].clone())
    };
    assert_eq!(list("exam=spring").await.0, ["c1", "c3"]);
    assert_eq!(list("exam=autumn").await.0, [""; 0]);
    let (first, next) = list("released=true&limit=2").await;
    assert_eq!(first, ["c1", "c2"]);
    assert_eq!(list(&format!("released=true&limit=2&cursor={}", next.as_str().unwrap())).await.0, ["c3"]);
}

#[tokio::test]
async fn a_hold_that_contradicts_itself_is_refused() {
    let (app, sealed) = with_recordings(TestApp::start().await, &["c1"]).await;
    for (field, other) in [("exam", "autumn"), ("candidate", "c2"), ("subject", "math")] {
        let hold = json!({ "recording": sealed[0].id, "reason": "appeal", field: other });
        let refused =
            app.platform(Method::POST, "/v1/holds").json(&hold).send().await.problem(422, "invalid");
        assert_eq!(refused["field"], field);
    }
}

#[tokio::test]
async fn a_hold_that_says_nothing_is_refused() {
    let (app, _) = with_recordings(TestApp::start().await, &[]).await;
    for (hold, field) in [
        (json!({ "exam": "spring", "reason": " " }), "reason"),
        (json!({ "reason": "appeal" }), "exam"),
        (json!({ "exam": "spring", "reason": "appeal", "expires_at": "2026-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "exam": "spring", "reason": "appeal", "owner": "" }), "owner"),
    ] {
        let refused =
            app.platform(Method::POST, "/v1/holds").json(&hold).send().await.problem(422, "invalid");
        assert_eq!(refused["field"], field, "{hold}");
    }
    for hold in [
        json!({ "exam": "autumn", "reason": "appeal" }),
        json!({ "exam": "spring", "subject": "physics", "reason": "appeal" }),
        json!({ "recording": "01JD8Z0QX3V5T9K2M4N6P8R0SW", "reason": "appeal" }),
    ] {
        app.platform(Method::POST, "/v1/holds").json(&hold).send().await.problem(404, "not_found");
    }
}
