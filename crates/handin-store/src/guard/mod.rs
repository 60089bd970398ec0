//! What every request passes before the protocol crate sees it, and every answer on its way out.
//!
//! The protocol crate alone lets in what S3 refuses: old signatures, long expiries, headers that nobody
//! signed, options that are then ignored. The guard refuses them, and checks times by the store's clock. It
//! answers browsers' preflights and adds CORS headers to every answer, errors too. It touches no object.

mod authority;
mod headers;

mod drain;
mod hashed;

use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderValue, ORIGIN};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpResponse, S3Error, S3ErrorCode, S3Result};

use self::authority::{Access, Authority};
use crate::cors::{self, Question};
use crate::operations::Operations;
use crate::store::{Inner, Store};

/// The most bytes of an XML body: a completion of 10,000 parts with checksums has 3 MB.
const XML_LIMIT: usize = 8 << 20;

/// Answers requests.
pub(crate) struct Guard {
    store: Arc<Inner>,
    authority: Authority,
    s3: S3Service,
}

impl Guard {
    pub(crate) fn new(store: &Store) -> Self {
        let store = Arc::clone(&store.inner);
        let mut auth = SimpleAuth::new();
        for key in &store.config.keys {
            auth.register(key.id.clone(), key.secret.clone().into());
        }
        let mut config = S3Config::default();
        config.xml_max_body_size = XML_LIMIT;
        // The guard checks times, against the store's clock; the crate knows only the machine's.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        let mut builder = S3ServiceBuilder::new(Operations::new(Arc::clone(&store)));
        builder.set_auth(auth);
        builder.set_access(Access);
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { authority: Authority::new(&store.config), store, s3: builder.build() }
    }

    /// Answers one request. Whatever fails, there is an answer.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> HttpResponse {
        let id = format!("{:016x}", self.store.random() >> 64);
        let asker = Asker::of(&request);
        let mut response = if request.method() == Method::OPTIONS {
            self.preflight(&request).unwrap_or_else(error_response)
        } else {
            self.pass(request).await
        };
        self.finish(&mut response, &asker, &id);
        response
    }

    async fn pass(&self, request: Request<Incoming>) -> HttpResponse {
        let (mut parts, body) = request.into_parts();
        let asks_first = parts.headers.contains_key(EXPECT);
        let empty = body.size_hint().exact() == Some(0);
        let (body, rest) = drain::shared(body);
        let mut response = match self.admit(&mut parts, body) {
            Ok(body) => self.call(Request::from_parts(parts, body)).await,
            Err(refusal) => error_response(refusal),
        };
        let told_to_send = rest.asked_for() && !empty;
        if asks_first && !told_to_send {
            // Clients take the missing `100 Continue` for the end of this connection; botocore would give
            // this answer's status to the next request on it.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        } else if response.status().is_client_error() || response.status().is_server_error() {
            rest.drain().await;
        }
        response
    }

    fn admit(&self, request: &mut http::request::Parts, body: Body) -> S3Result<Body> {
        headers::state_length(request);
        let digest = self.authority.admit(request, self.store.now_ms().div_euclid(1000))?;
        headers::check_supported(request)?;
        headers::check_length(request)?;
        Ok(match digest {
            Some(digest) => hashed::hashed(body, digest),
            None => body,
        })
    }

    async fn call(&self, request: Request<Body>) -> HttpResponse {
        match self.s3.call(request).await {
            Ok(response) => response,
            Err(error) => {
                let error: s3s::StdError = error.into();
                tracing::error!(%error, "a request could not be answered");
                error_response(S3Error::new(S3ErrorCode::InternalError))
            }
        }
    }

    fn preflight(&self, request: &Request<Incoming>) -> S3Result<HttpResponse> {
        let question = Question::preflight(request.headers()).ok_or_else(|| {
            let message = "Insufficient information. Origin request header needed.";
            S3Error::with_message(S3ErrorCode::InvalidRequest, message)
        })?;
        let rules = self.rules(request.uri().path());
        let rule = cors::matching(&rules, &question).ok_or_else(cors_refusal)?;
        let mut response = HttpResponse::new(Body::empty());
        response.headers_mut().extend(rule.answer_preflight(&question));
        Ok(response)
    }

    fn rules(&self, path: &str) -> Vec<cors::Rule> {
        let bucket = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        self.store.bucket(bucket).map(|bucket| bucket.settings().cors.clone()).unwrap_or_default()
    }

    fn finish(&self, response: &mut HttpResponse, asker: &Asker, id: &str) {
        if let Some(origin) = &asker.origin {
            let question = Question::actual(origin, asker.method.as_str());
            if let Some(rule) = cors::matching(&self.rules(&asker.path), &question) {
                response.headers_mut().extend(rule.answer(&question));
            }
        }
        if response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        if let Ok(id) = HeaderValue::from_str(id) {
            response.headers_mut().insert("x-amz-request-id", id);
        }
    }
}

/// What of a request matters to the CORS headers of its answer.
struct Asker {
    /// None for a preflight, whose answer has them already, and for what is no web page.
    origin: Option<String>,
    method: Method,
    path: String,
}

impl Asker {
    fn of(request: &Request<Incoming>) -> Self {
        let origin = |headers: &HeaderMap| Some(headers.get(ORIGIN)?.to_str().ok()?.to_owned());
        let preflight = request.method() == Method::OPTIONS;
        Self {
            origin: if preflight { None } else { origin(request.headers()) },
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }
}

fn cors_refusal() -> S3Error {
    let message = "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of \
                   Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers \
                   are not whitelisted by the resource's CORS spec.";
    let mut error = S3Error::with_message(S3ErrorCode::Custom("AccessForbidden".into()), message);
    error.set_status_code(StatusCode::FORBIDDEN);
    error
}

fn error_response(error: S3Error) -> HttpResponse {
    error.to_http_response().unwrap_or_else(|error| {
        tracing::error!(%error, "an error could not be written");
        let mut response = HttpResponse::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
