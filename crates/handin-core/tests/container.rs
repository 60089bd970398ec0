//! The container work on what browsers record: `samples/container`, and the vectors that the browser's own code is held
//! to as well.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that finds no vector has nothing better to do than to fail"
)]

use handin_core::container::{HEAD_SIZE, HeadState, Point, Scanner, finish_head, head_state};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/container")
}

fn vectors(kind: &str) -> Vec<(String, Value)> {
    let text = std::fs::read(folder().join("vectors.json")).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    all[kind].as_object().unwrap().clone().into_iter().collect()
}

/// The head while it waits to be finished.
fn open_head(vector: &Value) -> Vec<u8> {
    let mut head = hex::decode(vector["open"].as_str().unwrap()).unwrap();
    head.resize(vector["head_size"].as_u64().unwrap() as usize, 0);
    head
}

/// A sample as the browser leaves it in the bucket, its head unfinished.
fn object(name: &str, vector: &Value) -> Vec<u8> {
    let recording = std::fs::read(folder().join(name)).unwrap();
    [&open_head(vector), &recording[vector["cluster"].as_u64().unwrap() as usize..]].concat()
}

fn expected_points(vector: &Value) -> Vec<Point> {
    let points = vector["points"].as_array().unwrap().iter();
    points
        .map(|point| Point { time_ms: point[0].as_f64().unwrap(), offset: point[1].as_u64().unwrap() })
        .collect()
}

fn scan(bytes: &[u8], sizes: &[usize]) -> Scanner {
    let mut scanner = Scanner::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (now, later) = rest.split_at((*size).min(rest.len()));
        scanner.push(now);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    scanner
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn a_recording_whose_browser_is_gone_gets_the_head_it_would_have_got() {
    let files = vectors("files");
    assert!(files.len() >= 10, "the samples are there");
    for (name, vector) in files {
        let object = object(&name, &vector);
        let scanner = scan(&object, &[64 * 1024]);
        assert_eq!(scanner.points(), expected_points(&vector), "{name}");
        assert_eq!(scanner.duration_ms(), vector["duration_ms"].as_f64().unwrap(), "{name}");

        let head = &object[..HEAD_SIZE.min(object.len())];
        assert_eq!(head_state(head), HeadState::Open, "{name}");
        let finished = finish_head(head, scanner.points(), scanner.duration_ms());
        let head_size = vector["head_size"].as_u64().unwrap() as usize;
        assert_eq!(sha256(&finished[..head_size]), vector["finished_sha256"].as_str().unwrap(), "{name}");
        assert_eq!(finished[head_size..], head[head_size..], "{name}: clusters stay as they are");
        assert_eq!(head_state(&finished), HeadState::Finished, "{name}");
        assert_eq!(finish_head(&finished, &[], 1.0), finished, "{name}: finishing twice changes nothing");
    }
}

#[test]
fn heads_are_finished_as_in_the_browser() {
    for (name, vector) in vectors("heads") {
        let rule = |field: &str| vector["points"][field].as_f64().unwrap();
        let points: Vec<Point> = (0..rule("count") as u64)
            .map(|n| Point {
                time_ms: n as f64 * rule("step_ms"),
                offset: rule("first") as u64 + n * rule("step_bytes") as u64,
            })
            .collect();
        let finished = finish_head(&open_head(&vector), &points, vector["duration_ms"].as_f64().unwrap());
        assert_eq!(sha256(&finished), vector["finished_sha256"].as_str().unwrap(), "{name}");
    }
}

/// Changes 30 bytes, chosen by a Lehmer generator, of the head's first 300 and of the clusters.
fn damaged(object: &[u8], head_size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = object.to_vec();
    let mut state = seed + 1;
    let mut next = || {
        state = state * 48_271 % 2_147_483_647;
        state as usize
    };
    for _ in 0..30 {
        let place = next() % (300 + bytes.len() - head_size);
        bytes[if place < 300 { place } else { place - 300 + head_size }] = next() as u8;
    }
    bytes
}

#[test]
fn broken_files_are_read_as_far_as_the_browser_reads_them() {
    let files = vectors("files");
    for (name, cases) in vectors("broken") {
        let (_, vector) = files.iter().find(|(file, _)| *file == name).unwrap();
        let object = object(&name, vector);
        for case in cases.as_array().unwrap() {
            let damaged = damaged(
                &object,
                vector["head_size"].as_u64().unwrap() as usize,
                case["seed"].as_u64().unwrap(),
            );
            let scanner = scan(&damaged, &[10_000]);
            let last = scanner.points().last().map_or(0, |point| point.offset);
            let found = (scanner.points().len() as u64, last, scanner.duration_ms());
            let number = |field: &str| case[field].as_u64().unwrap();
            let expected = (number("points"), number("last_offset"), case["duration_ms"].as_f64().unwrap());
            assert_eq!(found, expected, "{name} {case}");
        }
    }
}

#[test]
fn what_a_recorder_wrote_itself_is_read_but_not_ours_to_finish() {
    for (name, vector) in vectors("files") {
        let recording = std::fs::read(folder().join(&name)).unwrap();
        let shift = vector["head_size"].as_u64().unwrap() - vector["cluster"].as_u64().unwrap();
        let mut points = scan(&recording, &[1000]).points().to_vec();
        points.iter_mut().for_each(|point| point.offset += shift);
        assert_eq!(points, expected_points(&vector), "{name}");
        assert_eq!(head_state(&recording), HeadState::Foreign, "{name}");
        assert_eq!(finish_head(&recording, &points, 1000.0), recording, "{name}");
    }
    let mp4 = std::fs::read(folder().join("chromium-vp9-opus.mp4")).unwrap();
    assert_eq!(head_state(&mp4), HeadState::Foreign);
    assert_eq!(scan(&mp4, &[1000]).points(), []);
}

#[test]
fn single_bytes_are_enough_to_go_on() {
    for (name, vector) in vectors("files") {
        let scanner = scan(&object(&name, &vector), &[1]);
        assert_eq!(scanner.points(), expected_points(&vector), "{name}");
    }
}

#[test]
fn a_file_of_nothing_but_points_does_not_fill_the_memory() {
    let (_, vector) = vectors("files").into_iter().find(|(name, _)| name == "chromium-vp9.webm").unwrap();
    let mut scanner = scan(&open_head(&vector), &[4096]);
    // A cluster with a timestamp and one empty key frame of track 1.
    let cluster = hex::decode("1f43b67589e78101a38481000080").unwrap();
    (0..1 << 18).for_each(|_| scanner.push(&cluster));
    assert!((1 << 14..=1 << 16).contains(&scanner.points().len()), "{}", scanner.points().len());
    let gaps: Vec<u64> = scanner.points().windows(2).map(|pair| pair[1].offset - pair[0].offset).collect();
    assert!(gaps.iter().max() <= gaps.iter().min().map(|least| least * 2).as_ref(), "they are evenly spread");
}

proptest! {
    #[test]
    fn the_cuts_do_not_matter(sizes in vec(1_usize..5000, 1..20), which in any::<prop::sample::Index>()) {
        let files = vectors("files");
        let (name, vector) = which.get(&files);
        let scanner = scan(&object(name, vector), &sizes);
        prop_assert_eq!(scanner.points(), expected_points(vector));
        prop_assert_eq!(scanner.duration_ms(), vector["duration_ms"].as_f64().unwrap());
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_read_to_there(cut in 0.0..1.0_f64, which in any::<prop::sample::Index>()) {
        let files = vectors("files");
        let (name, vector) = which.get(&files);
        let object = object(name, vector);
        let scanner = scan(&object[..(object.len() as f64 * cut) as usize], &[10_000]);
        prop_assert!(expected_points(vector).starts_with(scanner.points()));
        prop_assert!(scanner.duration_ms() <= vector["duration_ms"].as_f64().unwrap());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..2000), size in 1_usize..100) {
        let scanner = scan(&bytes, &[size]);
        prop_assert_eq!(finish_head(&bytes, scanner.points(), scanner.duration_ms()).len(), bytes.len());
        prop_assert_ne!(head_state(&bytes), HeadState::Open);
    }

    #[test]
    fn no_change_to_a_real_file_makes_it_panic(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        early in any::<bool>(),
        points in vec((any::<f64>(), any::<u64>()), 0..5),
        duration in any::<f64>(),
    ) {
        let files = vectors("files");
        let (name, vector) = which.get(&files);
        let mut object = object(name, vector);
        let range = if early { 700 } else { object.len() };
        for (index, byte) in changes {
            object[index.index(range)] = byte;
        }
        let scanner = scan(&object, &[30_000]);
        prop_assert!(scanner.duration_ms() >= 0.0);
        let head = &object[..HEAD_SIZE.min(object.len())];
        let points: Vec<Point> = points.into_iter().map(|(time_ms, offset)| Point { time_ms, offset }).collect();
        prop_assert_eq!(finish_head(head, &points, duration).len(), head.len());
    }
}
