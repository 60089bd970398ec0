//! `handin config`, `handin migrate`, `handin openapi`: small commands of operators and of the build.

use std::process::ExitCode;

use super::Place;
use super::output::{complain, say, say_json};
use crate::app::App;
use crate::config::{Flags, reference};
use crate::http;

/// Flags of `handin config`.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    place: Place,
    /// Print the reference page of all settings instead
    #[arg(long)]
    reference: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "reference")]
    json: bool,
}

/// Prints the configuration in effect, secrets masked; exit code 2 when it cannot be used.
///
/// # Errors
/// When standard output cannot be written.
pub fn config(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    if args.reference {
        say(reference::page().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = match args.place.load(Flags::new()) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            return Ok(ExitCode::from(2));
        }
    };
    match args.json {
        true => {
            let settings: serde_json::Map<String, serde_json::Value> =
                config.settings().into_iter().map(|setting| (setting.path(), setting.shown.into())).collect();
            say_json(&settings)?;
        }
        false => say(reference::effective(&config).trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Flags of `handin migrate`.
#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    place: Place,
}

/// Brings the schema up to date and says so.
///
/// # Errors
/// When the database does not answer, or is newer than this program.
pub async fn migrate(args: MigrateArgs) -> anyhow::Result<()> {
    let config = args.place.load(Flags::new())?;
    std::fs::create_dir_all(config.data())?;
    App::connect_ledger(&config).await?;
    say("the database is up to date")?;
    Ok(())
}

/// Prints the OpenAPI document.
///
/// # Errors
/// When standard output cannot be written.
pub fn openapi() -> anyhow::Result<()> {
    Ok(say(&serde_json::to_string_pretty(http::document())?)?)
}
