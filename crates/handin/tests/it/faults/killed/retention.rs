//! Killed while recordings go for good: the decision stands, the next server carries it out, and there is no certificate
//! before nothing is left.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{After, Before, Moment, at_each};
use crate::caller::Caller;
use crate::stores::real_time;

const MOMENTS: [Moment; 8] = [
    Before("abort_upload"),
    After("abort_upload"),
    Before("head"),
    Before("delete_objects"),
    After("delete_objects"),
    Before("get_versioning"),
    After("get_versioning"),
    After("head"),
];

async fn run(server: &Caller, confirm: Option<&Value>) -> Value {
    server
        .platform(Method::POST, "/v1/retention/runs")
        .json(&json!({ "confirm": confirm }))
        .send()
        .await
        .expect(200)
}

async fn certificates(server: &Caller) -> Vec<Value> {
    let page = server.platform(Method::GET, "/v1/certificates").send().await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_deleted_and_certified_by_the_next_server() {
    at_each(&MOMENTS, async |moment, scene| {
        let server = scene.begin().await;
        server.exam_with_bell("past", real_time()() - Duration::from_secs(40 * 86_400)).await;
        let mut sealed = Vec::new();
        for candidate in ["c1", "c2", "c3"] {
            sealed.push(server.sealed(&server.token_for("past", candidate).await).await.0);
        }
        let hold = json!({ "exam": "past", "candidate": "c3", "reason": "appeal" });
        server.platform(Method::POST, "/v1/holds").json(&hold).send().await.expect(201);
        let preview = server.platform(Method::GET, "/v1/retention/preview").send().await.expect(200);
        assert_eq!(run(&server, Some(&preview["confirmation"])).await["marked"], 2);
        server.kill();
        let server = scene.site.serve_as("api").await;
        assert_eq!(run(&server, None).await["deleted"], 2);
        let gate = scene.stop_at(moment);
        server.kill();
        let server = scene.site.serve().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        let signed = async |server: &Caller| {
            certificates(server).await.into_iter().find(|certificate| certificate["certificate"].is_string())
        };
        server.eventually("the deletion is certified", signed).await;
        assert_eq!(certificates(&server).await.len(), 1, "{moment:?}");
        let left = scene.objects().await.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(left, [sealed[2].key()], "{moment:?}: what is held stays, and nothing else");
        assert_eq!(server.show(&sealed[0].id).await["state"], "deleted");
    })
    .await;
}
