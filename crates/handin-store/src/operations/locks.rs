//! Object Lock, as far as legal holds go: an object that has one is neither deleted nor replaced, by anybody, until it is
//! lifted. Periods of retention are refused, not ignored.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::objects::no_version;
use super::{Operations, not_implemented};
use crate::folder::receive::blocking;

impl Operations {
    pub(super) async fn set_object_lock(
        &self,
        input: PutObjectLockConfigurationInput,
    ) -> S3Result<PutObjectLockConfigurationOutput> {
        let given = input.object_lock_configuration.unwrap_or_default();
        if given.rule.is_some() {
            return Err(not_implemented("periods of retention"));
        }
        // As on AWS, where it cannot be taken back either.
        if given.object_lock_enabled.is_none_or(|enabled| enabled.as_str() != ObjectLockEnabled::ENABLED) {
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting ObjectLockEnabled"));
        }
        self.set(&input.bucket, |settings| settings.object_lock = true).await?;
        Ok(PutObjectLockConfigurationOutput::default())
    }

    pub(super) fn object_lock(
        &self,
        input: &GetObjectLockConfigurationInput,
    ) -> S3Result<GetObjectLockConfigurationOutput> {
        self.has_object_lock(&input.bucket)?;
        let enabled = ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED);
        let object_lock_configuration =
            Some(ObjectLockConfiguration { object_lock_enabled: Some(enabled), ..Default::default() });
        Ok(GetObjectLockConfigurationOutput { object_lock_configuration })
    }

    pub(super) async fn set_legal_hold(
        &self,
        input: PutObjectLegalHoldInput,
    ) -> S3Result<PutObjectLegalHoldOutput> {
        no_version(input.version_id.as_deref())?;
        self.has_object_lock(&input.bucket)?;
        let status = input.legal_hold.and_then(|given| given.status);
        let held = match status.as_ref().map(ObjectLockLegalHoldStatus::as_str) {
            Some(ObjectLockLegalHoldStatus::ON) => true,
            Some(ObjectLockLegalHoldStatus::OFF) => false,
            _ => return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "Expecting ON or OFF")),
        };
        let bucket = self.bucket(&input.bucket)?;
        blocking(move || bucket.hold(&input.key, held)).await??;
        Ok(PutObjectLegalHoldOutput::default())
    }

    pub(super) async fn legal_hold(
        &self,
        input: GetObjectLegalHoldInput,
    ) -> S3Result<GetObjectLegalHoldOutput> {
        no_version(input.version_id.as_deref())?;
        self.has_object_lock(&input.bucket)?;
        let (manifest, _) = self.open(&input.bucket, input.key).await?;
        let name = match manifest.legal_hold {
            true => ObjectLockLegalHoldStatus::ON,
            false => ObjectLockLegalHoldStatus::OFF,
        };
        let status = Some(ObjectLockLegalHoldStatus::from_static(name));
        Ok(GetObjectLegalHoldOutput { legal_hold: Some(ObjectLockLegalHold { status }) })
    }

    fn has_object_lock(&self, bucket: &str) -> S3Result<()> {
        if self.bucket(bucket)?.settings().object_lock {
            return Ok(());
        }
        let message = "Object Lock configuration does not exist for this bucket";
        Err(S3Error::with_message(S3ErrorCode::ObjectLockConfigurationNotFoundError, message))
    }
}
