//! What the embedding program decides: where, for whom, and by which clock.
//!
//! It knows nothing of files or requests. Time and randomness come from here and from nowhere else.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Gives the present time in unix milliseconds. Expiry of URLs, clock skew, `Last-Modified` and lifecycle
/// rules all ask this clock, so that a test can move it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Gives 128 random bits. Names of data files and upload ids are made of them.
pub type Random = Arc<dyn Fn() -> u128 + Send + Sync>;

/// An access key id with its secret. Its `Debug` form hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The public half, as it stands in `Authorization` and `X-Amz-Credential`.
    pub id: String,
    /// The secret half, which signs.
    pub secret: String,
}

impl AccessKey {
    /// A key from its two halves.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: secret.into() }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Everything a [`Store`](crate::Store) is told. Start from [`Config::new`] and change what differs.
#[derive(Clone)]
pub struct Config {
    /// The folder that holds the data. It is created when missing and belongs to one process at a time.
    pub root: PathBuf,
    /// The region that clients must sign for.
    pub region: String,
    /// The keys that may sign. Every key may do everything; a request without a key may do nothing.
    pub keys: Vec<AccessKey>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where randomness comes from.
    pub random: Random,
    /// How long a client may send nothing in the middle of a body before it is answered `RequestTimeout`.
    pub idle_timeout: Duration,
    /// How often `serve` carries out the lifecycle rules.
    pub lifecycle_interval: Duration,
}

impl Config {
    /// A store over `root` for `region` and `keys`, with the machine's clock and randomness, an idle time of
    /// 30 seconds and an hourly lifecycle.
    pub fn new(root: impl Into<PathBuf>, region: impl Into<String>, keys: Vec<AccessKey>) -> Self {
        Self {
            root: root.into(),
            region: region.into(),
            keys,
            clock: Arc::new(system_clock),
            random: Arc::new(system_random),
            idle_timeout: Duration::from_secs(30),
            lifecycle_interval: Duration::from_secs(3600),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("root", &self.root)
            .field("region", &self.region)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one default clock; everything else asks Config::clock")]
fn system_clock() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one default source; everything else asks Config::random")]
fn system_random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_ne_bytes(bytes)
}
