//! The REST API for the holder of an API key: what `exam`, `roster` and `token` speak.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Place;
use crate::config::{Config, Flags, Secrets};

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Flags of every command that speaks to a running server.
#[derive(Debug, Clone, clap::Args)]
pub struct Server {
    /// The server [default: the address in the configuration]
    #[arg(long, value_name = "URL", env = "HANDIN_SERVER")]
    server: Option<String>,
    /// An API key [default: the first key of the data folder]
    #[arg(long, value_name = "KEY", env = "HANDIN_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// A server to be spoken to.
pub struct Platform {
    client: reqwest::Client,
    server: String,
    api_key: String,
}

/// A body as it goes over the line, with its media type.
pub struct Body {
    /// Such as `application/json`.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Body {
    /// A JSON body.
    pub fn json(value: &Value) -> Body {
        Body { media_type: "application/json", bytes: value.to_string().into_bytes() }
    }
}

impl Server {
    /// The configuration that it is found by.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn config(&self) -> anyhow::Result<Config> {
        self.place.load(Flags::new())
    }

    /// Finds address and key; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no key to be found; says where it was looked for.
    pub fn connect(&self) -> anyhow::Result<Platform> {
        let config = self.place.load(Flags::new())?;
        let derived =
            || config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
        let api_key = match &self.api_key {
            Some(key) => key.clone(),
            None => {
                let secrets = Secrets::load(&config.secrets_path()).context(
                    "no API key: give --api-key or HANDIN_API_KEY, or name the data folder with --data",
                )?;
                secrets.bootstrap.api_key.expose_secret().to_owned()
            }
        };
        let server = self.server.clone().unwrap_or_else(derived).trim_end_matches('/').to_owned();
        let client = reqwest::Client::builder().timeout(LIMIT).build()?;
        Ok(Platform { client, server, api_key })
    }
}

impl Platform {
    /// Where it is.
    pub fn address(&self) -> &str {
        &self.server
    }

    /// Every item of a list, page by page. The path has a query already.
    ///
    /// # Errors
    /// As [`Platform::call`].
    pub async fn pages(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.call(Method::GET, &format!("{path}{cursor}"), None).await?;
            items.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// One call; gives the answer's JSON.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; carries its `detail` and `code`.
    pub async fn call(&self, method: Method, path: &str, body: Option<Body>) -> anyhow::Result<Value> {
        let mut request =
            self.client.request(method, format!("{}{path}", self.server)).bearer_auth(&self.api_key);
        if let Some(body) = body {
            request = request.header("content-type", body.media_type).body(body.bytes);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{} cannot be reached; is `handin serve` running?", self.server))?;
        let status = response.status();
        let answer: Value =
            response.json().await.with_context(|| format!("{} does not speak like handin", self.server))?;
        if status.is_success() {
            return Ok(answer);
        }
        let word = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        bail!("{} ({status}, {})", word("detail"), word("code"))
    }
}
