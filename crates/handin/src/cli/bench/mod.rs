//! `handin bench`: load on a server, made the way candidates make it, and what became of it.
//!
//! An edge like any client: speaks REST to the server and presigned URLs to the store, and never calls a service.

pub mod bell;
pub mod data_centre;

mod proxy;
mod carry;

mod chance;
mod units;

use std::process::ExitCode;

use crate::clock::{Clock, Ids};

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Ring the bell: thousands of candidates finish at once; nothing may be lost
    Bell(Box<bell::Args>),
    /// Compare what the bell does to live calls with the ways of before, in network namespaces (needs root)
    DataCentre(Box<data_centre::Args>),
    /// A proxy that carries recordings, for `data-centre`
    #[command(hide = true)]
    Carry(carry::Args),
    /// The sending end of live calls, for `data-centre`
    #[command(hide = true)]
    CallSource(data_centre::call::SourceArgs),
    /// The receiving end of live calls, for `data-centre`
    #[command(hide = true)]
    CallSink(data_centre::call::SinkArgs),
}

/// Runs one of them.
///
/// # Errors
/// When it cannot be set up.
pub async fn run(command: Command, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    match command {
        Command::Bell(args) => return Box::pin(bell::run(*args, clock, ids)).await,
        Command::DataCentre(args) => return data_centre::run(*args, clock, ids).await,
        Command::Carry(args) => carry::run(args, clock).await?,
        Command::CallSource(args) => data_centre::call::source(args, clock).await?,
        Command::CallSink(args) => data_centre::call::sink(args, clock).await?,
    }
    Ok(ExitCode::SUCCESS)
}
