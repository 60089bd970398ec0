//! Serves one folder until it is stopped: `serve FOLDER [BUCKET]`.
//!
//! Prints the address it listens on, alone on one line, once it serves. Keys: `id` with the secret `secret`;
//! region `us-east-1`. For trying the store by hand and for tests that kill a store.

use std::io::Write as _;

use handin_store::{AccessKey, Config, Store};
use tokio::net::TcpSocket;

/// The listen backlog: a burst of thousands of browsers connects at once.
const BACKLOG: u32 = 4096;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: serve FOLDER [BUCKET]")?;
    let config = Config::new(folder, "us-east-1", vec![AccessKey::new("id", "secret")]);
    let store = Store::open(config).await?;
    if let Some(bucket) = arguments.next() {
        store.ensure_bucket(&bucket).await?;
    }
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(BACKLOG)?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    Ok(store.serve(listener, interrupted).await?)
}
