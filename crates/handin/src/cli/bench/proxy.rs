//! A proxy that carries the bytes of recordings, as services did before: one request with a whole recording in, one
//! request to the store out, at the same time and with little in between.
//!
//! As good as such a thing gets: it streams, it buffers no more than one piece of each recording, it holds a sender back
//! when the store is slow, it parses nothing. It opens and seals with the candidate's own token, so what comes in
//! through it is proved like everything else.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::TryStreamExt;
use http::{HeaderMap, StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::upload::api::{Api, Open, Seal, Sign};
use crate::cli::upload::pace::Pacer;
use crate::cli::upload::put;
use crate::cli::upload::retry::Failure;
use crate::clock::Clock;

/// The digest of the whole, in hex: what the store is to check.
pub const SHA256_HEADER: &str = "x-content-sha256";

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    /// Where it listens, as a URL.
    pub url: String,
    _serving: AbortOnDropHandle<()>,
}

struct Shared {
    api: Api,
    http: reqwest::Client,
    clock: Clock,
}

impl Proxy {
    /// Listens on `address` for recordings that go to the store of the server at `api`.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(
        address: SocketAddr,
        api: Api,
        http: reqwest::Client,
        clock: Clock,
    ) -> anyhow::Result<Proxy> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("the proxy's address {address}"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/recordings/{track}", post(carry))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(Shared { api, http, clock }));
        let serving = tokio::spawn(async move {
            // It serves until it is dropped; an error of a single connection does not end it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Proxy { url, _serving: AbortOnDropHandle::new(serving) })
    }
}

async fn carry(State(shared): State<Arc<Shared>>, Path(track): Path<String>, request: Request) -> Response {
    match pass_on(&shared, &track, request).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(Failure::Final(why)) => (StatusCode::BAD_REQUEST, format!("{why:#}")).into_response(),
        Err(Failure::Again { why, .. } | Failure::Held { why, .. } | Failure::SignAgain(why)) => {
            (StatusCode::BAD_GATEWAY, format!("{why:#}")).into_response()
        }
    }
}

async fn pass_on(shared: &Shared, track: &str, request: Request) -> Result<serde_json::Value, Failure> {
    let (head, body) = request.into_parts();
    let told = |name: &str| word(&head.headers, name);
    let token = told("authorization")?.trim_start_matches("Bearer ").to_owned();
    let (sha256, length) = (told(SHA256_HEADER)?, told("content-length")?);
    let size = length.parse().map_err(|_| Failure::Final(anyhow::anyhow!("content-length is no number")))?;
    let api = shared.api.of(&token, Pacer::new(shared.clock.clone(), 1));
    let wanted = Open {
        track,
        upload: "put",
        content_type: "video/webm",
        size: Some(size),
        sha256: Some(sha256.clone()),
    };
    // Tries of one recording share its key, as each carries the same bytes.
    let opened = api.open(&wanted, &format!("proxy-{}", &sha256[..sha256.len().min(32)])).await?;
    let sign = Sign { handle: &opened.handle, ..Sign::default() };
    let signed = api.sign(&opened.id, &sign).await?.put;
    let signed = signed.ok_or_else(|| Failure::Final(anyhow::anyhow!("the server signed no PUT")))?;
    let body = reqwest::Body::wrap_stream(body.into_data_stream().map_err(std::io::Error::other));
    let headers = signed.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    let request =
        headers.fold(shared.http.put(&signed.url), |request, (name, value)| request.header(name, value));
    put::send(request.header(header::CONTENT_LENGTH, size).body(body)).await?;
    let claim =
        Seal { handle: &opened.handle, size, parts: Vec::new(), sha256: Some(sha256), duration_ms: None };
    let sealed = api.seal(&opened.id, &claim).await?;
    Ok(serde_json::json!({ "id": opened.id, "receipt": sealed.receipt }))
}

fn word(headers: &HeaderMap, name: &str) -> Result<String, Failure> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(|| Failure::Final(anyhow::anyhow!("{name} is missing")))
}
