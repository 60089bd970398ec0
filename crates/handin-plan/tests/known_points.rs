//! The model gives the points that are known of it, and `docs/reference/planner.md` shows what it gives now.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use handin_plan::{Scenario, Uplinks, Ways, ways};

/// Seeds over which the spread is shown.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

/// One known figure, and how it is read from the result.
struct Point {
    what: &'static str,
    unit: &'static str,
    known: f64,
    large: bool,
    read: fn(&Ways) -> f64,
}

const POINTS: [Point; 9] = [
    Point {
        what: "500 into 1 Gb/s, whole files, p50",
        unit: "s",
        known: 1_260.0,
        large: false,
        read: |w| w.before_patient_s.p50,
    },
    Point {
        what: "500 into 1 Gb/s, whole files, p99",
        unit: "s",
        known: 1_450.0,
        large: false,
        read: |w| w.before_patient_s.p99,
    },
    Point {
        what: "5,000 into 20 Gb/s, whole files, p50",
        unit: "s",
        known: 621.0,
        large: true,
        read: |w| w.before_patient_s.p50,
    },
    Point {
        what: "5,000 into 20 Gb/s, whole files, p99",
        unit: "s",
        known: 732.0,
        large: true,
        read: |w| w.before_patient_s.p99,
    },
    Point {
        what: "500 into 1 Gb/s, 600 s limit, 3 tries: files lost",
        unit: "%",
        known: 81.0,
        large: false,
        read: |w| w.before.lost_recordings * 100.0,
    },
    Point {
        what: "the same: bytes carried per useful byte",
        unit: "",
        known: 18.8,
        large: false,
        read: |w| w.before.carried_per_useful.unwrap(),
    },
    Point {
        what: "5,000 while recording, 8 MiB parts, p50",
        unit: "s",
        known: 0.7,
        large: true,
        read: |w| w.handin.finish_s.unwrap().p50,
    },
    Point {
        what: "5,000 while recording, 8 MiB parts, p95",
        unit: "s",
        known: 4.2,
        large: true,
        read: |w| w.handin.finish_s.unwrap().p95,
    },
    Point {
        what: "5,000 while recording, 8 MiB parts, p99",
        unit: "s",
        known: 8.4,
        large: true,
        read: |w| w.handin.finish_s.unwrap().p99,
    },
];

/// Both bells for a seed: the small one and the large one.
fn bells(seed: u64) -> [Ways; 2] {
    let bell =
        |candidates, link| ways(&Scenario { seed, ..Scenario::usual(candidates, link, Uplinks::KOREA) });
    [bell(500, 1e9).unwrap(), bell(5_000, 20e9).unwrap()]
}

fn value(point: &Point, bells: &[Ways; 2]) -> f64 {
    (point.read)(&bells[usize::from(point.large)])
}

#[test]
fn every_known_point_is_met_within_2_percent_or_2_seconds() {
    let bells = bells(Scenario::usual(1, 1.0, Uplinks::KOREA).seed);
    for point in POINTS {
        let got = value(&point, &bells);
        let seconds = if point.unit == "s" { 2.0 } else { 0.0 };
        let tolerance = f64::max(point.known * 0.02, seconds);
        assert!((got - point.known).abs() <= tolerance, "{}: {got}, known {}", point.what, point.known);
    }
}

#[test]
fn the_live_call_is_subtracted_from_the_line() {
    let scenario = Scenario::usual(5_000, 20e9, Uplinks::KOREA);
    let with_call = ways(&Scenario { live_bits_per_s: 800e3, ..scenario }).unwrap().handin.finish_s.unwrap();
    for (got, known) in [(with_call.p50, 0.7), (with_call.p95, 4.2), (with_call.p99, 8.4)] {
        assert!((got - known).abs() <= 2.0, "{got}, known {known}");
    }
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let scenario = Scenario::usual(300, 500e6, Uplinks::US);
    assert_eq!(ways(&scenario), ways(&scenario));
}

/// The table of known points, as it stands in the reference.
fn table() -> String {
    let seeds: Vec<_> = SEEDS.map(bells).collect();
    let own = bells(Scenario::usual(1, 1.0, Uplinks::KOREA).seed);
    let mut table =
        "| point | known | this model | over seeds 1 to 12 |\n| --- | ---: | ---: | ---: |\n".to_owned();
    for point in POINTS {
        let spread: Vec<f64> = seeds.iter().map(|bells| value(&point, bells)).collect();
        let low = spread.iter().copied().fold(f64::INFINITY, f64::min);
        let high = spread.iter().copied().fold(0.0, f64::max);
        let Point { what, unit, known, .. } = point;
        let show = |value: f64| if known < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        let got = show(value(&point, &own));
        let row =
            format!("| {what} | {known} {unit} | {got} {unit} | {} to {} {unit} |", show(low), show(high));
        writeln!(table, "{}", row.replace("  |", " |")).unwrap();
    }
    table
}

#[test]
fn the_table_in_the_reference_is_what_the_model_gives_now() {
    const MARKS: [&str; 2] = ["<!-- known points: generated -->\n", "<!-- end of known points -->\n"];
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/planner.md");
    let page = fs::read_to_string(&place).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).unwrap();
    let (_, after) = rest.split_once(MARKS[1]).unwrap();
    let now = format!("{before}{}{}{}{after}", MARKS[0], table(), MARKS[1]);
    if std::env::var_os("HANDIN_UPDATE_REFERENCE").is_some() {
        fs::write(&place, &now).unwrap();
    }
    let hint = "run `HANDIN_UPDATE_REFERENCE=1 cargo test -p handin-plan --test known_points`";
    assert!(fs::read_to_string(&place).unwrap() == now, "docs/reference/planner.md is stale: {hint}");
}
