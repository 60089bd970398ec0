//! DeleteObjects: removes up to 1,000 objects at once. A 200 says nothing: each key has its own outcome.

use http::Method;

use crate::error::{Error, ErrorCode};
use crate::request::{Call, Operation, Response};
use crate::xml::{Element, Writer};

/// Deletes objects.
#[derive(Clone, Copy, Debug)]
pub struct DeleteObjects<'a> {
    /// Their keys, at most 1,000.
    pub keys: &'a [&'a str],
}

/// What became of each key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedObjects {
    /// Gone, or never there.
    pub deleted: Vec<String>,
    /// Still there.
    pub failed: Vec<FailedDelete>,
}

/// A key that was not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDelete {
    /// The key.
    pub key: String,
    /// Why.
    pub code: ErrorCode,
    /// The store's words.
    pub message: String,
}

impl Operation for DeleteObjects<'_> {
    type Answer = DeletedObjects;

    fn call(&self) -> Call<'_> {
        let body = Writer::document("Delete", |xml| {
            for key in self.keys {
                xml.element("Object", |xml| xml.leaf("Key", key));
            }
        });
        Call::new(Method::POST, "").query("delete", "").xml(body)
    }

    fn answer(&self, response: &Response<'_>) -> Result<DeletedObjects, Error> {
        let root = response.document("DeleteResult")?;
        let deleted = root.all("Deleted").filter_map(|element| element.text_of("Key")).map(str::to_owned);
        Ok(DeletedObjects { deleted: deleted.collect(), failed: root.all("Error").map(failed).collect() })
    }
}

fn failed(element: &Element) -> FailedDelete {
    let text = |name| element.text_of(name).unwrap_or_default();
    FailedDelete {
        key: text("Key").to_owned(),
        code: ErrorCode::from_name(text("Code")),
        message: text("Message").to_owned(),
    }
}
