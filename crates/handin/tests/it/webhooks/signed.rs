//! How a receiver knows who speaks: the reference library of Standard Webhooks verifies our deliveries.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::receiver::{Receiver, Told};
use super::{add, builder, on, with_receiver};
use crate::app::python;
use crate::stores::real_time;

/// Reads `{secret, headers, body}` and has the library decide.
const VERIFY: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
try:
    print(json.dumps(Webhook(given['secret']).verify(given['body'], given['headers'])))
except WebhookVerificationError as error:
    print(json.dumps({'refused': str(error)}))
";

/// What the reference library makes of a delivery.
fn verified(python: &str, secret: &str, told: &Told) -> serde_json::Value {
    let given = json!({ "secret": secret, "headers": told.headers, "body": told.text });
    let mut child = Command::new(python)
        .args(["-c", VERIFY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_reference_library_verifies_what_we_send_through_a_rotation_too() {
    let Some(python) = python() else { return };
    let app = builder().start().await;
    // The library compares with the machine's clock.
    app.set_clock(real_time()());
    app.exam().await;
    let receiver = Receiver::start().await;
    let webhook = add(&app, &receiver.url, &["recording.sealed"]).await;
    let first = webhook["secret"].as_str().unwrap();
    let (sealed, _) = app.sealed(&app.token("c1").await).await;
    app.run_jobs().await;
    let told = receiver.told();
    let read = verified(&python, first, &told[0]);
    assert_eq!((&read["type"], &read["data"]["id"]), (&json!("recording.sealed"), &json!(sealed.id)));
    let tampered = Told { text: told[0].text.replace("sealed", "partial"), ..told[0].clone() };
    assert!(verified(&python, first, &tampered)["refused"].is_string());

    let rotated = on(&app, &webhook, "rotate", &json!({ "overlap_s": 60 })).await;
    let second = rotated["secret"].as_str().unwrap();
    on(&app, &webhook, "test", &json!({})).await;
    let told = receiver.told();
    for secret in [first, second] {
        assert_eq!(verified(&python, secret, &told[0])["type"], "webhook.test");
    }
    app.advance(Duration::from_secs(61));
    on(&app, &webhook, "test", &json!({})).await;
    let told = receiver.told();
    assert!(verified(&python, first, &told[0])["refused"].is_string(), "its time is over");
    assert_eq!(verified(&python, second, &told[0])["type"], "webhook.test");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_two_sign_while_it_is_changed() {
    let (app, receiver, webhook) = with_receiver(&[]).await;
    assert!(webhook["secret"].as_str().unwrap().starts_with("whsec_"));
    let list = app.platform(reqwest::Method::GET, "/v1/webhooks").send().await.expect(200);
    assert_eq!(list["items"][0]["url"], json!(receiver.url));
    assert_eq!(list["items"][0]["secret"], json!(null));
    let one = |told: Vec<Told>| told[0].headers["webhook-signature"].clone();
    on(&app, &webhook, "test", &json!({})).await;
    assert_eq!(one(receiver.told()).split(' ').count(), 1);
    on(&app, &webhook, "rotate", &json!({})).await;
    on(&app, &webhook, "test", &json!({})).await;
    assert_eq!(one(receiver.told()).split(' ').count(), 2);
    app.advance(Duration::from_secs(86_401));
    on(&app, &webhook, "test", &json!({})).await;
    assert_eq!(one(receiver.told()).split(' ').count(), 1);
}
