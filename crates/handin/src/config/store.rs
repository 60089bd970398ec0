//! `[store]`: where the bytes go.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::section::section;

section! {
    /// Where the bytes go. Without `endpoint` the embedded store serves a folder.
    Store "store" {
        /// The S3 endpoint that the server calls, such as `https://s3.ap-northeast-2.amazonaws.com`; without it the embedded store is used.
        endpoint: Option<String> = None, env "S3_ENDPOINT" "AWS_ENDPOINT_URL_S3" "AWS_ENDPOINT_URL";
        /// The S3 endpoint that browsers reach, if it is another one.
        public_endpoint: Option<String> = None, env "S3_PUBLIC_ENDPOINT";
        /// The region that requests are signed for.
        region: String = "us-east-1".to_owned(), env "S3_REGION" "AWS_REGION" "AWS_DEFAULT_REGION";
        /// The bucket that holds the recordings.
        bucket: String = "handin".to_owned(), env "S3_BUCKET";
        /// The access key id; without it credentials come from the standard AWS chain (environment, profile, web identity, container, instance). The embedded store has its own in `secrets.toml`.
        access_key: Option<SecretString> = None, env "S3_ACCESS_KEY_ID";
        /// The secret key that belongs to `access_key`.
        secret_key: Option<SecretString> = None, env "S3_SECRET_ACCESS_KEY";
        /// Whether the bucket is named in the path (`true`) or in the host name (`false`).
        path_style: bool = true, env "S3_PATH_STYLE";
        /// The address and port that the embedded store listens on; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8781));
        /// The pages of these origins may send to the bucket (written into its CORS rules).
        cors_origins: Vec<String> = vec!["*".to_owned()];
        /// The most parts of one upload; some stores allow only 1,000.
        max_parts: u32 = 10_000, in 1..=10_000;
        /// How long the server waits for a connection to the store, in milliseconds.
        connect_timeout_ms: u64 = 3_000, in 10..=60_000;
        /// How long one call to the store may take, in milliseconds.
        call_timeout_ms: u64 = 15_000, in 10..=600_000;
        /// How long one call and its repetitions may take together, in milliseconds.
        retry_budget_ms: u64 = 25_000, in 0..=600_000;
        /// The most calls to the store at the same time; further ones wait.
        max_calls: usize = 64, in 1..=10_000;
    }
}

impl Store {
    /// Whether the embedded store is used.
    pub fn is_embedded(&self) -> bool {
        self.endpoint.is_none()
    }
}
