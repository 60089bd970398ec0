//! The running application: what every edge and service shares. Made once at the start, never changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::clock::{Clock, Ids};
use crate::config::{self, Archive, Config, Secrets};
use crate::db::{self, Db};
use crate::objects::{self, Objects};
use crate::service::drain::Line;
use crate::service::exams::ExamCache;
use crate::service::keyring::{BadSecret, Keyring};
use crate::service::pace::Paces;
use crate::service::progress::Progress;
use crate::service::retention::rate::Rate;
use crate::service::tokens::TokenVerifier;
use crate::service::webhooks::courier::{Courier, Rules};

/// Everything that services need. Shared as `Arc<App>`.
pub struct App {
    /// The settings; `store.endpoint` and keys are set, to those of the embedded store if need be.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
    /// The ledger.
    pub db: Db,
    /// The store.
    pub objects: Objects,
    /// Where recordings can be drained to, by name.
    pub archives: BTreeMap<String, Objects>,
    /// Our own keys.
    pub keyring: Keyring,
    /// Candidates' tokens.
    pub tokens: TokenVerifier,
    /// Exams as they were last seen.
    pub exams: ExamCache,
    /// How fast this node's senders may go.
    pub paces: Paces,
    /// What browsers said of themselves.
    pub progress: Progress,
    /// How fast this node deletes.
    pub deletions: Rate,
    /// Brings events to webhooks.
    pub courier: Courier,
    /// How fast this node drains.
    pub line: Line,
    /// Wakes the job runner.
    pub jobs: Wake,
}

/// Why the application could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database did not answer, or is newer than this program.
    #[error("the database: {0}")]
    Database(#[from] db::Error),
    /// The store could not be set up.
    #[error("the object store: {0}")]
    Store(#[from] objects::Error),
    /// An archive could not be set up.
    #[error("archive.{0}: {1}")]
    Archive(String, Box<StartError>),
    /// The address of the store is not one.
    #[error("store.endpoint: {0}")]
    Endpoint(String),
    /// The signing secrets cannot be used.
    #[error("secrets: {0}")]
    Secret(#[from] BadSecret),
    /// No HTTP client can be made on this machine.
    #[error("the HTTP client: {0}")]
    Client(reqwest::Error),
    /// The platform's keys cannot be read.
    #[error("tokens.platform_jwks_file: {0}")]
    PlatformKeys(String),
}

impl App {
    /// Connects to database and store, brings the schema up to date, and makes the keys ready.
    ///
    /// # Errors
    /// [`StartError`] naming the setting to look at.
    pub async fn start(
        config: Config,
        secrets: &Secrets,
        clock: Clock,
        ids: Ids,
    ) -> Result<Arc<App>, StartError> {
        let db = App::connect_ledger(&config).await?;
        let objects = App::connect_store(&config, &clock, &ids).await?;
        let archives = connect_archives(&config, &clock, &ids).await?;
        let signing: Vec<_> = secrets.signing.iter().map(|one| (one.id.clone(), one.bytes())).collect();
        Ok(Arc::new(App {
            keyring: Keyring::new(&signing)?,
            tokens: TokenVerifier::new(&platform_keys(&config)?)
                .map_err(|error| StartError::PlatformKeys(error.to_string()))?,
            exams: ExamCache::default(),
            paces: Paces::new(ids.row(clock.now())),
            progress: Progress::default(),
            deletions: Rate::default(),
            courier: Courier::new(rules(&config)).map_err(StartError::Client)?,
            line: Line::default(),
            jobs: Wake::default(),
            config,
            clock,
            ids,
            db,
            objects,
            archives,
        }))
    }

    /// Makes ready to call the configured store, and to sign for it; does not call it yet.
    ///
    /// # Errors
    /// [`StartError::Store`], [`StartError::Endpoint`].
    pub async fn connect_store(config: &Config, clock: &Clock, ids: &Ids) -> Result<Objects, StartError> {
        Ok(Objects::start(store(config, clock, ids)?).await?)
    }

    /// The same for an archive: a store like any other, under its own address and keys.
    ///
    /// # Errors
    /// [`StartError::Store`], [`StartError::Endpoint`].
    pub async fn connect_archive(
        config: &Config,
        archive: &Archive,
        clock: &Clock,
        ids: &Ids,
    ) -> Result<Objects, StartError> {
        let store = config::Store {
            endpoint: archive.endpoint.clone(),
            public_endpoint: archive.public_endpoint.clone(),
            region: archive.region.clone(),
            bucket: archive.bucket.clone(),
            access_key: archive.access_key.clone(),
            secret_key: archive.secret_key.clone(),
            path_style: archive.path_style,
            ..config.store.clone()
        };
        App::connect_store(&Config { store, ..config.clone() }, clock, ids).await
    }

    /// Connects to the database and brings the schema up to date.
    ///
    /// # Errors
    /// [`StartError::Database`].
    pub async fn connect_ledger(config: &Config) -> Result<Db, StartError> {
        let db = Db::connect(&database(config)).await?;
        db.migrate().await?;
        Ok(db)
    }
}

async fn connect_archives(
    config: &Config,
    clock: &Clock,
    ids: &Ids,
) -> Result<BTreeMap<String, Objects>, StartError> {
    let mut archives = BTreeMap::new();
    for (name, archive) in &config.archives {
        let connected = App::connect_archive(config, archive, clock, ids).await;
        let objects = connected.map_err(|error| StartError::Archive(name.clone(), Box::new(error)))?;
        archives.insert(name.clone(), objects);
    }
    Ok(archives)
}

fn database(config: &Config) -> db::Settings {
    db::Settings {
        url: config.database_url(),
        max_connections: config.database.max_connections,
        acquire_timeout: Duration::from_millis(config.database.acquire_timeout_ms),
        queue: config.database.queue,
    }
}

fn store(config: &Config, clock: &Clock, ids: &Ids) -> Result<objects::Settings, StartError> {
    let at = |endpoint: &str| bucket(config, endpoint);
    let internal = config.store.endpoint.as_deref().unwrap_or_default();
    let public = config.store.public_endpoint.as_deref().unwrap_or(internal);
    let time = clock.clone();
    Ok(objects::Settings {
        internal: at(internal)?,
        public: at(public)?,
        credentials: credentials(config),
        limits: objects::Limits {
            connect: Duration::from_millis(config.store.connect_timeout_ms),
            call: Duration::from_millis(config.store.call_timeout_ms),
            retry_budget: Duration::from_millis(config.store.retry_budget_ms),
            concurrent: config.store.max_calls,
            ..objects::Limits::default()
        },
        now: Arc::new(move || time.now()),
        seed: u64::from_le_bytes(ids.bytes()),
    })
}

fn bucket(config: &Config, endpoint: &str) -> Result<handin_s3::Bucket, StartError> {
    let style = if config.store.path_style { handin_s3::Style::Path } else { handin_s3::Style::VirtualHost };
    handin_s3::Bucket::new(endpoint, &config.store.region, &config.store.bucket, style)
        .map_err(|error| StartError::Endpoint(error.to_string()))
}

fn rules(config: &Config) -> Rules {
    let webhooks = &config.webhooks;
    Rules {
        allow_private: webhooks.allow_private,
        allow_http: webhooks.allow_http,
        timeout: Duration::from_millis(webhooks.timeout_ms),
    }
}

fn credentials(config: &Config) -> objects::Source {
    match (&config.store.access_key, &config.store.secret_key) {
        (Some(access), Some(secret)) => objects::Source::Static(handin_s3::Credentials::new(
            access.expose_secret(),
            secret.expose_secret(),
        )),
        _ => objects::Source::AwsChain,
    }
}

fn platform_keys(config: &Config) -> Result<JwkSet, StartError> {
    let Some(path) = &config.tokens.platform_jwks_file else { return Ok(JwkSet { keys: Vec::new() }) };
    let describe =
        |error: &dyn std::fmt::Display| StartError::PlatformKeys(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| describe(&error))?;
    serde_json::from_str(&text).map_err(|error| describe(&error))
}

/// Wakes the job runner before its next poll.
#[derive(Default)]
pub struct Wake {
    notify: Notify,
    stretches: Mutex<HashMap<&'static str, i64>>,
}

impl Wake {
    /// There is a job that is due now.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits until somebody wakes.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Whether this stretch of time was not seen before on this node, for jobs of a kind.
    pub fn is_new_stretch(&self, kind: &'static str, stretch: i64) -> bool {
        let mut stretches = self.stretches.lock().unwrap_or_else(PoisonError::into_inner);
        stretches.insert(kind, stretch) != Some(stretch)
    }
}
