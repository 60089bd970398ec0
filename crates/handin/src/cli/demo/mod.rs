//! `handin demo`: the whole way of six recordings, from an empty folder to proved objects, in one command.
//!
//! Everything goes over HTTP, as it would for an exam company and its candidates' browsers. Refuses to know how the
//! server is made: it starts it like `handin serve` does.

mod platform;
mod record;
mod samples;
mod transcript;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use super::output::say;
use super::serve::{Node, signal};
use crate::clock::{Clock, Ids};
use crate::config::{Config, Environment, Flags};

use platform::Platform;
use record::Sat;
use samples::{SITTINGS, VISITOR};
use transcript::Paint;

/// Flags of `handin demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to keep everything [default: a folder of its own that is removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// End after the proof instead of serving on
    #[arg(long)]
    once: bool,
}

/// Runs the demonstration; without `--once` it serves until it is interrupted.
///
/// # Errors
/// When the server cannot be started, or any proof fails; says which.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let folder = Folder::choose(args.data, &ids)?;
    let config = configure(&folder.path, args.once)?;
    let node = Node::start(config, clock.clone(), ids.clone()).await?;
    let result = show(&node, &folder, args.once, &clock, &ids).await;
    node.stop().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn show(node: &Node, folder: &Folder, once: bool, clock: &Clock, ids: &Ids) -> anyhow::Result<()> {
    let paint = Paint::detect();
    let ready = &node.ready;
    let api = ready.api.as_deref().context("the server does not listen")?;
    let api_key = ready.api_key.as_deref().context("this data folder has no API key that is good")?;
    say(&transcript::start(api, &ready.store, &folder.path, paint))?;
    let server = Server { api, api_key, folder: &folder.path };
    let shown = demonstrate(server, clock, ids, paint).await?;
    if once {
        return Ok(());
    }
    say(&transcript::next(&shown, api, api_key, paint))?;
    signal().await
}

/// The data folder; one of our own is removed with it.
struct Folder {
    path: PathBuf,
    own: bool,
}

impl Folder {
    fn choose(given: Option<PathBuf>, ids: &Ids) -> std::io::Result<Folder> {
        let own = given.is_none();
        let path =
            given.unwrap_or_else(|| std::env::temp_dir().join(format!("handin-demo-{}", &ids.word()[..8])));
        std::fs::create_dir_all(&path)?;
        Ok(Folder { path, own })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.own {
            // What cannot be removed from the temporary folder, the system removes one day.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// The defaults: embedded store and SQLite. Neither a configuration file nor the environment is read, so that a
/// demonstration never writes into a real bucket.
fn configure(folder: &Path, once: bool) -> anyhow::Result<Config> {
    let mut flags = Flags::new();
    flags.insert("data", folder.display().to_string());
    for (setting, usual) in [("server.listen", 8780), ("store.listen", 8781)] {
        let port = if once || TcpListener::bind(("127.0.0.1", usual)).is_err() { 0 } else { usual };
        flags.insert(setting, format!("127.0.0.1:{port}"));
    }
    Ok(Config::load(flags, Environment::default(), None)?)
}

/// What is needed to find the server.
#[derive(Debug, Clone, Copy)]
struct Server<'a> {
    /// The API's address.
    api: &'a str,
    /// An API key.
    api_key: &'a str,
    /// A folder for films on their way, and for what survives a kill.
    folder: &'a Path,
}

/// What can be looked at when the demonstration is over.
struct Shown {
    /// The exam's id.
    exam: String,
    /// Where the first recording can be watched.
    watch: String,
    /// Where a candidate's browser records.
    page_url: String,
}

/// Sends six recordings, proves them, and prints what it does to stdout.
///
/// # Errors
/// When anything is not as it should be; says what.
async fn demonstrate(server: Server<'_>, clock: &Clock, ids: &Ids, paint: Paint) -> anyhow::Result<Shown> {
    let platform = Platform::new(server.api, server.api_key, clock.clone(), ids.clone())?;
    let exam = platform.create_exam().await?;
    platform.put_roster(&exam).await?;
    say(&transcript::exam(&exam, SITTINGS.len(), paint))?;
    let mut sittings = Vec::new();
    for sitting in &SITTINGS {
        let ticket = platform.ticket(&exam, sitting.candidate).await?;
        let time = (clock.clone(), ids.clone());
        let sat = Box::pin(record::sit(sitting, &platform, &server, &ticket.token, time)).await?;
        for kept in &sat.kept {
            say(&transcript::recording(kept, paint))?;
        }
        sittings.push(sat);
    }
    say(&transcript::proof(&sittings, paint))?;
    check(&sittings)?;
    let watch =
        sittings.iter().flat_map(|sat| &sat.kept).next().map_or(String::new(), |kept| kept.link.clone());
    let page_url = platform.ticket(&exam, VISITOR).await?.page_url;
    Ok(Shown { exam, watch, page_url })
}

/// The proof once more, for the exit code.
fn check(sittings: &[Sat]) -> anyhow::Result<()> {
    let kept: Vec<_> = sittings.iter().flat_map(|sat| &sat.kept).collect();
    let films: usize = SITTINGS.iter().map(|sitting| sitting.films.len()).sum();
    ensure!(kept.len() == films, "{} of {films} recordings were made", kept.len());
    for one in kept {
        let stated = &one.delivered.stated;
        ensure!(stated.state == "sealed", "recording {} is {}", stated.id, stated.state);
        ensure!(one.is_identical(), "the object of recording {} is not what was recorded", stated.id);
    }
    Ok(())
}
