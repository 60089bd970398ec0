//! The store as the server sees it: signs URLs for browsers, and makes the server's own S3 calls. It sends what
//! `handin-s3` builds and signs. Refuses to know exams, the database and what a recording is: keys are text here.
//!
//! Calls share one retry layer, one bound on how many run at once and one time limit for each try. Completing an
//! upload alone is tried once, because an answer that got lost may have been a success.

mod sign;

mod object;
mod versions;
mod listing;
mod locks;
mod uploads;
mod parts;

mod bucket;

pub mod capabilities;

mod send;

mod keys;
mod retry;

mod error;
mod settings;

use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};

pub use self::bucket::{
    ABORT_AFTER_DAYS, ABORT_RULE, CORS_RULE, REHEARSAL_RULE, REHEARSALS_KEPT_DAYS, REQUEST_HEADERS,
    aborts_incomplete, cleans_by_itself, cors_rule, expires_rehearsals,
};
pub use self::error::{Error, ErrorKind};
pub use self::listing::{Listed, ObjectsPage};
pub use self::object::{Head, ObjectDigest};
pub use self::parts::{PartPlace, Piece};
pub use self::send::http_client;
pub use self::settings::{Limits, Now, Settings, Source};
pub use self::sign::{PartToSign, PutToSign, SignedUrl, TrialToSign};
pub use self::uploads::{CreateUpload, OpenUpload, UploadsMarker, UploadsPage};

use self::keys::{Keyring, Keys};
use self::retry::Retries;

/// The user metadata that says which recording wrote an object.
pub const WRITE_TOKEN: &str = "handin-write";
/// The header that carries [`WRITE_TOKEN`].
pub const WRITE_TOKEN_HEADER: &str = "x-amz-meta-handin-write";

/// The bucket with everything needed to sign for it and to call it. Cheap to clone.
#[derive(Clone)]
pub struct Objects(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    keyring: Keyring,
    retries: Retries,
    places: Semaphore,
    limits: Limits,
    now: Now,
    /// What the store said of Object Lock.
    has_lock: OnceCell<bool>,
}

impl Objects {
    /// Gets credentials and makes ready; does not call the store yet.
    ///
    /// # Errors
    /// When the AWS credential chain yields nothing.
    pub async fn start(settings: Settings) -> Result<Objects, Error> {
        let client = http_client(&settings.limits)?;
        let keyring = Keyring::start(&settings, client.clone()).await?;
        Ok(Objects(Arc::new(Inner {
            client,
            keyring,
            retries: Retries::new(&settings.limits, settings.seed),
            places: Semaphore::new(settings.limits.concurrent.max(1)),
            limits: settings.limits,
            now: settings.now,
            has_lock: OnceCell::new(),
        })))
    }

    /// The bucket's name.
    pub fn bucket(&self) -> String {
        self.keys().public.bucket().name().to_owned()
    }

    /// The bucket's origin (scheme, host and port) as browsers see it.
    pub fn origin(&self) -> String {
        self.keys().public.bucket().origin().to_owned()
    }

    fn keys(&self) -> Arc<Keys> {
        self.0.keyring.current()
    }
}
