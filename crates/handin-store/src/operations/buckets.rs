//! Buckets: create, head, delete, list, where they are.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::convert::timestamp;
use super::{OWNER, Operations};

impl Operations {
    pub(super) async fn create(&self, input: CreateBucketInput) -> S3Result<CreateBucketOutput> {
        let constraint = input.create_bucket_configuration.and_then(|given| given.location_constraint);
        let region = &self.store.config.region;
        if let Some(given) = constraint.filter(|given| given.as_str() != region) {
            let message = format!("The {} location constraint is wrong; this is {region}", given.as_str());
            return Err(S3Error::with_message(S3ErrorCode::IllegalLocationConstraintException, message));
        }
        self.store.create_bucket(&input.bucket).await?;
        if input.object_lock_enabled_for_bucket == Some(true) {
            self.set(&input.bucket, |settings| settings.object_lock = true).await?;
        }
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) fn head_of_bucket(&self, input: &HeadBucketInput) -> S3Result<HeadBucketOutput> {
        self.bucket(&input.bucket)?;
        let bucket_region = Some(self.store.config.region.clone());
        Ok(HeadBucketOutput { bucket_region, ..Default::default() })
    }

    pub(super) async fn remove_bucket(&self, input: DeleteBucketInput) -> S3Result<DeleteBucketOutput> {
        self.store.delete_bucket(&input.bucket).await?;
        Ok(DeleteBucketOutput::default())
    }

    pub(super) fn all_buckets(&self) -> ListBucketsOutput {
        let buckets = self.store.buckets().into_values().map(|bucket| Bucket {
            name: Some(bucket.name.clone()),
            creation_date: Some(timestamp(bucket.settings().created_ms)),
            bucket_region: Some(self.store.config.region.clone()),
        });
        ListBucketsOutput { buckets: Some(buckets.collect()), owner: Some(owner()), ..Default::default() }
    }

    pub(super) fn location(&self, input: &GetBucketLocationInput) -> S3Result<GetBucketLocationOutput> {
        self.bucket(&input.bucket)?;
        // The oldest region has no name here, for the sake of clients as old.
        let region = Some(self.store.config.region.clone()).filter(|region| region != "us-east-1");
        Ok(GetBucketLocationOutput { location_constraint: region.map(Into::into) })
    }
}

pub(super) fn owner() -> Owner {
    Owner { id: Some(OWNER.to_owned()), display_name: Some(OWNER.to_owned()) }
}
