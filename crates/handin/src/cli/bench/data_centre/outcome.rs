//! What the experiment has shown: medians of the rounds, as a table and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use super::Args;
use super::round::{Round, Way};
use crate::cli::output;
use crate::report::number;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// When it ended.
    pub at: Timestamp,
    /// What its network was called.
    pub net: String,
    /// The experiment in words, each setting with its unit.
    pub setup: Vec<(&'static str, String)>,
    /// One for each way.
    pub ways: Vec<Median>,
    /// Every round.
    pub rounds: Vec<Round>,
}

/// The medians of one way.
#[derive(Debug, Serialize)]
pub struct Median {
    /// Which.
    pub way: Way,
    /// Live packets that never arrived at the bell, in per cent.
    pub live_lost_percent: f64,
    /// Live packets that came too late at the bell, in per cent.
    pub live_late_percent: f64,
    /// How much the delay of live packets differs at the bell, in ms.
    pub live_jitter_ms: f64,
    /// Recordings without a receipt, and how many there had to be.
    pub recordings_lost: f64,
    /// All there had to be.
    pub recordings: u64,
    /// From the bell to all receipts, in seconds: p50, p95, p99 of the candidates who got them.
    pub bell_to_receipt_s: [Option<f64>; 3],
    /// Megabytes over the data-centre link, into it and out of it.
    pub data_centre_mb: [f64; 2],
}

impl Outcome {
    /// Sums up all rounds.
    pub fn new(args: &Args, net: String, rounds: Vec<Round>, at: Timestamp) -> Outcome {
        let of = |way: Way| rounds.iter().filter(move |round| round.way == way).collect::<Vec<_>>();
        let ways = Way::ALL.iter().map(|way| Median::of(*way, &of(*way))).collect();
        Outcome { at, net, setup: setup(args), ways, rounds }
    }

    /// Recordings that handin lost, in all rounds.
    pub fn handin_lost(&self) -> u64 {
        self.rounds.iter().filter(|round| round.way == Way::Handin).map(|round| round.lost).sum()
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let rows: Vec<Vec<String>> = self.ways.iter().map(Median::row).collect();
        output::table(&HEAD, &rows)
    }
}

/// What the columns of [`Median::row`] are.
pub const HEAD: [&str; 9] = [
    "way",
    "live lost %",
    "late %",
    "jitter ms",
    "recordings lost",
    "p50 s",
    "p95 s",
    "p99 s",
    "MB over the link",
];

impl Median {
    fn of(way: Way, rounds: &[&Round]) -> Median {
        let live = |pick: fn(&Round) -> f64| median(rounds.iter().map(|round| pick(round)).collect());
        let wait = |place: usize| {
            let waits: Vec<f64> = rounds.iter().filter_map(|round| round.bell_to_receipt_s[place]).collect();
            (!waits.is_empty()).then(|| median(waits))
        };
        Median {
            way,
            live_lost_percent: live(|round| round.live_at_the_bell.lost_percent),
            live_late_percent: live(|round| round.live_at_the_bell.late_percent),
            live_jitter_ms: live(|round| round.live_at_the_bell.jitter_ms),
            recordings_lost: live(|round| round.lost as f64),
            recordings: rounds.first().map_or(0, |round| round.expected),
            bell_to_receipt_s: [0, 1, 2].map(wait),
            data_centre_mb: [
                live(|round| round.data_centre_link.inward as f64 / 1e6),
                live(|round| round.data_centre_link.outward as f64 / 1e6),
            ],
        }
    }

    /// A row for people, under [`HEAD`].
    pub fn row(&self) -> Vec<String> {
        let wait = self.bell_to_receipt_s.map(|wait| wait.map_or("–".to_owned(), number));
        let [inward, outward] = self.data_centre_mb.map(number);
        let live = [self.live_lost_percent, self.live_late_percent, self.live_jitter_ms].map(number);
        let lost = format!("{} of {}", number(self.recordings_lost), self.recordings);
        let link = format!("{inward} in, {outward} out");
        [vec![self.way.name().to_owned()], live.to_vec(), vec![lost], wait.to_vec(), vec![link]].concat()
    }
}

/// The middle value; the mean of the two in the middle of an even number.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(value), _) => (value + values[middle - 1]) / 2.0,
    }
}

fn setup(args: &Args) -> Vec<(&'static str, String)> {
    let megabits = |bits: u64| format!("{} Mbit/s", number(bits as f64 / 1e6));
    let seconds = |span: std::time::Duration| format!("{} s", number(span.as_secs_f64()));
    vec![
        ("candidates, each with a live call", args.candidates.to_string()),
        ("live call", megabits(args.live)),
        ("tracks", args.tracks.clone()),
        ("bitrates", args.bitrates.clone()),
        ("exam", format!("{}, {} times as fast", seconds(args.duration), number(args.time_scale))),
        ("submit within", seconds(args.ramp)),
        ("lines", args.uplink.clone()),
        ("data-centre link, each direction", megabits(args.data_centre)),
        ("storage link, each direction", megabits(args.storage)),
        ("old way: one request may take", seconds(args.request_limit())),
        ("old way: tries", args.tries.to_string()),
        ("given up after the bell", seconds(args.limit)),
        ("rounds", args.rounds.to_string()),
        ("first seed", args.seed.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_the_middle() {
        assert_eq!([median(vec![9.0, 1.0, 2.0]), median(vec![4.0, 1.0]), median(vec![7.0])], [2.0, 2.5, 7.0]);
        assert!(median(Vec::new()).is_nan());
    }
}
