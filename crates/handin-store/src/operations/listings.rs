//! Listings of objects and of unfinished uploads, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as TOKEN;
use s3s::S3Result;
use s3s::dto::*;

use super::Operations;
use super::buckets::owner;
use super::convert::{checksum_type, invalid_argument, strong, timestamp};
use super::parts::shown;
use crate::folder::Upload;
use crate::folder::bucket::Entry;
use crate::listing::{self, Query, url_encode};

/// The most names on one page.
const MOST_NAMES: i32 = 1000;

impl Operations {
    pub(super) fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let resumed = input.continuation_token.as_deref().map(from_token).transpose()?;
        let after = resumed.or_else(|| input.start_after.clone()).unwrap_or_default();
        let limit = limit(input.max_keys)?;
        let encode = encoding(input.encoding_type.as_ref())?;
        let owned = input.fetch_owner == Some(true);
        let query = query(input.prefix.as_deref(), input.delimiter.as_deref(), &after, limit);
        let listed = self.listed(&input.bucket, &query, encode, owned)?;
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            key_count: i32::try_from(listed.contents.len() + listed.prefixes.len()).ok(),
            is_truncated: Some(listed.next.is_some()),
            next_continuation_token: listed.next.map(|next| TOKEN.encode(next)),
            contents: Some(listed.contents),
            common_prefixes: Some(listed.prefixes),
            prefix: input.prefix.map(encode).or(Some(String::new())),
            delimiter: input.delimiter.map(encode),
            start_after: input.start_after.map(encode),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            max_keys: Some(limit),
            ..Default::default()
        })
    }

    pub(super) fn list_v1(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let limit = limit(input.max_keys)?;
        let encode = encoding(input.encoding_type.as_ref())?;
        let after = input.marker.clone().unwrap_or_default();
        let query = query(input.prefix.as_deref(), input.delimiter.as_deref(), &after, limit);
        let listed = self.listed(&input.bucket, &query, encode, true)?;
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            is_truncated: Some(listed.next.is_some()),
            next_marker: listed.next.map(encode),
            contents: Some(listed.contents),
            common_prefixes: Some(listed.prefixes),
            prefix: input.prefix.map(encode).or(Some(String::new())),
            delimiter: input.delimiter.map(encode),
            marker: Some(encode(after)),
            encoding_type: input.encoding_type,
            max_keys: Some(limit),
            ..Default::default()
        })
    }

    fn listed(&self, bucket: &str, query: &Query<'_>, encode: Encode, owned: bool) -> S3Result<Listed> {
        let bucket = self.bucket(bucket)?;
        Ok(bucket.with_objects(|objects| {
            let page = listing::page(objects, query);
            Listed {
                contents: page.items.iter().map(|(key, entry)| object(key, entry, encode, owned)).collect(),
                prefixes: common_prefixes(page.prefixes, encode),
                next: page.next,
            }
        }))
    }

    pub(super) fn list_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let limit = limit(input.max_uploads)?;
        let encode = encoding(input.encoding_type.as_ref())?;
        let uploads = by_name(self.bucket(&input.bucket)?.uploads());
        let key_marker = input.key_marker.clone().unwrap_or_default();
        let after = marker(&key_marker, input.upload_id_marker.as_deref());
        let query = query(input.prefix.as_deref(), input.delimiter.as_deref(), &after, limit);
        let page = listing::page(&uploads, &query);
        let (next_key, next_id) = page.next.as_deref().map(split_name).unzip();
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            is_truncated: Some(page.next.is_some()),
            next_key_marker: next_key.map(|key| encode(key.to_owned())),
            next_upload_id_marker: next_id.flatten().map(str::to_owned),
            uploads: Some(page.items.iter().map(|(_, upload)| upload_entry(upload, encode)).collect()),
            common_prefixes: Some(common_prefixes(page.prefixes, encode)),
            prefix: input.prefix.map(encode),
            delimiter: input.delimiter.map(encode),
            key_marker: Some(encode(key_marker)),
            upload_id_marker: input.upload_id_marker,
            encoding_type: input.encoding_type,
            max_uploads: Some(limit),
            ..Default::default()
        })
    }
}

struct Listed {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    next: Option<String>,
}

type Encode = fn(String) -> String;

fn encoding(given: Option<&EncodingType>) -> S3Result<Encode> {
    match given.map(EncodingType::as_str) {
        None => Ok(|name| name),
        Some(EncodingType::URL) => Ok(|name| url_encode(&name)),
        Some(_) => Err(invalid_argument("Invalid Encoding Method specified in Request")),
    }
}

fn limit(given: Option<i32>) -> S3Result<i32> {
    match given {
        None => Ok(MOST_NAMES),
        Some(given) if given < 0 => Err(invalid_argument("The limit must not be negative")),
        Some(given) => Ok(given.min(MOST_NAMES)),
    }
}

fn query<'a>(prefix: Option<&'a str>, delimiter: Option<&'a str>, after: &'a str, limit: i32) -> Query<'a> {
    let limit = usize::try_from(limit).unwrap_or(0);
    Query { prefix: prefix.unwrap_or_default(), delimiter, after, limit }
}

fn from_token(token: &str) -> S3Result<String> {
    let bytes = TOKEN.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
}

fn object(key: &str, entry: &Entry, encode: Encode, owned: bool) -> Object {
    let (algorithm, kind) = entry.checksum;
    let class = entry.storage_class.as_deref().unwrap_or(ObjectStorageClass::STANDARD);
    Object {
        key: Some(encode(key.to_owned())),
        size: i64::try_from(entry.size).ok(),
        e_tag: strong(entry.etag.as_ref()),
        last_modified: Some(timestamp(entry.modified_ms)),
        storage_class: Some(class.to_owned().into()),
        checksum_algorithm: Some(vec![ChecksumAlgorithm::from_static(algorithm.name())]),
        checksum_type: Some(checksum_type(kind)),
        owner: owned.then(owner),
        ..Default::default()
    }
}

fn common_prefixes(prefixes: Vec<String>, encode: Encode) -> Vec<CommonPrefix> {
    prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) }).collect()
}

/// Uploads by key and id in one name, so that they list as objects do. Ids hold no `\0`; a key that does
/// sorts a little off, and loses nothing.
fn by_name(uploads: BTreeMap<(String, String), Arc<Upload>>) -> BTreeMap<String, Arc<Upload>> {
    uploads.into_iter().map(|((key, id), upload)| (format!("{key}\0{id}"), upload)).collect()
}

/// Where to go on: after one upload of the key, or after all of them when none is named.
fn marker(key: &str, id: Option<&str>) -> String {
    match (key, id) {
        ("", _) => String::new(),
        (key, Some(id)) => format!("{key}\0{id}"),
        (key, None) => format!("{key}\0~"),
    }
}

fn split_name(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once('\0').map_or((name, None), |(key, id)| (key, Some(id)))
}

fn upload_entry(upload: &Upload, encode: Encode) -> MultipartUpload {
    let intent = &upload.intent;
    let (checksum_algorithm, checksum_type) = shown(intent).unzip();
    MultipartUpload {
        key: Some(encode(intent.key.clone())),
        upload_id: Some(intent.id.clone()),
        initiated: Some(timestamp(intent.initiated_ms)),
        storage_class: intent.headers.storage_class.clone().map(Into::into),
        checksum_algorithm,
        checksum_type,
        owner: Some(owner()),
        ..Default::default()
    }
}
