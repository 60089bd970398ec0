//! `kill -9` of a server between every two steps of what it does. The next start on the same ledger goes on from there.

mod discard;
mod drain;
mod head;
mod open;
mod retention;
mod salvage;
mod seal;
mod tiers;
mod webhooks;

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::gate::Gate;
use crate::app::{External, postgres};
use crate::process::{Process, Site};
use crate::proxy::{Action, Proxy, Rule};
use crate::stores::{TestStore, real_time};

/// The moment at which the server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// It has sent this call, but the store never hears of it.
    Before(&'static str),
    /// The store has done it, but its answer never arrives.
    After(&'static str),
}
use Moment::{After, Before};

/// Most of the time is waiting for leases of the dead, so several scenarios run side by side.
const AT_ONCE: usize = 5;

/// Runs a scenario for every moment, on SQLite and on PostgreSQL.
async fn at_each<F: Future<Output = ()>>(moments: &[Moment], run: impl Fn(Moment, Scene) -> F) {
    let ledgers: Vec<Option<String>> = [None].into_iter().chain(postgres().map(Some)).collect();
    let runs =
        ledgers.iter().flat_map(|ledger| moments.iter().map(move |moment| (*moment, ledger.as_deref())));
    let run = async |(moment, ledger)| run(moment, Scene::new(ledger).await).await;
    stream::iter(runs.map(run)).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// What outlives the server, with a proxy in front of the store.
struct Scene {
    site: Site,
    proxy: Proxy,
    store: TestStore,
}

impl Scene {
    async fn new(postgres: Option<&str>) -> Scene {
        let store = TestStore::embedded().await;
        let proxy = Proxy::start(store.address()).await;
        let at: External = store.reached_at(proxy.endpoint());
        Scene { site: Site::new(&at, postgres).await, proxy, store }
    }

    /// Starts the first server, with the exam `spring`. Without a worker nothing happens but what the test asks for.
    async fn begin(&self) -> Process {
        let server = self.site.serve_as("api").await;
        server.exam_with_bell("spring", real_time()() + Duration::from_secs(3_600)).await;
        server
    }

    /// From now on requests stop at this moment.
    fn stop_at(&self, moment: Moment) -> Gate {
        let gate = Gate::closed();
        self.proxy.script(match moment {
            Before(call) => Rule::on(call, Action::Before(gate.hook())),
            After(call) => Rule::on(call, Action::After(gate.hook())),
        });
        gate
    }

    /// Kills the server once so many requests have come to the gate, and starts another.
    async fn kill_and_restart(&self, server: Process, mut gate: Gate, requests: usize) -> Process {
        gate.reached(requests).await;
        server.kill();
        self.proxy.heal();
        self.site.serve().await
    }

    async fn objects(&self) -> Vec<(String, u64)> {
        self.site.bucket(&self.store).objects().await
    }

    async fn uploads(&self) -> Vec<String> {
        self.site.bucket(&self.store).uploads().await
    }
}
