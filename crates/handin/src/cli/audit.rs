//! `handin audit`: who did what, and proof that nobody changed what stands there.
//!
//! `list` speaks the API. `verify` and `export` work on the ledger itself: whoever checks it should not have to believe a server.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::keys::open_ledger;
use super::output::{say, say_json, table, text};
use super::platform::Server;
use super::{Place, output};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::service::audit::{self, Flaw, Walk};

/// So many flaws are named; more say nothing more.
const MOST_FLAWS: usize = 50;

/// What to do with the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List who did what, oldest first
    List {
        /// In one exam only
        #[arg(long)]
        exam: Option<String>,
        /// To one thing only: the id of a recording, a hold, a webhook, …
        #[arg(long)]
        what: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Walk along the whole chain and say which rows were changed, removed or put there by hand
    Verify(Ledger),
    /// Write every linked row as a line of JSON, and the last signed checkpoint behind them
    Export(Ledger),
}

/// The ledger to look at.
#[derive(Debug, clap::Args)]
pub struct Ledger {
    #[command(flatten)]
    place: Place,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When server or ledger cannot be reached.
pub async fn run(command: Command, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { exam, what, server } => list(&server, exam.as_deref(), what.as_deref()).await?,
        Command::Verify(ledger) => {
            let app = open_ledger(&ledger.place, clock, ids).await?;
            return verify(&app, ledger.json).await;
        }
        Command::Export(ledger) => export(&*open_ledger(&ledger.place, clock, ids).await?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(server: &Server, exam: Option<&str>, what: Option<&str>) -> anyhow::Result<()> {
    let exam = exam.map(|exam| format!("&exam={exam}")).unwrap_or_default();
    let what = what.map(|what| format!("&what={what}")).unwrap_or_default();
    let entries = server.connect()?.pages(&format!("/v1/audit?limit=1000{exam}{what}")).await?;
    if server.json {
        return say_json(&entries);
    }
    let row = |entry: &Value| {
        ["at", "who", "address", "action", "what", "exam", "detail"].map(|name| text(entry, name)).to_vec()
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    Ok(say(&table(&["at", "who", "from", "did", "to", "exam", "detail"], &rows))?)
}

async fn verify(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let (linked, unlinked) = audit::counts(app).await?;
    let (mut walk, mut flaws) = (Walk::default(), Vec::<Flaw>::new());
    let bar = bar(linked);
    loop {
        let (found, more) = walk.step(app).await?;
        flaws.extend(found);
        bar.set_position(walk.rows);
        if !more {
            break;
        }
    }
    bar.finish_and_clear();
    let named = flaws.iter().take(MOST_FLAWS).map(Flaw::to_string);
    if json {
        say_json(&json!({
            "rows": walk.rows, "checkpoints": walk.checkpoints, "unlinked": unlinked,
            "flaws": named.collect::<Vec<_>>(), "flaws_in_all": flaws.len(),
        }))?;
    } else {
        named.for_each(|flaw| output::complain(&flaw));
        if flaws.len() > MOST_FLAWS {
            output::complain(&format!("and {} more", flaws.len() - MOST_FLAWS));
        }
        let word = if flaws.is_empty() { "intact" } else { "NOT intact" };
        say(&format!(
            "{word}: {} rows, {} signed checkpoints; {unlinked} rows are not linked yet",
            walk.rows, walk.checkpoints
        ))?;
    }
    Ok(if flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

async fn export(app: &App) -> anyhow::Result<()> {
    let mut seq = 0;
    loop {
        let rows = audit::behind(app, seq).await?;
        let Some(last) = rows.last() else { break };
        seq = last.seq;
        for row in &rows {
            let entry = &row.entry;
            say_json(&json!({
                "seq": row.seq, "hash": row.hash, "id": entry.id, "at": entry.at.as_millisecond(), "who": entry.who,
                "action": entry.action, "what": entry.what, "exam": entry.exam.as_ref().map(handin_core::ExamId::as_str),
                "detail": entry.detail, "address": entry.address,
            }))?;
        }
    }
    match audit::last_checkpoint(app).await? {
        Some(checkpoint) => say_json(&json!({ "checkpoint": checkpoint })),
        None => Ok(()),
    }
}
