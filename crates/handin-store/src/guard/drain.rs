//! A request body that can be read to its end after its reader has lost interest.
//!
//! An answer sent while the client is still sending is lost when the connection closes: the kernel resets a
//! connection with unread data. So a refusal waits a moment for the rest of the body, within limits. A client
//! that asked whether to send at all (`Expect: 100-continue`) and was not told to, is not waited for.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::folder::lock;

/// The most bytes that are read for nothing: more than a part of a browser's upload has.
const LIMIT: usize = 16 << 20;

/// The longest that a refused client is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body as its reader gets it, and a handle on whatever the reader leaves.
pub(super) fn shared(body: Incoming) -> (s3s::Body, Rest) {
    let size = body.size_hint();
    let shared = Arc::new(Mutex::new(Shared { body: Some(body), asked_for: false }));
    let reader = Reader { shared: Arc::clone(&shared), size };
    (s3s::Body::http_body(reader), Rest(shared))
}

struct Shared {
    body: Option<Incoming>,
    /// Whether anybody has wanted to read, upon which the server sends `100 Continue`.
    asked_for: bool,
}

/// What is left of a body.
pub(super) struct Rest(Arc<Mutex<Shared>>);

impl Rest {
    /// Whether the client may be sending: somebody has wanted to read something.
    pub(super) fn asked_for(&self) -> bool {
        lock(&self.0).asked_for
    }

    /// Reads the rest and throws it away.
    pub(super) async fn drain(self) {
        let Some(mut body) = lock(&self.0).body.take() else { return };
        let drained = async {
            let mut seen = 0;
            while let Some(Ok(frame)) = body.frame().await {
                seen += frame.data_ref().map_or(0, Bytes::len);
                if seen > LIMIT {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, drained).await;
    }
}

struct Reader {
    shared: Arc<Mutex<Shared>>,
    size: SizeHint,
}

impl HttpBody for Reader {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut shared = lock(&self.shared);
        let Some(body) = shared.body.as_mut() else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        shared.asked_for = true;
        frame
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.shared).body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        // Exact for as long as nothing was read, which is when it is asked for.
        lock(&self.shared).body.as_ref().map_or_else(|| self.size, HttpBody::size_hint)
    }
}
