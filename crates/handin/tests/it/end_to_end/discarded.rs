//! Discarding: by a candidate before the seal, by the platform after it; then the store forgets.

use reqwest::Method;
use serde_json::json;

use super::everywhere;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_leaves_the_store() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let open = app.open(&app.token("c1").await).await;
        app.send(&open, 1, b"not wanted").await;
        let (sealed, _) = app.sealed(&app.token("c2").await).await;
        let (kept, receipt) = app.sealed(&app.token("c3").await).await;
        assert_eq!(app.discard(&open).await.expect(200)["reason"], "discarded_by_candidate", "{store:?}");
        let delete = app.platform(Method::DELETE, &format!("/v1/recordings/{}", sealed.id));
        assert_eq!(delete.send().await.expect(200)["state"], "deleted", "{store:?}");
        app.run_jobs().await;

        assert_eq!(app.bucket().objects().await, [(kept.key().to_owned(), 17)], "{store:?}");
        assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "{store:?}");
        app.seal(&open, &[b"not wanted"]).await.problem(409, "wrong_state");
        app.seal(&sealed, &[b"a short recording"]).await.problem(409, "wrong_state");
        let again = app.seal(&kept, &[b"a short recording"]).await.expect(200);
        assert_eq!(again["receipt"], json!(receipt), "{store:?}");
    })
    .await;
}
