//! A wire to a server that can be cut and mended; it carries any bytes.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Carries from its making on.
pub struct Wire {
    /// Where to connect instead of to the server.
    pub address: SocketAddr,
    server: String,
    carrying: JoinHandle<()>,
}

impl Wire {
    /// A whole wire.
    pub async fn to(server: String) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let carrying = tokio::spawn(carry(listener, server.clone()));
        Wire { address, server, carrying }
    }

    /// Closes every connection; further ones are refused.
    pub async fn cut(&mut self) {
        self.carrying.abort();
        // That it was aborted is no news.
        let _ = (&mut self.carrying).await;
    }

    /// Carries again, at the same address.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.carrying = tokio::spawn(carry(listener, self.server.clone()));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(listener: TcpListener, server: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let server = server.clone();
        connections.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(server).await {
                // Either side may break off at any time.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
