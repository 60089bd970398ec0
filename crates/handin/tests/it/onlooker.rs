//! A bucket as somebody with its keys sees it, past everything that is tested.

use handin::config::Store;
use handin::objects::Now;
use handin_s3::ops::{
    CreateBucket, GetBucketVersioning, GetObjectLock, ListMultipartUploads, ListObjectVersions, ListObjectsV2,
};
use handin_s3::{Bucket, Call, Credentials, Expiry, Operation, Response, Signer, Style};
use secrecy::ExposeSecret as _;

/// Looks, and touches nothing but whether the bucket keeps versions.
pub struct Onlooker {
    signer: Signer,
    now: Now,
    client: reqwest::Client,
}

impl Onlooker {
    /// Looks into the bucket that a server is configured for; `now` is the store's time.
    pub fn new(store: &Store, now: Now) -> Onlooker {
        let style = if store.path_style { Style::Path } else { Style::VirtualHost };
        let endpoint = store.endpoint.as_deref().unwrap();
        let bucket = Bucket::new(endpoint, &store.region, &store.bucket, style).unwrap();
        let secret =
            |secret: &Option<secrecy::SecretString>| secret.as_ref().unwrap().expose_secret().to_owned();
        let credentials = Credentials::new(secret(&store.access_key), secret(&store.secret_key));
        let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build().unwrap();
        Onlooker { signer: Signer::new(credentials, bucket), now, client }
    }

    /// Every object: its key and its length in bytes.
    pub async fn objects(&self) -> Vec<(String, u64)> {
        let page = self.ask(&ListObjectsV2::default()).await;
        page.objects.into_iter().map(|object| (object.key, object.size)).collect()
    }

    /// Every object: its key and its storage class.
    pub async fn classes(&self) -> Vec<(String, String)> {
        let page = self.ask(&ListObjectsV2::default()).await;
        let class = |class: Option<String>| class.unwrap_or_else(|| "none".to_owned());
        page.objects.into_iter().map(|object| (object.key, class(object.storage_class))).collect()
    }

    /// The keys of every open upload.
    pub async fn uploads(&self) -> Vec<String> {
        let page = self.ask(&ListMultipartUploads::default()).await;
        page.uploads.into_iter().map(|upload| upload.key).collect()
    }

    /// The key of every version and every delete marker.
    pub async fn versions(&self) -> Vec<String> {
        let page = self.ask(&ListObjectVersions::default()).await;
        page.versions.into_iter().map(|version| version.key).collect()
    }

    /// Has the bucket keep versions; `false` where the store cannot.
    pub async fn keep_versions(&self) -> bool {
        let body = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>\
                    </VersioningConfiguration>";
        let url = self.presigned(&Call { method: http::Method::PUT, ..GetBucketVersioning.call() });
        let answer = self.client.put(url).body(body).send().await.unwrap();
        answer.status().is_success() && self.ask(&GetBucketVersioning).await
    }

    /// Creates the bucket, with Object Lock.
    pub async fn create_with_object_lock(&self) {
        let create = CreateBucket { object_lock: true, ..CreateBucket::default() };
        let call = create.call();
        let mut request = self.client.put(self.presigned(&call));
        for (name, value) in &call.headers {
            request = request.header(name.as_ref(), value.as_ref());
        }
        let answer = request.header("content-length", 0).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Gives the bucket Object Lock, where the store does that to one that is there.
    pub async fn enable_object_lock(&self) {
        let body = "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
        let url = self.presigned(&Call { method: http::Method::PUT, ..GetObjectLock.call() });
        let answer = self.client.put(url).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    async fn ask<O: Operation>(&self, operation: &O) -> O::Answer {
        let answer = self.client.get(self.presigned(&operation.call())).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        operation.answer(&Response { status, headers: &headers, body: &body }).unwrap()
    }

    fn presigned(&self, call: &Call<'_>) -> String {
        call.presign(&self.signer, (self.now)().as_second(), Expiry::from_secs(300).unwrap())
    }
}
