//! A receiver of webhooks on the loopback, which answers as the test says and remembers what it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::sync::Notify;

/// What a receiver does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Says {
    /// It answers with this status; a redirect leads back to itself.
    Status(u16),
    /// It takes the request and never answers.
    Nothing,
}

/// One delivery as it came.
#[derive(Clone, Debug)]
pub struct Told {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub text: String,
    pub body: Value,
}

impl Told {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub fn recording(&self) -> &str {
        self.body["data"]["id"].as_str().unwrap_or_default()
    }
}

type Answers = Box<dyn Fn(&Told) -> Says + Send>;

#[derive(Clone)]
struct Shared {
    told: Arc<Mutex<Vec<Told>>>,
    says: Arc<Mutex<Answers>>,
    came: Arc<Notify>,
}

/// A receiver; it ends with the test's runtime.
pub struct Receiver {
    pub url: String,
    shared: Shared,
}

impl Receiver {
    /// One that says yes.
    pub async fn start() -> Receiver {
        let says: Answers = Box::new(|_| Says::Status(204));
        let shared = Shared { told: Arc::default(), says: Arc::new(Mutex::new(says)), came: Arc::default() };
        let routes = Router::new().fallback(take).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Receiver { url, shared }
    }

    /// From now on it says this.
    pub fn says(&self, says: Says) {
        self.answers(move |_| says);
    }

    /// From now on it says what this says.
    pub fn answers(&self, says: impl Fn(&Told) -> Says + Send + 'static) {
        *self.shared.says.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(says);
    }

    /// What it was told since it was asked last.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.shared.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The kinds of what it was told since it was asked last.
    pub fn kinds(&self) -> Vec<String> {
        self.told().iter().map(|told| told.kind().to_owned()).collect()
    }

    /// Waits until something comes.
    pub async fn came(&self) {
        self.shared.came.notified().await;
    }
}

async fn take(State(shared): State<Shared>, uri: http::Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let headers =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let told = Told {
        path: uri.path().to_owned(),
        headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    };
    let says = shared.says.lock().unwrap_or_else(PoisonError::into_inner)(&told);
    shared.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    shared.came.notify_one();
    match says {
        Says::Nothing => std::future::pending().await,
        Says::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("location", "/inside")], "an answer").into_response()
        }
    }
}
