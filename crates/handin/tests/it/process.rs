//! A real `handin serve` in a process of its own, to be killed at any moment, and what survives that.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use handin::app::App;
use handin::clock::{Clock, Ids};
use handin::config::{Config, Environment, Flags};
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

use crate::app::{External, new_database};
use crate::caller::Caller;
use crate::onlooker::Onlooker;
use crate::stores::{new_bucket, real_time};

/// Leases as short as the settings allow, for they are what a killed server leaves behind for others to wait for; and
/// patience with a database and a store that serve many tests at once. What retention has marked goes at once, and receivers of
/// webhooks stand on the loopback.
const SETTINGS: [(&str, &str); 10] = [
    ("HANDIN_UPLOADS_SEAL_LEASE_S", "5"),
    ("HANDIN_JOBS_LEASE_S", "5"),
    ("HANDIN_JOBS_POLL_MS", "100"),
    ("HANDIN_JOBS_MEND_AFTER_S", "0"),
    ("HANDIN_RETENTION_GRACE_DAYS", "0"),
    ("HANDIN_DATABASE_ACQUIRE_TIMEOUT_MS", "30000"),
    ("HANDIN_DATABASE_MAX_CONNECTIONS", "4"),
    ("HANDIN_STORE_CALL_TIMEOUT_MS", "60000"),
    ("HANDIN_WEBHOOKS_ALLOW_PRIVATE", "true"),
    ("HANDIN_WEBHOOKS_ALLOW_HTTP", "true"),
];

/// A data folder, a ledger and a bucket: what outlives a server.
pub struct Site {
    folder: TempDir,
    environment: Environment,
}

/// A running server; killed when it is dropped.
pub struct Process {
    child: Child,
    caller: Caller,
    log: PathBuf,
}

impl Site {
    /// A site on this store, with SQLite or in a new database of this PostgreSQL.
    pub async fn new(store: &External, postgres: Option<&str>) -> Site {
        let mut environment: Environment =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
        set("S3_ENDPOINT", &store.endpoint);
        set("S3_REGION", &store.region);
        set("S3_ACCESS_KEY_ID", &store.access_key);
        set("S3_SECRET_ACCESS_KEY", &store.secret_key);
        set("S3_PATH_STYLE", &store.path_style.to_string());
        set("S3_BUCKET", &new_bucket());
        if let Some(administrator) = postgres {
            set("DATABASE_URL", &new_database(administrator).await);
        }
        let site = Site { folder: tempfile::tempdir().unwrap(), environment };
        let objects = App::connect_store(&site.config(), &Clock::system(), &Ids::system()).await.unwrap();
        objects.ensure_bucket().await.unwrap();
        site
    }

    /// Starts a server that plays every role, and waits until it is ready.
    pub async fn serve(&self) -> Process {
        self.serve_as("api,worker").await
    }

    /// Starts a server that plays these roles, and waits until it is ready.
    pub async fn serve_as(&self, roles: &str) -> Process {
        let log = self.folder.path().join("log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_handin"))
            .args(["serve", "--listen", "127.0.0.1:0", "--json", "--role", roles, "--data"])
            .arg(self.folder.path())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let ready = tokio::task::spawn_blocking(|| first_line(stdout)).await.unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap_or_else(|_| {
            panic!("not ready but {ready:?}: {}", std::fs::read_to_string(&log).unwrap_or_default())
        });
        let text = |name: &str| ready[name].as_str().unwrap();
        Process { child, caller: Caller::new(text("api"), text("api_key")), log }
    }

    /// Gives the servers to come settings that no variable can give.
    pub fn configure(&self, settings: &str) {
        std::fs::write(self.folder.path().join("handin.toml"), settings).unwrap();
    }

    /// The bucket, past every server and past the proxy before it.
    pub fn bucket(&self, store: &External) -> Onlooker {
        let mut settings = self.config().store;
        settings.endpoint = Some(store.endpoint.clone());
        Onlooker::new(&settings, real_time())
    }

    /// Has the bells of all recordings and their grace be over.
    pub async fn let_the_grace_end(&self) {
        self.change("update recording set salvage_at = 0").await;
    }

    /// Has every link to an object that was replaced end, and the time of those who made another be over.
    pub async fn let_every_link_end(&self) {
        self.change("update job set run_at = 0 where kind = 'retire'").await;
    }

    /// Writes into the ledger beside the server, with as much patience as the server has itself.
    async fn change(&self, statement: &'static str) {
        sqlx::any::install_default_drivers();
        let url = self.config().database_url();
        let mut ledger = AnyConnection::connect(&url).await.unwrap();
        if url.starts_with("sqlite:") {
            sqlx::query("pragma busy_timeout = 30000").execute(&mut ledger).await.unwrap();
        }
        sqlx::query(statement).execute(&mut ledger).await.unwrap();
        ledger.close().await.unwrap();
    }

    fn config(&self) -> Config {
        let data = self.folder.path().display().to_string();
        Config::load(Flags::from([("data", data)]), self.environment.clone(), None).unwrap()
    }
}

fn first_line(stdout: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    line
}

impl Process {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself, which the test notices elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Looks again and again until `look` sees something, for at most a minute: another process cannot be stepped.
    pub async fn eventually<T>(&self, what: &str, look: impl AsyncFn(&Caller) -> Option<T>) -> T {
        for _ in 0..1_200 {
            if let Some(seen) = look(&self.caller).await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still not after a minute: {what}");
    }
}

impl Deref for Process {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "what the server said belongs to the failure of a test")]
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
