//! The S3 API on top of the folder: typed requests in, typed answers out.
//!
//! The protocol crate has parsed and authenticated the request; HTTP and XML are its business. What is on
//! disk is the folder's. This module translates, and decides nothing about either.

mod buckets;
mod objects;
mod parts;
mod copies;

mod listings;
mod rules;
mod locks;

mod convert;
mod reading;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::error::Error;
use crate::folder::Bucket;
use crate::store::Inner;

/// The id of the one owner of everything.
pub(crate) const OWNER: &str = "handin-store";

/// The operations of the S3 API.
pub(crate) struct Operations {
    store: Arc<Inner>,
}

impl Operations {
    pub(crate) fn new(store: Arc<Inner>) -> Self {
        Self { store }
    }

    fn bucket(&self, name: &str) -> Result<Arc<Bucket>, Error> {
        self.store.bucket(name)
    }
}

type Answer<T> = S3Result<S3Response<T>>;

fn answer<T>(outcome: S3Result<T>) -> Answer<T> {
    outcome.map(S3Response::new)
}

/// The answer to whoever asks for more than there is; to ignore it would be worse.
pub(crate) fn not_implemented(what: &str) -> S3Error {
    let message = format!("This store does not have what you asked for: {what}");
    S3Error::with_message(S3ErrorCode::NotImplemented, message)
}

#[async_trait::async_trait]
impl S3 for Operations {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        answer(self.create(req.input).await)
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        answer(self.head_of_bucket(&req.input))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
        answer(self.remove_bucket(req.input).await)
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        answer(Ok(self.all_buckets()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        answer(self.location(&req.input))
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        self.bucket(&req.input.bucket)?;
        answer(Ok(GetBucketVersioningOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        answer(Box::pin(self.put(req)).await)
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let output = self.get(req.input).await?;
        let status = output.content_range.is_some().then_some(http::StatusCode::PARTIAL_CONTENT);
        Ok(S3Response { status, ..S3Response::new(output) })
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let output = self.head(req.input).await?;
        let status = output.content_range.is_some().then_some(http::StatusCode::PARTIAL_CONTENT);
        Ok(S3Response { status, ..S3Response::new(output) })
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        answer(self.delete(req.input).await)
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        answer(self.delete_many(req.input).await)
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        answer(self.list_v1(req.input))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        answer(self.list_v2(req.input))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        answer(self.begin(req.input).await)
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        answer(Box::pin(self.add_part(req)).await)
    }

    async fn upload_part_copy(&self, req: S3Request<UploadPartCopyInput>) -> Answer<UploadPartCopyOutput> {
        answer(Box::pin(self.copy_part(req.input)).await)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        answer(self.parts(req.input))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        answer(self.list_uploads(req.input))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        answer(self.complete(req.input).await)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        answer(self.abort(req.input).await)
    }

    async fn put_object_lock_configuration(
        &self,
        req: S3Request<PutObjectLockConfigurationInput>,
    ) -> Answer<PutObjectLockConfigurationOutput> {
        answer(self.set_object_lock(req.input).await)
    }

    async fn get_object_lock_configuration(
        &self,
        req: S3Request<GetObjectLockConfigurationInput>,
    ) -> Answer<GetObjectLockConfigurationOutput> {
        answer(self.object_lock(&req.input))
    }

    async fn put_object_legal_hold(
        &self,
        req: S3Request<PutObjectLegalHoldInput>,
    ) -> Answer<PutObjectLegalHoldOutput> {
        answer(self.set_legal_hold(req.input).await)
    }

    async fn get_object_legal_hold(
        &self,
        req: S3Request<GetObjectLegalHoldInput>,
    ) -> Answer<GetObjectLegalHoldOutput> {
        answer(self.legal_hold(req.input).await)
    }

    async fn put_bucket_cors(&self, req: S3Request<PutBucketCorsInput>) -> Answer<PutBucketCorsOutput> {
        answer(self.set_cors(req.input).await)
    }

    async fn get_bucket_cors(&self, req: S3Request<GetBucketCorsInput>) -> Answer<GetBucketCorsOutput> {
        answer(self.cors(&req.input))
    }

    async fn delete_bucket_cors(
        &self,
        req: S3Request<DeleteBucketCorsInput>,
    ) -> Answer<DeleteBucketCorsOutput> {
        self.set(&req.input.bucket, |settings| settings.cors.clear()).await?;
        answer(Ok(DeleteBucketCorsOutput::default()))
    }

    async fn put_bucket_lifecycle_configuration(
        &self,
        req: S3Request<PutBucketLifecycleConfigurationInput>,
    ) -> Answer<PutBucketLifecycleConfigurationOutput> {
        answer(self.set_lifecycle(req.input).await)
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        req: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        answer(self.lifecycle(&req.input))
    }

    async fn delete_bucket_lifecycle(
        &self,
        req: S3Request<DeleteBucketLifecycleInput>,
    ) -> Answer<DeleteBucketLifecycleOutput> {
        self.set(&req.input.bucket, |settings| settings.lifecycle.clear()).await?;
        answer(Ok(DeleteBucketLifecycleOutput::default()))
    }
}
