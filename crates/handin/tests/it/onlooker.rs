//! A bucket as somebody with its keys sees it, past everything that is tested.

use handin::config::Store;
use handin::objects::Now;
use handin_s3::ops::{ListMultipartUploads, ListObjectsV2};
use handin_s3::{Bucket, Credentials, Expiry, Operation, Response, Signer, Style};
use secrecy::ExposeSecret as _;

/// Looks and touches nothing.
pub struct Onlooker {
    signer: Signer,
    now: Now,
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
        Onlooker { signer: Signer::new(credentials, bucket), now }
    }

    /// Every object: its key and its length in bytes.
    pub async fn objects(&self) -> Vec<(String, u64)> {
        let page = self.ask(&ListObjectsV2::default()).await;
        page.objects.into_iter().map(|object| (object.key, object.size)).collect()
    }

    /// The keys of every open upload.
    pub async fn uploads(&self) -> Vec<String> {
        let page = self.ask(&ListMultipartUploads::default()).await;
        page.uploads.into_iter().map(|upload| upload.key).collect()
    }

    async fn ask<O: Operation>(&self, operation: &O) -> O::Answer {
        let expiry = Expiry::from_secs(300).unwrap();
        let url = operation.call().presign(&self.signer, (self.now)().as_second(), expiry);
        let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        operation.answer(&Response { status, headers: &headers, body: &body }).unwrap()
    }
}
