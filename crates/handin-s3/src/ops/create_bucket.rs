//! CreateBucket: makes the signer's bucket.

use http::Method;

use crate::error::Error;
use crate::request::{Call, Operation, Response};
use crate::xml::Writer;

/// Creates the bucket. A bucket that exists already is a refusal with its own code; on some stores a success.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateBucket<'a> {
    /// The region to create it in. `us-east-1` goes without saying, and AWS refuses it when said.
    pub region: Option<&'a str>,
    /// With Object Lock, and with versions, which belong to it.
    pub object_lock: bool,
}

impl Operation for CreateBucket<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        let call = Call::new(Method::PUT, "")
            .header_some("x-amz-bucket-object-lock-enabled", self.object_lock.then_some("true"));
        match self.region.filter(|region| *region != "us-east-1") {
            Some(region) => call.header("content-type", "application/xml").body(document(region)),
            None => call,
        }
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}

fn document(region: &str) -> Vec<u8> {
    Writer::document("CreateBucketConfiguration", |xml| xml.leaf("LocationConstraint", region))
}
