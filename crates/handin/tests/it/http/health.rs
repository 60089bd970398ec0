//! What machines ask, and what holds for every answer.

use reqwest::Method;
use serde_json::Value;

use crate::app::TestApp;

#[tokio::test]
async fn a_started_server_is_alive_and_ready() {
    let app = TestApp::start().await;
    for (path, text) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = app.call(Method::GET, path).send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, text));
    }
}

#[tokio::test]
async fn without_its_database_it_is_alive_but_not_ready() {
    let app = TestApp::start().await;
    app.node.app.db.close().await;
    assert_eq!(app.call(Method::GET, "/healthz").send().await.status, 200);
    let answer = app.call(Method::GET, "/readyz").send().await;
    let pause: u64 = answer.headers["retry-after"].parse().unwrap();
    assert!((1..=2).contains(&pause), "{pause}");
    answer.problem(503, "unavailable");
    assert_eq!(app.call(Method::GET, "/metrics").send().await.status, 200, "metrics are wanted all the more");
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let app = TestApp::start().await;
    app.exam().await;
    app.sealed(&app.token("c1").await).await;
    let metrics = app.call(Method::GET, "/metrics").send().await.text;
    for wanted in [
        "handin_opens_total{upload=\"stream\"}",
        "handin_seals_total{outcome=\"sealed\"}",
        "handin_sign_seconds_bucket{le=\"0.001\"}",
        "handin_http_requests_total{route=\"/v1/recordings/{id}/seal\",status=\"200\"}",
        "handin_store_calls_total{call=\"",
        "handin_jobs{kind=\"",
        "handin_database_queue ",
    ] {
        assert!(metrics.contains(wanted), "{wanted}\n{metrics}");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let app = TestApp::start().await;
    let served = app.call(Method::GET, "/openapi.json").send().await.expect(200);
    assert_eq!(served, serde_json::to_value(handin::http::document()).unwrap());
}

#[tokio::test]
async fn a_good_request_id_is_kept_and_a_bad_one_replaced() {
    let app = TestApp::start().await;
    let id = async |given: &str| {
        app.call(Method::GET, "/healthz").header("x-request-id", given).send().await.headers["x-request-id"]
            .clone()
    };
    assert_eq!(id("trace-7").await, "trace-7");
    for bad in ["a b", "a\tb", &"x".repeat(65)] {
        assert_ne!(id(bad).await, bad);
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    app.call(Method::GET, "/v1/nothing").send().await.problem(404, "no_such_route");
    app.call(Method::PATCH, "/v1/exams").send().await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn pages_of_other_origins_may_call_what_candidates_call() {
    let app = TestApp::start().await;
    app.exam().await;
    let preflight = app.call(Method::OPTIONS, "/v1/recordings").header("origin", "https://exams.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let preflight =
        preflight.header("access-control-request-headers", "authorization,content-type,idempotency-key");
    let answer = preflight.send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    for name in ["authorization", "content-type", "idempotency-key"] {
        assert!(answer.headers["access-control-allow-headers"].contains(name));
    }
    let refused =
        app.call(Method::POST, "/v1/recordings").header("origin", "https://exams.example").send().await;
    assert_eq!(
        refused.headers["access-control-allow-origin"], "*",
        "a browser must be able to read the problem"
    );
    let exposed = &refused.headers["access-control-expose-headers"];
    assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"), "{exposed}");
    let platform =
        app.platform(Method::GET, "/v1/exams").header("origin", "https://evil.example").send().await;
    assert!(
        !platform.headers.contains_key("access-control-allow-origin"),
        "API keys have no business in browsers"
    );
}

#[tokio::test]
async fn a_listed_origin_is_let_in_and_others_are_not() {
    let app = TestApp::builder()
        .config(|config| config.server.cors_origins = vec!["https://exams.example".to_owned()])
        .start()
        .await;
    let allowed = async |origin: &str| {
        let answer = app.call(Method::GET, "/.well-known/jwks.json").header("origin", origin).send().await;
        answer.headers.get("access-control-allow-origin").cloned()
    };
    assert_eq!(allowed("https://exams.example").await.as_deref(), Some("https://exams.example"));
    assert_eq!(allowed("https://evil.example").await, None);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::builder().config(|config| config.server.request_timeout_ms = 100).start().await;
    let address = app.node.ready.api.as_ref().unwrap().trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let key = app.node.ready.api_key.as_ref().unwrap();
    let head = format!(
        "POST /v1/exams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["code"], "timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_is_in_flight() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start().await;
    let address = app.node.ready.api.as_ref().unwrap().trim_start_matches("http://").to_owned();
    let body = r#"{"id":"late","title":"Late","subjects":[{"id":"one"}]}"#;
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /v1/exams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        app.node.ready.api_key.as_ref().unwrap(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut continued = [0; 25];
    stream.read_exact(&mut continued).await.unwrap();
    assert_eq!(&continued, b"HTTP/1.1 100 Continue\r\n\r\n", "the handler is waiting for the body");
    let stopped = tokio::spawn(app.stop());
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopped.await.unwrap();
}
