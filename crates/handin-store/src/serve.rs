//! Connections: accepting them, answering their requests, letting them finish at shutdown.
//!
//! It knows HTTP/1.1 and nothing of S3.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::ServeError;
use crate::guard::Guard;
use crate::store::Store;

/// How long a connection may take to send the head of a request, from its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait after the operating system could not give a connection, for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Serves S3 on `listener` until `shutdown` ends, then lets requests in flight finish and returns. Carries
    /// out the lifecycle rules meanwhile.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        tracing::info!(%address, root = %self.inner.config.root.display(), "store is serving");
        let guard = Arc::new(Guard::new(&self));
        let connections = TaskTracker::new();
        let ending = CancellationToken::new();
        tokio::select! {
            () = accept(&listener, &guard, &connections, &ending) => {}
            () = self.keep_lifecycle() => {}
            () = shutdown => {}
        }
        drop(listener);
        ending.cancel();
        connections.close();
        connections.wait().await;
        Ok(())
    }

    async fn keep_lifecycle(&self) {
        let mut rounds = tokio::time::interval(self.inner.config.lifecycle_interval);
        loop {
            rounds.tick().await;
            self.lifecycle_tick(self.inner.now_ms()).await;
        }
    }
}

async fn accept(
    listener: &TcpListener,
    guard: &Arc<Guard>,
    connections: &TaskTracker,
    ending: &CancellationToken,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(guard), ending.clone()));
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

async fn connection(stream: TcpStream, guard: Arc<Guard>, ending: CancellationToken) {
    // Answers are written whole; waiting to fill a packet only delays their last bytes.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let guard = Arc::clone(&guard);
        async move { Ok::<_, Infallible>(Box::pin(guard.answer(request)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended early");
    }
}
