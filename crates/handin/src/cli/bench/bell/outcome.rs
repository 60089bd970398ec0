//! What a run has shown, as figures: the JSON document and the table for the terminal.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::Serialize;

use super::args::Args;
use super::candidate::{Mode, Run};
use super::measure::{Calls, Spread};
use super::plan::Plan;
use super::verify::Verdict;
use super::watch::Sample;
use crate::cli::output;
use crate::report::number;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// What was asked for.
    pub settings: Settings,
    /// When the bell rang.
    pub bell_at: Timestamp,
    /// What this run does not show.
    pub left_out: Option<&'static str>,
    /// Nothing is lost, doubled or different.
    pub whole: bool,
    /// What was found at the end; none where only signing was measured.
    pub verdict: Option<Verdict>,
    /// Recordings that were given up, where only signing was measured.
    pub failed: Vec<String>,
    /// Seconds from the bell until a candidate had all receipts.
    pub bell_to_receipt_s: Spread,
    /// Seconds from a candidate's own submission until they had all receipts.
    pub submit_to_receipt_s: Spread,
    /// Bytes.
    pub bytes: Bytes,
    /// Calls by kind.
    pub calls: Vec<Calls>,
    /// The server's process, where it runs on this machine.
    pub server: Server,
    /// Twice a second.
    pub samples: Vec<Sample>,
    /// One value for each candidate who has all receipts; for plots.
    #[serde(skip)]
    pub waits: Vec<(f64, f64)>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub struct Settings {
    /// How many candidates.
    pub candidates: u32,
    /// Bits per second by track.
    pub tracks: BTreeMap<String, u64>,
    /// Seconds of the exam until the bell.
    pub duration_s: f64,
    /// Seconds of the exam within which candidates arrived.
    pub arrivals_s: f64,
    /// Seconds of the exam in one of the run.
    pub time_scale: f64,
    /// How recordings came in.
    pub mode: Mode,
    /// What lines carried.
    pub uplink: String,
    /// Bits per second of the live call.
    pub live: u64,
    /// Outages in an hour of the exam.
    pub outages_per_hour: f64,
    /// Seconds after the bell within which candidates submitted.
    pub ramp_s: f64,
    /// The seed.
    pub seed: u64,
    /// Whether nothing was sent.
    pub sign_only: bool,
    /// When the server was killed, in seconds from the bell.
    pub kills_s: Vec<f64>,
}

/// Where bytes went.
#[derive(Debug, Serialize)]
pub struct Bytes {
    /// Recorded by all candidates.
    pub recorded: u64,
    /// Confirmed by the store or the proxy.
    pub stored: u64,
    /// Bodies of all calls of the API, both ways.
    pub api: u64,
    /// Those, for each byte that was stored.
    pub api_per_stored: f64,
    /// Bodies that went through the proxy.
    pub proxied: u64,
}

/// What the server needed.
#[derive(Debug, Default, Serialize)]
pub struct Server {
    /// Seconds of CPU time during the run.
    pub cpu_s: f64,
    /// The most memory it was seen with, in bytes.
    pub rss_bytes: u64,
    /// Its own count of answers since its last start, by status.
    pub answers: BTreeMap<String, u64>,
}

const SINK: &str = "Bytes were not sent and recordings not sealed: only opening and signing were measured.";

impl Outcome {
    /// Puts everything together.
    pub fn new(args: &Args, run: &Run, plan: &Plan, api_bytes: u64, samples: Vec<Sample>) -> Outcome {
        let stored = run.measure.stored.load(Ordering::Relaxed);
        let waits = waits(run, plan);
        let proxied = if args.mode == Mode::Proxy { stored } else { 0 };
        Outcome {
            settings: Settings::of(args),
            bell_at: run.rings,
            left_out: args.sign_only.then_some(SINK),
            whole: false,
            verdict: None,
            failed: run.ledger.lost(),
            bell_to_receipt_s: Spread::of(waits.iter().map(|wait| wait.0).collect()),
            submit_to_receipt_s: Spread::of(waits.iter().map(|wait| wait.1).collect()),
            bytes: Bytes {
                recorded: plan.bytes(),
                stored,
                api: api_bytes,
                api_per_stored: api_bytes as f64 / (stored.max(1)) as f64,
                proxied,
            },
            calls: run.measure.calls(),
            server: Server::of(&samples),
            samples,
            waits,
        }
    }

    /// Takes what was found at the end, and judges.
    pub fn judge(mut self, verdict: Option<Verdict>) -> Outcome {
        self.whole = match &verdict {
            Some(found) => found.problems.is_empty() && found.receipts_verified == found.expected,
            None => self.failed.is_empty(),
        };
        self.verdict = verdict;
        self
    }

    /// What is missing, doubled or different.
    pub fn problems(&self) -> &[String] {
        self.verdict.as_ref().map_or(&self.failed, |verdict| &verdict.problems)
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let calls: Vec<Vec<String>> = self.calls.iter().map(row).collect();
        let head =
            ["call", "answered", "asked to wait", "tried again", "p50 ms", "p95 ms", "p99 ms", "max ms"];
        let mut text = output::table(&head, &calls);
        let line = |name: &str, spread: &Spread| {
            let Spread { p50, p95, p99, max, .. } = spread;
            let [p50, p95, p99, max] = [p50, p95, p99, max].map(|value| value.map_or("–".to_owned(), number));
            format!("\n{name}: p50 {p50} s, p95 {p95} s, p99 {p99} s, max {max} s")
        };
        if self.bell_to_receipt_s.count > 0 {
            text.push('\n');
            text.push_str(&line("from the bell to all receipts", &self.bell_to_receipt_s));
            text.push_str(&line("from submitting to all receipts", &self.submit_to_receipt_s));
        }
        text.push_str(&self.facts());
        text
    }

    fn facts(&self) -> String {
        let Bytes { recorded, stored, api, api_per_stored, proxied } = &self.bytes;
        let mb = |bytes: &u64| number(*bytes as f64 / 1e6);
        let mut text = format!(
            "\n{} MB recorded, {} MB stored, {} MB through the API",
            mb(recorded),
            mb(stored),
            mb(api)
        );
        if *stored > 0 {
            text.push_str(&format!(" ({} bytes a stored byte)", number(*api_per_stored)));
        }
        if *proxied > 0 {
            text.push_str(&format!(", {} MB through the proxy", mb(proxied)));
        }
        let Server { cpu_s, rss_bytes, .. } = &self.server;
        if *rss_bytes > 0 {
            text.push_str(&format!(
                "\nthe server: {} s of CPU, {} MiB at most",
                number(*cpu_s),
                rss_bytes >> 20
            ));
        }
        match (&self.verdict, self.left_out) {
            (Some(Verdict { expected, receipts_verified, objects_same, problems }), _) => text.push_str(&format!(
                "\n{receipts_verified} of {expected} receipts verified, {objects_same} objects compared, {} problems",
                problems.len()
            )),
            (None, left_out) => text.push_str(&format!("\n{}", left_out.unwrap_or_default())),
        }
        text
    }
}

impl Settings {
    fn of(args: &Args) -> Settings {
        Settings {
            candidates: args.candidates,
            tracks: args.tracks.iter().cloned().zip(args.bitrates.iter().copied()).collect(),
            duration_s: args.duration.as_secs_f64(),
            arrivals_s: args.arrivals().as_secs_f64(),
            time_scale: args.time_scale,
            mode: args.mode,
            uplink: args.uplink.clone(),
            live: args.live,
            outages_per_hour: args.outages,
            ramp_s: args.ramp.as_secs_f64(),
            seed: args.seed,
            sign_only: args.sign_only,
            kills_s: args.kill_at.clone(),
        }
    }
}

impl Server {
    fn of(samples: &[Sample]) -> Server {
        let first = samples.first().map_or(0.0, |sample| sample.cpu_s);
        let last = samples.last().map_or(0.0, |sample| sample.cpu_s);
        let rss_bytes = samples.iter().map(|sample| sample.rss).max().unwrap_or_default();
        Server { cpu_s: last - first, rss_bytes, answers: BTreeMap::new() }
    }

    /// Reads its own count from its metrics in Prometheus' text format.
    pub fn count_answers(&mut self, metrics: &str) {
        for line in metrics.lines().filter(|line| line.starts_with("handin_http_requests_total{")) {
            let status = line.split_once("status=\"").and_then(|(_, rest)| rest.split('"').next());
            let count = line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok());
            if let (Some(status), Some(count)) = (status, count) {
                *self.answers.entry(status.to_owned()).or_default() += count as u64;
            }
        }
    }
}

/// For each candidate who has all receipts: seconds from the bell, and from submitting.
fn waits(run: &Run, plan: &Plan) -> Vec<(f64, f64)> {
    let mut last: BTreeMap<u32, (usize, f64)> = BTreeMap::new();
    for kept in run.ledger.kept() {
        let entry = last.entry(kept.candidate).or_default();
        *entry = (entry.0 + 1, entry.1.max(kept.at.as_secs_f64()));
    }
    let whole = plan.lives.iter().filter_map(|life| {
        let (takes, at) = last.get(&life.number)?;
        let submits = life.submits.as_secs_f64();
        (*takes == life.takes.len()).then(|| (at - plan.bell.as_secs_f64(), at - submits))
    });
    whole.collect()
}

fn row(calls: &Calls) -> Vec<String> {
    let kind = format!("{:?}", calls.kind).to_lowercase();
    let again =
        calls.failed.iter().map(|(why, count)| format!("{count} {why}")).collect::<Vec<_>>().join(", ");
    let again = if again.is_empty() { "0".to_owned() } else { again };
    let Spread { p50, p95, p99, max, .. } = &calls.ms;
    let times = [p50, p95, p99, max].map(|value| value.map_or("–".to_owned(), number));
    [vec![kind, calls.ok.to_string(), calls.asked_to_wait.to_string(), again], times.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_own_count_is_read_by_status() {
        let mut server = Server::default();
        server.count_answers(concat!(
            "# HELP handin_http_requests_total Requests answered\n",
            "handin_http_requests_total{route=\"/a\",status=\"200\"} 7\n",
            "handin_http_requests_total{route=\"/b\",status=\"200\"} 3\n",
            "handin_http_requests_total{route=\"/b\",status=\"429\"} 1\n",
            "handin_other{status=\"500\"} 1\n",
        ));
        assert_eq!(server.answers, BTreeMap::from([("200".to_owned(), 10), ("429".to_owned(), 1)]));
    }
}
