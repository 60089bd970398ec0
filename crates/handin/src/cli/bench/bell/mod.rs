//! `handin bench bell`: thousands of candidates sit an exam on a real server, and all submit when the bell rings.
//!
//! Virtual candidates speak the true protocol over real connections; what they record comes from one buffer. At the
//! end every receipt is verified and objects are read back: a run that lost a byte fails and says which.

pub mod candidate;
pub mod measure;

mod args;
mod plan;
mod content;
mod line;
mod recording;
mod proxied;
mod ledger;
mod target;
mod admission;
mod watch;
mod verify;
mod outcome;
mod page;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use self::admission::Platform;
use self::candidate::{Candidate, Mode, Run, Whole};
use self::content::Content;
use self::outcome::Outcome;
use self::plan::Plan;
use self::target::Target;
use self::watch::Sample;
use super::proxy::Proxy;
use crate::cli::upload::api::Api;
use crate::cli::upload::pace::Pacer;
use crate::cli::{output, serve};
use crate::clock::{Clock, Ids};

pub use args::Args;

/// What the machine of this run has to share between sockets and files of generator, server and store.
const SPARE_FILES: u64 = 500;
/// How long candidates may go on when the run has given up, to say so themselves.
const GRACE: Duration = Duration::from_secs(20);
/// How long one connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Everything that a run has to do with.
struct Bell {
    args: Args,
    plan: Arc<Plan>,
    target: Arc<Mutex<Target>>,
    pid: Arc<AtomicU32>,
    apis: Vec<Api>,
    platform: Platform,
    clock: Clock,
    ids: Ids,
    bar: ProgressBar,
}

/// Rings; the exit code says whether everything arrived.
///
/// # Errors
/// When the run cannot be set up or is broken off.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    if let Err(error) = args.check() {
        output::complain(&format!("error: {error:#}"));
        return Ok(ExitCode::from(2));
    }
    let plan = Arc::new(Plan::draw(&args.exam()?));
    let bell = Bell::new(args, plan, clock, ids)?;
    tokio::select! {
        result = bell.ring() => result,
        stopped = serve::signal() => stopped.and_then(|()| bail!("stopped by a signal; nothing was judged")),
    }
}

impl Bell {
    fn new(args: Args, plan: Arc<Plan>, clock: Clock, ids: Ids) -> anyhow::Result<Bell> {
        let target = match args.api_key.clone() {
            Some(key) if !args.server.is_empty() => Target::running(args.server.clone(), key),
            _ => {
                let place = args.data.clone().unwrap_or_else(std::env::temp_dir);
                Target::start(&place, args.config.as_deref(), &ids)?
            }
        };
        let pid = Arc::new(AtomicU32::new(args.server_pid.unwrap_or_else(|| target.pid())));
        let api = |server: &String| Api::new(server, &target.api_key, Pacer::new(clock.clone(), 1));
        let apis = target.servers.iter().map(api).collect::<anyhow::Result<Vec<Api>>>()?;
        let first = apis.first().context("--server names no server")?;
        let platform = Platform::new(first.of(&target.api_key, Pacer::new(clock.clone(), 1)), ids.clone());
        let bar = ProgressBar::new(0);
        // The template is a constant; were it wrong, the plain bar is shown.
        if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {elapsed_precise}") {
            bar.set_style(style);
        }
        Ok(Bell { args, plan, target: Arc::new(Mutex::new(target)), pid, apis, platform, clock, ids, bar })
    }

    async fn ring(&self) -> anyhow::Result<ExitCode> {
        let lead = Instant::now() + self.args.lead();
        let rings = self.clock.now() + self.args.lead() + self.plan.bell;
        let (exam, tokens) = self.admit(rings).await?;
        ensure!(Instant::now() <= lead, "admitting took longer than thought; give more time with --lead");
        self.bar.set_message("waiting for the start");
        sleep_until(lead).await;
        let http = self.http()?;
        let proxy = self.proxy(&http).await?;
        let url = proxy.as_ref().map(|proxy| proxy.url.clone()).or_else(|| self.args.proxy.clone());
        let run = Arc::new(self.start(http, url)?);
        let traffic = || self.apis.iter().map(Api::traffic).sum::<u64>();
        let before = traffic();
        let samples = self.sit(&run, tokens).await?;
        let traffic = traffic() - before;
        let mut outcome = Outcome::new(&self.args, &run, &self.plan, traffic, samples);
        outcome.server.count_answers(&self.metrics(&run).await.unwrap_or_default());
        let verdict = match self.args.sign_only {
            true => None,
            false => Some(self.verify(&run, &exam).await?),
        };
        self.bar.finish_and_clear();
        self.tell(&outcome.judge(verdict), &run)
    }

    async fn admit(&self, rings: Timestamp) -> anyhow::Result<(String, Vec<String>)> {
        self.bar.set_message("admitting candidates");
        self.bar.set_length(self.args.candidates.into());
        let exam = self.platform.create_exam(&self.args.tracks, rings).await?;
        let tokens = self.platform.admit(&exam, self.args.candidates, &self.bar).await?;
        Ok((exam, tokens))
    }

    fn http(&self) -> anyhow::Result<reqwest::Client> {
        let client = reqwest::Client::builder().connect_timeout(CONNECT).no_proxy();
        Ok(client.redirect(reqwest::redirect::Policy::none()).tcp_nodelay(true).build()?)
    }

    /// The proxy of the old way, in this process unless one runs already.
    async fn proxy(&self, http: &reqwest::Client) -> anyhow::Result<Option<Proxy>> {
        if self.args.mode != Mode::Proxy || self.args.proxy.is_some() {
            return Ok(None);
        }
        let api = self.apis[0].of("", Pacer::new(self.clock.clone(), 1));
        let address = ([127, 0, 0, 1], 0).into();
        Proxy::start(address, api, http.clone(), self.clock.clone()).await.map(Some)
    }

    fn start(&self, http: reqwest::Client, proxy: Option<String>) -> anyhow::Result<Run> {
        let Args { mode, sign_only, connections, request_limit, tries, limit, seed, .. } = self.args;
        let started = Instant::now();
        Ok(Run {
            mode,
            sign_only,
            tracks: self.args.tracks.clone(),
            content: Content::new(seed),
            measure: measure::Measure::default(),
            ledger: ledger::Ledger::default(),
            http,
            proxy,
            whole: Whole { limit: request_limit, tries },
            calls: Semaphore::new(connections as usize),
            puts: Semaphore::new(puts_at_once(connections.into())?),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            started,
            rings: self.clock.now() + self.plan.bell,
            ends: started + self.plan.bell + limit,
        })
    }

    /// Everybody sits the exam; gives how things stood meanwhile.
    async fn sit(&self, run: &Arc<Run>, tokens: Vec<String>) -> anyhow::Result<Vec<Sample>> {
        self.bar.set_message("recording");
        self.bar.set_position(0);
        self.bar.set_length(self.plan.recordings() as u64);
        let samples = Arc::new(Mutex::new(Vec::new()));
        let (seen, bar) = (samples.clone(), self.bar.clone());
        let see = move |sample: Sample| {
            bar.set_position(sample.done);
            bar.set_message(if sample.at_s < 0.0 { "recording" } else { "the bell has rung" });
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
        };
        let watching = tokio::spawn(watch::watch(run.clone(), self.plan.clone(), self.pid.clone(), see));
        let _watching = AbortOnDropHandle::new(watching);
        let mut kills = self.kills(run);
        let mut candidates = JoinSet::new();
        for (place, (life, token)) in self.plan.lives.iter().zip(tokens).enumerate() {
            let api = &self.apis[place % self.apis.len()];
            candidates.spawn(Candidate::new(run, life.clone(), api, token).live());
        }
        let all = async { while candidates.join_next().await.is_some() {} };
        // Who has not ended by then is missing from the ledger, and the verdict says so.
        let _ = timeout_at(run.ends + GRACE, all).await;
        while let Some(killed) = kills.try_join_next() {
            killed.context("killing the server")??;
        }
        ensure!(
            kills.is_empty(),
            "everything was in before the server was to be killed; name an earlier --kill-at"
        );
        Ok(samples.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn kills(&self, run: &Run) -> JoinSet<anyhow::Result<()>> {
        let mut kills = JoinSet::new();
        for by_the_bell in &self.args.kill_at {
            let (target, pid) = (self.target.clone(), self.pid.clone());
            let at = (self.plan.bell.as_secs_f64() + by_the_bell).max(0.0);
            let at = run.started + Duration::from_secs_f64(at);
            kills.spawn(async move {
                sleep_until(at).await;
                let kill =
                    move || target.lock().unwrap_or_else(PoisonError::into_inner).kill_and_restart(&pid);
                tokio::task::spawn_blocking(kill).await.context("killing the server")?
            });
        }
        kills
    }

    async fn metrics(&self, run: &Run) -> anyhow::Result<String> {
        let url = format!("{}/metrics", self.apis[0].server());
        Ok(run.http.get(url).timeout(CONNECT).send().await?.text().await?)
    }

    async fn verify(&self, run: &Run, exam: &str) -> anyhow::Result<verify::Verdict> {
        self.bar.set_message("verifying");
        let Args { verify, seed, .. } = self.args;
        verify::verify(run, &self.plan, &self.platform, exam, (verify, seed), &self.bar).await
    }

    fn tell(&self, outcome: &Outcome, run: &Run) -> anyhow::Result<ExitCode> {
        let json = || Ok::<_, anyhow::Error>(format!("{}\n", serde_json::to_string_pretty(outcome)?));
        match &self.args.json {
            Some(file) if file == Path::new("-") => output::say(json()?.trim_end())?,
            Some(file) => write(file, &json()?)?,
            None => {}
        }
        if self.args.json.as_deref() != Some(Path::new("-")) {
            output::say(&outcome.table())?;
        }
        if let Some(file) = &self.args.html {
            let now = self.clock.now();
            let made = format!("handin {} bench bell, {now:.0}", env!("CARGO_PKG_VERSION"));
            write(file, &page::page(outcome, &run.measure, &made).to_string())?;
        }
        outcome.problems().iter().for_each(|problem| output::complain(problem));
        Ok(if outcome.whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// How many recordings may be on their way at once: each is a socket here, one at the server and a file there.
fn puts_at_once(calls: u64) -> anyhow::Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files =
        line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok()).unwrap_or(1_024);
    let puts = files.saturating_sub(calls + SPARE_FILES) / 3;
    ensure!(
        puts > 0,
        "this process may open only {files} files; raise the limit (ulimit -n) or lower --connections"
    );
    Ok(puts as usize)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}
