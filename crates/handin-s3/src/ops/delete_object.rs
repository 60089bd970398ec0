//! DeleteObject: removes one object. Removing what is not there is a success.

use http::Method;

use crate::error::Error;
use crate::request::{Call, Operation, Response};

/// Deletes an object.
#[derive(Clone, Copy, Debug)]
pub struct DeleteObject<'a> {
    /// The object's key.
    pub key: &'a str,
}

impl Operation for DeleteObject<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        Call::new(Method::DELETE, self.key)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}
