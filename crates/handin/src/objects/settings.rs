//! What the store client is told at start. Knows neither files nor environment: `config` reads those.

use std::sync::Arc;
use std::time::Duration;

use handin_s3::{Bucket, Credentials};
use jiff::Timestamp;

/// Tells the time that calls to the store are signed with.
///
/// It must be the time *of the store*, give or take its tolerance of 15 minutes, because the store checks it. A test
/// that moves the clock of the exam rules leaves this one alone, unless the store runs on the moved clock too.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The bucket by its two addresses, who signs for it, and how patient the server is.
#[derive(Clone)]
pub struct Settings {
    /// The bucket as the server reaches it; server calls are signed with this host.
    pub internal: Bucket,
    /// The same bucket as browsers reach it; URLs that leave the server are signed with this host.
    pub public: Bucket,
    /// Who signs.
    pub credentials: Source,
    /// Time limits and bounds of server calls.
    pub limits: Limits,
    /// The time that server calls are signed with.
    pub now: Now,
    /// Seed of the random part of retry delays.
    pub seed: u64,
}

/// Where credentials come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Configured ones, which do not end.
    Static(Credentials),
    /// The standard AWS chain: environment, profile, SSO, web identity, process, ECS, EC2 (IMDSv2).
    AwsChain,
}

/// How long and how much at once. Defaults suit a store in the same building or region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest time of one try of one call, with its wait for a free place; reading an object back is given more
    /// time by its size.
    pub call: Duration,
    /// Longest silence of the store while it answers.
    pub idle: Duration,
    /// How long one call may be tried again altogether, with all its delays.
    pub retry_budget: Duration,
    /// First delay before a retry; it doubles each time. The delay taken is a random share of it.
    pub first_delay: Duration,
    /// The delay stops growing here.
    pub longest_delay: Duration,
    /// Calls in flight at once; more wait.
    pub concurrent: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(20),
            idle: Duration::from_secs(15),
            retry_budget: Duration::from_secs(120),
            first_delay: Duration::from_millis(200),
            longest_delay: Duration::from_secs(20),
            concurrent: 64,
        }
    }
}
