//! `handin upload`: brings recordings into the bucket from kiosks, native clients and scripts.
//!
//! A client like the browser's, over the public contract only: it asks the API for signatures, sends the bytes to the
//! store, and believes nothing but the receipt. It refuses to know the server's insides.
//!
//! Reading order: [`work`] says what is to be done, [`deliver`] brings one take in, [`send`] its parts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::future::join_all;
use serde_json::json;

use super::output;
use crate::clock::{Clock, Ids};

pub mod work;
pub mod deliver;
pub mod send;
pub mod board;
pub mod retry;
pub mod pace;
pub mod api;
pub mod put;
pub mod pulse;
pub mod source;
pub mod stream;
pub mod spool;
pub mod state;
pub mod receipt;
pub mod token;
pub mod progress;
pub mod content_type;
pub mod webm;

use deliver::Delivered;
use progress::{Display, mib};
use work::{Bench, How, Setup};

/// Flags of `handin upload`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server, such as https://handin.example.com
    #[arg(long, value_name = "URL", env = "HANDIN_SERVER")]
    server: String,
    /// The candidate's token
    #[arg(long, env = "HANDIN_TOKEN", hide_env_values = true, required_unless_present = "token_file")]
    token: Option<String>,
    /// A file that holds the candidate's token
    #[arg(long, value_name = "PATH", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// A track and its file; `-` is a live stream on standard input. Repeat it for several tracks
    #[arg(long, num_args = 2, value_names = ["TRACK", "FILE"], required_unless_present = "finish")]
    track: Vec<String>,
    /// How a file gets in: in parts, by one PUT, or in parts of unknown number
    #[arg(long, value_name = "WAY", default_value = "file", value_parser = ["file", "put", "stream"])]
    upload: String,
    /// MIME type of what is sent; told from its first bytes if left out
    #[arg(long, value_name = "MIME")]
    content_type: Option<String>,
    /// Send and seal what earlier runs left of this sitting
    #[arg(long, conflicts_with_all = ["track", "append"])]
    finish: bool,
    /// Append a restarted stream that cannot be spliced as it is, instead of beginning a new take
    #[arg(long)]
    append: bool,
    /// Parts in flight at once, all tracks together
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    parallel: u8,
    /// Give up what fails for so long without a break
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    give_up_after: u64,
    /// Send a part again when nothing of it moves for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    stall: u64,
    /// Where to keep what survives a kill [default: $XDG_STATE_HOME/handin or ~/.local/state/handin]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// How one track ended.
type Ended = (String, anyhow::Result<Delivered>);

/// Runs the command: 0 when every recording is sealed and its receipt verified, 1 when one is not, 2 for wrong usage.
///
/// # Errors
/// Before any sending begins.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let bench = match prepare(&args, clock, ids) {
        Ok(bench) => bench,
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            return Ok(ExitCode::from(2));
        }
    };
    let ended = match args.finish {
        true => bench.finish().await?,
        false => send_all(&bench, &args).await,
    };
    let failed = ended.iter().any(|(_, result)| result.is_err());
    print(&ended, args.json)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A finished file of a candidate, to be brought in.
pub struct Bringing<'a> {
    /// The server.
    pub server: &'a str,
    /// The candidate's token.
    pub token: &'a str,
    /// The track.
    pub track: &'a str,
    /// The file.
    pub file: &'a Path,
    /// Where what survives a kill is kept.
    pub state: &'a Path,
}

/// Brings one file in, as the command does; gives the recording's id. Nothing is printed but progress.
///
/// # Errors
/// When it is not sealed, or its receipt does not verify.
pub async fn bring(one: Bringing<'_>, clock: Clock, ids: Ids) -> anyhow::Result<String> {
    let setup = Setup {
        server: one.server,
        token: one.token,
        state: one.state,
        parallel: 2,
        patience: Duration::from_secs(600),
        stall: Duration::from_secs(30),
    };
    let bench = Bench::new(&setup, Display::detect(), clock, ids)?;
    let how = How { upload: "file", content_type: None, append: false };
    let delivered = bench.send_file(one.track, one.file, how).await?;
    ensure!(delivered.stated.state == "sealed", "it became {}", delivered.stated.state);
    Ok(delivered.stated.id)
}

fn prepare(args: &Args, clock: Clock, ids: Ids) -> anyhow::Result<Bench> {
    check_tracks(&args.track)?;
    let token = match (&args.token, &args.token_file) {
        (_, Some(path)) => {
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?
        }
        (token, None) => token.clone().unwrap_or_default(),
    };
    let state = args
        .state
        .clone()
        .or_else(default_state)
        .context("neither --state nor HOME says where to keep state")?;
    let setup = Setup {
        server: &args.server,
        token: token.trim(),
        state: &state,
        parallel: usize::from(args.parallel),
        patience: Duration::from_secs(args.give_up_after),
        stall: Duration::from_secs(args.stall),
    };
    Bench::new(&setup, Display::detect(), clock, ids)
}

fn check_tracks(tracks: &[String]) -> anyhow::Result<()> {
    let streams = tracks.chunks(2).filter(|pair| pair.get(1).is_some_and(|file| file == "-")).count();
    ensure!(streams <= 1, "only one track can come from standard input");
    let mut names: Vec<_> = tracks.iter().step_by(2).collect();
    names.sort();
    names.dedup();
    ensure!(names.len() * 2 == tracks.len(), "each track is given once, with one file");
    for name in names {
        name.parse::<handin_core::Track>()?;
    }
    Ok(())
}

fn default_state() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("handin"))
}

async fn send_all(bench: &Bench, args: &Args) -> Vec<Ended> {
    let how = How { upload: &args.upload, content_type: args.content_type.as_deref(), append: args.append };
    let each = args.track.chunks(2).map(|pair| async move {
        let (track, file) = (&pair[0], &pair[1]);
        let results = match file.as_str() {
            "-" => bench.send_stream(track, std::io::stdin(), how).await,
            path => bench.send_file(track, Path::new(path), how).await.map(|one| vec![one]),
        };
        let named = |result| (track.clone(), result);
        match results {
            Ok(delivered) => delivered.into_iter().map(|one| named(Ok(one))).collect::<Vec<Ended>>(),
            Err(error) => vec![named(Err(error))],
        }
    });
    join_all(each).await.into_iter().flatten().collect()
}

fn print(ended: &[Ended], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let recordings: Vec<_> = ended.iter().map(as_value).collect();
        return output::say_json(&json!({ "recordings": recordings }));
    }
    for (track, result) in ended {
        match result {
            Ok(delivered) => {
                output::say(&format!("{track}: {}\n{}", describe(delivered), delivered.receipt))?;
            }
            Err(error) => output::complain(&format!("{track}: failed: {error:#}")),
        }
    }
    Ok(())
}

fn as_value((track, result): &Ended) -> serde_json::Value {
    match result {
        Ok(delivered) => json!(delivered),
        Err(error) => json!({ "track": track, "state": "failed", "error": format!("{error:#}") }),
    }
}

/// One line for people: what was sealed, and that the receipt was verified.
fn describe(delivered: &Delivered) -> String {
    let Delivered { stated, resumed_bytes, .. } = delivered;
    let parts = if stated.parts == 1 { "part" } else { "parts" };
    let resumed = if *resumed_bytes > 0 {
        format!(", {} of it by an earlier run", mib(*resumed_bytes))
    } else {
        String::new()
    };
    format!(
        "{} {}, {} in {} {parts}{resumed}, receipt verified:",
        stated.state,
        stated.id,
        mib(stated.size),
        stated.parts
    )
}
