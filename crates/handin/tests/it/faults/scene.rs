//! A handin whose store stands behind a proxy that fails on command.

use handin::config::Config;
use handin::objects::{CreateUpload, PartPlace};

use super::gate::Gate;
use crate::app::{Builder, Open, PART, TestApp};
use crate::onlooker::Onlooker;
use crate::proxy::{Action, Proxy, Rule};
use crate::stores::{TestStore, real_time};

/// How long a lease lasts, and a little more.
pub const A_LEASE: std::time::Duration = std::time::Duration::from_secs(61);

/// The store tells the time of the machine; the clock of handin stands until it is moved.
pub struct Scene {
    pub app: TestApp,
    pub proxy: Proxy,
    store: TestStore,
}

impl Scene {
    /// With all settings as they come.
    pub async fn start() -> Scene {
        Scene::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Scene {
        Scene::of(TestApp::builder().config(change)).await
    }

    /// With this handin, and the exam `spring`.
    pub async fn of(builder: Builder) -> Scene {
        let store = TestStore::embedded().await;
        let proxy = Proxy::start(store.address()).await;
        let app = builder.store(&store.reached_at(proxy.endpoint())).start().await;
        app.exam().await;
        Scene { app, proxy, store }
    }

    /// The bucket, past the proxy.
    pub fn bucket(&self) -> Onlooker {
        let mut settings = self.app.node.app.config.store.clone();
        settings.endpoint = Some(self.store.endpoint.clone());
        Onlooker::new(&settings, real_time())
    }

    /// Puts other bytes under a key, past the server, with the write token that stands there.
    pub async fn overwrite(&self, key: &str, bytes: &[u8]) {
        let objects = &self.app.node.app.objects;
        let write_token = objects.head(key).await.unwrap().unwrap().write_token.unwrap();
        objects.delete(key).await.unwrap();
        let create = CreateUpload {
            content_type: "video/webm",
            write_token: &write_token,
            declare_sha256: false,
            storage_class: Default::default(),
        };
        let upload_id = objects.create_upload(key, create).await.unwrap();
        for (number, part) in (1..).zip(bytes.chunks(PART)) {
            let place = PartPlace { key, upload_id: &upload_id, number };
            objects.upload_part(place, part.to_vec().into(), None).await.unwrap();
        }
        let parts = objects.list_parts(key, &upload_id).await.unwrap();
        objects.complete(key, &upload_id, &parts, bytes.len() as u64).await.unwrap();
    }

    /// A stream of one part that has been sent.
    pub async fn sent(&self, candidate: &str) -> Open {
        let open = self.app.open(&self.app.token(candidate).await).await;
        self.app.send(&open, 1, candidate.as_bytes()).await;
        open
    }

    /// Stops the next request of this call once the store has done it.
    pub fn hold_after(&self, call: &'static str) -> Gate {
        let gate = Gate::closed();
        self.proxy.script(Rule::on(call, Action::After(gate.hook())).once());
        gate
    }

    /// Stops the next request of this call before the store hears of it.
    pub fn hold_before(&self, call: &'static str) -> Gate {
        let gate = Gate::closed();
        self.proxy.script(Rule::on(call, Action::Before(gate.hook())).once());
        gate
    }
}
