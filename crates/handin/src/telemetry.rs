//! What the outside can see of a running server: log lines and metrics.
//!
//! Every metric stands in [`METRICS`], from which the reference page is generated; a test finds the ones that the
//! code uses and this list lacks. Names of people, tokens, handles and signed URLs never appear in either.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it counts, with its unit.
    pub help: &'static str,
}

const fn metric(
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help }
}

/// Every metric there is.
pub const METRICS: &[Metric] = &[
    metric(
        "handin_at_risk_bytes",
        "gauge",
        &[],
        "Bytes that stand only in browsers, as those said last that this node heard of within the hour",
    ),
    metric("handin_opens_total", "counter", &["upload"], "Recordings opened"),
    metric(
        "handin_admitted_total",
        "counter",
        &["priority"],
        "Sign calls let through by an exam's pace: `deadline`, `finishing` or `at_risk`",
    ),
    metric(
        "handin_paced_total",
        "counter",
        &["why"],
        "Sign calls told to come again: `paused`, `spread`, `rate` or `urls`",
    ),
    metric(
        "handin_pace_level_bytes",
        "gauge",
        &["exam"],
        "What this node may let through at once, by exam with a rate; below zero while it is ahead of the rate",
    ),
    metric("handin_live_nodes", "gauge", &[], "Nodes that share the rates, as this one knows"),
    metric("handin_sign_seconds", "histogram", &[], "How long sign calls took, in seconds"),
    metric(
        "handin_seals_total",
        "counter",
        &["outcome"],
        "Seal calls: `sealed`, `partial`, or the code of the problem",
    ),
    metric("handin_salvages_total", "counter", &["outcome"], "Recordings salvaged: `partial` or `abandoned`"),
    metric(
        "handin_heads_total",
        "counter",
        &["outcome"],
        "Heads of recordings looked at: `finished` as they came, `mended`, `overtaken`, `differs`, `unsupported` or `failed`",
    ),
    metric(
        "handin_verifications_total",
        "counter",
        &["outcome"],
        "Finished objects looked at again: `same` or `differs`",
    ),
    metric(
        "handin_retention_total",
        "counter",
        &["step"],
        "Recordings that retention `marked`, `deleted` when their grace was over, or sent to another storage class (`tiered`)",
    ),
    metric(
        "handin_retention_refused",
        "gauge",
        &[],
        "Recordings that the last run left in their storage class, as moving them costs more than it saves",
    ),
    metric(
        "handin_retention_unconfirmed",
        "gauge",
        &[],
        "Recordings that are due and wait for somebody to confirm a run, as of the last one",
    ),
    metric(
        "handin_retention_paused",
        "gauge",
        &[],
        "1 while nothing is marked or deleted, as the clock was more than a day ahead of the last run; else 0",
    ),
    metric(
        "handin_retention_uncertified",
        "gauge",
        &[],
        "Deletions that were ordered more than an hour ago and have no certificate, as of the last run",
    ),
    metric("handin_drain_bytes_total", "counter", &["archive"], "Bytes sent to archives"),
    metric(
        "handin_drain_recordings_total",
        "counter",
        &["outcome"],
        "Tries to drain a recording: `copied`, `interrupted` (it goes on), `overtaken`, `gone`, `failed`; and copies that were found `damaged`",
    ),
    metric(
        "handin_drain_waiting",
        "gauge",
        &[],
        "Recordings that wait to be drained, as of the last turn of this node",
    ),
    metric(
        "handin_drain_failing",
        "gauge",
        &[],
        "Recordings whose last try to be drained failed, as of the last turn of this node",
    ),
    metric(
        "handin_drain_rate_bytes_per_s",
        "gauge",
        &[],
        "How fast the timetable lets this node drain now; absent is as fast as it can",
    ),
    metric(
        "handin_webhook_deliveries_total",
        "counter",
        &["outcome"],
        "Events told to webhooks, each try counted: `delivered`, `failed` (tried again later) or `dead` (given up)",
    ),
    metric(
        "handin_webhook_waiting",
        "gauge",
        &[],
        "Events that webhooks are still to be told, counted for each of them",
    ),
    metric(
        "handin_webhook_oldest_seconds",
        "gauge",
        &[],
        "How long ago the oldest of them happened, in seconds; 0 without one",
    ),
    metric(
        "handin_webhook_dead",
        "gauge",
        &[],
        "Events that were given up, to be replayed when their receivers are well",
    ),
    metric(
        "handin_reconcile_lost",
        "gauge",
        &[],
        "Open recordings that the store does not know, at the last reconciliation",
    ),
    metric(
        "handin_reconcile_strangers",
        "gauge",
        &[],
        "Uploads in the store that no open recording owns, at the last reconciliation",
    ),
    metric(
        "handin_store_calls_total",
        "counter",
        &["call", "outcome"],
        "Calls to the object store, each try counted",
    ),
    metric(
        "handin_store_call_seconds",
        "histogram",
        &["call"],
        "How long tries of calls to the object store took, in seconds",
    ),
    metric("handin_database_queue", "gauge", &[], "Writes that wait for the database's writer"),
    metric(
        "handin_jobs",
        "gauge",
        &["kind", "state"],
        "Jobs in the ledger: `queued` or `dead` (given up, a person has to look)",
    ),
    metric(
        "handin_jobs_total",
        "counter",
        &["kind", "outcome"],
        "Runs of jobs: `done`, `retry` or `given_up`",
    ),
    metric(
        "handin_shed_total",
        "counter",
        &["kind"],
        "Requests refused for lack of room: `seal`, `sign`, `open` or `look` (all others)",
    ),
    metric("handin_http_requests_total", "counter", &["route", "status"], "Requests answered"),
];

/// Upper bounds of the histograms' buckets, in seconds: from a fast signature to a call that runs into its limit.
const BUCKETS: &[f64] = &[0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// The process's metrics; collected from the first call on.
///
/// # Panics
/// If another recorder was installed in this process before, which only a mistake in the program can do.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS);
        let installed = builder.and_then(PrometheusBuilder::install_recorder);
        describe();
        installed.expect("the buckets are not empty, and nobody else installs a recorder")
    })
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            "counter" => metrics::describe_counter!(metric.name, metric.help),
            "gauge" => metrics::describe_gauge!(metric.name, metric.help),
            _ => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

/// Writes log lines to standard error from now on.
///
/// # Errors
/// When `log.filter` is not a filter.
pub fn start_log(log: &Log) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = EnvFilter::builder().parse(&log.filter)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that somebody logs already, as in tests; then they go on.
    let _ = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    Ok(())
}

/// The reference page of all metrics, in Markdown.
pub fn reference_page() -> String {
    let mut page = "# Metrics\n\nGenerated; a test fails when it is stale. `GET /metrics` gives them in Prometheus' text \
        format.\n\n| name | kind | labels | |\n|---|---|---|---|\n"
        .to_owned();
    for Metric { name, kind, labels, help } in METRICS {
        page.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    page
}
