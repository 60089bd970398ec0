//! Killed while a recording goes to another storage class: it counts at every moment, the next server takes it there, and
//! in the end nothing is left of the attempt that died.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{After, Before, at_each};
use crate::caller::Caller;
use crate::stores::real_time;

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_taken_there_by_the_next_server() {
    let moments =
        [After("create_upload"), After("copy_part"), Before("complete_upload"), After("complete_upload")];
    at_each(&moments, async |moment, scene| {
        let server = scene.begin().await;
        server.exam_with_bell("past", real_time()() - Duration::from_secs(10 * 86_400)).await;
        let (open, _) = server.sealed(&server.token_for("past", "c1").await).await;
        let policy = json!({ "rules": ["tier:STANDARD_IA 1 day after bell", "delete 90 days after bell"] });
        server.platform(Method::PUT, "/v1/exams/past/retention").json(&policy).send().await.expect(200);
        let preview = server.platform(Method::GET, "/v1/retention/preview").send().await.expect(200);
        let confirmed = json!({ "confirm": preview["confirmation"] });
        let ran =
            server.platform(Method::POST, "/v1/retention/runs").json(&confirmed).send().await.expect(200);
        assert_eq!(ran["tiered"], 1);
        server.kill();
        let gate = scene.stop_at(moment);
        let server = scene.site.serve().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        assert_eq!(server.download(&open.id).await, b"a short recording", "{moment:?}");

        let tiered = async |server: &Caller| {
            let shown = server.show(&open.id).await;
            (shown["storage_class"] == "STANDARD_IA").then(|| shown["key"].as_str().unwrap().to_owned())
        };
        let key = server.eventually("a job has moved it", tiered).await;
        assert_eq!(server.download(&open.id).await, b"a short recording", "{moment:?}");
        scene.site.let_every_link_end().await;
        let left = async |_: &Caller| {
            let objects = scene.objects().await.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
            (objects == [key.clone()] && scene.uploads().await.is_empty()).then_some(())
        };
        server.eventually("nothing is left but the object that counts", left).await;
        assert_eq!(server.download(&open.id).await, b"a short recording", "{moment:?}");
    })
    .await;
}
