//! The generated pages under `docs/reference/` are what the program would generate now.

use std::fs;
use std::path::Path;

fn check(name: &str, generated: &str) {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("HANDIN_UPDATE_REFERENCE").is_some() {
        fs::write(&place, generated).unwrap();
    }
    let committed = fs::read_to_string(&place).unwrap_or_default();
    let hint = "run `HANDIN_UPDATE_REFERENCE=1 cargo test -p handin --test it reference`";
    assert!(committed == generated, "docs/reference/{name} is stale: {hint}");
}

#[test]
fn configuration() {
    check("configuration.md", &handin::config::reference::page());
}

#[test]
fn metrics() {
    check("metrics.md", &handin::telemetry::reference_page());
}

#[test]
fn problems() {
    check("problems.md", &handin::http::reference_page());
}

#[test]
fn openapi() {
    let document = handin::http::document().to_pretty_json().unwrap();
    check("openapi.json", &format!("{document}\n"));
}

#[test]
fn every_operation_says_what_it_does_and_shows_an_example() {
    let document = serde_json::to_value(handin::http::document()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|summary| summary.len() > 8),
                "{name}: no summary"
            );
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{name}: another operation is called {id} too");
            let responses = operation["responses"].as_object().unwrap();
            let failures = responses.keys().filter(|status| !status.starts_with('2')).count();
            assert!(failures >= 2, "{name}: its failures are not named");
            let (_, success) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
            assert!(has_example(&document, success), "{name}: its answer has no example");
            let body = &operation["requestBody"];
            assert!(body.is_null() || has_example(&document, body), "{name}: its body has no example");
        }
    }
}

#[test]
fn every_event_is_described_with_what_it_says() {
    let document = serde_json::to_value(handin::http::document()).unwrap();
    for kind in handin::service::events::KINDS {
        let sent = &document["webhooks"][kind.name]["post"];
        assert_eq!(sent["summary"], kind.when, "{}", kind.name);
        let body = &sent["requestBody"]["content"]["application/json"]["schema"]["properties"];
        let schema = body["data"]["$ref"].as_str().unwrap().trim_start_matches("#/components/schemas/");
        assert!(document["components"]["schemas"][schema]["properties"].is_object(), "{schema}");
    }
}

/// Whether each media type has an example, its own or that of its schema.
fn has_example(document: &serde_json::Value, described: &serde_json::Value) -> bool {
    let content = described["content"].as_object().unwrap();
    content
        .values()
        .all(|media| !media["example"].is_null() || schema_has_example(document, &media["schema"]))
}

fn schema_has_example(document: &serde_json::Value, schema: &serde_json::Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/components/schemas/");
        return schema_has_example(document, &document["components"]["schemas"][name]);
    }
    let of_items = || schema_has_example(document, &schema["properties"]["items"]["items"]);
    let of_parts = || {
        schema["allOf"].as_array().is_some_and(|all| all.iter().any(|one| schema_has_example(document, one)))
    };
    !schema["example"].is_null() || (schema["properties"].is_object() && of_items()) || of_parts()
}
