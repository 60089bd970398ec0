//! Killed while a recording goes to its archive, and while its first copy goes: it plays at every moment, the next server
//! goes on, and in the end one whole copy is left.

use handin::app::App;
use handin::clock::{Clock, Ids};
use handin::config::{Config, Store};
use reqwest::Method;
use serde_json::{Value, json};

use super::{After, Before, Moment, Scene, at_each};
use crate::app::Open;
use crate::caller::Caller;
use crate::faults::gate::Gate;
use crate::onlooker::Onlooker;
use crate::process::Process;
use crate::proxy::{Action, Proxy, Rule};
use crate::stores::{TestStore, new_bucket, real_time};

const BYTES: &[u8] = b"a short recording";

/// The archive, with a proxy in front.
struct Archive {
    store: TestStore,
    proxy: Proxy,
    settings: Store,
}

impl Archive {
    async fn beside(scene: &Scene) -> Archive {
        let store = TestStore::embedded().await;
        let proxy = Proxy::start(store.address()).await;
        let settings = Store {
            endpoint: Some(store.endpoint.clone()),
            bucket: new_bucket(),
            access_key: Some(store.access_key.clone().into()),
            secret_key: Some(store.secret_key.clone().into()),
            ..Store::default()
        };
        let config = Config { store: settings.clone(), ..Config::default() };
        let objects = App::connect_store(&config, &Clock::system(), &Ids::system()).await.unwrap();
        objects.ensure_bucket().await.unwrap();
        scene.site.configure(&format!(
            "[archive.nas]\nendpoint = {:?}\nbucket = {:?}\naccess_key = {:?}\nsecret_key = {:?}\n",
            proxy.endpoint(),
            settings.bucket,
            store.access_key,
            store.secret_key
        ));
        Archive { store, proxy, settings }
    }

    fn stop_at(&self, moment: Moment) -> Gate {
        let gate = Gate::closed();
        self.proxy.script(match moment {
            Before(call) => Rule::on(call, Action::Before(gate.hook())),
            After(call) => Rule::on(call, Action::After(gate.hook())),
        });
        gate
    }

    async fn objects(&self) -> Vec<(String, u64)> {
        Onlooker::new(&self.settings, real_time()).objects().await
    }
}

/// A sealed recording that was asked to go.
async fn asked(server: &Process) -> Open {
    let open = server.sealed(&server.token("c1").await).await.0;
    let ask = server.platform(Method::POST, "/v1/exams/spring/drain").json(&json!({ "to": "nas" }));
    ask.send().await.expect(200);
    open
}

async fn is_at(server: &Caller, state: &str) -> Option<()> {
    let drains: Value = server.platform(Method::GET, "/v1/exams/spring/drain").send().await.expect(200);
    (drains["items"][0][state] == 1).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_arrives_whole_by_the_next_server() {
    let moments = [
        Before("create_upload"),
        After("create_upload"),
        After("put_part"),
        Before("complete_upload"),
        After("complete_upload"),
        After("head"),
    ];
    at_each(&moments, async |moment, scene| {
        let archive = Archive::beside(&scene).await;
        let server = scene.begin().await;
        let open = asked(&server).await;
        let mut gate = archive.stop_at(moment);
        server.kill();
        let server = scene.site.serve().await;
        gate.reached(1).await;
        server.kill();
        archive.proxy.heal();
        let server = scene.site.serve().await;
        assert_eq!(server.download(&open.id).await, BYTES, "{moment:?}: it plays at every moment");
        server
            .eventually("it is at the archive", async |server: &Caller| is_at(server, "copied").await)
            .await;
        assert_eq!(server.download(&open.id).await, BYTES, "{moment:?}");
        assert_eq!(archive.objects().await.len(), 1, "{moment:?}");
        assert_eq!(scene.objects().await.len(), 1, "{moment:?}: both copies stand");
        drop(archive.store);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_copy_goes_by_the_next_server() {
    at_each(&[Before("delete"), After("delete")], async |moment, scene| {
        let archive = Archive::beside(&scene).await;
        scene.begin().await.kill();
        let server = scene.site.serve().await;
        let open = asked(&server).await;
        server
            .eventually("it is at the archive", async |server: &Caller| is_at(server, "copied").await)
            .await;
        let gate = scene.stop_at(moment);
        scene.site.let_every_link_end().await;
        let server = scene.kill_and_restart(server, gate, 1).await;
        server
            .eventually("the first copy is gone", async |server: &Caller| is_at(server, "moved").await)
            .await;
        assert_eq!(scene.objects().await, [], "{moment:?}");
        assert_eq!(archive.objects().await.len(), 1, "{moment:?}");
        assert_eq!(server.download(&open.id).await, BYTES, "{moment:?}");
    })
    .await;
}
