//! The embedded store, over the data folder and over the folders of archives, each on a listener of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use handin_store::{AccessKey, Store};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Config, Role, Secrets};
use crate::http;

/// An embedded store that serves.
pub struct Embedded {
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Embedded {
    /// Finishes requests in flight and gives the folder free.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.task.join_next().await.is_some() {}
    }
}

/// What to serve, and where.
struct Serving {
    folder: PathBuf,
    region: String,
    bucket: String,
    listen: SocketAddr,
}

/// Opens the embedded store over the data folder, and fills in the configuration as if it were any other store.
///
/// # Errors
/// When the folder belongs to another process, or the address is taken.
pub async fn start_store(config: &mut Config, secrets: &Secrets, clock: &Clock) -> anyhow::Result<Embedded> {
    let serving = Serving {
        folder: config.data().join("store"),
        region: config.store.region.clone(),
        bucket: config.store.bucket.clone(),
        listen: config.store.listen,
    };
    let (address, embedded) = serve(serving, "store", secrets, clock).await?;
    config.store.endpoint = Some(format!("http://{address}"));
    config.store.access_key = Some(SecretString::from(secrets.store.access_key.clone()));
    config.store.secret_key = Some(secrets.store.secret_key.clone());
    config.store.path_style = true;
    Ok(embedded)
}

/// Opens one over the folder of each archive that is a folder, if this process plays that role, and fills in how the archive
/// is reached.
///
/// # Errors
/// As [`start_store`].
pub async fn start_archives(
    config: &mut Config,
    secrets: &Secrets,
    clock: &Clock,
) -> anyhow::Result<Vec<Embedded>> {
    let serves = config.server.runs(Role::Store);
    let mut started = Vec::new();
    for (name, archive) in &mut config.archives {
        let Some(folder) = archive.folder.clone() else { continue };
        let (region, bucket) = (archive.region.clone(), archive.bucket.clone());
        if serves {
            let serving = Serving { folder, region, bucket, listen: archive.listen };
            let (address, embedded) = serve(serving, &format!("archive.{name}"), secrets, clock).await?;
            archive.endpoint = Some(format!("http://{address}"));
            started.push(embedded);
        }
        archive.endpoint.get_or_insert_with(|| format!("http://{}", archive.listen));
        archive.access_key = Some(SecretString::from(secrets.store.access_key.clone()));
        archive.secret_key = Some(secrets.store.secret_key.clone());
        archive.path_style = true;
    }
    Ok(started)
}

async fn serve(
    serving: Serving,
    name: &str,
    secrets: &Secrets,
    clock: &Clock,
) -> anyhow::Result<(SocketAddr, Embedded)> {
    let keys = &secrets.store;
    let own = AccessKey::new(&keys.access_key, keys.secret_key.expose_secret());
    let time = clock.clone();
    let settings = handin_store::Config {
        clock: Arc::new(move || time.now().as_millisecond()),
        ..handin_store::Config::new(serving.folder, &serving.region, vec![own])
    };
    let whose = || format!("the embedded store of {name}");
    let store = Store::open(settings).await.with_context(whose)?;
    store.ensure_bucket(&serving.bucket).await.with_context(whose)?;
    let listener = http::bind(serving.listen).with_context(|| format!("{name}.listen {}", serving.listen))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let mut task = JoinSet::new();
    let stopped = stop.clone().cancelled_owned();
    task.spawn(async move {
        if let Err(error) = store.serve(listener, stopped).await {
            tracing::error!(%error, "the embedded store has ended");
        }
    });
    Ok((address, Embedded { stop, task }))
}
