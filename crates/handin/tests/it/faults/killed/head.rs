//! Killed while mending a head: the recording counts at every moment, the next server mends it, and in the end nothing is
//! left of the attempt that died.

use super::{After, Before, Moment, Scene, at_each};
use crate::app::Open;
use crate::caller::Caller;
use crate::process::Process;
use crate::unfinished::{Unfinished, film};

/// A sealed recording whose head was left, and no server.
async fn sealed(scene: &Scene, film: &Unfinished) -> Open {
    let server = scene.begin().await;
    let open = server.open(&server.token("c1").await).await;
    for (number, part) in (1..).zip(film.parts()) {
        server.send(&open, number, part).await;
    }
    server.seal(&open, &film.parts()).await.expect(200);
    server.kill();
    open
}

/// The key of the object that counts, once it is mended.
async fn mended_key(server: &Process, open: &Open) -> String {
    let key = async |caller: &Caller| {
        caller.receipt(&open.id).await.replaces.is_some().then_some(())?;
        Some(caller.receipt(&open.id).await.key)
    };
    server.eventually("a job has mended the head", key).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_mended_by_the_next_server() {
    let calls = ["get", "create_upload", "put_part", "copy_part", "list_parts", "complete_upload", "head"];
    let moments: Vec<Moment> = calls.iter().flat_map(|call| [Before(call), After(call)]).collect();
    at_each(&moments, async |moment, scene| {
        let film = film();
        let open = sealed(&scene, &film).await;
        let gate = scene.stop_at(moment);
        let server = scene.site.serve_as("worker,api").await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        assert!(server.receipt(&open.id).await.size > 0, "{moment:?}: there is a receipt at every moment");

        let key = mended_key(&server, &open).await;
        film.assert_mended(&server.download(&open.id).await);
        let stored = scene.objects().await;
        assert!(stored.contains(&(open.key().to_owned(), film.bytes.len() as u64)), "{moment:?}: {stored:?}");
        scene.site.let_every_link_end().await;
        let left = async |_: &Caller| {
            let only = [(key.clone(), film.bytes.len() as u64)];
            (scene.objects().await == only && scene.uploads().await.is_empty()).then_some(())
        };
        server.eventually("nothing is left but the mended object", left).await;
        film.assert_mended(&server.download(&open.id).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealed_object_is_erased_by_the_next_server() {
    at_each(&[Before("delete"), After("delete")], async |moment, scene| {
        let film = film();
        let open = sealed(&scene, &film).await;
        let server = scene.site.serve().await;
        let key = mended_key(&server, &open).await;
        let gate = scene.stop_at(moment);
        scene.site.let_every_link_end().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        let left = async |_: &Caller| (scene.objects().await.len() == 1).then_some(());
        server.eventually("the sealed object is gone", left).await;
        assert_eq!(scene.objects().await[0].0, key, "{moment:?}");
        film.assert_mended(&server.download(&open.id).await);
    })
    .await;
}
