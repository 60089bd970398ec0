//! `handin bench data-centre`: what the bell does to live calls, the old way and the new, on one shaped link.
//!
//! Real packets over network namespaces of this machine. Three ways take turns in one run, with the same candidates:
//! through a proxy in the data centre, as one presigned PUT at the end, and part by part while recording goes on.

pub mod call;

mod net;
mod crew;
mod round;
mod outcome;
mod page;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use self::net::Net;
use self::outcome::Outcome;
use self::round::{Round, Stage, Way};
use super::units::{bits, duration};
use crate::cli::{output, serve};
use crate::clock::{Clock, Ids};

/// Flags of `handin bench data-centre`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How many candidates, each with a live call
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    candidates: u32,
    /// What each of them records
    #[arg(long, value_name = "TRACK,…", default_value = "webcam,screen")]
    tracks: String,
    /// Bits per second of each track
    #[arg(long, value_name = "BITS,…", default_value = "500k,300k")]
    bitrates: String,
    /// Bits per second of each live call
    #[arg(long, value_name = "BITS", default_value = "800k", value_parser = bits)]
    live: u64,
    /// How long the exam takes
    #[arg(long, value_name = "TIME", default_value = "60m", value_parser = duration)]
    duration: Duration,
    /// How many seconds of the exam pass in one second; limits of clients become as much shorter
    #[arg(long, value_name = "N", default_value_t = 300.0)]
    time_scale: f64,
    /// Within which time after the bell candidates submit
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    ramp: Duration,
    /// What the data-centre link carries, in each direction
    #[arg(long, value_name = "BITS", default_value = "50M", value_parser = bits)]
    data_centre: u64,
    /// What the link of the store carries, in each direction
    #[arg(long, value_name = "BITS", default_value = "200M", value_parser = bits)]
    storage: u64,
    /// What lines carry: korea, us, or a file with a number of Mb/s on each line
    #[arg(long, value_name = "LINES", default_value = "korea")]
    uplink: String,
    /// The old way: how long one request may take, in the time of the exam
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    client_limit: Duration,
    /// The old way: how often a recording is tried
    #[arg(long, value_name = "N", default_value_t = 3)]
    tries: u32,
    /// How long after the bell a way gives up what is not in
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    limit: Duration,
    /// How often each way is run; figures are medians
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// The seed of the first round
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write all figures as JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Args {
    /// What every bell of a round is told, whatever its way.
    fn bell(&self, round: u32) -> Vec<String> {
        let span = |span: Duration| format!("{}ms", span.as_millis());
        let flags = [
            ("--candidates", self.candidates.to_string()),
            ("--tracks", self.tracks.clone()),
            ("--bitrates", self.bitrates.clone()),
            ("--duration", span(self.duration)),
            ("--time-scale", self.time_scale.to_string()),
            ("--ramp", span(self.ramp)),
            ("--uplink", self.uplink.clone()),
            ("--live", self.live.to_string()),
            ("--limit", span(self.limit)),
            ("--seed", (self.seed + u64::from(round)).to_string()),
            // Receipts are all verified; reading everything back would only take time.
            ("--verify", "4".to_owned()),
        ];
        flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// How long one request of the old way may take in this run.
    fn request_limit(&self) -> Duration {
        self.client_limit.div_f64(self.time_scale)
    }
}

/// A folder that vanishes with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the experiment. The exit code says whether handin lost nothing.
///
/// # Errors
/// When the right or a program is missing, or a part of the experiment fails.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let (stopping, stopped) = std::sync::mpsc::channel();
    let working = args.clone();
    let timing = clock.clone();
    let word = ids.word()[..6].to_owned();
    let net = word.clone();
    let work = tokio::task::spawn_blocking(move || experiment(&working, &timing, &word, &stopped));
    tokio::select! {
        rounds = work => {
            let outcome = Outcome::new(&args, net, rounds.context("the experiment")??, clock.now());
            tell(&args, &outcome)
        }
        signal = serve::signal() => {
            // It takes down what it has made before the process ends.
            drop(stopping);
            signal.and_then(|()| bail!("stopped by a signal"))
        }
    }
}

/// All rounds; ends early, with everything taken down, when `stopped` is closed.
fn experiment(
    args: &Args,
    clock: &Clock,
    word: &str,
    stopped: &std::sync::mpsc::Receiver<()>,
) -> anyhow::Result<Vec<Round>> {
    let folder = Folder(std::env::temp_dir().join(format!("handin-data-centre-{word}")));
    std::fs::create_dir_all(&folder.0)?;
    let net = Net::build(word, args.data_centre, args.storage)?;
    let bar = ProgressBar::new(u64::from(args.rounds) * Way::ALL.len() as u64);
    // The template is a constant; were it wrong, the plain bar is shown.
    if let Ok(style) = ProgressStyle::with_template("{msg:40} {wide_bar} {pos}/{len} {elapsed_precise}") {
        bar.set_style(style);
    }
    let stage = Stage { args, net: &net, folder: &folder.0, clock };
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        for place in 0..Way::ALL.len() {
            // The order turns, so that a noisy minute does not always meet the same way.
            let way = Way::ALL[(place + round as usize) % Way::ALL.len()];
            bar.set_message(way.name());
            rounds.push(round::run(&stage, way, round)?);
            bar.inc(1);
            if matches!(stopped.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected)) {
                bail!("stopped by a signal");
            }
        }
    }
    bar.finish_and_clear();
    Ok(rounds)
}

fn tell(args: &Args, outcome: &Outcome) -> anyhow::Result<ExitCode> {
    let write = |file: &Path, text: String| {
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
    };
    match &args.json {
        Some(file) if file == Path::new("-") => output::say(&serde_json::to_string_pretty(outcome)?)?,
        Some(file) => {
            write(file, format!("{}\n", serde_json::to_string_pretty(outcome)?))?;
            output::say(&outcome.table())?;
        }
        None => output::say(&outcome.table())?,
    }
    if let Some(file) = &args.html {
        write(file, page::page(outcome).to_string())?;
    }
    Ok(if outcome.handin_lost() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
