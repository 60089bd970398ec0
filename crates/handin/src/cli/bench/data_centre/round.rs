//! One way, once: live calls run, the bell rings, and everything is counted.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Args;
use super::call::{Second, Seconds};
use super::crew::{Call, Servers, api, handin, proxy};
use super::net::{Net, Passed, Place};
use crate::clock::Clock;

/// How recordings come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Through a proxy in the data centre, after the bell.
    Before,
    /// As one presigned PUT each, after the bell.
    AtEnd,
    /// Part by part while recording goes on.
    Handin,
}

impl Way {
    /// All of them, in the order of a story.
    pub const ALL: [Way; 3] = [Way::Before, Way::AtEnd, Way::Handin];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Way::Before => "before: a proxy in the data centre",
            Way::AtEnd => "presigned, at the end",
            Way::Handin => "handin",
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Way::Before => "proxy",
            Way::AtEnd => "at-end",
            Way::Handin => "record",
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Which way.
    pub way: Way,
    /// Live packets of the seconds from the bell until the last recording was in or given up.
    pub live_at_the_bell: Live,
    /// Live packets of the seconds before the bell.
    pub live_before: Live,
    /// Recordings there had to be.
    pub expected: u64,
    /// Recordings without a receipt.
    pub lost: u64,
    /// From the bell to all receipts of a candidate, in seconds: p50, p95, p99.
    pub bell_to_receipt_s: [Option<f64>; 3],
    /// Bytes over the data-centre link.
    pub data_centre_link: Passed,
    /// Seconds from the bell, and Mbit/s over the data-centre link, both directions together.
    pub link_load: Vec<(f64, f64)>,
    /// Seconds from the bell, and per cent of the live packets that were lost or late.
    pub live_loss: Vec<(f64, f64)>,
    /// Seconds from the bell, and per cent of the recordings that were in.
    pub done: Vec<(f64, f64)>,
}

/// What became of live packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Live {
    /// How many were sent.
    pub sent: u64,
    /// How many never arrived, in per cent.
    pub lost_percent: f64,
    /// How many came later than 150 ms, in per cent.
    pub late_percent: f64,
    /// How much the delay differs from one packet to the next, in ms on average.
    pub jitter_ms: f64,
}

/// The shortest time after the bell that is looked at, in seconds: also a way that is done at once has to bear it.
const LEAST_BELL_S: u64 = 5;
/// How often the link is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Where all rounds take place.
pub struct Stage<'a> {
    /// What was asked for.
    pub args: &'a Args,
    /// The network.
    pub net: &'a Net,
    /// Where everything lies.
    pub folder: &'a Path,
    /// The machine's clock.
    pub clock: &'a Clock,
}

/// Runs one way.
///
/// # Errors
/// When a part of the experiment fails; a lost recording is a figure, no failure.
pub fn run(stage: &Stage<'_>, way: Way, round: u32) -> anyhow::Result<Round> {
    let Stage { args, net, clock, .. } = stage;
    let folder = stage.folder.join(format!("{}-{round}", way.mode()));
    std::fs::create_dir_all(&folder)?;
    // Servers of its own for each, so that no way finds what another left.
    let servers = Servers::start(net, &folder)?;
    let call = Call::start(net, &folder, args.candidates, args.live)?;
    let before = net.passed()?;
    let mut command = bell(stage, way, round, &folder)?;
    command.env("HANDIN_API_KEY", &servers.api_key);
    let (figures, looks) = ring(stage, command, &folder)?;
    let after = net.passed()?;
    let bell = figures["bell_at"].as_str().context("the bell's time")?.parse::<Timestamp>()?;
    let left = (bell + Duration::from_secs(LEAST_BELL_S)).duration_since(clock.now());
    std::thread::sleep(Duration::try_from(left).unwrap_or_default());
    let seconds = call.finish()?;
    Ok(Round::of(way, &figures, bell, &seconds, &looks, difference(before, after)))
}

/// The file with the figures of a bell, in its round's folder.
const FIGURES: &str = "bell.json";

type Looks = Vec<(Timestamp, Passed)>;

/// The command that rings the bell in the candidates' network.
fn bell(stage: &Stage<'_>, way: Way, round: u32, folder: &Path) -> anyhow::Result<Command> {
    let mut command = handin(stage.net, Place::Candidates, folder)?;
    command.args(["bench", "bell", "--i-own-this-host", "--server", &api(), "--mode", way.mode()]);
    command.args(["--json", FIGURES]).args(stage.args.bell(round));
    if way == Way::Before {
        let limit = format!("{}ms", stage.args.request_limit().as_millis());
        let tries = stage.args.tries.to_string();
        command.args(["--proxy", &proxy(), "--tries", &tries, "--request-limit", &limit]);
    }
    Ok(command)
}

/// Rings, and looks at the link meanwhile.
fn ring(stage: &Stage<'_>, mut command: Command, folder: &Path) -> anyhow::Result<(Value, Looks)> {
    let Stage { net, clock, .. } = stage;
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut bell = command.spawn().context("the bell")?;
    let mut looks = vec![(clock.now(), net.passed()?)];
    while bell.try_wait()?.is_none() {
        std::thread::sleep(LOOK);
        looks.push((clock.now(), net.passed()?));
    }
    let ended = bell.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let json = folder.join(FIGURES);
    // Exit 1 with figures is a run that lost recordings, which is what the old ways do.
    ensure!(matches!(ended.status.code(), Some(0 | 1)) && json.exists(), "the bell did not ring: {said}");
    Ok((serde_json::from_slice(&std::fs::read(json)?)?, looks))
}

impl Round {
    fn of(
        way: Way,
        figures: &Value,
        bell: Timestamp,
        seconds: &Seconds,
        looks: &Looks,
        link: Passed,
    ) -> Round {
        let count = |path: &str| figures.pointer(path).and_then(Value::as_u64).unwrap_or_default();
        let (expected, verified) = (count("/verdict/expected"), count("/verdict/receipts_verified"));
        let spread = |q: &str| figures["bell_to_receipt_s"][q].as_f64();
        let samples = figures["samples"].as_array().map(Vec::as_slice).unwrap_or_default();
        let last = samples.last().and_then(|sample| sample["at_s"].as_f64()).unwrap_or_default();
        let over = bell.as_second() + (last.ceil() as i64).max(LEAST_BELL_S as i64);
        let at = |second: &i64| (*second - bell.as_second()) as f64;
        Round {
            way,
            live_at_the_bell: Live::of(seconds.range(bell.as_second()..over).map(|(_, second)| second)),
            live_before: Live::of(seconds.range(..bell.as_second()).map(|(_, second)| second)),
            expected,
            lost: expected.saturating_sub(verified),
            bell_to_receipt_s: ["p50", "p95", "p99"].map(spread),
            data_centre_link: link,
            link_load: load(looks, bell),
            live_loss: seconds.iter().map(|(second, of)| (at(second), of.harm_percent())).collect(),
            done: samples.iter().filter_map(|sample| done(sample, expected)).collect(),
        }
    }
}

impl Live {
    fn of<'a>(seconds: impl Iterator<Item = &'a Second>) -> Live {
        let mut all = Second::default();
        for second in seconds {
            all.sent += second.sent;
            all.received += second.received.min(second.sent);
            all.late += second.late;
            all.jitter_ms += second.jitter_ms;
        }
        let percent = |count: u64| 100.0 * count as f64 / all.sent.max(1) as f64;
        let jitter_ms = all.jitter_ms / all.received.max(1) as f64;
        Live {
            sent: all.sent,
            lost_percent: percent(all.sent - all.received),
            late_percent: percent(all.late),
            jitter_ms,
        }
    }
}

impl Second {
    fn harm_percent(&self) -> f64 {
        100.0 * (self.sent.saturating_sub(self.received) + self.late) as f64 / self.sent.max(1) as f64
    }
}

fn done(sample: &Value, expected: u64) -> Option<(f64, f64)> {
    Some((sample["at_s"].as_f64()?, 100.0 * sample["done"].as_f64()? / expected.max(1) as f64))
}

fn load(looks: &Looks, bell: Timestamp) -> Vec<(f64, f64)> {
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let rate = |pair: &[(Timestamp, Passed)]| {
        let passed = difference(pair[0].1, pair[1].1);
        let bits = (passed.inward + passed.outward) as f64 * 8.0;
        (seconds(bell, pair[1].0), bits / 1e6 / seconds(pair[0].0, pair[1].0).max(1e-3))
    };
    looks.windows(2).map(rate).collect()
}

fn difference(before: Passed, after: Passed) -> Passed {
    Passed {
        inward: after.inward.saturating_sub(before.inward),
        outward: after.outward.saturating_sub(before.outward),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_packets_is_summed() {
        let seconds = [
            Second { sent: 100, received: 90, late: 5, jitter_ms: 45.0 },
            Second { sent: 100, received: 100, late: 0, jitter_ms: 50.0 },
        ];
        let live = Live::of(seconds.iter());
        assert_eq!((live.sent, live.lost_percent, live.late_percent, live.jitter_ms), (200, 5.0, 2.5, 0.5));
        assert_eq!(seconds[0].harm_percent(), 15.0);
    }
}
