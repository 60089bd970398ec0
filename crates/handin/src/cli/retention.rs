//! `handin retention`: how long recordings are kept, what would go, and proof of what is gone.

use std::path::{Path, PathBuf};

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{say, say_json, table, text};
use super::platform::{Body, Server};
use super::quantity::show_size;
use super::{Place, certificate};
use crate::config::Flags;
use crate::service::retention::policies::PolicyText;

/// What to do about retention.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show the policy that counts for an exam
    Show {
        /// The exam's id
        exam: String,
        #[command(flatten)]
        server: Server,
    },
    /// Give an exam a policy of its own, from a TOML file
    Set {
        /// The exam's id
        exam: String,
        /// The policy
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// Check a policy in a TOML file; no server is asked
    Check {
        /// The policy
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// See what a run would mark now and move to other storage classes, and what confirms it
    Preview {
        #[command(flatten)]
        server: Server,
    },
    /// Mark what is due, move what rules move, and delete what was marked for long enough
    Run {
        /// The confirmation of a preview: exactly what it listed is marked
        #[arg(long, value_name = "HASH")]
        confirm: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// List certificates of deletion, print one, or verify one offline
    Certificate(certificate::Args),
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses, or a file is not what it should be.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Show { exam, server } => {
            let policy = server.connect()?.call(Method::GET, &of_exam(&exam), None).await?;
            tell(&server, &policy, describe_policy)
        }
        Command::Set { exam, file, server } => {
            let policy = Body::json(&json!(read_policy(&file)?));
            let policy = server.connect()?.call(Method::PUT, &of_exam(&exam), Some(policy)).await?;
            tell(&server, &policy, describe_policy)
        }
        Command::Check { file, place, json } => check(&file, &place, json),
        Command::Preview { server } => {
            let preview = server.connect()?.call(Method::GET, "/v1/retention/preview", None).await?;
            tell(&server, &preview, describe_preview)
        }
        Command::Run { confirm, server } => {
            let body = confirm.map_or_else(|| json!({}), |confirm| json!({ "confirm": confirm }));
            let ran =
                server.connect()?.call(Method::POST, "/v1/retention/runs", Some(Body::json(&body))).await?;
            tell(&server, &ran, describe_run)
        }
        Command::Certificate(args) => certificate::run(args).await,
    }
}

fn of_exam(exam: &str) -> String {
    format!("/v1/exams/{exam}/retention")
}

fn tell(server: &Server, value: &Value, describe: impl Fn(&Value) -> String) -> anyhow::Result<()> {
    match server.json {
        true => say_json(value),
        false => Ok(say(&describe(value))?),
    }
}

fn read_policy(file: &Path) -> anyhow::Result<PolicyText> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    toml::from_str(&text).with_context(|| file.display().to_string())
}

fn check(file: &Path, place: &Place, json: bool) -> anyhow::Result<()> {
    let house = place.load(Flags::new())?.retention.policy();
    let policy = read_policy(file)?.read(&house).with_context(|| file.display().to_string())?;
    let policy = json!(PolicyText::of(&policy));
    match json {
        true => say_json(&policy),
        false => Ok(say(&describe_policy(&policy))?),
    }
}

fn describe_policy(policy: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name:<10} {value}"));
        }
    };
    line("version", text(policy, "version"));
    for rule in policy["rules"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        line("rule", rule.to_owned());
    }
    line("time zone", text(policy, "time_zone"));
    line("maximum", format!("{} days after the bell", text(policy, "maximum_days")));
    line("because", text(policy, "reason"));
    line("written", text(policy, "storage_class"));
    line("set", text(policy, "set_at"));
    line("by", text(policy, "set_by"));
    line("paused", text(policy, "paused_until"));
    if let Some(days) = policy["promised_days"].as_u64() {
        line("promise", format!("gone {days} days after the bell, the grace included, unless held"));
    }
    lines.join("\n")
}

fn describe_preview(preview: &Value) -> String {
    let cells = |line: &Value| {
        let bytes = show_size(line["bytes"].as_u64().unwrap_or_default());
        vec![
            text(line, "exam"),
            text(line, "rule"),
            text(line, "policy"),
            text(line, "recordings"),
            bytes,
            text(line, "held"),
            text(line, "over"),
            tiers(line),
        ]
    };
    let rows: Vec<Vec<String>> = preview["lines"].as_array().into_iter().flatten().map(cells).collect();
    let total = show_size(preview["bytes"].as_u64().unwrap_or_default());
    let mut page = format!(
        "{} of {} recordings would be marked, {total}, held {}; {} would be deleted",
        text(preview, "recordings"),
        text(preview, "of"),
        text(preview, "held"),
        text(preview, "over")
    );
    if let Some(usd) = preview["saved_usd_per_month"].as_f64() {
        page.push_str(&format!("; keeping them costs ${usd:.2} a month"));
    }
    if preview["tiered"]["recordings"].as_u64().is_some_and(|moved| moved > 0) {
        let size = show_size(preview["tiered"]["bytes"].as_u64().unwrap_or_default());
        let moved = &preview["tiered"];
        let count = text(moved, "recordings");
        page.push_str(&format!("\n{count} would go to other storage classes, {size}{}", money(moved)));
    }
    if !rows.is_empty() {
        let heading = ["exam", "rule", "policy", "marks", "size", "held", "deletes", "moves"];
        page = format!("{}\n\n{page}", table(&heading, &rows));
    }
    if let Some(why) = preview["needs"].as_str() {
        let run = format!("handin retention run --confirm {}", text(preview, "confirmation"));
        page.push_str(&format!("\n{}; if all of it is to go:\n\n  {run}", explain(why)));
    }
    page
}

/// What a rule moves to another storage class, and what it moves in vain.
fn tiers(line: &Value) -> String {
    let some = |step: &str| line[step]["recordings"].as_u64().is_some_and(|moved| moved > 0);
    let moved = some("tiered").then(|| described(&line["tiered"]));
    let refused = some("refused").then(|| format!("refused {}", described(&line["refused"])));
    moved.into_iter().chain(refused).collect::<Vec<_>>().join("; ")
}

fn described(moved: &Value) -> String {
    format!("{}{}", text(moved, "recordings"), money(moved))
}

/// What a move costs and saves; where nothing has a price, nothing is said of it.
fn money(moved: &Value) -> String {
    let usd = |name: &str| moved[name].as_f64().unwrap_or_default();
    let (costs, saves) = (usd("costs_usd"), usd("saves_usd"));
    match costs + saves == 0.0 {
        true => String::new(),
        false => format!(": costs {}, saves {} until deletion", show_usd(costs), show_usd(saves)),
    }
}

/// Cents, and of less than a cent what there is of it.
fn show_usd(usd: f64) -> String {
    match usd.abs() {
        0.01.. => format!("${usd:.2}"),
        _ => format!("${usd:.6}"),
    }
}

fn describe_run(ran: &Value) -> String {
    let mut page = format!("marked {}, deleted {}", text(ran, "marked"), text(ran, "deleted"));
    for step in ["tiered", "refused"] {
        if ran[step].as_u64().is_some_and(|moved| moved > 0) {
            page.push_str(&format!(", {step} {}", text(ran, step)));
        }
    }
    page.push_str(&format!(", waiting to be confirmed {}", text(ran, "unconfirmed")));
    if let Some(why) = ran["needs"].as_str() {
        page.push_str(&format!("\n{}; `handin retention preview` shows it", explain(why)));
    }
    page
}

fn explain(why: &str) -> &'static str {
    match why {
        "clock" => "The clock is more than a day ahead of the last run; nothing goes for a day by it",
        "old_data" => "Some of it was due before its policy was set",
        _ => "This is more than the share of all recordings that may go unasked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_says_what_confirms_it() {
        let preview = json!({
            "recordings": 2, "of": 9, "bytes": 3_200_000_000u64, "held": 1, "over": 3, "needs": "old_data",
            "confirmation": "17-ab",
            "lines": [{ "exam": "spring", "rule": "delete 30 days after bell", "policy": "house@1", "recordings": 2,
                "bytes": 3_200_000_000u64, "held": 1, "over": 3 }]
        });
        let page = describe_preview(&preview);
        assert!(
            page.contains("2 of 9 recordings would be marked, 3.2 GB, held 1; 3 would be deleted"),
            "{page}"
        );
        assert!(page.ends_with("handin retention run --confirm 17-ab"), "{page}");
        let quiet = describe_preview(
            &json!({ "recordings": 0, "of": 9, "bytes": 0, "held": 0, "over": 0, "lines": [] }),
        );
        let moved = json!({ "recordings": 6, "bytes": 0, "costs_usd": 0.0004, "saves_usd": 1.5 });
        let none = json!({ "recordings": 0 });
        assert_eq!(
            tiers(&json!({ "tiered": moved, "refused": moved })),
            "6: costs $0.000400, saves $1.50 until deletion; refused 6: costs $0.000400, saves $1.50 until deletion"
        );
        assert_eq!(tiers(&json!({ "tiered": { "recordings": 2 }, "refused": none })), "2");
        assert_eq!(quiet, "0 of 9 recordings would be marked, 0 B, held 0; 0 would be deleted");
    }

    #[test]
    fn a_policy_file_says_where_it_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        let house = crate::config::Retention::default().policy();
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let policy = read_policy(&file)?.read(&house)?;
            anyhow::Ok(policy.rules.len())
        };
        assert_eq!(read("rules = [\"delete 30 days after bell\"]").unwrap(), 1);
        let says = |text: &str| format!("{:#}", read(text).unwrap_err());
        assert!(says("rule = []").contains("unknown field `rule`"));
        assert!(says("rules = [\"delete 3 weeks after bell\"]").contains("rules[0]: \"weeks\" is not days"));
        assert!(says("maximum_days = 400\nrules = [\"delete 1 year after bell\"]").starts_with("reason: "));
    }
}
