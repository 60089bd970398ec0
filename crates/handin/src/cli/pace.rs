//! `handin pace`: the operator's dial. Without options it shows an exam's pace, with options it turns it.
//!
//! Lines are spoken of in bits per second here, as everywhere on a command line; the API counts bytes.

use anyhow::Context;
use reqwest::Method;
use serde_json::{Map, Value};

use super::output::{say, say_json};
use super::platform::{Body, Server};
use super::quantity::{read_count, read_span, show_rate};

/// Flags of `handin pace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exam's id
    exam: String,
    /// At most this many bits per second for the whole exam, such as 2G; none lifts the limit
    #[arg(long, value_name = "RATE|none", value_parser = read_rate)]
    rate: Option<Dial>,
    /// At most this many parts of one candidate in flight; none lifts the limit
    #[arg(long, value_name = "N|none", value_parser = read_number)]
    parallel: Option<Dial>,
    /// Those who have much to send after the bell begin within this time, such as 60s; none lets all begin at once
    #[arg(long, value_name = "TIME|none", value_parser = read_time)]
    spread: Option<Dial>,
    /// Nobody is to send; the reason is for the candidates to read
    #[arg(long, value_name = "REASON")]
    pause: Option<String>,
    /// Let them send again
    #[arg(long, conflicts_with = "pause")]
    resume: bool,
    /// What makes candidates one group, which shares an uplink
    #[arg(long, value_name = "WHAT", value_parser = ["none", "roster", "network"])]
    group_by: Option<String>,
    /// At most this many bits per second for each group; none lifts the limit
    #[arg(long, value_name = "RATE|none", value_parser = read_rate)]
    group_rate: Option<Dial>,
    /// At most this many bits per second for one group: seoul-1=100M; NAME=none gives it that of all groups. Repeat it
    #[arg(long, value_name = "NAME=RATE|none", value_parser = read_group)]
    group: Vec<(String, Dial)>,
    #[command(flatten)]
    server: Server,
}

/// Where a dial is turned to: a limit, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dial(Option<u64>);

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let platform = args.server.connect()?;
    let path = format!("/v1/exams/{}/pace", args.exam);
    let mut pace = platform.call(Method::GET, &path, None).await?;
    if args.turns_something() {
        let policy = args.turned(&pace).context("the server's answer is not what the contract says")?;
        pace = platform.call(Method::PUT, &path, Some(Body::json(&policy))).await?;
    }
    match args.server.json {
        true => say_json(&pace),
        false => Ok(say(&describe(&pace))?),
    }
}

impl Args {
    fn turns_something(&self) -> bool {
        let dials = [self.rate, self.parallel, self.spread, self.group_rate];
        dials.iter().any(Option::is_some)
            || self.pause.is_some()
            || self.resume
            || self.group_by.is_some()
            || !self.group.is_empty()
    }

    /// The policy with every dial that was named turned, the others as they are.
    fn turned(&self, pace: &Value) -> Option<Value> {
        let mut policy = pace.as_object()?.clone();
        // What the server tells beside the policy is not for us to say.
        policy.retain(|name, _| !["live_nodes", "changed_at", "changed_by"].contains(&name.as_str()));
        turn(&mut policy, "max_bytes_per_s", self.rate);
        turn(&mut policy, "parallel", self.parallel);
        turn(&mut policy, "spread_s", self.spread);
        turn(&mut policy, "group_bytes_per_s", self.group_rate);
        if self.resume {
            policy.remove("paused");
        }
        if let Some(reason) = &self.pause {
            policy.insert("paused".to_owned(), reason.as_str().into());
        }
        if let Some(by) = &self.group_by {
            policy.insert("group_by".to_owned(), by.as_str().into());
        }
        let groups = policy.entry("groups").or_insert_with(|| Map::new().into()).as_object_mut()?;
        for (name, rate) in &self.group {
            turn(groups, name, Some(*rate));
        }
        Some(policy.into())
    }
}

fn turn(policy: &mut Map<String, Value>, name: &str, dial: Option<Dial>) {
    match dial {
        None => {}
        Some(Dial(None)) => drop(policy.remove(name)),
        Some(Dial(Some(limit))) => drop(policy.insert(name.to_owned(), limit.into())),
    }
}

fn describe(pace: &Value) -> String {
    let rate = |value: &Value| value.as_u64().map(show_rate);
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{name:<9} {value}")));
    };
    line("paused", pace["paused"].as_str().map(str::to_owned));
    line("rate", rate(&pace["max_bytes_per_s"]));
    line(
        "parallel",
        pace["parallel"].as_u64().map(|parts| format!("{parts} parts of a candidate in flight")),
    );
    line("spread", pace["spread_s"].as_u64().map(|seconds| format!("{seconds} s from the bell")));
    line("groups", pace["group_by"].as_str().filter(|by| *by != "none").map(|by| format!("by {by}")));
    line("", rate(&pace["group_bytes_per_s"]).map(|rate| format!("each {rate}")));
    for (name, limit) in pace["groups"].as_object().into_iter().flatten() {
        line("", rate(limit).map(|rate| format!("{name} {rate}")));
    }
    if lines.is_empty() {
        lines.push("nothing is asked of senders".to_owned());
    }
    lines.extend(pace["changed_at"].as_str().map(|at| format!("since     {at}")));
    lines.join("\n")
}

fn read_dial(text: &str, read: impl Fn(&str) -> Option<u64>, wanted: &str) -> Result<Dial, String> {
    match text {
        "none" => Ok(Dial(None)),
        _ => read(text).map(|limit| Dial(Some(limit))).ok_or_else(|| format!("write {wanted}, or none")),
    }
}

/// From bits per second to bytes.
fn read_rate(text: &str) -> Result<Dial, String> {
    read_dial(text, |text| read_count(text).map(|bits| bits / 8), "bits per second such as 500M or 2.5G")
}

fn read_number(text: &str) -> Result<Dial, String> {
    read_dial(text, |text| text.parse::<u32>().ok().map(u64::from), "a whole number")
}

fn read_time(text: &str) -> Result<Dial, String> {
    read_dial(text, |text| read_span(text).map(|span| span.as_secs()), "a time such as 60s or 5m")
}

fn read_group(text: &str) -> Result<(String, Dial), String> {
    // A network has colons and a slash, but no equals sign.
    let (name, rate) = text.split_once('=').ok_or("write the group and its rate like seoul-1=100M")?;
    Ok((name.to_owned(), read_rate(rate)?))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn turned(flags: &[&str], pace: &Value) -> Value {
        let line = [&["pace", "spring"], flags].concat();
        let Line { args } = Line::try_parse_from(line).unwrap();
        assert!(args.turns_something());
        args.turned(pace).unwrap()
    }

    #[test]
    fn only_the_dials_that_are_named_are_turned() {
        let before = json!({
            "max_bytes_per_s": 250_000_000, "paused": "a cable", "group_by": "roster",
            "groups": { "busan": 1_000_000, "seoul-1": 2_000_000 }, "live_nodes": 2, "changed_by": "k",
            "changed_at": "2026-11-22T06:00:00Z"
        });
        assert_eq!(
            turned(
                &["--rate", "1G", "--group", "seoul-1=100M", "--group", "busan=none", "--resume"],
                &before
            ),
            json!({ "max_bytes_per_s": 125_000_000, "group_by": "roster", "groups": { "seoul-1": 12_500_000 } })
        );
        assert_eq!(
            turned(
                &["--rate", "none", "--spread", "2m", "--parallel", "1", "--pause", "a second cable"],
                &before
            ),
            json!({
                "paused": "a second cable", "group_by": "roster", "spread_s": 120, "parallel": 1,
                "groups": { "busan": 1_000_000, "seoul-1": 2_000_000 }
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for flags in [
            ["--rate", "fast"],
            ["--spread", "1w"],
            ["--parallel", "-1"],
            ["--group", "seoul-1"],
            ["--group-by", "age"],
        ] {
            assert!(Line::try_parse_from([&["pace", "spring"], &flags[..]].concat()).is_err(), "{flags:?}");
        }
        assert!(Line::try_parse_from(["pace", "spring", "--pause", "x", "--resume"]).is_err());
    }

    #[test]
    fn a_pace_is_described_for_people() {
        let pace = json!({
            "max_bytes_per_s": 250_000_000, "parallel": 2, "spread_s": 60, "group_by": "network",
            "group_bytes_per_s": 12_500_000, "groups": { "192.0.2.0/24": 1_250_000 }, "live_nodes": 1
        });
        let lines = "rate      2 Gb/s\nparallel  2 parts of a candidate in flight\nspread    60 s from the bell\n\
            groups    by network\n          each 100 Mb/s\n          192.0.2.0/24 10 Mb/s";
        assert_eq!(describe(&pace), lines);
        assert_eq!(describe(&json!({ "group_by": "none" })), "nothing is asked of senders");
    }
}
