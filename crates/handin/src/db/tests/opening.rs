//! Opening: takes without gaps, repeats that find the first row, whatever runs at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::super::recordings::{by_idempotency_key, count_takes, get};
use super::*;

#[tokio::test]
async fn what_was_opened_is_what_is_read() {
    on_each(|TestDb { db, .. }| async move {
        let plain = NewRecording {
            upload: Upload::Put,
            upload_id: None,
            size: Some(12),
            sha256: Some([7; 32]),
            declared_sha256: false,
            started_at: None,
            ends_at: None,
            ..new_recording(2)
        };
        for new in [new_recording(1), plain] {
            let opened = open(&db, new.clone(), Caused::default()).await.unwrap();
            assert!(opened.fresh);
            assert_eq!(get(&db, &new.id).await.unwrap(), Some(opened.recording.clone()));
            assert_eq!((opened.recording.take, opened.recording.sha256), (1, new.sha256));
        }
        assert_eq!(get(&db, &id(3)).await.unwrap(), None);
    })
    .await;
}

/// The same sitting and track for every `n`.
fn take_of_one(n: u32) -> NewRecording {
    NewRecording { candidate: "c1".parse().unwrap(), ..new_recording(n) }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_once_get_the_takes_from_one_to_sixty_four() {
    on_each(|TestDb { db, .. }| async move {
        let opens = (1..=64).map(|n| {
            let db = db.clone();
            tokio::spawn(async move { open(&db, take_of_one(n), Caused::default()).await.unwrap() })
        });
        let takes: BTreeSet<u32> =
            join_all(opens).await.into_iter().map(|opened| opened.unwrap().recording.take).collect();
        assert_eq!(takes, (1..=64).collect());
        let new = take_of_one(1);
        let count = count_takes(&db, &new.exam, &new.subject, &new.candidate, &new.track).await.unwrap();
        assert_eq!(count, 64);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_are_counted_apart_for_each_sitting_and_track() {
    on_each(|TestDb { db, .. }| async move {
        let opens = (0..300).map(|n| {
            let (sitting, track) = (n % 50, if n % 2 == 0 { "webcam" } else { "screen" });
            let new = NewRecording {
                candidate: format!("c{sitting}").parse().unwrap(),
                track: track.parse().unwrap(),
                ..new_recording(n)
            };
            open(&db, new, Caused::default())
        });
        let mut takes: Vec<_> = join_all(opens)
            .await
            .into_iter()
            .map(|opened| opened.unwrap().recording)
            .map(|recording| (recording.candidate, recording.track, recording.take))
            .collect();
        takes.sort();
        for (place, (_, _, take)) in takes.iter().enumerate() {
            assert_eq!(*take as usize, place % 6 + 1, "{takes:?}");
        }
    })
    .await;
}

fn keyed(n: u32, key: &str) -> NewRecording {
    NewRecording { idempotency_key: Some(key.to_owned()), ..take_of_one(n) }
}

#[tokio::test]
async fn a_repeated_open_finds_the_first_and_causes_nothing() {
    on_each(|TestDb { db, .. }| async move {
        let first = open(&db, keyed(1, "k"), caused(1)).await.unwrap();
        let again = open(&db, keyed(2, "k"), caused(2)).await.unwrap();
        assert!(first.fresh && !again.fresh);
        assert_eq!(first.recording, again.recording);
        assert_eq!(all_caused(&db).await, (vec![("verify".to_owned(), 1)], 1, 1));

        let other_key = open(&db, keyed(3, "l"), Caused::default()).await.unwrap();
        assert_eq!((other_key.fresh, other_key.recording.take), (true, 2));
        let other_track = NewRecording { track: "screen".parse().unwrap(), ..keyed(4, "k") };
        assert!(open(&db, other_track, Caused::default()).await.unwrap().fresh);

        let NewRecording { exam, subject, candidate, track, .. } = keyed(5, "k");
        let found = by_idempotency_key(&db, &exam, &subject, &candidate, &track, "k").await.unwrap();
        assert_eq!(found, Some(first.recording));
        let none = by_idempotency_key(&db, &exam, &subject, &candidate, &track, "m").await.unwrap();
        assert_eq!(none, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_opens_with_one_key_at_once_one_is_fresh() {
    on_each(|TestDb { db, .. }| async move {
        for round in 0..10 {
            let key = format!("k{round}");
            let opens = (0..16).map(|n| {
                let (db, new) = (db.clone(), keyed(round * 16 + n, &key));
                tokio::spawn(async move { open(&db, new, caused(round * 16 + n)).await.unwrap() })
            });
            let opened: Vec<_> = join_all(opens).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(opened.iter().filter(|opened| opened.fresh).count(), 1);
            let ids: BTreeSet<_> = opened.iter().map(|opened| &opened.recording.id).collect();
            assert_eq!(ids.len(), 1);
            assert_eq!(opened[0].recording.take, round + 1);
        }
        assert_eq!(all_caused(&db).await, (vec![("verify".to_owned(), 10)], 10, 10));
    })
    .await;
}

/// Two nodes: each has its own writer, so nothing but the database keeps them apart.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_the_takes_of_a_sitting() {
    on_each(|test| async move {
        let other = Db::connect(&test.settings).await.unwrap();
        let opens = (1..=100).map(|n| {
            let db = if n % 2 == 0 { test.db.clone() } else { other.clone() };
            tokio::spawn(async move { open(&db, take_of_one(n), Caused::default()).await.unwrap() })
        });
        let takes: BTreeSet<u32> =
            join_all(opens).await.into_iter().map(|opened| opened.unwrap().recording.take).collect();
        assert_eq!(takes, (1..=100).collect());
        other.close().await;
    })
    .await;
}
