//! Input that cannot be read: refused with a stable code and the field's name, on every route that takes a body.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Open, TestApp};
use crate::call::Call;

/// Every route that takes JSON, with a body it would accept.
fn routes(app: &TestApp, open: &Open) -> Vec<(String, Option<String>, Value)> {
    let on = |route: &str| format!("/v1/recordings/{}/{route}", open.id);
    let (token, key) = (Some(open.token.clone()), app.node.ready.api_key.clone());
    vec![
        ("/v1/exams".to_owned(), key.clone(), json!({ "title": "T", "subjects": [{ "id": "one" }] })),
        (
            "/v1/exams/spring/tokens".to_owned(),
            key.clone(),
            json!({ "candidate": "c1", "subject": "coding" }),
        ),
        (
            "/v1/recordings".to_owned(),
            token.clone(),
            json!({ "track": "webcam", "upload": "stream", "content_type": "video/webm" }),
        ),
        ("/v1/rehearsal".to_owned(), token.clone(), json!({ "size": 1 })),
        (on("sign"), token.clone(), json!({ "handle": open.handle })),
        (
            on("seal"),
            token,
            json!({ "handle": open.handle, "size": 1, "parts": [{ "number": 1, "size": 1 }] }),
        ),
        ("/v1/exams/spring/pace".to_owned(), key.clone(), json!({ "parallel": 2 })),
        (
            "/v1/exams/spring/retention".to_owned(),
            key.clone(),
            json!({ "rules": ["delete 30 days after bell"] }),
        ),
        ("/v1/exams/spring/events".to_owned(), key.clone(), json!({ "kind": "flagged" })),
        ("/v1/holds".to_owned(), key.clone(), json!({ "exam": "spring", "reason": "appeal" })),
        ("/v1/webhooks".to_owned(), key.clone(), json!({ "url": "https://platform.example/" })),
        ("/v1/exams/spring/drain".to_owned(), key.clone(), json!({ "to": "nas" })),
        ("/v1/retention/runs".to_owned(), key.clone(), json!({})),
        (on("restore"), key.clone(), json!({ "reason": "appeal" })),
        (on("link"), key, json!({})),
    ]
}

async fn prepared() -> (TestApp, Open) {
    let app = TestApp::start().await;
    app.exam().await;
    let open = app.open(&app.token("c1").await).await;
    (app, open)
}

fn call(app: &TestApp, path: &str, credential: Option<&String>) -> Call {
    let puts = ["/pace", "/retention"].iter().any(|end| path.ends_with(end));
    let method = if puts { Method::PUT } else { Method::POST };
    app.call(method, path).bearer(credential.unwrap())
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() {
    let (app, open) = prepared().await;
    for (path, credential, good) in routes(&app, &open) {
        let good = good.to_string();
        let bodies =
            ["", "{", "[1", "nonsense", "\u{feff}{}", &format!("{good}{good}"), &good[..good.len() - 1]];
        for body in bodies {
            let request = call(&app, &path, credential.as_ref()).body("application/json", body.to_owned());
            request.send().await.problem(400, "bad_json");
        }
        let request = call(&app, &path, credential.as_ref()).body("application/json", vec![b'"', 0xff, b'"']);
        assert!([400, 422].contains(&request.send().await.status), "{path}");
    }
}

#[tokio::test]
async fn unknown_fields_and_wrong_shapes_are_named() {
    let (app, open) = prepared().await;
    for (path, credential, good) in routes(&app, &open) {
        let mut more = good;
        more["colour"] = "red".into();
        let problem = call(&app, &path, credential.as_ref()).json(&more).send().await.problem(422, "invalid");
        assert_eq!(problem["field"], "colour", "{path}: {problem}");
        for shape in [json!([]), json!("text"), json!(null), json!(7)] {
            call(&app, &path, credential.as_ref()).json(&shape).send().await.problem(422, "invalid");
        }
    }
}

#[tokio::test]
async fn wrong_types_are_named_with_their_path() {
    let (app, open) = prepared().await;
    let on = |route: &str| format!("/v1/recordings/{}/{route}", open.id);
    let (token, key) = (Some(open.token.clone()), app.node.ready.api_key.clone());
    let exam = |subjects: Value| json!({ "title": "T", "subjects": subjects });
    let sign = |part: Value| json!({ "handle": open.handle, "parts": [part] });
    let cases = [
        ("/v1/exams".to_owned(), &key, json!({ "title": 7, "subjects": [] }), "title"),
        ("/v1/exams".to_owned(), &key, exam(json!([{ "id": "a" }, { "id": 7 }])), "subjects[1].id"),
        ("/v1/exams".to_owned(), &key, exam(json!([{ "id": "a" }, { "id": "B" }])), "subjects[1].id"),
        ("/v1/exams".to_owned(), &key, exam(json!([{ "id": "a" }, { "id": "a" }])), "subjects[1].id"),
        (
            "/v1/exams".to_owned(),
            &key,
            exam(json!([{ "id": "a", "ends_at": "soon" }])),
            "subjects[0].ends_at",
        ),
        ("/v1/exams".to_owned(), &key, exam(json!([])), "subjects"),
        ("/v1/exams".to_owned(), &key, json!({ "title": " ", "subjects": [{ "id": "a" }] }), "title"),
        (on("sign"), &token, json!({ "handle": 7 }), "handle"),
        (on("sign"), &token, sign(json!({ "number": -1, "size": 1 })), "parts[0].number"),
        (on("sign"), &token, sign(json!({ "number": 1.5, "size": 1 })), "parts[0].number"),
        (on("sign"), &token, sign(json!({ "number": 1, "size": "1" })), "parts[0].size"),
        (on("sign"), &token, sign(json!({ "number": 1, "size": 1, "sha256": "AB" })), "parts[0].sha256"),
        (on("sign"), &token, sign(json!({ "number": 1, "size": 1, "etag": "x" })), "parts[0].etag"),
        (on("seal"), &token, json!({ "handle": open.handle, "size": -1 }), "size"),
        (on("link"), &key, json!({ "ttl_s": "1" }), "ttl_s"),
    ];
    for (path, credential, body, field) in cases {
        let problem = call(&app, &path, credential.as_ref()).json(&body).send().await.problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let (app, open) = prepared().await;
    for (path, credential, good) in routes(&app, &open) {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            let request = call(&app, &path, credential.as_ref()).body(content_type, good.to_string());
            request.send().await.problem(415, "unsupported_media_type");
        }
        let bare = call(&app, &path, credential.as_ref()).send().await;
        bare.problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused() {
    let (app, open) = prepared().await;
    let large = format!("{{\"handle\":\"{}\"}}", "x".repeat(1 << 20));
    for (path, credential, _) in routes(&app, &open) {
        let request = call(&app, &path, credential.as_ref()).body("application/json", large.clone());
        request.send().await.problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let (app, _) = prepared().await;
    for (query, field) in [
        ("limit=0", json!("limit")),
        ("limit=1001", json!("limit")),
        ("limit=ten", Value::Null),
        ("colour=red", Value::Null),
        ("cursor=nonsense!", json!("cursor")),
    ] {
        for list in ["/v1/exams", "/v1/exams/spring/sittings", "/v1/exams/spring/recordings"] {
            let problem =
                app.platform(Method::GET, &format!("{list}?{query}")).send().await.problem(422, "invalid");
            assert_eq!(problem.get("field").cloned().unwrap_or_default(), field, "{list}?{query}: {problem}");
        }
    }
    for query in ["state=open%20", "candidate=a%20b", "subject=B"] {
        for list in ["/v1/exams/spring/sittings", "/v1/exams/spring/recordings"] {
            app.platform(Method::GET, &format!("{list}?{query}")).send().await.problem(422, "invalid");
        }
    }
}
