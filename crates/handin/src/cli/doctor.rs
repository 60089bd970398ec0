//! `handin doctor`: can the configured store do what handin asks of it? One table, and what to mend.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::embedded::{Embedded, start_store};
use super::output::{complain, say, say_json, table};
use super::{Place, place};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{Config, Flags};
use crate::service::doctor::bench::Bench;
use crate::service::doctor::{Check, Report, Wishes, examine};

/// How long to wait for a running embedded store to take a connection.
const KNOCK: Duration = Duration::from_secs(1);
/// Where probes put their objects; they are removed afterwards.
const PREFIX: &str = "handin-doctor/";

/// Flags of `handin doctor`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Write the CORS and abort-incomplete rules that are missing, and create a missing bucket
    #[arg(long)]
    fix: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Examines the store; exit code 1 when something essential is not as it should be.
///
/// # Errors
/// When the configuration cannot be used, or there is no store to speak to.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let mut config = args.place.load(Flags::new())?;
    let started = match config.store.is_embedded() {
        true => reach_embedded(&mut config, &clock, &ids).await?,
        false => None,
    };
    if !args.json {
        complain(&format!("examining {} …", config.store.endpoint.as_deref().unwrap_or_default()));
    }
    let wishes = Wishes { origins: config.store.cors_origins.clone(), fix: args.fix };
    let report = examine(&bench(&config, &clock, &ids).await?, &wishes).await;
    if let Some(store) = started {
        store.stop().await;
    }
    match args.json {
        true => say_json(&report)?,
        false => say(&page(&report, args.fix))?,
    }
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn bench(config: &Config, clock: &Clock, ids: &Ids) -> anyhow::Result<Bench> {
    let objects = App::connect_store(config, clock, ids).await?;
    let browser = reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(config.store.connect_timeout_ms))
        .timeout(Duration::from_millis(config.store.call_timeout_ms))
        .redirect(reqwest::redirect::Policy::none())
        // As the server's own calls: a proxy of the environment would answer in the store's place.
        .no_proxy()
        .build()?;
    let time = clock.clone();
    Ok(Bench::new(objects, browser, Arc::new(move || time.now()), format!("{PREFIX}{}/", ids.word())))
}

/// Uses the embedded store of a server that runs, or starts it over the data folder for as long as this takes.
pub(super) async fn reach_embedded(
    config: &mut Config,
    clock: &Clock,
    ids: &Ids,
) -> anyhow::Result<Option<Embedded>> {
    std::fs::create_dir_all(config.data())?;
    let secrets = place::secrets(config, ids)?;
    if is_running(config.store.listen).await {
        config.store.endpoint = Some(format!("http://{}", config.store.listen));
        config.store.access_key = Some(SecretString::from(secrets.store.access_key.clone()));
        config.store.secret_key = Some(SecretString::from(secrets.store.secret_key.expose_secret()));
        return Ok(None);
    }
    config.store.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    start_store(config, &secrets, clock).await.map(Some)
}

async fn is_running(address: SocketAddr) -> bool {
    let knock = tokio::time::timeout(KNOCK, tokio::net::TcpStream::connect(address)).await;
    matches!(knock, Ok(Ok(_)))
}

fn page(report: &Report, fixed: bool) -> String {
    let Report { bucket, origin, sound, checks } = report;
    let rows: Vec<Vec<String>> = checks.iter().map(row).collect();
    let mut page = format!("bucket {bucket} at {origin}\n\n");
    page.push_str(&table(&["", "check", "expected", "found"], &rows));
    for check in checks {
        if let Some(advice) = &check.advice {
            page.push_str(&format!("\n\n{}: {advice}", check.check));
        }
    }
    let missing_rules =
        !fixed && checks.iter().any(|check| !check.passed && matches!(check.check, "cors" | "lifecycle"));
    page.push_str(match (sound, missing_rules) {
        (true, _) => "\n\nEverything essential is as it should be.",
        (false, true) => "\n\nNot ready for exam day. `handin doctor --fix` writes the missing rules.",
        (false, false) => "\n\nNot ready for exam day.",
    });
    page
}

fn row(check: &Check) -> Vec<String> {
    let mark = match (check.passed, check.essential) {
        (true, _) => "ok",
        (false, true) => "FAIL",
        (false, false) => "note",
    };
    vec![mark.to_owned(), check.check.to_owned(), check.expected.clone(), check.found.clone()]
}
