//! A whole handin in the test's process: API, ledger, real store, and a clock that moves by hand.
//!
//! Jobs run when [`TestApp::run_jobs`] says so, never by themselves. Without [`Builder::store`] and
//! [`Builder::postgres`] it is the embedded store and SQLite in a folder of its own.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use handin::cli::serve::{Node, Ready};
use handin::clock::{Clock, Hand, Ids};
use handin::config::{Config, Role};
use handin::jobs::Runner;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::caller::Caller;
use crate::onlooker::Onlooker;
use crate::stores::real_time;

pub use crate::caller::{Open, claim, digest, part};

/// When every test begins: an hour before the bell of [`TestApp::exam`].
pub const START: &str = "2026-11-22T05:00:00Z";
/// The smallest size of a part that is not the last, in bytes.
pub const PART: usize = 5 << 20;

/// A store that runs outside of the tests, as `HANDIN_TEST_STORES` lists them.
#[derive(Debug, Clone, Deserialize)]
pub struct External {
    pub name: String,
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    pub path_style: bool,
}

/// Which handin to start.
pub struct Builder {
    config: Config,
    folder: TempDir,
    external: bool,
    postgres: Option<String>,
}

/// A running handin.
pub struct TestApp {
    pub node: Node,
    caller: Caller,
    time: (Clock, Hand),
    given: Config,
    folder: Arc<TempDir>,
}

impl Builder {
    /// Changes a setting.
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Builder {
        change(&mut self.config);
        self
    }

    /// Uses a store that runs outside, in a bucket of this test's own.
    pub fn store(mut self, external: &External) -> Builder {
        let store = &mut self.config.store;
        store.endpoint = Some(external.endpoint.clone());
        store.region.clone_from(&external.region);
        store.access_key = Some(external.access_key.clone().into());
        store.secret_key = Some(external.secret_key.clone().into());
        store.path_style = external.path_style;
        store.bucket = format!("handin-{}", hex::encode(Ids::system().bytes::<6>()));
        self.external = true;
        self
    }

    /// Makes the bucket of the store that runs outside anew, with Object Lock: most stores have it from the beginning or never.
    pub async fn locked(self) -> Builder {
        Onlooker::new(&self.config.store, real_time()).create_with_object_lock().await;
        self
    }

    /// Uses PostgreSQL, in a database of this test's own.
    pub fn postgres(mut self, administrator: &str) -> Builder {
        self.postgres = Some(administrator.to_owned());
        self
    }

    /// Keeps everything in memory where the machine has a folder for it, so that no commit waits for a disk: for tests with
    /// thousands of them.
    pub fn in_memory(mut self) -> Builder {
        if let Ok(folder) = tempfile::tempdir_in("/dev/shm") {
            self.config.place.data = folder.path().to_owned();
            self.folder = folder;
        }
        self
    }

    /// Starts it.
    pub async fn start(mut self) -> TestApp {
        if let Some(administrator) = &self.postgres {
            self.config.database.url = Some(new_database(administrator).await.into());
        }
        // A store outside checks signatures by a clock of its own, with a quarter of an hour to spare either way.
        let begin = if self.external { real_time()() } else { START.parse().unwrap() };
        let app = TestApp::run(self.config, Clock::manual(begin), Arc::new(self.folder)).await;
        if self.external {
            app.node.app.objects.ensure_bucket().await.unwrap();
        }
        app
    }
}

impl TestApp {
    /// Settings before the start.
    pub fn builder() -> Builder {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.place.data = folder.path().to_owned();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.listen = "127.0.0.1:0".parse().unwrap();
        config.server.roles = vec![Role::Api, Role::Store];
        config.jobs.mend_after_s = 0;
        Builder { config, folder, external: false, postgres: None }
    }

    /// One with all settings as they come.
    pub async fn start() -> TestApp {
        TestApp::builder().start().await
    }

    async fn run(given: Config, time: (Clock, Hand), folder: Arc<TempDir>) -> TestApp {
        let node = Box::pin(Node::start(given.clone(), time.0.clone(), Ids::system())).await.unwrap();
        let Ready { api, api_key, .. } = &node.ready;
        let caller = Caller::new(api.as_deref().unwrap(), api_key.as_deref().unwrap());
        TestApp { node, caller, time, given, folder }
    }

    /// Ends it in order; without this, whatever still runs ends with the test's runtime.
    pub async fn stop(self) {
        self.node.stop().await;
    }

    /// Ends it in order and starts it anew on what it has left, the embedded store at the same address.
    pub async fn restart(self) -> TestApp {
        self.restart_after(async || {}).await
    }

    /// The same, with something done while nothing runs.
    pub async fn restart_after(self, meanwhile: impl AsyncFnOnce()) -> TestApp {
        let TestApp { node, time, mut given, folder, .. } = self;
        if given.store.is_embedded() {
            given.store.listen = node.ready.store.trim_start_matches("http://").parse().unwrap();
        }
        node.stop().await;
        meanwhile().await;
        TestApp::run(given, time, folder).await
    }

    /// A second node on the same ledger, store, secrets and clock.
    pub async fn beside(&self) -> TestApp {
        self.beside_with(self.node.app.config.clone()).await
    }

    /// The same with other settings.
    pub async fn beside_with(&self, mut config: Config) -> TestApp {
        config.server.roles = vec![Role::Api];
        config.server.public_url = None;
        TestApp::run(config, self.time.clone(), Arc::clone(&self.folder)).await
    }

    /// Moves the clock on, the embedded store's too. A store outside allows some minutes.
    pub fn advance(&self, by: Duration) {
        self.time.1.advance(by);
    }

    /// Sets the clock, backwards too.
    pub fn set_clock(&self, to: Timestamp) {
        self.time.1.set(to);
    }

    /// Runs every job that is due, and those that they make due.
    pub async fn run_jobs(&self) -> usize {
        Runner::new(self.node.app.clone()).run_due().await
    }

    /// Creates the exam `spring` with the subject `coding`, whose bell rings an hour after the start.
    pub async fn exam(&self) -> Value {
        self.exam_called("spring").await
    }

    /// The same under another id.
    pub async fn exam_called(&self, id: &str) -> Value {
        self.exam_with_bell(id, self.node.app.clock.now() + Duration::from_secs(3_600)).await
    }

    /// Its bucket, past its API.
    pub fn bucket(&self) -> Onlooker {
        let clock = self.node.app.clock.clone();
        Onlooker::new(&self.node.app.config.store, Arc::new(move || clock.now()))
    }
}

impl Deref for TestApp {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// The stores that run outside of the tests, as `HANDIN_TEST_STORES` lists them.
pub fn externals() -> Vec<External> {
    let Some(path) = server("HANDIN_TEST_STORES") else { return Vec::new() };
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The administrator of the PostgreSQL for the tests, as `HANDIN_TEST_POSTGRES` names it.
pub fn postgres() -> Option<String> {
    server("HANDIN_TEST_POSTGRES")
}

/// A Python with the clients of `scripts/requirements.txt`, as `HANDIN_TEST_PYTHON` names it.
pub fn python() -> Option<String> {
    server("HANDIN_TEST_PYTHON")
}

/// Where a server for the tests is found. Without it tests leave something out, unless all of them are asked for.
#[expect(clippy::print_stderr, reason = "whoever runs the tests should see what was left out")]
fn server(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    let all = std::env::var("HANDIN_TEST_ALL").is_ok_and(|all| all == "1");
    assert!(found.is_some() || !all, "HANDIN_TEST_ALL is set, but not {variable}");
    if found.is_none() {
        eprintln!("left something out: {variable} is not set");
    }
    found
}

/// Makes a database of a name that nothing else uses, and gives its URL.
pub async fn new_database(administrator: &str) -> String {
    use sqlx::{AnyConnection, Connection};
    sqlx::any::install_default_drivers();
    let name = format!("handin_{}", hex::encode(Ids::system().bytes::<6>()));
    let mut connection = AnyConnection::connect(administrator).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    let mut url: reqwest::Url = administrator.parse().unwrap();
    url.set_path(&name);
    url.to_string()
}
