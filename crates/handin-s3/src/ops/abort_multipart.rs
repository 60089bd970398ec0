//! AbortMultipartUpload: gives up an upload and all its parts. Only an explicit decision leads here.

use http::Method;

use crate::error::Error;
use crate::request::{Call, Operation, Response};

/// Aborts an upload.
#[derive(Clone, Copy, Debug)]
pub struct AbortMultipart<'a> {
    /// The object's key.
    pub key: &'a str,
    /// The store's id of the upload.
    pub upload_id: &'a str,
}

impl Operation for AbortMultipart<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        Call::new(Method::DELETE, self.key).query("uploadId", self.upload_id)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}
