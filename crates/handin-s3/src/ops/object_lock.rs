//! Object Lock, as far as legal holds go: whether the bucket has it, and the flag of an object that keeps everybody from
//! deleting it, whoever holds the store's keys. Periods of retention are none of ours: they cannot be taken back.

use http::Method;

use crate::error::{Error, ErrorCode};
use crate::request::{Call, Operation, Response};
use crate::xml::Writer;

const NOT_FOUND: &str = "ObjectLockConfigurationNotFoundError";

/// Asks whether the bucket has Object Lock. A bucket without it may answer so, or refuse with
/// `ObjectLockConfigurationNotFoundError`; both are read as `false`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetObjectLock;

impl Operation for GetObjectLock {
    type Answer = bool;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "").query("object-lock", "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<bool, Error> {
        match response.document("ObjectLockConfiguration") {
            Ok(root) => Ok(root.filled("ObjectLockEnabled") == Some("Enabled")),
            Err(error) if is(&error, NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Asks whether an object has a legal hold.
#[derive(Clone, Copy, Debug)]
pub struct GetLegalHold<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Which version; the newest when absent.
    pub version_id: Option<&'a str>,
}

impl Operation for GetLegalHold<'_> {
    /// An object that never had one may be refused as `NoSuchObjectLockConfiguration`, by Ceph 16 with the code for a bucket
    /// without Object Lock; both are read as `false`.
    type Answer = bool;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, self.key).query("legal-hold", "").query_some("versionId", self.version_id)
    }

    fn answer(&self, response: &Response<'_>) -> Result<bool, Error> {
        match response.document("LegalHold") {
            Ok(root) => Ok(root.filled("Status") == Some("ON")),
            Err(error) if is(&error, "NoSuchObjectLockConfiguration") || is(&error, NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Sets an object's legal hold, or lifts it. Doing so again changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct PutLegalHold<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Which version; the newest when absent.
    pub version_id: Option<&'a str>,
    /// Whether it holds from now on.
    pub on: bool,
}

impl Operation for PutLegalHold<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        let status = if self.on { "ON" } else { "OFF" };
        let body = Writer::document("LegalHold", |xml| xml.leaf("Status", status));
        let call = Call::new(Method::PUT, self.key).query("legal-hold", "");
        call.query_some("versionId", self.version_id).xml(body)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}

fn is(error: &Error, code: &str) -> bool {
    matches!(&error.code, ErrorCode::Other(name) if name == code)
}
