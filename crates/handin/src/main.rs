//! The one binary. Everything is in the library, so that tests can run it in process.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A call is many small pieces of memory that live for a millisecond; the system's allocator takes a quarter of its CPU time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    handin::cli::run().await
}
