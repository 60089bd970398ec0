//! `handin serve`, and the running node that it and `handin demo` and the tests share.
//!
//! The one place where edges meet: it starts the API and the job runner over one [`App`], and the embedded store beside
//! them, which shares nothing with them but the process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::embedded::{Embedded, start_archives, start_store};
use super::{Place, output, place};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{Config, Flags, Role, Secrets};
use crate::jobs::Runner;
use crate::{http, service, telemetry};

/// Flags of `handin serve`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The API's address and port; port 0 takes a free one [default: 127.0.0.1:8780]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The embedded store's address and port [default: 127.0.0.1:8781]
    #[arg(long, value_name = "ADDRESS")]
    store_listen: Option<SocketAddr>,
    /// What this process runs: api, worker, store [default: all of them]
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<String>,
    /// Print one line of JSON on standard output once ready, for scripts
    #[arg(long)]
    json: bool,
}

/// Where a running node is reached.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// The API, as the server itself reaches it; absent without the role `api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The store's endpoint.
    pub store: String,
    /// The bucket with the recordings.
    pub bucket: String,
    /// The region that requests to the store are signed for.
    pub region: String,
    /// The embedded store's access key id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The embedded store's secret key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// An API key of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The data folder.
    pub data: String,
}

/// A running node: what its roles ask for, until it is stopped.
pub struct Node {
    /// What the node's edges share.
    pub app: Arc<App>,
    /// Where it is reached.
    pub ready: Ready,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    /// Its own store and those of archives. They end after the others, so that requests in flight can still reach them.
    stores: Vec<Embedded>,
}

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// When the node cannot be started; says which setting to look at.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<()> {
    let config = args.place.load(args.flags())?;
    telemetry::start_log(&config.log)?;
    let node = Node::start(config, clock, ids).await?;
    match args.json {
        true => output::say_json(&node.ready)?,
        false => output::say(&welcome(&node.ready))?,
    }
    signal().await?;
    node.stop().await;
    Ok(())
}

impl Args {
    fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        if let Some(listen) = self.listen {
            flags.insert("server.listen", listen.to_string());
        }
        if let Some(listen) = self.store_listen {
            flags.insert("store.listen", listen.to_string());
        } else if self.listen.is_some_and(|listen| listen.port() == 0) {
            // Whoever asks for any free port does not want the store on a fixed one.
            flags.insert("store.listen", "127.0.0.1:0".to_owned());
        }
        if !self.role.is_empty() {
            flags.insert("server.roles", self.role.join(","));
        }
        flags
    }
}

/// Ends when the process is asked to stop.
///
/// # Errors
/// When the operating system does not let us wait for signals.
pub async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

impl Node {
    /// Starts what the configured roles ask for, and returns when it can be used.
    ///
    /// # Errors
    /// When an address is taken, the data folder cannot be used, or database or store do not answer.
    pub async fn start(mut config: Config, clock: Clock, ids: Ids) -> anyhow::Result<Node> {
        telemetry::recorder();
        std::fs::create_dir_all(config.data())
            .with_context(|| format!("the data folder {}", config.data().display()))?;
        let secrets = place::secrets(&config, &ids)?;
        let embedded = config.store.is_embedded();
        let mut stores = start_archives(&mut config, &secrets, &clock).await?;
        if embedded && config.server.runs(Role::Store) {
            stores.push(start_store(&mut config, &secrets, &clock).await?);
        }
        ensure!(
            !config.store.is_embedded(),
            "no object store: configure store.endpoint, or run the role `store` in this process"
        );
        let listener = match config.server.runs(Role::Api) {
            true => Some(
                http::bind(config.server.listen)
                    .with_context(|| format!("server.listen {}", config.server.listen))?,
            ),
            false => None,
        };
        let api = listener
            .as_ref()
            .map(tokio::net::TcpListener::local_addr)
            .transpose()?
            .map(|address| format!("http://{address}"));
        if config.server.public_url.is_none() {
            config.server.public_url.clone_from(&api);
        }
        let app = App::start(config, &secrets, clock, ids).await?;
        service::retention::policies::adopt_house(&app).await.context("the house's retention policy")?;
        if embedded {
            service::prepare_bucket(&app).await.context("the embedded store")?;
        }
        service::drain::prepare_archives(&app).await;
        let api_key = bootstrap(&app, &secrets).await?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        if let Some(listener) = listener {
            let (noting, stopped) = (app.clone(), stop.clone());
            tasks.spawn(async move { service::progress::keep_flushing(&noting, stopped).await });
            // Before the first request: a pause holds from the start.
            service::pace::look(&app).await?;
            service::pace::beat(&app).await?;
            let (pacing, stopped) = (app.clone(), stop.clone());
            tasks.spawn(async move { service::pace::keep_current(&pacing, stopped).await });
            let (router, stop) = (http::router(app.clone()), stop.clone());
            let grace = Duration::from_secs(app.config.server.shutdown_grace_s);
            tasks.spawn(async move {
                if !http::serve(listener, router, stop, grace).await {
                    tracing::warn!("requests were still in flight when the grace period ended");
                }
            });
        }
        if app.config.server.runs(Role::Worker) {
            let (runner, stop) = (Runner::new(app.clone()), stop.clone());
            tasks.spawn(async move { runner.serve(stop).await });
        }
        let ready = ready(&app, embedded.then_some(&secrets), api, api_key);
        Ok(Node { app, ready, stop, tasks, stores })
    }

    /// Finishes what is in flight, then ends the jobs, the database and the store.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.app.db.close().await;
        for store in self.stores {
            store.stop().await;
        }
    }
}

/// The first caller's API key: adopted when the database has none, shown while it is good.
async fn bootstrap(app: &App, secrets: &Secrets) -> anyhow::Result<Option<String>> {
    let key = secrets.bootstrap.api_key.expose_secret();
    if crate::db::api_keys::count_active(&app.db).await? == 0 {
        service::api_keys::adopt(app, "first", key).await?;
    }
    Ok(service::api_keys::verify(app, key).await.is_ok().then(|| key.to_owned()))
}

fn ready(app: &App, embedded: Option<&Secrets>, api: Option<String>, api_key: Option<String>) -> Ready {
    let store = &app.config.store;
    let data = app.config.data();
    Ready {
        api,
        store: store.endpoint.clone().unwrap_or_default(),
        bucket: store.bucket.clone(),
        region: store.region.clone(),
        access_key: embedded.map(|secrets| secrets.store.access_key.clone()),
        secret_key: embedded.map(|secrets| secrets.store.secret_key.expose_secret().to_owned()),
        api_key,
        data: std::path::absolute(data).unwrap_or_else(|_| data.to_owned()).display().to_string(),
    }
}

/// What a person sees at the start.
pub fn welcome(ready: &Ready) -> String {
    let mut lines = vec!["handin is ready.".to_owned()];
    let mut line = |name: &str, value: Option<&str>| {
        lines.extend(value.map(|value| format!("  {name:<8} {value}")));
    };
    line("API", ready.api.as_deref());
    line("Store", Some(&ready.store));
    line("Bucket", Some(&ready.bucket));
    line("Data", Some(&ready.data));
    line("API key", ready.api_key.as_deref());
    if let (Some(api), Some(key)) = (&ready.api, &ready.api_key) {
        lines.push(format!(
            "\nNext, in another terminal:\n  export HANDIN_SERVER={api} HANDIN_API_KEY={key} HANDIN_DATA='{}'\n  \
             handin doctor\n  handin exam create --id spring --title \"My first exam\" --subject coding",
            ready.data
        ));
    }
    lines.join("\n")
}
