//! The command line: an edge like `http`. Parses flags, calls a service or speaks the REST API, prints.
//!
//! Exit codes: 0 done, 1 failed (standard error says what is missing), 2 wrong usage. What is data goes to standard
//! output, all else to standard error.

pub mod serve;
pub mod demo;
pub mod upload;
pub mod doctor;
pub mod reconcile;
pub mod plan;
pub mod bench;

mod embedded;
mod exam;
mod capture;
mod roster;
mod pace;
mod retention;
mod certificate;
mod hold;
mod webhooks;
mod audit;
mod drain;
mod import;
mod token;
mod keys;
mod maintain;

mod output;
mod place;
mod quantity;
mod patient;
mod platform;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::clock::{Clock, Ids};

pub use place::Place;

/// Exam recordings go straight from browsers into S3-compatible storage, and the server proves them.
#[derive(Debug, Parser)]
#[command(name = "handin", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: API, jobs and, unless a store is configured, the embedded store
    Serve(serve::Args),
    /// Show the whole way of six recordings, with proof, and keep serving
    Demo(demo::Args),
    /// Send recordings to a server, resuming where the last run stopped
    Upload(upload::Args),
    /// Ask the store whether it can do what handin needs
    Doctor(doctor::Args),
    /// Compare the bucket with the ledger, both ways
    Reconcile(reconcile::Args),
    /// Compute what a bell does to links, recordings and bills: the page for management
    Plan(Box<plan::Args>),
    /// Put a server under the load of an exam, and see what becomes of it
    #[command(subcommand)]
    Bench(bench::Command),
    /// Create and look at exams
    #[command(subcommand)]
    Exam(exam::Command),
    /// Import the candidates of an exam
    #[command(subcommand)]
    Roster(roster::Command),
    /// See and set how fast an exam's candidates may send; pause them
    Pace(pace::Args),
    /// How long recordings are kept, what would go, and proof of what is gone
    #[command(subcommand)]
    Retention(retention::Command),
    /// Keep recordings from being deleted, whatever policies say
    #[command(subcommand)]
    Hold(hold::Command),
    /// Where the platform is told of events, and what it was not told
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Who did what; proof that nobody changed what stands there
    #[command(subcommand)]
    Audit(audit::Command),
    /// Move recordings to an archive, a folder or any S3, and see how far they are
    Drain(drain::Args),
    /// Adopt recordings that lie in a folder or an archive already, as an older system left them
    Import(import::Args),
    /// Mint a candidate's token
    Token(token::Args),
    /// Create, list and revoke API keys; rotate the signing secret
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print the configuration in effect, or the reference of all settings
    Config(maintain::ConfigArgs),
    /// Bring the database's schema up to date
    Migrate(maintain::MigrateArgs),
    /// Print the OpenAPI document
    Openapi,
}

/// Runs the command that the process was started with.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs on.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match Box::pin(execute(cli.command)).await {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn execute(command: Command) -> anyhow::Result<ExitCode> {
    let (clock, ids) = (Clock::system(), Ids::system());
    match command {
        Command::Serve(args) => serve::run(args, clock, ids).await?,
        Command::Demo(args) => return Box::pin(demo::run(args, clock, ids)).await,
        Command::Upload(args) => return Box::pin(upload::run(args, clock, ids)).await,
        Command::Doctor(args) => return Box::pin(doctor::run(args, clock, ids)).await,
        Command::Reconcile(args) => return Box::pin(reconcile::run(args, clock, ids)).await,
        Command::Plan(args) => return plan::run(&args),
        Command::Bench(command) => return Box::pin(bench::run(command, clock, ids)).await,
        Command::Exam(command) => exam::run(command).await?,
        Command::Roster(command) => roster::run(command).await?,
        Command::Pace(args) => pace::run(args).await?,
        Command::Retention(command) => retention::run(command).await?,
        Command::Hold(command) => hold::run(command).await?,
        Command::Webhooks(command) => webhooks::run(command).await?,
        Command::Audit(command) => return audit::run(command, clock, ids).await,
        Command::Drain(args) => drain::run(args).await?,
        Command::Import(args) => return Box::pin(import::run(args, clock, ids)).await,
        Command::Token(args) => token::run(args).await?,
        Command::Keys(command) => keys::run(command, clock, ids).await?,
        Command::Config(args) => return maintain::config(&args),
        Command::Migrate(args) => maintain::migrate(args).await?,
        Command::Openapi => maintain::openapi()?,
    }
    Ok(ExitCode::SUCCESS)
}
