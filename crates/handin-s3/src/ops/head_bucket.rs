//! HeadBucket: whether the bucket is there and ours to use. A refusal has no body, so a 404 is read as
//! [`ErrorCode::NoSuchBucket`].

use http::Method;

use crate::error::{Error, ErrorCode};
use crate::request::{Call, Operation, Response};

/// Asks for the bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadBucket;

/// What the store says about the bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketHead {
    /// Its region, when the store tells. A refusal with status 301 means that it is another one.
    pub region: Option<String>,
}

impl Operation for HeadBucket {
    type Answer = BucketHead;

    fn call(&self) -> Call<'_> {
        Call::new(Method::HEAD, "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<BucketHead, Error> {
        if response.status == 404 && response.body.is_empty() {
            return Err(Error { code: ErrorCode::NoSuchBucket, ..response.refusal() });
        }
        response.success()?;
        Ok(BucketHead { region: response.header("x-amz-bucket-region").map(str::to_owned) })
    }
}
