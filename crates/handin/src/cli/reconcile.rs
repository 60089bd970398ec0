//! `handin reconcile`: does the bucket hold what the ledger says, and nothing else? What to do about the difference.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::doctor::reach_embedded;
use super::output::{say, say_json, table};
use super::{Place, place};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::Flags;
use crate::service::reconcile::{Fault, Finding, Report, Tally, Watch, Wishes, compare};

/// So many findings are shown; all of them are in the file that `--report` names.
const SHOWN: usize = 20;

/// Flags of `handin reconcile`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Write every finding into this file, a line of JSON each
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Have what is left over deleted by its jobs, and note what is missing in the audit log
    #[arg(long)]
    fix: bool,
    /// Delete the unknown objects of an earlier report, by the confirmation that it ended with
    #[arg(long, value_name = "CONFIRMATION", requires = "fix")]
    confirm: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Compares bucket and ledger; exit code 1 when a finished recording is missing or differs.
///
/// # Errors
/// When the configuration cannot be used, ledger or store do not answer, or the confirmation is of another list.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let mut config = args.place.load(Flags::new())?;
    let started = match config.store.is_embedded() {
        true => reach_embedded(&mut config, &clock, &ids).await?,
        false => None,
    };
    std::fs::create_dir_all(config.data())?;
    let secrets = place::secrets(&config, &ids)?;
    let app = App::start(config, &secrets, clock, ids).await?;
    let mut follower = Follower::new(args.report.as_ref())?;
    let wishes = Wishes { fix: args.fix, confirm: args.confirm };
    let report = compare(&app, &wishes, &mut follower).await;
    let shown = follower.end()?;
    if let Some(store) = started {
        store.stop().await;
    }
    let report = report?;
    match args.json {
        true => say_json(&Printed { report: &report, findings: &shown })?,
        false => say(&page(&report, &shown, wishes.fix))?,
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// The first of all.
    findings: &'a [Finding],
}

/// Keeps the first findings, writes all of them, and shows how far it is.
struct Follower {
    shown: Vec<Finding>,
    file: Option<BufWriter<File>>,
    bar: ProgressBar,
}

impl Follower {
    fn new(path: Option<&PathBuf>) -> anyhow::Result<Follower> {
        let file = path.map(|path| File::create(path).with_context(|| path.display().to_string()));
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(0).with_style(style()),
            false => ProgressBar::hidden(),
        };
        Ok(Follower { shown: Vec::new(), file: file.transpose()?.map(BufWriter::new), bar })
    }

    fn end(mut self) -> anyhow::Result<Vec<Finding>> {
        self.bar.finish_and_clear();
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        Ok(self.shown)
    }
}

fn style() -> ProgressStyle {
    let template = "{msg:>10}  {bar:28} {human_pos} of about {human_len}  {per_sec}  {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━━╌")
}

impl Watch for Follower {
    fn found(&mut self, finding: &Finding) -> io::Result<()> {
        if self.shown.len() < SHOWN {
            self.shown.push(finding.clone());
        }
        match &mut self.file {
            Some(file) => writeln!(file, "{}", serde_json::to_string(finding)?),
            None => Ok(()),
        }
    }

    fn moved(&mut self, listed: u64, looked: u64, of: u64) {
        let (what, position) = if looked == 0 { ("bucket", listed) } else { ("ledger", looked) };
        if self.bar.message() != what {
            self.bar.set_message(what);
            self.bar.reset();
        }
        self.bar.set_length(of.max(position));
        self.bar.set_position(position);
    }
}

const OLD_BACKUP: &str = "Some objects stand under keys of ours that the ledger does not know. If the ledger was \
restored from a backup, these are real recordings, made since: restore a newer one, and delete nothing.";

fn page(report: &Report, shown: &[Finding], fixed: bool) -> String {
    let mut paragraphs = Vec::new();
    if report.unknown.objects > 0 {
        paragraphs.push(OLD_BACKUP.to_owned());
    }
    paragraphs.push(format!("bucket {} as of {}", report.bucket, report.at));
    paragraphs.push(counts(report));
    if !shown.is_empty() {
        let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
        paragraphs.push(table(&["fault", "bytes", "by the ledger", "key"], &rows));
    }
    paragraphs.extend(done(report, fixed));
    paragraphs.push(match report.is_sound() {
        true => "Every finished recording stands in the bucket, as long as it was sealed.".to_owned(),
        false => "Recordings are missing or differ. Look for them in backups and versions of the bucket."
            .to_owned(),
    });
    paragraphs.join("\n\n")
}

fn counts(report: &Report) -> String {
    let line = |name: &str, tally: Tally, means: &str| {
        vec![name.to_owned(), tally.objects.to_string(), tally.bytes.to_string(), means.to_owned()]
    };
    let rows = [
        line("sound", report.sound, "as they were sealed"),
        line("MISSING", report.missing, "finished, and not in the bucket"),
        line("DIFFER", report.differs, "of another length than was sealed"),
        line("left over", report.left_over, "ended by the ledger, and no job deletes them"),
        line("unknown", report.unknown, "under keys of ours that the ledger does not know"),
        line("late", report.late, "came after salvage had found nothing; kept for a person to look at"),
        line("young", report.young, "unknown, and stored less than a day ago"),
        line("going", report.going, "ended; a job deletes them"),
        line("unfinished", report.unfinished, "of recordings that are not sealed yet"),
        line("rehearsals", report.rehearsals, "a rule of the bucket deletes them"),
        line("foreign", report.foreign, "under keys that are not ours"),
    ];
    table(&["", "objects", "bytes", ""], &rows)
}

fn row(finding: &Finding) -> Vec<String> {
    let fault = match finding.fault {
        Fault::Missing => "MISSING",
        Fault::Differs => "DIFFERS",
        Fault::LeftOver => "left over",
        Fault::Late => "late",
        Fault::Unknown => "unknown",
    };
    let bytes = |size: Option<u64>| size.map(|size| size.to_string()).unwrap_or_default();
    vec![fault.to_owned(), bytes(finding.size), bytes(finding.expected), finding.key.clone()]
}

/// What was done, and what can be.
fn done(report: &Report, fixed: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if fixed {
        let what = report.fixed;
        lines.push(format!(
            "{} jobs queued, {} entries in the audit log, {} unknown objects deleted, {} kept.",
            what.queued, what.noted, what.deleted, what.kept
        ));
    } else if report.left_over.objects + report.missing.objects + report.differs.objects > 0 {
        lines.push(
            "--fix has what is left over deleted, and notes in the audit log what is missing.".to_owned(),
        );
    }
    if let Some(confirmation) = &report.confirmation {
        lines.push(format!(
            "--fix --confirm {confirmation} deletes exactly the unknown objects of this report."
        ));
    }
    if let Some(refusal) = &report.refusal {
        lines.push(format!("The unknown objects cannot be deleted: {refusal}."));
    }
    lines
}
