//! The proxy of the old way as a process of its own, for an experiment that puts it into another network.

use std::net::SocketAddr;
use std::time::Duration;

use super::proxy::Proxy;
use crate::cli::upload::api::Api;
use crate::cli::upload::pace::Pacer;
use crate::cli::{output, serve};
use crate::clock::Clock;

/// Flags of the proxy.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// The server whose store gets the recordings
    #[arg(long)]
    server: String,
}

/// Carries until it is asked to stop.
///
/// # Errors
/// When the address is taken.
pub async fn run(args: Args, clock: Clock) -> anyhow::Result<()> {
    let api = Api::new(&args.server, "", Pacer::new(clock.clone(), 1))?;
    let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).no_proxy().build()?;
    let proxy = Proxy::start(args.listen, api, http, clock).await?;
    output::say(&proxy.url)?;
    serve::signal().await
}
