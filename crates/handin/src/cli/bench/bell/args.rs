//! Flags of `handin bench bell`, and what they mean together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::candidate::Mode;
use super::plan::{Exam, Uplink};
use super::verify::Compare;
use crate::cli::bench::units::{bits, by_the_bell, duration, per_hour};

/// Candidates arrive within this part of the exam unless it is said otherwise: a fifth.
const ARRIVALS: u32 = 5;

/// Flags of `handin bench bell`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How many candidates
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub candidates: u32,
    /// What each of them records
    #[arg(long, value_name = "TRACK,…", value_delimiter = ',', default_value = "webcam,screen")]
    pub tracks: Vec<String>,
    /// Bits per second of each track
    #[arg(long, value_name = "BITS,…", value_delimiter = ',', default_value = "500k,300k", value_parser = bits)]
    pub bitrates: Vec<u64>,
    /// How long the exam takes, from its start to the bell
    #[arg(long, value_name = "TIME", default_value = "60m", value_parser = duration)]
    pub duration: Duration,
    /// Within which time after the start candidates arrive [default: a fifth of --duration]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub arrivals: Option<Duration>,
    /// How many seconds of the exam pass in one second; rates stay as they are, so recordings become as much shorter
    #[arg(long, value_name = "N", default_value_t = 60.0)]
    pub time_scale: f64,
    /// How recordings come in
    #[arg(long, value_enum, default_value_t = Mode::Record)]
    pub mode: Mode,
    /// What lines carry: korea, us, or a file with a number of Mb/s on each line
    #[arg(long, value_name = "LINES", default_value = "korea")]
    pub uplink: String,
    /// What the live call takes of each line
    #[arg(long, value_name = "BITS", default_value = "800k", value_parser = bits)]
    pub live: u64,
    /// How often a candidate's line is down, in an hour of the exam
    #[arg(long, value_name = "N/h", default_value = "0", value_parser = per_hour)]
    pub outages: f64,
    /// Within which time after the bell candidates submit
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub ramp: Duration,
    /// How many objects are read back and compared: all, or a number drawn by chance
    #[arg(long, value_name = "all|N", default_value = "all")]
    pub verify: Compare,
    /// Send no bytes and seal nothing: only opening and signing are measured
    #[arg(long)]
    pub sign_only: bool,
    /// After the bell, how long one request with a whole recording may take (modes at-end and proxy)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub request_limit: Option<Duration>,
    /// How often a whole recording is tried (modes at-end and proxy) [default: until the run ends]
    #[arg(long, value_name = "N")]
    pub tries: Option<u32>,
    /// How long after the bell the run gives up what is not in
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub limit: Duration,
    /// The seed of everything that chance decides
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Kill the server like a power cut and start it again, such as bell+2s; may be given several times
    #[arg(long, value_name = "MOMENT", value_parser = by_the_bell, conflicts_with = "server", allow_hyphen_values = true)]
    pub kill_at: Vec<f64>,
    /// Servers that run already, which candidates use in turn [default: one of its own, in a folder that vanishes]
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    pub server: Vec<String>,
    /// An API key of that server
    #[arg(long, value_name = "KEY", env = "HANDIN_API_KEY", hide_env_values = true, requires = "server")]
    pub api_key: Option<String>,
    /// The process id of that server, if it runs here: its CPU time and memory are measured
    #[arg(long, value_name = "PID", requires = "server")]
    pub server_pid: Option<u32>,
    /// A proxy that runs already, for the mode proxy [default: one in this process]
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Allow servers that are not on this machine
    #[arg(long)]
    pub i_own_this_host: bool,
    /// Where the own server's folder is made [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub data: Option<PathBuf>,
    /// The configuration of the own server, such as another store or database
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub config: Option<PathBuf>,
    /// How long there is to admit everybody before recording begins [default: by their number]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub lead: Option<Duration>,
    /// Calls to the API at a time
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub connections: u32,
    /// Write all figures as JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl Args {
    /// Checks what no single flag can tell.
    ///
    /// # Errors
    /// Naming the flag that has to be mended.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.tracks.len() == self.bitrates.len(),
            "--tracks and --bitrates: name a bitrate for each track"
        );
        ensure!(self.time_scale > 0.0 && self.time_scale.is_finite(), "--time-scale: use a number above 0");
        ensure!(self.duration > Duration::ZERO, "--duration: use a time above 0");
        ensure!(self.arrivals() < self.duration, "--arrivals: candidates arrive before the bell");
        ensure!(
            !self.sign_only || self.mode != Mode::Proxy,
            "--sign-only: a proxy signs nothing; use another --mode"
        );
        ensure!(self.server.is_empty() || self.api_key.is_some(), "--server: give --api-key, too");
        for server in self.server.iter().chain(&self.proxy) {
            ensure!(
                self.i_own_this_host || is_here(server)?,
                "{server} is not on this machine; a bell is an attack on whoever did not ask for it. Say --i-own-this-host if you may"
            );
        }
        Ok(())
    }

    /// What chance is told.
    ///
    /// # Errors
    /// When the file of lines cannot be read.
    pub fn exam(&self) -> anyhow::Result<Exam> {
        Ok(Exam {
            candidates: self.candidates,
            bitrates: self.bitrates.clone(),
            duration: self.duration,
            arrivals: self.arrivals(),
            time_scale: self.time_scale,
            ramp: self.ramp,
            outages_per_hour: self.outages,
            uplink: uplink(&self.uplink)?,
            live: self.live,
            seed: self.seed,
        })
    }

    /// Within which time after the start candidates arrive, in the time of the exam.
    pub fn arrivals(&self) -> Duration {
        self.arrivals.unwrap_or(self.duration / ARRIVALS)
    }

    /// How long admitting may take on a slow and busy machine.
    pub fn lead(&self) -> Duration {
        self.lead.unwrap_or(Duration::from_secs(5) + Duration::from_millis(2) * self.candidates)
    }
}

fn is_here(server: &str) -> anyhow::Result<bool> {
    let url = reqwest::Url::parse(server).with_context(|| format!("the server {server} is not a URL"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    Ok(host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()))
}

fn uplink(named: &str) -> anyhow::Result<Uplink> {
    match named {
        "korea" => Ok(Uplink::KOREA),
        "us" => Ok(Uplink::US),
        file => measured(Path::new(file)),
    }
}

fn measured(file: &Path) -> anyhow::Result<Uplink> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("--uplink: write korea, us or a file; {}", file.display()))?;
    let words = text.split_ascii_whitespace();
    let lines: Option<Vec<u64>> = words.map(|word| bits(&format!("{word}M")).ok()).collect();
    let lines = lines.filter(|lines| !lines.is_empty());
    Ok(Uplink::Measured(
        lines.with_context(|| format!("{}: write a number of Mb/s on each line", file.display()))?,
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn check(flags: &[&str]) -> Result<(), String> {
        let line = Line::try_parse_from([&["bell"], flags].concat()).map_err(|error| error.to_string())?;
        line.args.check().map_err(|error| error.to_string())
    }

    #[test]
    fn the_bell_rings_only_where_one_may() {
        assert_eq!(check(&[]), Ok(()));
        for here in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert_eq!(check(&["--server", here, "--api-key", "k"]), Ok(()), "{here}");
        }
        let elsewhere = ["--server", "https://exam.example", "--api-key", "k"];
        assert!(check(&elsewhere).unwrap_err().contains("--i-own-this-host"));
        assert_eq!(check(&[&elsewhere[..], &["--i-own-this-host"]].concat()), Ok(()));
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        for (flags, named) in [
            (&["--tracks", "a,b,c"][..], "--bitrates"),
            (&["--time-scale", "0"], "--time-scale"),
            (&["--arrivals", "60m"], "--arrivals"),
            (&["--sign-only", "--mode", "proxy"], "--sign-only"),
            (&["--server", "http://127.0.0.1:1", "--kill-at", "bell"], "--kill-at"),
            (&["--kill-at", "2s"], "bell+2s"),
            (&["--verify", "most"], "how many"),
        ] {
            let refused = check(flags).unwrap_err();
            assert!(refused.contains(named), "{flags:?}: {refused}");
        }
    }
}
