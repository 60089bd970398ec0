//! The pages for people, built into the binary. They use the public API like any other client.
//!
//! A page is a folder under `assets/` with an `index.html`; `build.rs` lists what is in it. The names of files stay the same
//! from build to build, so browsers keep what they have and ask each time whether it is still that.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::error::Problem;

/// Every file under `assets/`: its path there and its bytes.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Scripts, workers, styles and pictures of our own only; the candidate's browser may talk to any store, and show what the
/// camera sees. Nothing may frame a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; \
    img-src 'self' data:; media-src 'self' blob:; connect-src *; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// What the recording page may ask for; no page that it might contain may.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self)";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Lets the service worker under `/record/` look after `/record` too (Service Workers, "Service-Worker-Allowed").
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

/// A file as it is served.
struct File {
    path: &'static str,
    bytes: &'static [u8],
    /// Quoted, as the header wants it.
    etag: String,
}

static SERVED: LazyLock<Vec<File>> = LazyLock::new(|| {
    let served = |(path, bytes): &(&'static str, &'static [u8])| {
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(bytes)[..16]));
        File { path, bytes, etag }
    };
    FILES.iter().map(served).collect()
});

/// What stands at the root, for people who look there, and the candidate's pages: the one that records and the one for finished files, and what they load.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let home = async |headers: HeaderMap| answer("home/index.html", &headers);
    let record = async |headers: HeaderMap| answer("record/index.html", &headers);
    let part =
        async |Path(path): Path<String>, headers: HeaderMap| answer(&format!("record/{path}"), &headers);
    let file = async |headers: HeaderMap| answer("record-file/index.html", &headers);
    let part_of_file =
        async |Path(path): Path<String>, headers: HeaderMap| answer(&format!("record-file/{path}"), &headers);
    Router::new()
        .route("/", get(home))
        .route("/record", get(record))
        .route("/record/", get(record))
        .route("/record/{*path}", get(part))
        .route("/record/file", get(file))
        .route("/record/file/{*path}", get(part_of_file))
}

fn answer(path: &str, request: &HeaderMap) -> Response {
    let Some(file) = SERVED.iter().find(|file| file.path == path) else {
        return Problem::new("no_such_route", "there is no page and no part of one here").into_response();
    };
    let known =
        request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == file.etag.as_bytes());
    let body = if known { &[] } else { file.bytes };
    let mut response = (if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK }, body).into_response();
    let own = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS)),
        (SERVICE_WORKER_ALLOWED, HeaderValue::from_static("/record")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let etag = HeaderValue::from_str(&file.etag).ok().map(|etag| (header::ETAG, etag));
    // Not `extend`, which would add a second content type to the one that bytes get by themselves.
    for (name, value) in own.into_iter().chain(etag) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_type_that_browsers_know() {
        for (path, _) in FILES {
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
        }
    }
}
