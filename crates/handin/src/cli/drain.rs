//! `handin drain`: an exam's recordings go to an archive, and how far they are.

use std::time::Duration;

use anyhow::bail;
use handin_core::drain::Rate;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{say, say_json, table, text};
use super::platform::{Body, Platform, Server};
use super::quantity::show_size;

/// How often the server is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Flags of `handin drain`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The exam whose finished recordings go
    #[arg(requires = "to")]
    exam: Option<String>,
    /// The archive, by its name in the configuration
    #[arg(long, value_name = "ARCHIVE", requires = "exam")]
    to: Option<String>,
    /// At most so many bits per second, such as 200Mbit, whatever the timetable says
    #[arg(long, value_name = "RATE", value_parser = read_rate)]
    rate: Option<u64>,
    /// Return at once; the server goes on by itself
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    server: Server,
}

/// What else there is to do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show how far everything is, or one exam
    Status {
        /// The exam's id
        exam: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

fn read_rate(given: &str) -> Result<u64, String> {
    match given.parse::<Rate>() {
        Ok(Rate::Limit(bytes_per_s)) => Ok(bytes_per_s),
        Ok(_) => Err("use a number of bits per second such as 200Mbit".to_owned()),
        Err(bad) => Err(bad.to_string()),
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { command, exam, to, rate, no_wait, server } = args;
    match (command, exam.zip(to)) {
        (Some(Command::Status { exam, server }), _) => {
            let path = exam.map_or_else(|| "/v1/drains".to_owned(), |exam| of_exam(&exam));
            tell(&server, &server.connect()?.call(Method::GET, &path, None).await?)
        }
        (None, Some((exam, to))) => drain(&server, &exam, &to, rate, no_wait).await,
        (None, None) => bail!("name an exam and its archive: handin drain EXAM --to ARCHIVE"),
    }
}

fn of_exam(exam: &str) -> String {
    format!("/v1/exams/{exam}/drain")
}

async fn drain(
    server: &Server,
    exam: &str,
    to: &str,
    rate: Option<u64>,
    no_wait: bool,
) -> anyhow::Result<()> {
    let platform = server.connect()?;
    let path = of_exam(exam);
    let new = Body::json(&json!({ "to": to, "max_bytes_per_s": rate }));
    let begun = platform.call(Method::POST, &path, Some(new)).await?;
    let ended = match no_wait {
        true => begun,
        false => watch(&platform, &path, begun).await?,
    };
    tell(server, &ended)
}

/// Shows a bar until nothing waits any more. The server goes on without it.
async fn watch(platform: &Platform, path: &str, mut drains: Value) -> anyhow::Result<Value> {
    let bar = ProgressBar::new(sum(&drains, "bytes"));
    let style = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    bar.set_position(sum(&drains, "bytes_moved"));
    bar.reset_eta();
    while sum(&drains, "waiting") > 0 {
        bar.set_length(sum(&drains, "bytes"));
        bar.set_position(sum(&drains, "bytes_moved"));
        bar.set_message(message(&drains));
        tokio::time::sleep(LOOK_EVERY).await;
        drains = platform.call(Method::GET, path, None).await?;
    }
    bar.finish_and_clear();
    Ok(drains)
}

fn message(drains: &Value) -> String {
    match (drains["paused"].as_str(), sum(drains, "failing")) {
        (Some("exam"), _) => "(waits, as candidates record)".to_owned(),
        (Some(_), _) => "(waits for its hours)".to_owned(),
        (None, 0) => String::new(),
        (None, failing) => format!("({failing} failed and are tried again)"),
    }
}

fn sum(drains: &Value, name: &str) -> u64 {
    let items = drains["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item[name].as_u64()).sum()
}

fn tell(server: &Server, drains: &Value) -> anyhow::Result<()> {
    match server.json {
        true => say_json(drains),
        false => Ok(say(&describe(drains))?),
    }
}

fn describe(drains: &Value) -> String {
    let cells = |item: &Value| {
        let size = |name: &str| show_size(item[name].as_u64().unwrap_or_default());
        vec![
            text(item, "exam"),
            text(item, "archive"),
            text(item, "waiting"),
            text(item, "failing"),
            text(item, "copied"),
            text(item, "moved"),
            size("bytes_moved"),
            size("bytes"),
        ]
    };
    let rows: Vec<Vec<String>> = drains["items"].as_array().into_iter().flatten().map(cells).collect();
    if rows.is_empty() {
        return "nothing was asked to go to an archive".to_owned();
    }
    let heading = ["exam", "archive", "waiting", "failing", "copied", "moved", "at archive", "of"];
    let mut page = table(&heading, &rows);
    let errors = drains["items"].as_array().into_iter().flatten().filter_map(|item| item["error"].as_str());
    errors.for_each(|error| page.push_str(&format!("\n{error}")));
    if let Some(paused) = drains["paused"].as_str() {
        page.push_str(&format!("\npaused: {paused}"));
    }
    page
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn rates_are_bits_and_pages_tell_all() {
        assert_eq!(read_rate("200Mbit"), Ok(25_000_000));
        assert!(read_rate("off").is_err() && read_rate("200").is_err());
        let item = json!({ "exam": "spring", "archive": "nas", "waiting": 1, "failing": 1, "copied": 2, "moved": 3,
            "bytes": 3_000_000u64, "bytes_moved": 1_000_000u64, "error": "the archive is away" });
        let page = describe(&json!({ "items": [item], "paused": "exam" }));
        for wanted in ["spring", "nas", "1.0 MB", "3.0 MB", "the archive is away", "paused: exam"] {
            assert!(page.contains(wanted), "{page}");
        }
    }

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn an_exam_goes_to_an_archive_or_its_status_is_shown() {
        let line = |words: &str| Line::try_parse_from(words.split(' ')).map(|line| line.args);
        let args = line("drain spring --to nas --rate 200Mbit --no-wait").unwrap();
        assert_eq!((args.exam.as_deref(), args.to.as_deref()), (Some("spring"), Some("nas")));
        assert_eq!((args.rate, args.no_wait), (Some(25_000_000), true));
        let status = line("drain status spring --json").unwrap();
        assert!(matches!(status.command, Some(Command::Status { exam: Some(exam), .. }) if exam == "spring"));
        for wrong in ["drain spring", "drain --to nas", "drain spring --to nas --rate off"] {
            line(wrong).unwrap_err();
        }
    }
}
