//! Extractors: they say in a handler's signature who may call and what is read, and refuse everything else by name.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use handin_core::BadName;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::error::Problem;
use crate::app::App;
use crate::service::{self, Error, api_keys, recordings, tokens};

/// A candidate, by token.
pub struct Candidate(pub Arc<tokens::Candidate>);

/// A platform, by API key.
pub struct Platform(pub api_keys::Platform);

/// Either of them; what they may see, the service decides.
pub struct Who(pub recordings::Who);

impl FromRequestParts<Arc<App>> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Who(authenticate(app, parts).await?))
    }
}

impl FromRequestParts<Arc<App>> for Candidate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match authenticate(app, parts).await? {
            recordings::Who::Candidate(candidate) => Ok(Candidate(candidate)),
            recordings::Who::Platform(_) => {
                Err(Error::Forbidden("this call is for candidates: show a candidate's token, not an API key")
                    .into())
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for Platform {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match authenticate(app, parts).await? {
            recordings::Who::Platform(platform) => Ok(Platform(platform)),
            recordings::Who::Candidate(_) => Err(Error::Forbidden(
                "this call is for the platform: show an API key, not a candidate's token",
            )
            .into()),
        }
    }
}

async fn authenticate(app: &App, parts: &Parts) -> Result<recordings::Who, Error> {
    let credential = bearer(&parts.headers)
        .ok_or(Error::Unauthenticated(
            "send `Authorization: Bearer …`: a platform its API key (`handin keys create` makes one), a candidate the \
             token of their link",
        ))?;
    if credential.starts_with("hk_") {
        let platform = service::api_keys::verify(app, credential).await?;
        let address = address(app, parts);
        return Ok(recordings::Who::Platform(api_keys::Platform { address, ..platform }));
    }
    service::tokens::verify(app, credential).map(recordings::Who::Candidate)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credential) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}

/// Whoever opened the connection that a request came on.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Where a request comes from: whoever opened the connection, or whom the trusted proxies in between name.
pub struct Address(pub Option<IpAddr>);

impl FromRequestParts<Arc<App>> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Address(address(app, parts)))
    }
}

fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
    let trusts = |proxy| app.config.server.trusts(proxy);
    peer.map(|peer| behind(peer, &parts.headers, trusts))
}

/// Each proxy adds whom it was called by at the end of `X-Forwarded-For`; what stands before the first one that is not
/// trusted may be anybody's invention.
fn behind(peer: IpAddr, headers: &HeaderMap, trusts: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut address = peer;
    for hop in hops.into_iter().rev() {
        let Some(named) = hop.parse().ok().filter(|_| trusts(address)) else { break };
        address = named;
    }
    address
}

/// The one parameter of a path, as a core type. What is no such name cannot exist either: 404.
pub struct Id<T>(pub T);

impl<T: FromStr<Err = BadName>> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, app).await;
        let parameters = parameters.map_err(|_| Problem::new("not_found", "the path is not valid UTF-8"))?;
        let text = parameters.iter().next().map_or("", |(_, value)| value);
        text.parse().map(Id).map_err(|error: BadName| Problem::new("not_found", error.to_string()))
    }
}

/// The query, as a struct that refuses fields it does not know.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Query(query.0)).map_err(|error| Problem::new("invalid", error.body_text()))
    }
}

/// A JSON body, as a struct that refuses fields it does not know.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        match media_type(request.headers()) {
            Some("application/json") => parse_object(&read_body(request, app).await?).map(Json),
            _ => Err(Problem::new("unsupported_media_type", "send `Content-Type: application/json`")),
        }
    }
}

/// The media type of a body, without parameters.
pub fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

/// The whole body, within the route's limit.
pub async fn read_body(request: Request, app: &Arc<App>) -> Result<Bytes, Problem> {
    Bytes::from_request(request, app).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(
            axum::extract::rejection::FailedToBufferBody::LengthLimitError(_),
        ) => Problem::new("body_too_large", "the body is larger than this route accepts"),
        _ => Problem::new("bad_body", "the body ended early or could not be read"),
    })
}

/// Reads a JSON object. serde would take an array of a struct's fields too, which nobody may come to rely on.
fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.trim_ascii_start().starts_with(b"{") {
        return parse_json(body);
    }
    let _: serde::de::IgnoredAny = parse_json(body)?;
    Err(Problem::new("invalid", "the body is not a JSON object"))
}

/// Reads JSON; a refusal names the field.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Tracking the path costs time, so only a body that was refused is read with it.
    serde_json::from_slice(body).map_err(|error| {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let tracked: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
        // Well-formed so far means that something follows the document, which only the first reading has noticed.
        tracked.err().map_or_else(|| Problem::new("bad_json", error.to_string()), |error| describe(&error))
    })
}

fn describe(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let field = error.path().to_string();
    match error.inner().is_data() {
        true if field != "." => Problem::new("invalid", format!("{field}: {}", error.inner())).about(field),
        true => Problem::new("invalid", error.inner().to_string()),
        false => Problem::new("bad_json", error.inner().to_string()),
    }
}

/// Parses a field of a body or query into a core type; a refusal names the field.
pub fn field<T: FromStr<Err = BadName>>(name: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: BadName| Error::invalid(name, error))
}

/// The same for a field that may be absent.
pub fn optional_field<T: FromStr<Err = BadName>>(name: &str, text: Option<&str>) -> Result<Option<T>, Error> {
    text.map(|text| field(name, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_who_called_them() {
        let trusts = |address: IpAddr| ["10.1.1.1", "192.0.2.1"].contains(&address.to_string().as_str());
        let cases = [
            ("203.0.113.5", "", "203.0.113.5"),
            ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
            ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
            ("10.1.1.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.1.1.1", "1.1.1.1, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
            ("10.1.1.1", "198.51.100.1, unknown", "10.1.1.1"),
            ("10.1.1.1", "", "10.1.1.1"),
        ];
        for (peer, forwarded, client) in cases {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            let found = behind(peer.parse().unwrap(), &headers, trusts);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer}: {forwarded}");
        }
    }
}
