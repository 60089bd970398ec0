//! Killed after a receiver was told and before it is noted that it was: the next server tells it again, under the same id.

use reqwest::Method;
use serde_json::json;

use super::{Scene, postgres};
use crate::webhooks::receiver::{Receiver, Says};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_and_not_noted_is_told_again_by_the_next_server() {
    for ledger in [None].into_iter().chain(postgres().map(Some)) {
        let scene = Scene::new(ledger.as_deref()).await;
        let server = scene.begin().await;
        let receiver = Receiver::start().await;
        // It has the event, and holds its answer back until nobody waits for it any more.
        receiver.says(Says::Nothing);
        let webhook = json!({ "url": receiver.url, "events": ["recording.sealed"] });
        server.platform(Method::POST, "/v1/webhooks").json(&webhook).send().await.expect(201);
        server.sealed(&server.token("c1").await).await;
        server.kill();
        let server = scene.site.serve().await;
        receiver.came().await;
        server.kill();
        let first = receiver.told();
        receiver.says(Says::Status(204));
        let server = scene.site.serve().await;
        receiver.came().await;
        let second = receiver.told();
        assert_eq!((first.len(), second.len()), (1, 1), "{ledger:?}");
        assert_eq!((first[0].id(), &first[0].text), (second[0].id(), &second[0].text), "{ledger:?}");
        let done = async |caller: &crate::caller::Caller| {
            let waiting = caller.metric("handin_webhook_waiting").await;
            (waiting == Some(0.0)).then_some(())
        };
        server.eventually("that it was told is noted", done).await;
    }
}
