//! The calls that handin makes, one file each: how it is asked, how its answer is read. In the order of a
//! recording's life, then the bucket's own.

mod abort_multipart;
mod complete_multipart;
mod create_multipart;
mod list_multipart_uploads;
mod list_parts;
mod upload_part;
mod upload_part_copy;

mod delete_object;
mod delete_objects;
mod get_object;
mod head_object;
mod list_objects_v2;
mod object_lock;
mod object_versions;
mod put_object;

mod bucket_cors;
mod bucket_lifecycle;
mod create_bucket;
mod head_bucket;

mod shared;

pub use self::abort_multipart::AbortMultipart;
pub use self::bucket_cors::{CorsRule, GetBucketCors, PutBucketCors};
pub use self::bucket_lifecycle::{
    ForeignRule, GetBucketLifecycle, LifecycleRule, PrefixRule, PutBucketLifecycle,
};
pub use self::complete_multipart::{CompleteMultipart, CompletedObject, CompletedPart};
pub use self::create_bucket::CreateBucket;
pub use self::create_multipart::{CreateMultipart, CreatedMultipart};
pub use self::delete_object::DeleteObject;
pub use self::delete_objects::{DeleteObjects, DeletedObjects, FailedDelete};
pub use self::get_object::{ByteRange, GetObject};
pub use self::head_bucket::{BucketHead, HeadBucket};
pub use self::head_object::{HeadObject, ObjectHead};
pub use self::list_multipart_uploads::{ListMultipartUploads, ListedUpload, UploadsMarker, UploadsPage};
pub use self::list_objects_v2::{ListObjectsV2, ListedObject, ObjectsPage};
pub use self::list_parts::{ListParts, ListedPart, PartsPage};
pub use self::object_lock::{GetLegalHold, GetObjectLock, PutLegalHold};
pub use self::object_versions::{
    DeleteVersion, GetBucketVersioning, ListObjectVersions, ListedVersion, VersionsMarker, VersionsPage,
};
pub use self::put_object::{PutObject, StoredObject};
pub use self::shared::{ChecksumAlgorithm, ChecksumType, Checksums, ETag};
pub use self::upload_part::{StoredPart, UploadPart};
pub use self::upload_part_copy::UploadPartCopy;
