//! The server under load: one that runs already, or a child of this process over a folder that vanishes with it.
//!
//! The child can be killed like by a power cut and comes back on the same folder and ports.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::clock::Ids;

/// Servers under load.
pub struct Target {
    /// Where they are reached; candidates take turns.
    pub servers: Vec<String>,
    /// An API key.
    pub api_key: String,
    node: Option<Node>,
}

/// A server that this process started.
struct Node {
    child: Option<Child>,
    folder: PathBuf,
    config: Option<PathBuf>,
    ready: Ready,
}

/// The line that `handin serve --json` prints.
#[derive(Debug, Deserialize)]
struct Ready {
    api: String,
    store: String,
    access_key: Option<String>,
    api_key: Option<String>,
}

/// The settings of whoever runs this do not reach the child: what is measured is the default, or `--config`.
const FOREIGN: [&str; 4] = ["HANDIN_", "S3_", "AWS_", "DATABASE_URL"];

impl Target {
    /// Servers that run already.
    pub fn running(servers: Vec<String>, api_key: String) -> Target {
        Target { servers, api_key, node: None }
    }

    /// A child over a new folder in `place`, with the embedded store unless `config` names another.
    ///
    /// # Errors
    /// When it does not come up; says what it said.
    pub fn start(place: &Path, config: Option<&Path>, ids: &Ids) -> anyhow::Result<Target> {
        let folder = place.join(format!("handin-bell-{}", &ids.word()[..8]));
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
        // The child runs elsewhere.
        let config = config.map(std::path::absolute).transpose()?;
        let (child, ready) = serve(&folder, config.as_deref(), &["--listen", "127.0.0.1:0"])?;
        let api_key = ready.api_key.clone();
        let servers = vec![ready.api.clone()];
        let node = Node { child: Some(child), folder, config, ready };
        let api_key = api_key.context("the server has no API key of its own any more")?;
        Ok(Target { servers, api_key, node: Some(node) })
    }

    /// The process id of the child, 0 where there is none.
    pub fn pid(&self) -> u32 {
        self.node.as_ref().and_then(|node| node.child.as_ref()).map_or(0, Child::id)
    }

    /// Kills the child with SIGKILL and starts it again on its data and ports; `pid` learns the new process.
    ///
    /// # Errors
    /// When there is no child, or it does not come back.
    pub fn kill_and_restart(&mut self, pid: &AtomicU32) -> anyhow::Result<()> {
        let node = self.node.as_mut().context("only a server that was started here can be killed")?;
        node.kill();
        pid.store(0, Ordering::Relaxed);
        let address = |url: &str| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let (api, store) = (address(&node.ready.api), address(&node.ready.store));
        let mut flags = vec!["--listen", &api];
        // Only the embedded store has keys of its own, and a port.
        if node.ready.access_key.is_some() {
            flags.extend(["--store-listen", &store]);
        }
        let (child, _) = serve(&node.folder, node.config.as_deref(), &flags)?;
        pid.store(child.id(), Ordering::Relaxed);
        node.child = Some(child);
        Ok(())
    }
}

impl Node {
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only when it is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(folder: &Path, config: Option<&Path>, flags: &[&str]) -> anyhow::Result<(Child, Ready)> {
    let log = folder.join("server.log");
    let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
    if config.is_none() {
        let foreign = std::env::vars().map(|(name, _)| name);
        foreign.filter(|name| FOREIGN.iter().any(|ours| name.starts_with(ours))).for_each(|name| {
            command.env_remove(name);
        });
    }
    command.arg("serve").arg("--json").arg("--data").arg(folder.join("data")).args(flags);
    command.args(config.iter().flat_map(|config| [Path::new("--config"), config]));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(append(&log)?);
    let mut child = command.spawn().context("the server cannot be started")?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if line.is_empty() {
        // It has ended, or is about to.
        let _ = child.wait();
    }
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    ensure!(!line.is_empty(), "the server did not come up: {}", said());
    Ok((child, serde_json::from_str(&line).context("the server's first line cannot be read")?))
}

fn append(log: &Path) -> anyhow::Result<File> {
    OpenOptions::new().create(true).append(true).open(log).with_context(|| format!("{}", log.display()))
}
