//! Who may call what: no credential, a wrong one, somebody else's, on every route that the document names.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Open, TestApp, claim};
use crate::call::Call;

/// An operation of the document, with ids in its path.
struct Operation {
    method: Method,
    path: String,
    /// `platform`, `candidate`, `both` or one that is open to all.
    tag: String,
}

fn operations(recording: &str) -> Vec<Operation> {
    let document = serde_json::to_value(handin::http::document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{exam}", "spring").replace("{id}", recording),
                tag: operation["tags"][0].as_str().unwrap().to_owned(),
            });
        }
    }
    assert!(operations.len() > 15, "the document has shrunk");
    operations
}

impl Operation {
    fn is_open(&self) -> bool {
        ["anyone", "machines"].contains(&self.tag.as_str())
    }

    fn call(&self, app: &TestApp) -> Call {
        let call = app.call(self.method.clone(), &self.path);
        if [Method::POST, Method::PUT].contains(&self.method) { call.json(&json!({})) } else { call }
    }
}

async fn prepared() -> (TestApp, Open) {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    (app, open)
}

#[tokio::test]
async fn without_a_credential_only_open_routes_answer() {
    let (app, open) = prepared().await;
    for operation in operations(&open.id) {
        let answer = operation.call(&app).send().await;
        if operation.is_open() {
            assert!([200, 404].contains(&answer.status), "{} {}", operation.path, answer.text);
            assert_ne!(answer.body["code"], "no_such_route", "{}", operation.path);
        } else {
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            answer.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn what_is_no_credential_of_ours_opens_nothing() {
    let (app, open) = prepared().await;
    let key = app.node.ready.api_key.clone().unwrap();
    let (head, _) = open.token.rsplit_once('.').unwrap();
    let unsigned = format!("{head}.");
    let revoked = revoked_key(&app).await;
    let elsewhere = other_server().await;
    let bad = [
        "",
        "nonsense",
        "hk_",
        "hk_AAAA",
        &key[..key.len() - 1],
        &unsigned,
        &revoked,
        &elsewhere.0,
        &elsewhere.1,
    ];
    for credential in bad {
        for operation in operations(&open.id).iter().filter(|operation| !operation.is_open()) {
            operation.call(&app).bearer(credential).send().await.problem(401, "unauthenticated");
        }
    }
    let basic = app.call(Method::GET, "/v1/exams").header("authorization", &format!("Basic {key}"));
    basic.send().await.problem(401, "unauthenticated");
}

async fn revoked_key(app: &TestApp) -> String {
    let made = handin::service::api_keys::create(&app.node.app, "old").await.unwrap();
    handin::service::api_keys::revoke(&app.node.app, &made.id).await.unwrap();
    made.key
}

/// A token and an API key that another server made.
async fn other_server() -> (String, String) {
    let app = TestApp::start().await;
    app.exam().await;
    (app.token("c1").await, app.node.ready.api_key.clone().unwrap())
}

#[tokio::test]
async fn tokens_do_not_open_the_platforms_routes_nor_api_keys_the_candidates() {
    let (app, open) = prepared().await;
    let key = app.node.ready.api_key.clone().unwrap();
    for operation in operations(&open.id) {
        match operation.tag.as_str() {
            "platform" => operation.call(&app).bearer(&open.token).send().await.problem(403, "forbidden"),
            "candidate" => operation.call(&app).bearer(&key).send().await.problem(403, "forbidden"),
            _ => continue,
        };
    }
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let (app, open) = prepared().await;
    app.advance(Duration::from_secs(app.node.app.config.tokens.max_ttl_s));
    for operation in operations(&open.id).iter().filter(|operation| !operation.is_open()) {
        operation.call(&app).bearer(&open.token).send().await.problem(401, "expired");
    }
}

#[tokio::test]
async fn somebody_elses_recording_looks_as_if_it_did_not_exist() {
    let (app, open) = prepared().await;
    app.exam_called("autumn").await;
    let strangers = [app.token("c2").await, app.token_for("autumn", "c1").await];
    for token in &strangers {
        for (method, route, body) in on_recording(&open) {
            let call = app.call(method.clone(), &format!("/v1/recordings/{}{route}", open.id)).bearer(token);
            let call = if body.is_null() { call } else { call.json(&body) };
            call.send().await.problem(404, "not_found");
        }
    }
    app.send(&open, 1, b"still mine").await;
    assert_eq!(app.seal(&open, &[b"still mine"]).await.expect(200)["state"], "sealed");
}

/// What an owner may do, as a stranger who has even got hold of the handle would try it.
fn on_recording(open: &Open) -> [(Method, &'static str, Value); 4] {
    [
        (Method::GET, "", Value::Null),
        (Method::DELETE, "", Value::Null),
        (Method::POST, "/sign", json!({ "handle": open.handle, "parts": [] })),
        (Method::POST, "/seal", claim(open, &[b"not mine"])),
    ]
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let (app, open) = prepared().await;
    for id in ["01JD8Z0QX3V5T9K2M4N6P8R0SW", "nonsense", "%00", "%ff", "..%2f..%2fetc"] {
        let path = format!("/v1/recordings/{id}");
        app.platform(Method::GET, &path).send().await.problem(404, "not_found");
        app.call(Method::GET, &path).bearer(&open.token).send().await.problem(404, "not_found");
        app.platform(Method::DELETE, &path).send().await.problem(404, "not_found");
        app.platform(Method::POST, &format!("{path}/link"))
            .json(&json!({}))
            .send()
            .await
            .problem(404, "not_found");
        app.call(Method::GET, &format!("/v1/receipts/{id}")).send().await.problem(404, "not_found");
    }
    for route in ["", "/status", "/sittings", "/recordings", "/pace"] {
        for exam in ["autumn", "No%20Such"] {
            app.platform(Method::GET, &format!("/v1/exams/{exam}{route}"))
                .send()
                .await
                .problem(404, "not_found");
        }
    }
}
