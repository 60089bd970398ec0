//! What a run has shown, as a page with plots.

use super::measure::{Kind, Measure};
use super::outcome::Outcome;
use super::watch::Sample;
use crate::report::{Chart, Html, Page, Table, ecdf, number, paragraph};

/// The page.
pub fn page(outcome: &Outcome, measure: &Measure, made: &str) -> Page {
    let settings = &outcome.settings;
    let lead = format!(
        "{} candidates, {} tracks each; the bell rings, and within {} s all of them submit.",
        number(f64::from(settings.candidates)),
        settings.tracks.len(),
        number(settings.ramp_s)
    );
    let page = Page::new("en", "Ringing the bell").lead(lead).foot(made);
    let page = figures(page, outcome);
    let page = page.section("Result", result(outcome));
    let page = page.section("From the bell to the receipt", waits(outcome));
    let page = page.section("Load", load(&outcome.samples));
    let page = page.section("Calls", calls(outcome, measure));
    let page = page.section("The server", server(&outcome.samples));
    page.section("Settings", [setup(outcome)])
}

fn figures(page: Page, outcome: &Outcome) -> Page {
    let seconds = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{} s", number(value)));
    let page = match &outcome.verdict {
        Some(found) => page
            .figure("receipts verified", format!("{} of {}", found.receipts_verified, found.expected))
            .figure("lost, doubled or different", number(found.problems.len() as f64)),
        None => page.figure("failed", number(outcome.failed.len() as f64)),
    };
    page.figure("submit to receipt, p50", seconds(outcome.submit_to_receipt_s.p50))
        .figure("submit to receipt, p99", seconds(outcome.submit_to_receipt_s.p99))
        .figure(
            "API bytes a stored byte",
            match outcome.bytes.stored {
                0 => "–".to_owned(),
                _ => number(outcome.bytes.api_per_stored),
            },
        )
}

fn result(outcome: &Outcome) -> Vec<Html> {
    let word = match outcome.whole {
        true => "Nothing is lost, nothing is doubled, nothing differs.",
        false => "Not everything is as it has to be:",
    };
    let said = std::iter::once(paragraph(word)).chain(outcome.left_out.map(paragraph));
    // The JSON document has all of them.
    said.chain(outcome.problems().iter().take(50).map(|problem| paragraph(problem))).collect()
}

fn waits(outcome: &Outcome) -> Vec<Html> {
    let of = outcome.settings.candidates as usize;
    let pick = |pick: fn(&(f64, f64)) -> f64| ecdf(&outcome.waits.iter().map(pick).collect::<Vec<_>>(), of);
    let chart = Chart::new("Candidates who have all receipts")
        .says("A line that does not reach 100 % has lost somebody.")
        .x("seconds")
        .y("% of candidates")
        .y_range(0.0, 100.0)
        .steps("from submitting", pick(|wait| wait.1))
        .steps("from the bell", pick(|wait| wait.0));
    vec![chart.to_html()]
}

fn load(samples: &[Sample]) -> Vec<Html> {
    let over = |pick: fn(&Sample) -> f64| {
        samples.iter().map(|sample| (sample.at_s, pick(sample))).collect::<Vec<_>>()
    };
    let chart =
        |title: &str, y: &str| Chart::new(title).x("seconds from the bell").y(y).mark(0.0, "the bell");
    vec![
        chart("Throughput", "MB/s")
            .line("recorded", rate(samples, |sample| sample.recorded as f64 / 1e6))
            .line("stored", rate(samples, |sample| sample.stored as f64 / 1e6))
            .to_html(),
        chart("At risk", "MB")
            .says("Recorded, but not yet confirmed by the store: what a candidate's machine alone holds.")
            .line("at risk", over(|sample| sample.recorded.saturating_sub(sample.stored) as f64 / 1e6))
            .to_html(),
        chart("Recordings done", "recordings").steps("done", over(|sample| sample.done as f64)).to_html(),
    ]
}

fn calls(outcome: &Outcome, measure: &Measure) -> Vec<Html> {
    let head = ["call", "answered", "asked to wait", "tried again", "p50 ms", "p95 ms", "p99 ms", "max ms"];
    let rows = outcome.calls.iter().fold(Table::new(head), |table, calls| {
        let again: u64 = calls.failed.values().sum();
        let times =
            [calls.ms.p50, calls.ms.p95, calls.ms.p99, calls.ms.max].map(|ms| ms.map_or("–".into(), number));
        let counts = [calls.ok, calls.asked_to_wait, again].map(|count| number(count as f64));
        table.row(std::iter::once(format!("{:?}", calls.kind).to_lowercase()).chain(counts).chain(times))
    });
    let reasons =
        outcome.calls.iter().flat_map(|calls| calls.failed.iter().map(move |why| (calls.kind, why)));
    let reasons = reasons.fold(
        Table::new(["call", "why it was tried again", "times"]),
        |table, (kind, (why, times))| {
            table.row([format!("{kind:?}").to_lowercase(), why.clone(), number(*times as f64)])
        },
    );
    let kinds = [Kind::Open, Kind::Sign, Kind::Seal, Kind::Put, Kind::Proxy];
    let latency = Chart::new("How long calls took")
        .says("As the candidate sees it, with the wait for a connection.")
        .x("milliseconds")
        .y("% of calls")
        .log_x()
        .y_range(0.0, 100.0);
    let latency = kinds.iter().fold(latency, |chart, kind| {
        let took = measure.took_ms(*kind);
        match took.is_empty() {
            true => chart,
            false => chart.steps(format!("{kind:?}").to_lowercase(), ecdf(&took, took.len())),
        }
    });
    vec![rows.to_html(), latency.to_html(), reasons.to_html()]
}

fn server(samples: &[Sample]) -> Vec<Html> {
    let rss = samples.iter().map(|sample| (sample.at_s, sample.rss as f64 / (1 << 20) as f64));
    let chart =
        |title: &str, y: &str| Chart::new(title).x("seconds from the bell").y(y).mark(0.0, "the bell");
    vec![
        chart("Calls answered", "per second")
            .line("calls", rate(samples, |sample| sample.answered as f64))
            .to_html(),
        chart("CPU", "% of one core").line("CPU", rate(samples, |sample| sample.cpu_s * 100.0)).to_html(),
        chart("Memory", "MiB").line("resident", rss).to_html(),
    ]
}

/// How fast something grew between one sample and the next.
fn rate(samples: &[Sample], pick: fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    let grown = |pair: &[Sample]| {
        let seconds = (pair[1].at_s - pair[0].at_s).max(1e-3);
        (pair[1].at_s, (pick(&pair[1]) - pick(&pair[0])) / seconds)
    };
    samples.windows(2).map(grown).collect()
}

fn setup(outcome: &Outcome) -> Html {
    let settings = serde_json::to_value(&outcome.settings).unwrap_or_default();
    let rows = settings.as_object().into_iter().flatten().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        [name.clone(), value]
    });
    rows.fold(Table::new(["setting", "value"]), Table::row).to_html()
}
