//! The same questions to every store: the embedded one, and the real servers that `HANDIN_TEST_STORES` lists.

mod capabilities;
mod faults;
mod objects;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use handin::objects::{Limits, Now, Objects, Settings, Source, http_client};
use handin::service::doctor::bench::Bench;
use handin_s3::{Bucket, Credentials, Style};
use tokio_util::task::AbortOnDropHandle;

use crate::app::{External, externals};

/// A store that is running.
pub struct TestStore {
    at: External,
    _embedded: Option<Embedded>,
}

/// Ends with the test.
struct Embedded {
    _serving: AbortOnDropHandle<()>,
    _folder: tempfile::TempDir,
}

impl TestStore {
    /// The embedded store over a folder of its own.
    pub async fn embedded() -> TestStore {
        const SECRET: &str = "a secret for tests";
        let folder = tempfile::tempdir().unwrap();
        let keys = vec![handin_store::AccessKey::new("handin", SECRET)];
        let config = handin_store::Config::new(folder.path(), "us-east-1", keys);
        let store = handin_store::Store::open(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let serving =
            tokio::spawn(async move { store.serve(listener, std::future::pending()).await.unwrap() });
        let at = External {
            name: "embedded".to_owned(),
            endpoint,
            region: "us-east-1".to_owned(),
            access_key: "handin".to_owned(),
            secret_key: SECRET.to_owned(),
            path_style: true,
        };
        let embedded = Embedded { _serving: AbortOnDropHandle::new(serving), _folder: folder };
        TestStore { at, _embedded: Some(embedded) }
    }

    /// Every store there is.
    pub async fn all() -> Vec<TestStore> {
        let mut stores = vec![TestStore::embedded().await];
        stores.extend(externals().into_iter().map(|at| TestStore { at, _embedded: None }));
        stores
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.trim_start_matches("http://").parse().unwrap()
    }

    /// This store as a handin finds it that reaches it at `endpoint`.
    pub fn reached_at(&self, endpoint: String) -> External {
        External { endpoint, ..self.at.clone() }
    }

    /// Settings for `bucket`, reached at `endpoint`.
    pub fn settings(&self, endpoint: &str, bucket: &str) -> Settings {
        let style = if self.path_style { Style::Path } else { Style::VirtualHost };
        let bucket = Bucket::new(endpoint, &self.region, bucket, style).unwrap();
        Settings {
            internal: bucket.clone(),
            public: bucket,
            credentials: Source::Static(Credentials::new(&self.access_key, &self.secret_key)),
            limits: Limits::default(),
            now: real_time(),
            seed: 7,
        }
    }

    /// A client for a new bucket of this store.
    pub async fn objects(&self) -> Objects {
        let objects = Objects::start(self.settings(&self.endpoint, &new_bucket())).await.unwrap();
        objects.ensure_bucket().await.unwrap();
        objects
    }
}

impl Deref for TestStore {
    type Target = External;

    fn deref(&self) -> &External {
        &self.at
    }
}

/// A bench for probes over these objects.
pub fn bench(objects: Objects) -> Bench {
    let browser = http_client(&Limits::default()).unwrap();
    Bench::new(objects, browser, real_time(), "handin-doctor/test/".to_owned())
}

/// The time of the stores.
#[expect(clippy::disallowed_methods, reason = "the stores that are tested run on the machine's clock")]
pub fn real_time() -> Now {
    Arc::new(jiff::Timestamp::now)
}

/// A bucket name that nothing else uses: tests run side by side on the same servers.
#[expect(
    clippy::disallowed_methods,
    reason = "servers outlive a test run, so that names must differ between runs"
)]
pub fn new_bucket() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    format!("handin-test-{}", hex::encode(bytes))
}
