//! Listings of a bucket.

use handin_s3::Operation;
use handin_s3::ops::ListObjectsV2;

use crate::support::TestStore;

async fn all(store: &TestStore, list: ListObjectsV2<'_>) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut prefixes, mut token) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let page = store.ask(&ListObjectsV2 { continuation: token.as_deref(), ..list }).await.unwrap();
        keys.extend(page.objects.into_iter().map(|object| object.key));
        prefixes.extend(page.prefixes);
        token = page.next;
        if token.is_none() {
            return (keys, prefixes);
        }
    }
}

#[tokio::test]
async fn keys_come_in_the_order_of_their_bytes() {
    let store = TestStore::start().await;
    let mut keys = ["b", "a/2", "a/10", "a", "ä", "가", "😀", "a b", "a+b", "a%2Fb", "Z", "a//b", "a/"];
    for key in keys {
        store.put(key, key.as_bytes()).await;
    }
    keys.sort_unstable();
    for max in [None, Some(1), Some(3)] {
        let (seen, _) = all(&store, ListObjectsV2 { max, ..Default::default() }).await;
        assert_eq!(seen, keys, "{max:?}");
    }
}

#[tokio::test]
async fn prefixes_and_delimiters_fold_keys() {
    let store = TestStore::start().await;
    for key in ["w/aa/1", "w/aa/2", "w/ab/1", "w/z", "x"] {
        store.put(key, b"").await;
    }
    for max in [None, Some(1), Some(2)] {
        let list = ListObjectsV2 { prefix: Some("w/"), delimiter: Some("/"), max, ..Default::default() };
        let (keys, prefixes) = all(&store, list).await;
        assert_eq!(keys, ["w/z"]);
        assert_eq!(prefixes, ["w/aa/", "w/ab/"]);
    }
    let after = ListObjectsV2 { start_after: Some("w/ab/1"), ..Default::default() };
    assert_eq!(all(&store, after).await.0, ["w/z", "x"]);
}

#[tokio::test]
async fn names_are_encoded_when_asked_and_sizes_are_true() {
    let store = TestStore::start().await;
    store.put("a\u{1}b é", b"12345").await;
    let page = store.ask(&ListObjectsV2::default()).await.unwrap();
    assert_eq!(page.objects[0].key, "a\u{1}b é");
    assert_eq!(page.objects[0].size, 5);
    assert_eq!(page.objects[0].modified, Some(store.now()));
    let list = ListObjectsV2::default();
    let mut call = list.call();
    call.query.retain(|(name, _)| *name != "encoding-type");
    call.query.push(("encoding-type", "url".into()));
    let reply = store.send(&call, "").await;
    assert!(reply.text().contains("<Key>a%01b%20%C3%A9</Key>"), "{}", reply.text());
}

#[tokio::test]
async fn a_token_that_was_not_given_out_is_refused() {
    let store = TestStore::start().await;
    let refused = store.ask(&ListObjectsV2 { continuation: Some("!!"), ..Default::default() }).await;
    assert_eq!(refused.unwrap_err().code.name(), "InvalidArgument");
}
