//! What the experiment has shown, as a page with plots.

use super::outcome::{HEAD, Median, Outcome};
use super::round::{Round, Way};
use crate::report::{Bars, Chart, Html, Page, Table, paragraph};

/// The page.
pub fn page(outcome: &Outcome) -> Page {
    let lead = "One data-centre link, live calls on it, and the bell: three ways to bring recordings in.";
    let page = Page::new("en", "What the bell does to live calls").lead(lead);
    let page = page.foot(format!(
        "handin {} bench data-centre, {:.0}; medians of the rounds, plots of the first.",
        env!("CARGO_PKG_VERSION"),
        outcome.at
    ));
    let table = outcome.ways.iter().fold(Table::new(HEAD), |table, way| table.row(way.row())).to_html();
    let note = paragraph(
        "Live packets are those of the time from the bell until the last recording was in or given up, at least 5 s; late is more than 150 ms. Waits are of the candidates who got their receipts.",
    );
    let setup = outcome.setup.iter().fold(Table::new(["setting", "value"]), |table, (name, value)| {
        table.row([(*name).to_owned(), value.clone()])
    });
    page.section("Result", [table, note])
        .section("Live calls", live(outcome))
        .section("Recordings", recordings(outcome))
        .section("Setting", [setup.to_html()])
}

fn live(outcome: &Outcome) -> Vec<Html> {
    let harm = |way: &Median| [way.live_lost_percent, way.live_late_percent];
    let bars = Bars::new("Live packets harmed at the bell", ["lost", "late"]).unit("% of the packets sent");
    let bars = outcome.ways.iter().fold(bars, |bars, way| bars.bar(way.way.name(), harm(way)));
    let loss =
        lines(outcome, "Live packets lost or late", "% of the packets of a second", |round| &round.live_loss);
    let load =
        lines(outcome, "Load on the data-centre link", "Mbit/s, both directions", |round| &round.link_load);
    vec![bars.to_html(), loss.to_html(), load.to_html()]
}

fn recordings(outcome: &Outcome) -> Vec<Html> {
    let bars = Bars::new("Recordings lost", ["lost"]).unit("recordings without a receipt");
    let bars = outcome.ways.iter().fold(bars, |bars, way| bars.bar(way.way.name(), [way.recordings_lost]));
    let done =
        lines(outcome, "Recordings in", "% of all recordings", |round| &round.done).y_range(0.0, 100.0);
    vec![bars.to_html(), done.to_html()]
}

/// One line for each way, of its first round.
fn lines(outcome: &Outcome, title: &str, y: &str, pick: fn(&Round) -> &Vec<(f64, f64)>) -> Chart {
    let chart = Chart::new(title).x("seconds from the bell").y(y).mark(0.0, "the bell");
    let first = |way: Way| outcome.rounds.iter().find(|round| round.way == way);
    Way::ALL.iter().fold(chart, |chart, way| match first(*way) {
        Some(round) => chart.line(way.name(), pick(round).iter().copied()),
        None => chart,
    })
}
