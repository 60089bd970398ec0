//! Killed while opening: what was not answered does not exist, and the next attempt is the first take.

use super::{After, Before, Scene, at_each};
use crate::caller::{Caller, Open, stream};

async fn open(caller: &Caller) -> crate::call::Call {
    caller.opening(&caller.token("c1").await, &stream()).header("idempotency-key", "k1")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_that_was_not_answered_is_simply_repeated() {
    at_each(&[Before("create_upload"), After("create_upload")], async |moment, scene| {
        let server = scene.begin().await;
        let gate = scene.stop_at(moment);
        let opening = tokio::spawn(open(&server).await.attempt());
        let server = scene.kill_and_restart(server, gate, 1).await;
        assert!(opening.await.unwrap().is_err());
        assert_eq!(server.recordings().await.len(), 0, "{moment:?}: nothing is claimed that is not there");
        // An upload without a row cannot be told from one whose row is about to be written, so it is only reported.
        let strangers = if moment == After("create_upload") { 1 } else { 0 };
        assert_eq!(scene.uploads().await.len(), strangers, "{moment:?}");
        let reported = async |caller: &Caller| {
            (caller.metric("handin_reconcile_strangers").await == Some(strangers as f64)).then_some(())
        };
        server.eventually("reconciliation counts the stranger", reported).await;
        goes_on(&scene, &server, strangers).await;
    })
    .await;
}

async fn goes_on(scene: &Scene, server: &Caller, strangers: usize) {
    let answer = open(server).await.send().await.expect(201);
    assert_eq!(answer["take"], 1);
    let again = open(server).await.send().await.expect(201);
    assert_eq!(again["id"], answer["id"]);
    let open = Open::from(&server.token("c1").await, answer);
    server.send(&open, 1, b"after all").await;
    assert_eq!(server.seal(&open, &[b"after all"]).await.expect(200)["state"], "sealed");
    assert_eq!(scene.objects().await, [(open.key().to_owned(), 9)]);
    assert_eq!(scene.uploads().await.len(), strangers);
}
