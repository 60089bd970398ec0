//! Writes that go ahead only if the key is free.

use futures_util::future::join_all;
use handin_s3::ops::{CompleteMultipart, PutObject};

use http::Method;

use crate::support::{TestStore, bytes, call, completed};

const RACERS: u16 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_puts_to_a_free_key_exactly_one_wins() {
    let store = TestStore::start().await;
    for round in 0..8 {
        let key = format!("race/{round}");
        let racers = (0..RACERS).map(|racer| {
            let put = PutObject { key: &key, if_none_match: true, ..Default::default() };
            let store = &store;
            async move { store.give(&put, &bytes(50_000, racer.into())).await }
        });
        let outcomes = join_all(racers).await;
        let winners: Vec<u64> =
            (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(racer, _)| racer).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!((lost.status, lost.code.name()), (412, "PreconditionFailed"));
        }
        assert_eq!(store.get(&key).await.body, bytes(50_000, winners[0]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_completions_of_a_free_key_exactly_one_wins() {
    let store = TestStore::start().await;
    let mut uploads = Vec::new();
    for racer in 0..RACERS {
        let upload_id = store.begin("race").await.upload_id;
        let part = store.part("race", &upload_id, 1, &racer.to_be_bytes()).await;
        uploads.push((upload_id, [completed(1, &part)]));
    }
    let racers = uploads.iter().map(|(upload_id, parts)| {
        let complete =
            CompleteMultipart { key: "race", upload_id, parts, object_size: None, if_none_match: true };
        let store = &store;
        async move { store.ask(&complete).await }
    });
    let outcomes = join_all(racers).await;
    let winners: Vec<u16> =
        (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(racer, _)| racer).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(store.get("race").await.body, winners[0].to_be_bytes());

    // The losers' uploads are still there, and can become objects once the key is free again.
    let loser = usize::from(winners[0] == 0);
    store.ask(&handin_s3::ops::DeleteObject { key: "race" }).await.unwrap();
    store.complete("race", &uploads[loser].0, &uploads[loser].1).await.unwrap();
}

#[tokio::test]
async fn a_taken_key_is_refused_and_keeps_its_object() {
    let store = TestStore::start().await;
    store.put("a", b"first").await;
    let put = PutObject { key: "a", if_none_match: true, ..Default::default() };
    let refused = store.give(&put, b"second").await.unwrap_err();
    assert_eq!((refused.status, refused.code.name()), (412, "PreconditionFailed"));
    assert_eq!(store.get("a").await.body, b"first");
}

#[tokio::test]
async fn a_write_may_demand_the_object_it_knows() {
    let store = TestStore::start().await;
    let etag = store.give(&PutObject { key: "a", ..Default::default() }, b"first").await.unwrap().etag;
    let put = |value: String| {
        let mut asked = call(Method::PUT, "a");
        asked.headers.push(("if-match".into(), value.into()));
        asked
    };
    store.send(&put("\"other\"".into()), "second").await.expect(412, "PreconditionFailed");
    assert_eq!(store.send(&put(etag.quoted()), "second").await.status.as_u16(), 200);
    assert_eq!(store.get("a").await.body, b"second");
}
