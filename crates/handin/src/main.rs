//! The one binary. Everything is in the library, so that tests can run it in process.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    handin::cli::run().await
}
