//! The bucket itself: that it exists, which web pages may send to it, and what it cleans up alone.

use std::time::Duration;

use handin_core::RehearsalKey;
use handin_s3::ErrorCode;
use handin_s3::ops::{
    CorsRule, CreateBucket, GetBucketCors, GetBucketLifecycle, HeadBucket, LifecycleRule, PrefixRule,
    PutBucketCors, PutBucketLifecycle,
};

use super::sign::STORAGE_CLASS;
use super::{Error, ErrorKind, Objects, WRITE_TOKEN_HEADER};

/// The name of our lifecycle rule for forgotten uploads.
pub const ABORT_RULE: &str = "handin-abort-incomplete";
/// The name of our lifecycle rule for trial objects.
pub const REHEARSAL_RULE: &str = "handin-expire-rehearsals";
/// The name of our CORS rule.
pub const CORS_RULE: &str = "handin";
/// Dead uploads are ended by the store after this many days. Salvage comes long before: hours after the bell.
pub const ABORT_AFTER_DAYS: u32 = 14;
/// Trial objects are deleted by the store after this many days, the fewest there are.
pub const REHEARSALS_KEPT_DAYS: u32 = 1;
/// How long a browser may keep a preflight's answer; Chromium keeps none longer than two hours.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(7_200);
/// The headers that a browser sets on its requests to the store.
pub const REQUEST_HEADERS: [&str; 6] =
    ["content-type", "if-none-match", "range", "x-amz-checksum-sha256", WRITE_TOKEN_HEADER, STORAGE_CLASS];

impl Objects {
    /// Whether the store answers and lets us in.
    ///
    /// # Errors
    /// As every call.
    pub async fn ping(&self) -> Result<(), Error> {
        self.call("head_bucket", &HeadBucket).await.map(|_| ())
    }

    /// Creates the bucket unless it is there.
    ///
    /// # Errors
    /// `Denied` when it is somebody else's; and as every call.
    pub async fn ensure_bucket(&self) -> Result<(), Error> {
        match self.call("head_bucket", &HeadBucket).await {
            Err(Error { kind: ErrorKind::NoSuchBucket, .. }) => {}
            other => return other.map(|_| ()),
        }
        let keys = self.keys();
        let region = Some(keys.internal.bucket().region());
        match self.call("create_bucket", &CreateBucket { region, object_lock: false }).await {
            // Another node was faster, or the answer to our first try got lost.
            Err(error) if has_code(&error, &ErrorCode::BucketAlreadyOwnedByYou) => Ok(()),
            other => other,
        }
    }

    /// The bucket's CORS rules, theirs and ours; none is an empty list.
    ///
    /// # Errors
    /// As every call.
    pub async fn cors(&self) -> Result<Vec<CorsRule>, Error> {
        match self.call("get_cors", &GetBucketCors).await {
            Err(error) if has_code(&error, &ErrorCode::NoSuchCORSConfiguration) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Replaces all CORS rules of the bucket.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_cors(&self, rules: &[CorsRule]) -> Result<(), Error> {
        self.call("put_cors", &PutBucketCors { rules }).await
    }

    /// Lets pages of these origins send recordings and play them; rules of other people stay.
    ///
    /// # Errors
    /// As every call.
    pub async fn allow_origins(&self, origins: &[String]) -> Result<(), Error> {
        let mut rules = self.cors().await?;
        let ours = cors_rule(origins);
        if rules.contains(&ours) {
            return Ok(());
        }
        rules.retain(|rule| rule.id != ours.id);
        rules.push(ours);
        self.put_cors(&rules).await
    }

    /// The bucket's lifecycle rules, theirs and ours; none is an empty list.
    ///
    /// # Errors
    /// As every call.
    pub async fn lifecycle(&self) -> Result<Vec<LifecycleRule>, Error> {
        match self.call("get_lifecycle", &GetBucketLifecycle).await {
            Err(error) if has_code(&error, &ErrorCode::NoSuchLifecycleConfiguration) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Replaces all lifecycle rules of the bucket.
    ///
    /// # Errors
    /// As every call.
    pub async fn put_lifecycle(&self, rules: &[LifecycleRule]) -> Result<(), Error> {
        self.call("put_lifecycle", &PutBucketLifecycle { rules }).await
    }

    /// Has the store end uploads that everybody forgot and delete trial objects; rules of other people stay.
    ///
    /// # Errors
    /// As every call.
    pub async fn clean_by_itself(&self) -> Result<(), Error> {
        let mut rules = self.lifecycle().await?;
        if cleans_by_itself(&rules) {
            return Ok(());
        }
        for (is_there, ours) in our_rules() {
            if !rules.iter().any(is_there) {
                rules.retain(|rule| !matches!(rule, LifecycleRule::Prefix(rule) if rule.id == ours.id));
                rules.push(LifecycleRule::Prefix(ours));
            }
        }
        self.put_lifecycle(&rules).await
    }
}

/// Whether the rules end forgotten uploads and delete trial objects.
pub fn cleans_by_itself(rules: &[LifecycleRule]) -> bool {
    our_rules().iter().all(|(is_there, _)| rules.iter().any(is_there))
}

/// How one of our rules is known again, whoever wrote it.
type IsThere = fn(&LifecycleRule) -> bool;

/// How each of our rules is known, and the rule as we write it.
fn our_rules() -> [(IsThere, PrefixRule); 2] {
    let rule = |id: &str| PrefixRule { id: id.to_owned(), enabled: true, ..PrefixRule::default() };
    let abort = PrefixRule { abort_incomplete_days: Some(ABORT_AFTER_DAYS), ..rule(ABORT_RULE) };
    let (prefix, expire_days) = (RehearsalKey::PREFIX.to_owned(), Some(REHEARSALS_KEPT_DAYS));
    let expire = PrefixRule { prefix, expire_days, ..rule(REHEARSAL_RULE) };
    [(aborts_incomplete, abort), (expires_rehearsals, expire)]
}

/// The CORS rule that browsers need: parts and whole recordings in, playing and downloading out.
pub fn cors_rule(origins: &[String]) -> CorsRule {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    CorsRule {
        id: Some(CORS_RULE.to_owned()),
        origins: origins.to_vec(),
        methods: list(&["GET", "HEAD", "PUT"]),
        headers: list(&REQUEST_HEADERS),
        expose: list(&["ETag", "Content-Range"]),
        max_age_s: u32::try_from(PREFLIGHT_KEPT.as_secs()).ok(),
    }
}

/// Whether a rule ends forgotten uploads of the whole bucket.
pub fn aborts_incomplete(rule: &LifecycleRule) -> bool {
    matches!(rule, LifecycleRule::Prefix(rule)
        if rule.enabled && rule.prefix.is_empty() && rule.abort_incomplete_days.is_some())
}

/// Whether a rule deletes trial objects and nothing else.
pub fn expires_rehearsals(rule: &LifecycleRule) -> bool {
    matches!(rule, LifecycleRule::Prefix(rule)
        if rule.enabled && rule.prefix == RehearsalKey::PREFIX && rule.expire_days.is_some())
}

fn has_code(error: &Error, wanted: &ErrorCode) -> bool {
    matches!(&error.kind, ErrorKind::Other { code, .. } if code == wanted.name())
}
