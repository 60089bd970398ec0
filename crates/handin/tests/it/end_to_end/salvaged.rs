//! Browsers that never come back: what arrived is kept, with what is missing; what never arrived is abandoned.

use std::time::Duration;

use handin::objects::capabilities::{Capability, KnownStore};
use serde_json::json;

use super::{Place, everywhere_with};
use crate::app::{Open, PART, TestApp};
use crate::caller::put;
use crate::proxy::{Action, Answer, Proxy, Rule};
use crate::stores::TestStore;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_arrived_is_kept_and_the_rest_is_named() {
    everywhere_with(|config| config.uploads.salvage_grace_s = 60, salvages).await;
}

async fn salvages(place: Place) {
    let (app, store) = (&place.app, place.store);
    app.exam_with_bell("spring", app.node.app.clock.now() + MINUTE).await;
    let holed = with_a_hole(&place).await;
    let empty = app.open(&app.token("c2").await).await;
    let file = whole_file(&place).await;
    let arrived = app.sent_as_put(&app.token("c4").await, b"one request").await;
    let never = app.open_as(&app.token("c5").await, &put(b"never sent")).await;

    app.advance(MINUTE);
    app.run_jobs().await;
    assert_eq!(app.show(&holed.id).await["state"], "open", "{store:?}: it has its grace");
    app.advance(MINUTE + Duration::from_secs(1));
    app.run_jobs().await;

    assert_holed(&place, &holed).await;
    for lost in [&empty, &never] {
        let shown = app.show(&lost.id).await;
        assert_eq!(
            (&shown["state"], &shown["reason"]),
            (&json!("abandoned"), &json!("nothing_arrived")),
            "{store:?}"
        );
    }
    // Whether a file is whole can be said where the store has checked its parts on arrival.
    let state = if place.does(Capability::KeepsPartChecksums) { "sealed" } else { "partial" };
    assert_eq!(app.receipt(&file.id).await.state, state, "{store:?}");
    assert_eq!(app.receipt(&arrived.id).await.state, "sealed", "{store:?}");
    let mut expected = vec![
        (holed.key().to_owned(), kept_of_holed(&place).len() as u64),
        (file.key().to_owned(), PART as u64 + 1),
        (arrived.key().to_owned(), 11),
    ];
    expected.sort();
    assert_eq!(app.bucket().objects().await, expected, "{store:?}");
    assert_eq!(app.bucket().uploads().await, Vec::<String>::new(), "{store:?}");
}

async fn with_a_hole(place: &Place) -> Open {
    let open = place.app.open(&place.app.token("c1").await).await;
    place.app.send(&open, 1, &vec![1; PART]).await;
    place.app.send(&open, 3, b"behind the hole").await;
    open
}

async fn whole_file(place: &Place) -> Open {
    let wanted =
        json!({ "track": "webcam", "upload": "file", "content_type": "video/mp4", "size": PART + 1 });
    let open = place.app.open_as(&place.app.token("c3").await, &wanted).await;
    place.app.send(&open, 1, &vec![2; PART]).await;
    place.app.send(&open, 2, b"3").await;
    open
}

/// What lies before the hole; behind it, what a store cannot leave out.
fn kept_of_holed(place: &Place) -> Vec<u8> {
    let behind: &[u8] = if place.does(Capability::LeavesPartsOut) { b"" } else { b"behind the hole" };
    [&vec![1; PART], behind].concat()
}

async fn assert_holed(place: &Place, holed: &Open) {
    let (app, store, kept) = (&place.app, place.store, kept_of_holed(place));
    let stated = app.receipt(&holed.id).await;
    assert_eq!((stated.state.as_str(), stated.size), ("partial", kept.len() as u64), "{store:?}");
    assert_eq!(stated.reason.as_deref(), Some("not_sealed_in_time"), "{store:?}");
    let missing = serde_json::to_value(stated.missing).unwrap();
    let expected = json!({ "from_part": 2, "from_byte": PART, "to_byte": 2 * PART + 15 });
    assert_eq!(missing, expected, "{store:?}");
    assert_eq!(app.download(&holed.id).await, kept, "{store:?}");
}

/// The node dies when the object stands and nothing is written yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_remembered_by_whoever_finishes() {
    for store in TestStore::all().await {
        let (proxy, name) = (Proxy::start(store.address()).await, store.name.as_str());
        let builder = TestApp::builder().config(|config| config.uploads.salvage_grace_s = 60);
        let app = builder.store(&store.reached_at(proxy.endpoint())).start().await;
        app.exam_with_bell("spring", app.node.app.clock.now() + MINUTE).await;
        let place = Place { app, store: KnownStore::from_name(name).unwrap() };
        let holed = with_a_hole(&place).await;
        place.app.advance(2 * MINUTE + Duration::from_secs(1));
        // The last HEAD tells of the object; its answer is the last that the dying node could have got.
        let heads = if place.does(Capability::LeavesPartsOut) { 1 } else { 2 };
        proxy.script(
            Rule::on("head", Action::Answer(Answer::error(403, "AccessDenied"))).times(heads - 1..heads),
        );
        place.app.run_jobs().await;
        assert_eq!(place.app.show(&holed.id).await["state"], "sealing", "{name}");
        place.app.advance(MINUTE + Duration::from_secs(1));
        place.app.run_jobs().await;
        let stated = place.app.receipt(&holed.id).await;
        assert_eq!(
            (stated.state.as_str(), stated.size),
            ("partial", kept_of_holed(&place).len() as u64),
            "{name}"
        );
        let missing = stated.missing.unwrap();
        assert_eq!((missing.from_part, missing.from_byte), (2, PART as u64), "{name}");
    }
}
