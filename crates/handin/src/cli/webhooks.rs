//! `handin webhooks`: where the platform is told of events, and what it was not told.

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{complain, say, say_json, table, text};
use super::platform::{Body, Server};

/// What to do with webhooks.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Tell a receiver of what happens from now on; prints its secret once
    Add {
        /// The receiver, beginning with https://
        url: String,
        /// Only these events, such as recording.sealed,sitting.complete [default: all]
        #[arg(long, value_name = "EVENT", value_delimiter = ',')]
        events: Vec<String>,
        #[command(flatten)]
        server: Server,
    },
    /// List webhooks
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Remove a webhook, with what it was still to be told
    Remove(One),
    /// Send `webhook.test` now, and say what came of it
    Test(One),
    /// Give a webhook a new secret; the former one signs too for a while
    Rotate {
        /// For how many seconds [default: `webhooks.overlap_s`, a day]
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
        #[command(flatten)]
        one: One,
    },
    /// List the events that a webhook was not told in three days of trying
    Dead(One),
    /// Have dead events told again
    Replay {
        /// This event only
        #[arg(long)]
        event: Option<String>,
        #[command(flatten)]
        one: One,
    },
}

/// One webhook.
#[derive(Debug, clap::Args)]
pub struct One {
    /// The webhook's id, from the list
    webhook: String,
    #[command(flatten)]
    server: Server,
}

impl One {
    async fn call(&self, method: Method, route: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let path = format!("/v1/webhooks/{}{route}", self.webhook);
        self.server.connect()?.call(method, &path, body.map(Body::json)).await
    }

    fn print(&self, answer: &Value, words: &str) -> anyhow::Result<()> {
        match self.server.json {
            true => say_json(answer),
            false => Ok(say(words)?),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses; when a receiver that is tried does not say yes.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add { url, events, server } => {
            let new = json!({ "url": url, "events": events });
            let added = server.connect()?.call(Method::POST, "/v1/webhooks", Some(Body::json(&new))).await?;
            print_secret(&server, &added)
        }
        Command::List { server } => list(&server).await,
        Command::Remove(one) => {
            let removed = one.call(Method::DELETE, "", None).await?;
            one.print(&removed, &format!("removed {}", text(&removed, "url")))
        }
        Command::Test(one) => {
            let trial = one.call(Method::POST, "/test", None).await?;
            if trial["delivered"] == true {
                return one.print(&trial, "the receiver said yes");
            }
            bail!("the receiver {}", text(&trial, "error"))
        }
        Command::Rotate { overlap, one } => {
            let rotated = one.call(Method::POST, "/rotate", Some(&json!({ "overlap_s": overlap }))).await?;
            print_secret(&one.server, &rotated)
        }
        Command::Dead(one) => dead(&one).await,
        Command::Replay { event, one } => {
            let replayed = one.call(Method::POST, "/replay", Some(&json!({ "event": event }))).await?;
            one.print(&replayed, &format!("{} events are told again", text(&replayed, "replayed")))
        }
    }
}

fn print_secret(server: &Server, webhook: &Value) -> anyhow::Result<()> {
    if server.json {
        return say_json(webhook);
    }
    complain(&format!("webhook {}; this is the only time its secret is shown:", text(webhook, "id")));
    Ok(say(&text(webhook, "secret"))?)
}

async fn list(server: &Server) -> anyhow::Result<()> {
    let all = server.connect()?.call(Method::GET, "/v1/webhooks", None).await?;
    let items = all["items"].as_array().cloned().unwrap_or_default();
    if server.json {
        return say_json(&items);
    }
    let row = |webhook: &Value| {
        let events: Vec<&str> =
            webhook["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let events = if events.is_empty() { "all".to_owned() } else { events.join(", ") };
        vec![
            text(webhook, "id"),
            text(webhook, "url"),
            events,
            text(webhook, "created_at"),
            text(webhook, "former_until"),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(say(&table(&["webhook", "url", "events", "since", "two secrets until"], &rows))?)
}

async fn dead(one: &One) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}/dead?limit=1000", one.webhook);
    let dead = one.server.connect()?.pages(&path).await?;
    if one.server.json {
        return say_json(&dead);
    }
    let row = |event: &Value| {
        ["event", "type", "at", "recording", "dead_at", "error"].map(|name| text(event, name)).to_vec()
    };
    let rows: Vec<Vec<String>> = dead.iter().map(row).collect();
    Ok(say(&table(&["event", "type", "happened", "recording", "given up", "why"], &rows))?)
}
