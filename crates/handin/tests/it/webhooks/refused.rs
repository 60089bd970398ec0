//! Where webhooks may not lead, and receivers that do not say yes.

use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::{Receiver, Says};
use super::{add, builder, on, with_receiver};
use crate::app::TestApp;

#[tokio::test]
async fn a_receiver_inside_is_refused_unless_the_house_allows_it() {
    let app = TestApp::start().await;
    for url in [
        "https://127.0.0.1/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest",
        "http://platform.example/",
    ] {
        let new = json!({ "url": url });
        let refused =
            app.platform(Method::POST, "/v1/webhooks").json(&new).send().await.problem(422, "invalid");
        assert_eq!(refused["field"], "url", "{url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let receiver = Receiver::start().await;
    let app = TestApp::builder().config(|config| config.webhooks.allow_http = true).start().await;
    let webhook = add(&app, &receiver.url.replace("127.0.0.1", "localhost"), &[]).await;
    let trial = on(&app, &webhook, "test", &json!({})).await;
    assert_eq!(trial["delivered"], false);
    assert!(trial["error"].as_str().unwrap().contains("no public address"), "{trial}");
    assert!(receiver.told().is_empty());
}

#[tokio::test]
async fn what_is_no_yes_is_tried_again() {
    let (app, receiver, webhook) = with_receiver(&["recording.opened"]).await;
    let trial =
        async || on(&app, &webhook, "test", &json!({})).await["error"].as_str().unwrap_or("yes").to_owned();
    assert_eq!(trial().await, "yes");
    receiver.says(Says::Status(500));
    assert_eq!(trial().await, "answered 500 Internal Server Error");
    receiver.says(Says::Nothing);
    assert_eq!(trial().await, "gave no answer in time");
    receiver.told();
    receiver.says(Says::Status(302));
    assert!(trial().await.contains("redirects are not followed"));
    let told = receiver.told();
    assert_eq!(
        told.iter().map(|told| told.path.as_str()).collect::<Vec<_>>(),
        ["/hooks"],
        "nobody went inside"
    );
    assert_eq!(told[0].kind(), "webhook.test");

    for says in [Says::Status(410), Says::Nothing, Says::Status(302)] {
        receiver.says(says);
        app.open(&app.token("c1").await).await;
        app.run_jobs().await;
        assert!(!receiver.told().is_empty(), "{says:?}");
        receiver.says(Says::Status(200));
        app.advance(std::time::Duration::from_secs(60));
        app.run_jobs().await;
        assert_eq!(receiver.kinds(), ["recording.opened"], "{says:?}");
    }
}

#[tokio::test]
async fn what_is_no_webhook_is_refused() {
    let app = builder().start().await;
    let new = json!({ "url": "https://platform.example/", "events": ["recording.sealde"] });
    let refused = app.platform(Method::POST, "/v1/webhooks").json(&new).send().await.problem(422, "invalid");
    assert_eq!(refused["field"], "events");
    for route in ["rotate", "test", "replay"] {
        let path = format!("/v1/webhooks/01JD8Z0QX3V5T9K2M4N6P8R0SW/{route}");
        app.platform(Method::POST, &path).json(&json!({})).send().await.problem(404, "not_found");
    }
    let dead = "/v1/webhooks/01JD8Z0QX3V5T9K2M4N6P8R0SW/dead";
    app.platform(Method::GET, dead).send().await.problem(404, "not_found");
    let list = app.platform(Method::GET, "/v1/webhooks").send().await.expect(200);
    assert_eq!(list["items"], Value::Array(Vec::new()));
}
