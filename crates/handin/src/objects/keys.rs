//! Who signs: the credentials of the moment with one signer for each address of the bucket. Temporary credentials
//! are fetched again ahead of their end; nothing here signs anything.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use handin_s3::{Bucket, Credentials, Signer};
use jiff::Timestamp;
use reqsign_aws_v4::DefaultCredentialProvider;
use reqsign_core::{Context, OsEnv, ProvideCredential as _};
use reqsign_file_read_tokio::TokioFileRead;
use reqsign_http_send_reqwest::ReqwestHttpSend;
use tokio_util::task::AbortOnDropHandle;

use super::{Error, Now, Settings, Source};

/// Temporary credentials are fetched again this long before they end, if they live long enough. The AWS SDKs use
/// five minutes too; URLs signed in the meantime still get most of their usual life.
const AHEAD: Duration = Duration::from_secs(300);
/// Pause after a fetch that failed; the old credentials serve on until they end.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
const CALL: &str = "credentials";

/// The signers of the moment.
#[derive(Debug)]
pub(super) struct Keys {
    /// Signs calls of the server.
    pub internal: Signer,
    /// Signs URLs for browsers.
    pub public: Signer,
    /// When the credentials end; URLs must not live longer.
    pub until: Option<Timestamp>,
}

impl Keys {
    fn new(credentials: Credentials, until: Option<Timestamp>, internal: &Bucket, public: &Bucket) -> Keys {
        let internal = Signer::new(credentials.clone(), internal.clone());
        Keys { internal, public: Signer::new(credentials, public.clone()), until }
    }
}

/// Keeps [`Keys`] fresh. Fetching stops when it is dropped.
pub(super) struct Keyring {
    current: Arc<RwLock<Arc<Keys>>>,
    _refresher: Option<AbortOnDropHandle<()>>,
}

impl Keyring {
    /// Gets the first credentials, and keeps temporary ones fresh from then on.
    ///
    /// # Errors
    /// When the AWS chain yields none.
    pub(super) async fn start(settings: &Settings, client: reqwest::Client) -> Result<Keyring, Error> {
        match &settings.credentials {
            Source::Static(credentials) => {
                let keys = Keys::new(credentials.clone(), None, &settings.internal, &settings.public);
                Ok(Keyring { current: Arc::new(RwLock::new(Arc::new(keys))), _refresher: None })
            }
            Source::AwsChain => Keyring::refreshed(Chain::new(settings, client)).await,
        }
    }

    async fn refreshed(chain: Chain) -> Result<Keyring, Error> {
        let current = Arc::new(RwLock::new(Arc::new(chain.fetch().await?)));
        let refresher = tokio::spawn(chain.keep_fresh(Arc::clone(&current)));
        Ok(Keyring { current, _refresher: Some(AbortOnDropHandle::new(refresher)) })
    }

    /// The signers of the moment.
    pub(super) fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The AWS credential chain and what its credentials will sign for.
struct Chain {
    provider: DefaultCredentialProvider,
    context: Context,
    internal: Bucket,
    public: Bucket,
    now: Now,
}

impl Chain {
    fn new(settings: &Settings, client: reqwest::Client) -> Chain {
        let context = Context::new()
            .with_env(OsEnv)
            .with_file_read(TokioFileRead)
            .with_http_send(ReqwestHttpSend::new(client));
        Chain {
            provider: DefaultCredentialProvider::new(),
            context,
            internal: settings.internal.clone(),
            public: settings.public.clone(),
            now: Arc::clone(&settings.now),
        }
    }

    async fn fetch(&self) -> Result<Keys, Error> {
        let found = self.provider.provide_credential(&self.context).await;
        let found = found.map_err(|error| Error::unavailable(CALL, error.to_string()))?;
        let found = found.ok_or_else(|| Error::unavailable(CALL, "the AWS chain holds no credentials"))?;
        let mut credentials = Credentials::new(found.access_key_id, found.secret_access_key);
        credentials.session_token = found.session_token;
        let until =
            found.expires_in.map(|end| end.as_second()).and_then(|end| Timestamp::from_second(end).ok());
        Ok(Keys::new(credentials, until, &self.internal, &self.public))
    }

    async fn keep_fresh(self, current: Arc<RwLock<Arc<Keys>>>) {
        loop {
            let until = current.read().unwrap_or_else(PoisonError::into_inner).until;
            let Some(until) = until else { return };
            tokio::time::sleep(pause_before_fetch((self.now)(), until)).await;
            match self.fetch().await {
                Ok(keys) => *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys),
                Err(error) => {
                    tracing::error!(%error, %until, "store credentials could not be refreshed");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// Half of the remaining life, or all but [`AHEAD`] when that is later.
fn pause_before_fetch(now: Timestamp, until: Timestamp) -> Duration {
    let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    (left / 2).max(left.saturating_sub(AHEAD)).max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_fetched_ahead_of_their_end() {
        let now = Timestamp::UNIX_EPOCH;
        let pause = |seconds| pause_before_fetch(now, Timestamp::from_second(seconds).unwrap()).as_secs();
        assert_eq!(pause(3_600), 3_300);
        assert_eq!(pause(400), 200);
        // Ended already, or about to: try at once, but do not spin.
        assert_eq!((pause(1), pause(-50)), (1, 1));
    }
}
