//! Killed while discarding: the decision stands from the moment it is answered, and the next server carries it out.

use reqwest::Method;

use super::{After, Before, at_each};
use crate::caller::Caller;

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_upload_is_ended_by_the_next_server() {
    at_each(&[Before("abort_upload"), After("abort_upload")], async |moment, scene| {
        let server = scene.begin().await;
        let open = server.open(&server.token("c1").await).await;
        server.send(&open, 1, b"not wanted").await;
        let gate = scene.stop_at(moment);
        assert_eq!(server.discard(&open).await.expect(200)["state"], "abandoned");
        server.kill();
        let server = scene.site.serve().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        let ended = async |_: &Caller| scene.uploads().await.is_empty().then_some(());
        server.eventually("the discarded upload is ended", ended).await;
        assert_eq!(server.show(&open.id).await["reason"], "discarded_by_candidate", "{moment:?}");
        assert_eq!(scene.objects().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_object_is_removed_by_the_next_server() {
    at_each(&[Before("delete"), After("delete")], async |moment, scene| {
        let server = scene.begin().await;
        let (deleted, receipt) = server.sealed(&server.token("c1").await).await;
        let (kept, _) = server.sealed(&server.token("c2").await).await;
        let gate = scene.stop_at(moment);
        let call = server.platform(Method::DELETE, &format!("/v1/recordings/{}", deleted.id));
        assert_eq!(call.send().await.expect(200)["state"], "deleted");
        server.kill();
        let server = scene.site.serve().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        let left = async |_: &Caller| Some(scene.objects().await).filter(|objects| objects.len() == 1);
        let left = server.eventually("the object is gone", left).await;
        assert_eq!(left[0].0, kept.key(), "{moment:?}: and no other");
        let shown = server.show(&deleted.id).await;
        assert_eq!((&shown["state"], &shown["receipt"]), (&"deleted".into(), &receipt.into()), "{moment:?}");
    })
    .await;
}
