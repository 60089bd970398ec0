//! `handin retention certificate`: proof of what is gone, from the server or checked without it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use serde_json::Value;

use super::output::{say, say_json, table, text};
use super::platform::Server;
use super::quantity::show_size;
use crate::service::retention::certificates::{self, Deletion};

/// Flags of `handin retention certificate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The certificate's id; without it all are listed
    id: Option<String>,
    /// Verify the certificate in this file instead; no server is asked
    #[arg(long, value_name = "FILE", requires = "jwks", conflicts_with = "id")]
    verify: Option<PathBuf>,
    /// The server's public keys, saved from /.well-known/jwks.json
    #[arg(long, value_name = "FILE", requires = "verify")]
    jwks: Option<PathBuf>,
    /// Ask whether it tells of the object under this key, as a receipt names it
    #[arg(long, value_name = "KEY", requires = "verify")]
    key: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses, a file is not what it should be, or what it holds does not verify.
pub async fn run(args: Args) -> anyhow::Result<()> {
    match (&args.verify, &args.jwks, &args.id) {
        (Some(file), Some(jwks), _) => verify(file, jwks, args.key.as_deref(), args.server.json),
        (_, _, Some(id)) => {
            let found =
                args.server.connect()?.call(Method::GET, &format!("/v1/certificates/{id}"), None).await?;
            print_one(&args.server, &found)
        }
        _ => list(&args.server).await,
    }
}

fn print_one(server: &Server, found: &Value) -> anyhow::Result<()> {
    match (server.json, found["certificate"].as_str()) {
        (true, _) => say_json(found),
        (false, Some(jws)) => Ok(say(jws)?),
        (false, None) => bail!("objects are still being deleted; it is signed when none is left"),
    }
}

async fn list(server: &Server) -> anyhow::Result<()> {
    let all = server.connect()?.pages("/v1/certificates?limit=1000").await?;
    if server.json {
        return say_json(&all);
    }
    let row = |one: &Value| {
        ["id", "exam", "policy", "ordered_at", "ordered_by", "issued_at"].map(|name| text(one, name)).to_vec()
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    Ok(say(&table(&["certificate", "exam", "policy", "ordered", "by", "issued"], &rows))?)
}

fn verify(file: &Path, jwks: &Path, key: Option<&str>, json: bool) -> anyhow::Result<()> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    let keys: JwkSet = serde_json::from_str(&read(jwks)?).with_context(|| jwks.display().to_string())?;
    let deletion = certificates::verify(read(file)?.trim(), &keys)
        .context("no key of this set signed it, or it is no certificate of deletion")?;
    if let Some(key) = key {
        ensure!(deletion.tells_of(key), "it is genuine, but tells of no object under {key}");
    }
    match json {
        true => say_json(&deletion),
        false => Ok(say(&describe_deletion(&deletion, key))?),
    }
}

fn describe_deletion(deletion: &Deletion, key: Option<&str>) -> String {
    let Deletion { exam, policy, ordered_by, ordered_at, certified_at, recordings, bytes, objects, .. } =
        deletion;
    let mut page = format!(
        "genuine: {recordings} recordings of {exam}, {}, in {objects} objects\nordered  {ordered_at} by {policy} ({ordered_by})\n\
         gone     {certified_at}",
        show_size(*bytes)
    );
    if let Some(key) = key {
        page.push_str(&format!("\namong them {key}"));
    }
    page
}
