//! `handin roster`: bring an exam's candidates in.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reqwest::Method;

use super::output::{say, say_json};
use super::platform::{Body, Server};

/// What to do with a roster.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add the candidates in a file, or replace what is known of them
    Import {
        /// The exam's id
        exam: String,
        /// A .csv (candidate,name,subjects,group), .json (an array) or .ndjson file
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read, or the server cannot be reached or refuses.
pub async fn run(command: Command) -> anyhow::Result<()> {
    let Command::Import { exam, file, server } = command;
    let body = read(&file)?;
    let counts = server.connect()?.call(Method::PUT, &format!("/v1/exams/{exam}/roster"), Some(body)).await?;
    if server.json {
        return say_json(&counts);
    }
    say(&format!("{} candidates added, {} updated", counts["added"], counts["updated"]))?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Body> {
    let media_type = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("ndjson" | "jsonl") => "application/x-ndjson",
        _ => bail!("{}: name the file .csv, .json or .ndjson, so that its form is known", file.display()),
    };
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Body { media_type, bytes })
}
