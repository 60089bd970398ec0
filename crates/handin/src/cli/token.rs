//! `handin token`: let a candidate in.

use reqwest::Method;
use serde_json::json;

use super::output::{say, say_json};
use super::platform::{Body, Server};

/// For whom.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exam's id
    exam: String,
    /// The platform's opaque id of the candidate
    #[arg(long)]
    candidate: String,
    /// The subject
    #[arg(long)]
    subject: String,
    /// How long it lives, in seconds [default: the server's setting]
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut wanted = json!({ "candidate": args.candidate, "subject": args.subject });
    if let Some(ttl) = args.ttl {
        wanted["ttl_s"] = ttl.into();
    }
    let path = format!("/v1/exams/{}/tokens", args.exam);
    let minted = args.server.connect()?.call(Method::POST, &path, Some(Body::json(&wanted))).await?;
    if args.server.json {
        return say_json(&minted);
    }
    let word = |name: &str| minted[name].as_str().unwrap_or_default();
    say(&format!("token   {}\nuntil   {}\npage    {}", word("token"), word("expires_at"), word("page_url")))?;
    Ok(())
}
