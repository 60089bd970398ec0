//! A request body that must have a certain SHA-256, as its presigned URL says.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use handin_s3::Digest;
use http_body::{Body as HttpBody, Frame, SizeHint};
use s3s::crypto::{Checksum as _, Sha256};
use s3s::{Body, StdError};

use crate::error::PayloadMismatch;

/// The body, which fails at its end if it is another than `expected`.
pub(super) fn hashed(body: Body, expected: Digest) -> Body {
    Body::http_body(Hashed { body, expected, running: Some(Sha256::new()) })
}

struct Hashed {
    body: Body,
    expected: Digest,
    /// None once the body has ended.
    running: Option<Sha256>,
}

impl HttpBody for Hashed {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            if let (Some(running), Some(bytes)) = (&mut self.running, frame.data_ref()) {
                running.update(bytes);
            }
        } else if frame.is_none()
            && let Some(running) = self.running.take()
            && running.finalize() != *self.expected.as_bytes()
        {
            return Poll::Ready(Some(Err(Box::new(PayloadMismatch))));
        }
        Poll::Ready(frame)
    }

    // Not the inner body's: its end is not ours, the comparison comes after it.
    fn is_end_stream(&self) -> bool {
        self.running.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
