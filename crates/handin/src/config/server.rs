//! `[server]`: the API's listener and what it accepts.

use std::net::{IpAddr, SocketAddr};

use super::network::Network;
use super::section::{Value, section};

/// A part of the program that a process may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The REST API.
    Api,
    /// The job runner.
    Worker,
    /// The embedded store, when no other store is configured.
    Store,
}

impl Value for Role {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "api" => Ok(Role::Api),
            "worker" => Ok(Role::Worker),
            "store" => Ok(Role::Store),
            _ => Err("a list of api, worker and store".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Role::Api => "api",
            Role::Worker => "worker",
            Role::Store => "store",
        }
        .to_owned()
    }
}

section! {
    /// The API's listener and what it accepts.
    Server "server" {
        /// The address and port that the API listens on; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8780));
        /// How browsers reach the API, such as `https://handin.example`; derived from the listener if absent.
        public_url: Option<String> = None;
        /// What this process runs: `api`, `worker`, `store`.
        roles: Vec<Role> = vec![Role::Api, Role::Worker, Role::Store];
        /// The largest JSON body of a request, in bytes.
        max_body_bytes: usize = 1 << 20, in 1024..=(1 << 30);
        /// The largest roster, in bytes.
        max_roster_bytes: usize = 32 << 20, in 1024..=(1 << 30);
        /// How many requests of one kind are worked on at once: so many seals, so many calls that sign, half as many opens,
        /// a quarter as many of all others.
        max_requests: usize = 512, in 4..=65_536;
        /// How long a request may wait for its turn, in milliseconds, before it is refused with 503.
        max_wait_ms: u64 = 2_000, in 0..=60_000;
        /// How long one request may take, in milliseconds, before it is answered with 503.
        request_timeout_ms: u64 = 30_000, in 100..=600_000;
        /// How long requests in flight may take to finish after a stop signal, in seconds.
        shutdown_grace_s: u64 = 30, in 0..=3_600;
        /// The pages of these origins may call the candidate routes; `*` stands for every origin.
        cors_origins: Vec<String> = vec!["*".to_owned()];
        /// The proxies in front of the API, by address or network: their `X-Forwarded-For` is believed when candidates are
        /// told apart by network. Without it a request comes from whoever opened the connection.
        trusted_proxies: Vec<Network> = Vec::new();
    }
}

impl Server {
    /// Whether this process runs `role`.
    pub fn runs(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether this is the address of a trusted proxy.
    pub fn trusts(&self, proxy: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(proxy))
    }
}
