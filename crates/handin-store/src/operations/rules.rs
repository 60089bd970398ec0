//! The CORS and lifecycle configurations of a bucket.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::Operations;
use super::convert::{self, invalid_argument, milliseconds, timestamp};
use crate::cors;
use crate::folder::Settings;
use crate::folder::receive::blocking;
use crate::lifecycle;

/// The most rules of a CORS configuration.
const MOST_CORS_RULES: usize = 100;

/// The most rules of a lifecycle configuration.
const MOST_LIFECYCLE_RULES: usize = 1000;

impl Operations {
    /// Changes a bucket's settings durably.
    pub(super) async fn set(
        &self,
        bucket: &str,
        change: impl FnOnce(&mut Settings) + Send + 'static,
    ) -> S3Result<()> {
        let bucket = self.bucket(bucket)?;
        Ok(blocking(move || bucket.set(change)).await??)
    }

    pub(super) async fn set_cors(&self, input: PutBucketCorsInput) -> S3Result<PutBucketCorsOutput> {
        let given = input.cors_configuration.cors_rules;
        if given.is_empty() || given.len() > MOST_CORS_RULES {
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting 1 to 100 rules"));
        }
        let rules: Vec<cors::Rule> = given.into_iter().map(cors_rule).collect();
        if let Some(fault) = rules.iter().find_map(cors::Rule::fault) {
            return Err(convert::invalid(fault));
        }
        self.set(&input.bucket, |settings| settings.cors = rules).await?;
        Ok(PutBucketCorsOutput::default())
    }

    pub(super) fn cors(&self, input: &GetBucketCorsInput) -> S3Result<GetBucketCorsOutput> {
        let settings = self.bucket(&input.bucket)?.settings();
        if settings.cors.is_empty() {
            let message = "The CORS configuration does not exist";
            return Err(S3Error::with_message(S3ErrorCode::NoSuchCORSConfiguration, message));
        }
        let rules = settings.cors.iter().cloned().map(shown_cors).collect();
        Ok(GetBucketCorsOutput { cors_rules: Some(rules) })
    }

    pub(super) async fn set_lifecycle(
        &self,
        input: PutBucketLifecycleConfigurationInput,
    ) -> S3Result<PutBucketLifecycleConfigurationOutput> {
        let given = input.lifecycle_configuration.map(|given| given.rules).unwrap_or_default();
        if given.is_empty() || given.len() > MOST_LIFECYCLE_RULES {
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting 1 to 1000 rules"));
        }
        let rules = given.into_iter().map(lifecycle_rule).collect::<S3Result<Vec<_>>>()?;
        self.set(&input.bucket, |settings| settings.lifecycle = rules).await?;
        Ok(PutBucketLifecycleConfigurationOutput::default())
    }

    pub(super) fn lifecycle(
        &self,
        input: &GetBucketLifecycleConfigurationInput,
    ) -> S3Result<GetBucketLifecycleConfigurationOutput> {
        let settings = self.bucket(&input.bucket)?.settings();
        if settings.lifecycle.is_empty() {
            let message = "The lifecycle configuration does not exist";
            return Err(S3Error::with_message(S3ErrorCode::NoSuchLifecycleConfiguration, message));
        }
        let rules = settings.lifecycle.iter().map(shown_lifecycle).collect();
        Ok(GetBucketLifecycleConfigurationOutput { rules: Some(rules), ..Default::default() })
    }
}

fn cors_rule(given: CORSRule) -> cors::Rule {
    cors::Rule {
        id: given.id,
        origins: given.allowed_origins,
        methods: given.allowed_methods,
        headers: given.allowed_headers.unwrap_or_default(),
        expose: given.expose_headers.unwrap_or_default(),
        max_age_s: given.max_age_seconds,
    }
}

fn shown_cors(rule: cors::Rule) -> CORSRule {
    CORSRule {
        id: rule.id,
        allowed_origins: rule.origins,
        allowed_methods: rule.methods,
        allowed_headers: Some(rule.headers).filter(|headers| !headers.is_empty()),
        expose_headers: Some(rule.expose).filter(|headers| !headers.is_empty()),
        max_age_seconds: rule.max_age_s,
    }
}

fn lifecycle_rule(given: LifecycleRule) -> S3Result<lifecycle::Rule> {
    refuse_unsupported(&given)?;
    let filter = given.filter.unwrap_or_default();
    let and = filter.and.unwrap_or_default();
    if filter.tag.is_some() || and.tags.is_some_and(|tags| !tags.is_empty()) {
        return Err(unsupported("a filter by tag"));
    }
    let bytes = |given: Option<i64>| given.and_then(|bytes| u64::try_from(bytes).ok());
    let abort = given.abort_incomplete_multipart_upload.and_then(|abort| abort.days_after_initiation);
    let rule = lifecycle::Rule {
        id: given.id,
        enabled: given.status.as_str() == ExpirationStatus::ENABLED,
        prefix: filter.prefix.or(and.prefix).or(given.prefix).unwrap_or_default(),
        larger_than: bytes(filter.object_size_greater_than.or(and.object_size_greater_than)),
        smaller_than: bytes(filter.object_size_less_than.or(and.object_size_less_than)),
        expiration: given.expiration.map(expiration).transpose()?,
        abort_days: abort.map(days).transpose()?,
    };
    if rule.expiration.is_none() && rule.abort_days.is_none() {
        return Err(convert::invalid("At least one action needs to be specified in a rule".to_owned()));
    }
    Ok(rule)
}

fn refuse_unsupported(given: &LifecycleRule) -> S3Result<()> {
    if given.transitions.as_ref().is_some_and(|transitions| !transitions.is_empty()) {
        return Err(unsupported("a transition to another storage class"));
    }
    let noncurrent = given.noncurrent_version_transitions.as_ref().is_some_and(|list| !list.is_empty());
    if noncurrent || given.noncurrent_version_expiration.is_some() {
        return Err(unsupported("a rule for versions"));
    }
    Ok(())
}

fn expiration(given: LifecycleExpiration) -> S3Result<lifecycle::Expiration> {
    match (given.days, given.date, given.expired_object_delete_marker) {
        (Some(given), None, None) => Ok(lifecycle::Expiration::Days(days(given)?)),
        (None, Some(date), None) => {
            let date_ms = milliseconds(&date).ok_or_else(|| invalid_argument("Date must be a date"))?;
            if date_ms.rem_euclid(24 * 3600 * 1000) != 0 {
                return Err(invalid_argument("'Date' must be at midnight GMT"));
            }
            Ok(lifecycle::Expiration::Date(date_ms))
        }
        (None, None, Some(_)) => Err(unsupported("a rule for delete markers")),
        _ => Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting either Days or Date")),
    }
}

fn days(given: i32) -> S3Result<u32> {
    let days = u32::try_from(given).ok().filter(|days| *days > 0);
    days.ok_or_else(|| invalid_argument("Days must be a positive integer"))
}

fn shown_lifecycle(rule: &lifecycle::Rule) -> LifecycleRule {
    let bytes = |bytes: Option<u64>| bytes.and_then(|bytes| i64::try_from(bytes).ok());
    let (larger, smaller) = (bytes(rule.larger_than), bytes(rule.smaller_than));
    let prefix = Some(rule.prefix.clone());
    let filter = if larger.is_none() && smaller.is_none() {
        LifecycleRuleFilter { prefix, ..Default::default() }
    } else {
        let and = LifecycleRuleAndOperator {
            prefix,
            object_size_greater_than: larger,
            object_size_less_than: smaller,
            ..Default::default()
        };
        LifecycleRuleFilter { and: Some(and), ..Default::default() }
    };
    let status = if rule.enabled { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    LifecycleRule {
        id: rule.id.clone(),
        status: ExpirationStatus::from_static(status),
        filter: Some(filter),
        expiration: rule.expiration.map(shown_expiration),
        abort_incomplete_multipart_upload: rule
            .abort_days
            .map(|days| AbortIncompleteMultipartUpload { days_after_initiation: i32::try_from(days).ok() }),
        noncurrent_version_expiration: None,
        noncurrent_version_transitions: None,
        prefix: None,
        transitions: None,
    }
}

fn shown_expiration(expiration: lifecycle::Expiration) -> LifecycleExpiration {
    match expiration {
        lifecycle::Expiration::Days(days) => {
            LifecycleExpiration { days: i32::try_from(days).ok(), ..Default::default() }
        }
        lifecycle::Expiration::Date(ms) => {
            LifecycleExpiration { date: Some(timestamp(ms)), ..Default::default() }
        }
    }
}

fn unsupported(what: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, format!("This store does not have {what}"))
}
