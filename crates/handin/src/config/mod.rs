//! The configuration: one file per section, read once at the start.
//!
//! Defaults < `handin.toml` < environment < flags. Knows no other module: what a setting means is the business of
//! whoever reads it. A new setting is one line in its section's file.

mod audit;
mod database;
mod jobs;
mod layers;
mod log;
mod nearest;
mod network;
pub mod reference;
mod retention;
mod secrets;
mod section;
mod server;
mod store;
mod tokens;
mod uploads;
mod webhooks;
mod archive;
mod drain;

use std::path::{Path, PathBuf};

use handin_core::retention::Action;
use secrecy::ExposeSecret as _;

pub use archive::{Archive, Archives};
pub use audit::Audit;
pub use database::Database;
pub use drain::Drain;
pub use jobs::Jobs;
pub use layers::{Environment, Flags};
pub use log::{Log, LogFormat};
pub use network::Network;
pub use retention::Retention;
pub use secrets::{Bootstrap, Secrets, SecretsError, SigningSecret, StoreKeys};
pub use section::Setting;
pub use server::{Role, Server};
pub use store::Store;
pub use tokens::Tokens;
pub use uploads::Uploads;
pub use webhooks::Webhooks;

use layers::Layers;
use section::section;

section! {
    /// The settings above all sections.
    Place "" {
        /// The folder for everything that must survive a restart: secrets, SQLite, and the embedded store's objects.
        data: PathBuf = PathBuf::from("handin-data");
        /// The secrets file; several nodes share one copy. Without it `secrets.toml` in the data folder.
        secrets: Option<PathBuf> = None;
    }
}

/// Everything that can be set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where this process keeps its files.
    pub place: Place,
    /// The API's listener and what it accepts.
    pub server: Server,
    /// Where the bytes go.
    pub store: Store,
    /// Where the ledger is kept.
    pub database: Database,
    /// What candidates may send, and for how long.
    pub uploads: Uploads,
    /// What candidates show to be let in.
    pub tokens: Tokens,
    /// What happens in the background.
    pub jobs: Jobs,
    /// How long recordings are kept.
    pub retention: Retention,
    /// How the platform is told of events.
    pub webhooks: Webhooks,
    /// How it is written down who did what.
    pub audit: Audit,
    /// When recordings go to an archive, and how fast.
    pub drain: Drain,
    /// Where recordings can be drained to.
    pub archives: Archives,
    /// What is written to standard error.
    pub log: Log,
}

/// The configuration cannot be used; one line for each thing to mend.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n  {}", .0.join("\n  "))]
pub struct BadConfig(pub Vec<String>);

impl Config {
    /// Reads all layers. Reports every problem at once.
    pub fn load(flags: Flags, environment: Environment, file: Option<&Path>) -> Result<Config, BadConfig> {
        let mut layers = Layers::new(flags, environment, file);
        let config = Config {
            place: Place::read(&mut layers),
            server: Server::read(&mut layers),
            store: Store::read(&mut layers),
            database: Database::read(&mut layers),
            uploads: Uploads::read(&mut layers),
            tokens: Tokens::read(&mut layers),
            jobs: Jobs::read(&mut layers),
            retention: Retention::read(&mut layers),
            webhooks: Webhooks::read(&mut layers),
            audit: Audit::read(&mut layers),
            drain: Drain::read(&mut layers),
            archives: archive::read(&mut layers),
            log: Log::read(&mut layers),
        };
        config.check(&mut layers);
        match layers.finish(&config.settings()) {
            problems if problems.is_empty() => Ok(config),
            problems => Err(BadConfig(problems)),
        }
    }

    /// Every setting with its value, in the order of the reference page; secrets are masked.
    pub fn settings(&self) -> Vec<Setting> {
        [
            self.place.settings(),
            self.server.settings(),
            self.store.settings(),
            self.database.settings(),
            self.uploads.settings(),
            self.tokens.settings(),
            self.jobs.settings(),
            self.retention.settings(),
            self.webhooks.settings(),
            self.audit.settings(),
            self.drain.settings(),
            archive::settings(&self.archives),
            self.log.settings(),
        ]
        .concat()
    }

    /// The folder for everything that must survive a restart.
    pub fn data(&self) -> &Path {
        &self.place.data
    }

    /// The secrets file.
    pub fn secrets_path(&self) -> PathBuf {
        self.place.secrets.clone().unwrap_or_else(|| self.data().join("secrets.toml"))
    }

    /// The database's URL; SQLite in the data folder unless one is set. May hold a password: not for logs.
    pub fn database_url(&self) -> String {
        match &self.database.url {
            Some(url) => url.expose_secret().to_owned(),
            None => format!("sqlite:{}", self.data().join("handin.db").display()),
        }
    }

    fn check(&self, layers: &mut Layers) {
        if self.store.access_key.is_some() != self.store.secret_key.is_some() {
            layers.problem("store.access_key and store.secret_key: give both or neither".to_owned());
        }
        if self.server.roles.is_empty() {
            layers.problem("server.roles: name at least one of api, worker and store".to_owned());
        }
        if self.tokens.ttl_s > self.tokens.max_ttl_s {
            layers.problem("tokens.ttl_s: may not be above tokens.max_ttl_s".to_owned());
        }
        let drains = self.retention.rules.iter().any(|rule| rule.action == Action::Drain);
        if drains && self.drain.archive.is_none() {
            layers
                .problem("retention.rules: name the archive in drain.archive that they drain to".to_owned());
        }
        if let Err(bad) = self.retention.policy().check(self.retention.maximum_days) {
            layers.problem(format!("retention.{}: {bad}", bad.field));
        }
        if let Some(name) = self.drain.archive.as_ref().filter(|name| !self.archives.contains_key(*name)) {
            layers.problem(format!("drain.archive: there is no section [archive.{name}]"));
        }
        let urls = [
            ("server.public_url", &self.server.public_url),
            ("store.endpoint", &self.store.endpoint),
            ("store.public_endpoint", &self.store.public_endpoint),
        ];
        for (path, url) in urls {
            if url.as_ref().is_some_and(|url| !is_http_url(url)) {
                layers.problem(format!("{path}: is not a URL that begins with http:// or https://"));
            }
        }
    }
}

fn is_http_url(given: &str) -> bool {
    given.parse::<reqwest::Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests;
