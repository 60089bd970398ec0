//! A recording goes to another storage class on every store that has classes, and stays on every other.

use std::time::Duration;

use handin::objects::capabilities::Capability;
use handin::service::checks;
use handin::service::retention::tier::{Outcome, tier};
use handin_core::{RecordingId, StorageClass};
use reqwest::Method;
use serde_json::json;

use super::{Place, everywhere};
use crate::app::PART;

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_changes_its_class_where_there_are_classes() {
    everywhere(tiered).await;
}

async fn tiered(place: Place) {
    let (app, store) = (&place.app, place.store);
    app.exam_with_bell("past", app.node.app.clock.now() - Duration::from_secs(40 * 86_400)).await;
    let open = app.open(&app.token_for("past", "c1").await).await;
    let bytes: Vec<u8> = (0..PART + 3).map(|at| (at % 251) as u8).collect();
    let parts: Vec<&[u8]> = bytes.chunks(PART).collect();
    for (number, part) in (1..).zip(&parts) {
        app.send(&open, number, part).await;
    }
    app.seal(&open, &parts).await.expect(200);
    let before = app.receipt(&open.id).await;
    let policy = json!({ "rules": ["tier:STANDARD_IA 1 day after bell", "delete 90 days after bell"] });
    let set = app.platform(Method::PUT, "/v1/exams/past/retention").json(&policy).send().await;
    let has_classes = place.does(Capability::KeepsStorageClass);
    if set.status == 422 {
        assert!(!has_classes, "{store:?}");
        return;
    }
    set.expect(200);
    let id: RecordingId = open.id.parse().unwrap();
    let expected = if has_classes { Outcome::Tiered } else { Outcome::Unsupported };
    assert_eq!(tier(&app.node.app, &id, StorageClass::StandardIa).await.unwrap(), expected, "{store:?}");
    assert!(app.download(&open.id).await == bytes, "{store:?}");
    assert!(checks::verify(&app.node.app, &id, 0).await.unwrap(), "{store:?}");
    assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "{store:?}");
    let after = app.receipt(&open.id).await;
    assert_eq!(after.sha256_parts, before.sha256_parts, "{store:?}");
    let mut classes: Vec<String> = app.bucket().classes().await.into_iter().map(|(_, class)| class).collect();
    classes.sort();
    match has_classes {
        true => assert_eq!(classes, ["STANDARD", "STANDARD_IA"], "{store:?}"),
        false => assert_eq!((classes.len(), after.key), (1, before.key), "{store:?}"),
    }
}
