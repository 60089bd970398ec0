//! Killed while salvaging: the next server keeps the same bytes and names the same hole.

use super::{After, Before, Moment, at_each};
use crate::app::{PART, digest};
use crate::caller::Caller;

#[tokio::test(flavor = "multi_thread")]
async fn what_arrived_is_kept_by_the_next_server() {
    let calls = ["list_parts", "complete_upload", "head"];
    let moments: Vec<Moment> = calls.iter().flat_map(|call| [Before(call), After(call)]).collect();
    at_each(&moments, async |moment, scene| {
        let server = scene.begin().await;
        let open = server.open(&server.token("c1").await).await;
        let first = vec![3; PART];
        server.send(&open, 1, &first).await;
        server.send(&open, 3, b"behind a hole").await;
        server.kill();
        scene.site.let_the_grace_end().await;
        let gate = scene.stop_at(moment);
        let server = scene.site.serve_as("worker,api").await;
        let server = scene.kill_and_restart(server, gate, 1).await;

        let receipt =
            async |caller: &Caller| caller.show(&open.id).await["receipt"].as_str().map(str::to_owned);
        let receipt = server.eventually("a job has salvaged it", receipt).await;
        let stated = server.verified(&receipt).await.expect("a key of this server signed it");
        assert_eq!(
            (stated.state.as_str(), stated.size, stated.parts),
            ("partial", PART as u64, 1),
            "{moment:?}"
        );
        assert_eq!(stated.reason.as_deref(), Some("not_sealed_in_time"), "{moment:?}");
        let missing = stated.missing.expect("a range is missing");
        assert_eq!((missing.from_part, missing.from_byte), (2, PART as u64), "{moment:?}");
        assert_eq!(digest(&server.download(&open.id).await), digest(&first));
        assert_eq!(scene.objects().await, [(open.key().to_owned(), PART as u64)], "{moment:?}");
        assert_eq!(scene.uploads().await, Vec::<String>::new(), "{moment:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrived_is_abandoned_by_the_next_server() {
    let moments = ["list_parts", "abort_upload"].map(|call| [Before(call), After(call)]);
    at_each(moments.as_flattened(), async |moment, scene| {
        let server = scene.begin().await;
        let open = server.open(&server.token("c1").await).await;
        server.kill();
        scene.site.let_the_grace_end().await;
        let gate = scene.stop_at(moment);
        let server = scene.site.serve_as("worker,api").await;
        let server = scene.kill_and_restart(server, gate, 1).await;

        let ended = async |_: &Caller| scene.uploads().await.is_empty().then_some(());
        server.eventually("the dead upload is ended", ended).await;
        let shown = server.show(&open.id).await;
        assert_eq!(
            (&shown["state"], &shown["reason"]),
            (&"abandoned".into(), &"nothing_arrived".into()),
            "{moment:?}"
        );
        assert_eq!(scene.objects().await, []);
    })
    .await;
}
