//! `handin keys`: the platform's API keys in the ledger, and the signing secrets in the data folder.
//!
//! Works on database and secrets file themselves, not through the API: whoever has those may do this.

use std::sync::Arc;

use serde_json::json;

use super::output::{complain, say, say_json, table};
use super::{Place, place};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{Flags, Secrets};
use crate::service::api_keys;

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an API key and print it once
    Create {
        /// What it is for
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// List API keys, without the keys themselves
    List {
        #[command(flatten)]
        common: Common,
    },
    /// End an API key at once
    Revoke {
        /// Its id, from the list
        id: String,
        #[command(flatten)]
        common: Common,
    },
    /// Make a new signing secret; what the old ones signed stays good. Restart the servers afterwards
    Rotate {
        #[command(flatten)]
        common: Common,
    },
}

/// Flags that all of them share.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When database or secrets file cannot be used.
pub async fn run(command: Command, clock: Clock, ids: Ids) -> anyhow::Result<()> {
    match command {
        Command::Create { name, common } => create(&common, &name, clock, ids).await,
        Command::List { common } => list(&common, clock, ids).await,
        Command::Revoke { id, common } => revoke(&common, &id, clock, ids).await,
        Command::Rotate { common } => rotate(&common, &ids),
    }
}

async fn open(common: &Common, clock: Clock, ids: Ids) -> anyhow::Result<Arc<App>> {
    open_ledger(&common.place, clock, ids).await
}

/// Everything but the store, which what is a matter of the ledger does not ask.
///
/// # Errors
/// When database or secrets file cannot be used.
pub async fn open_ledger(place: &Place, clock: Clock, ids: Ids) -> anyhow::Result<Arc<App>> {
    let mut config = place.load(Flags::new())?;
    std::fs::create_dir_all(config.data())?;
    let secrets = place::secrets(&config, &ids)?;
    if config.store.is_embedded() {
        // The store is not asked, so any address will do; its keys are at hand, and no others are looked for.
        config.store.endpoint = Some(format!("http://{}", config.store.listen));
        config.store.access_key = Some(secrets.store.access_key.clone().into());
        config.store.secret_key = Some(secrets.store.secret_key.clone());
    }
    Ok(App::start(config, &secrets, clock, ids).await?)
}

async fn create(common: &Common, name: &str, clock: Clock, ids: Ids) -> anyhow::Result<()> {
    let app = open(common, clock, ids).await?;
    let made = api_keys::create(&app, name).await?;
    if common.json {
        return say_json(&json!({ "id": made.id, "key": made.key }));
    }
    complain("This is the only time the key is shown:");
    say(&made.key)?;
    Ok(())
}

async fn list(common: &Common, clock: Clock, ids: Ids) -> anyhow::Result<()> {
    let app = open(common, clock, ids).await?;
    let keys = api_keys::list(&app).await?;
    if common.json {
        let row = |key: &crate::db::api_keys::ApiKey| {
            json!({ "id": key.id, "name": key.name, "prefix": key.prefix, "created_at": key.created_at.to_string(),
                "revoked_at": key.revoked_at.map(|at| at.to_string()) })
        };
        return say_json(&keys.iter().map(row).collect::<Vec<_>>());
    }
    let row = |key: &crate::db::api_keys::ApiKey| {
        let revoked = key.revoked_at.map_or_else(String::new, |at| at.to_string());
        vec![
            key.id.clone(),
            key.name.clone(),
            format!("{}…", key.prefix),
            key.created_at.to_string(),
            revoked,
        ]
    };
    say(&table(&["id", "name", "key", "created", "revoked"], &keys.iter().map(row).collect::<Vec<_>>()))?;
    Ok(())
}

async fn revoke(common: &Common, id: &str, clock: Clock, ids: Ids) -> anyhow::Result<()> {
    let app = open(common, clock, ids).await?;
    api_keys::revoke(&app, id).await?;
    match common.json {
        true => say_json(&json!({ "id": id, "revoked": true })),
        false => Ok(say(&format!("{id} is revoked"))?),
    }
}

fn rotate(common: &Common, ids: &Ids) -> anyhow::Result<()> {
    let config = common.place.load(Flags::new())?;
    let id = Secrets::rotate(&config.secrets_path(), || ids.bytes())?;
    match common.json {
        true => say_json(&json!({ "signing": id })),
        false => Ok(say(&format!(
            "signing secret {id} is the first now; restart every server that reads this file"
        ))?),
    }
}
