//! Finished files: every way in, several tracks, killed and carried on.

use std::fs::{File, read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::exam::{Exam, PART, hold, hold_answer, kill, noise, part, route, run, text};
use crate::proxy::Action;

/// A film of the repository.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tracks_of_a_sitting_are_sealed_at_once() {
    let exam = Exam::start().await;
    let films = [("webcam", sample("webcam-1.webm")), ("screen", sample("screen-1.webm"))];
    let mut upload = exam.upload();
    for (track, film) in &films {
        upload.args(["--track", track, text(film)]);
    }
    let sealed = run(upload).await.sealed();
    assert_eq!(sealed.len(), 2);
    for (one, (track, film)) in sealed.iter().zip(&films) {
        assert_eq!((&one["track"], &one["candidate"], &one["take"]), (&json!(track), &json!("c"), &json!(1)));
        assert!(exam.object(one).await == read(film).unwrap());
    }
    let recordings = exam.recordings().await;
    let types: Vec<_> = recordings.iter().map(|one| one["content_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["video/webm", "video/webm"]);
    let sittings = exam.platform("GET", "/v1/exams/e/status", None).await;
    assert_eq!(sittings["subjects"][0]["complete"], 1, "{sittings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_ends_with_a_verified_receipt() {
    let exam = Exam::start().await;
    let film = noise(2 * PART + 4_321);
    let path = exam.file("film.webm", &film);
    for (way, parts) in [("file", 3), ("stream", 3), ("put", 1)] {
        let mut upload = exam.upload();
        upload.args(["--upload", way, "--track", "webcam", text(&path)]);
        let one = run(upload).await.one();
        let stated = (&one["upload"], &one["size"], &one["parts"], &one["resumed_bytes"]);
        assert_eq!(stated, (&json!(way), &json!(film.len()), &json!(parts), &json!(0)));
        assert!(exam.object(&one).await == film, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_gives_the_same_receipt_and_sends_nothing() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", &noise(1_000));
    let upload = || {
        let mut upload = exam.upload();
        upload.args(["--track", "webcam", text(&path)]);
        run(upload)
    };
    let first = upload().await.one();
    assert_eq!(upload().await.one()["receipt"], first["receipt"]);
    std::fs::remove_dir_all(exam.state()).unwrap();
    assert_eq!(upload().await.one()["receipt"], first["receipt"]);
    assert_eq!(exam.parts_sent(), [1]);
    exam.file("film.webm", &noise(1_001));
    assert_ne!(upload().await.one()["id"], first["id"], "another file is another recording");
}

/// Sends a file part by part.
fn one_by_one(exam: &Exam, path: &Path) -> Command {
    let mut upload = exam.upload();
    upload.args(["--parallel", "1", "--track", "webcam", text(path)]);
    upload
}

/// Kills such an upload at the call that a hook holds, and lets the store go on.
async fn kill_once_reached(exam: &Exam, path: &Path, mut reached: UnboundedReceiver<()>) {
    let child = one_by_one(exam, path).spawn().unwrap();
    reached.recv().await.unwrap();
    kill(child).await;
    exam.store.heal();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_parts_it_sends_only_the_rest() {
    let exam = Exam::start().await;
    let film = noise(5 * PART + 17);
    let path = exam.file("film.webm", &film);
    let (hook, reached) = hold();
    exam.store.script(part(3, Action::Before(hook)));
    kill_once_reached(&exam, &path, reached).await;
    assert_eq!(exam.parts_sent(), [1, 2, 3]);
    let begun = exam.recordings().await;
    let one = run(one_by_one(&exam, &path)).await.one();
    assert_eq!(one["resumed_bytes"], json!(2 * PART));
    assert_eq!(exam.parts_sent(), [1, 2, 3, 3, 4, 5, 6]);
    assert_eq!((begun.len(), exam.recordings().await.len()), (1, 1));
    assert_eq!(one["id"], begun[0]["id"]);
    assert!(exam.object(&one).await == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_answer_was_lost_with_the_sender_is_not_sent_again() {
    let exam = Exam::start().await;
    let film = noise(2 * PART);
    let path = exam.file("film.webm", &film);
    let (held, reached) = hold_answer();
    exam.store.script(part(1, held));
    kill_once_reached(&exam, &path, reached).await;
    let one = run(one_by_one(&exam, &path)).await.one();
    assert_eq!((exam.parts_sent(), &one["resumed_bytes"]), (vec![1, 2], &json!(PART)));
    assert!(exam.object(&one).await == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_learned_the_recordings_id_it_finds_the_same_recording() {
    for stream in [false, true] {
        let exam = Exam::start().await;
        let film = noise(1_000);
        let path = exam.file("film.webm", &film);
        let (held, mut reached) = hold_answer();
        exam.api.script(route("/v1/recordings", held).once());
        let upload = || {
            let mut upload = exam.upload();
            match stream {
                true => upload.args(["--track", "webcam", "-"]).stdin(File::open(&path).unwrap()),
                false => upload.args(["--track", "webcam", text(&path)]),
            };
            upload
        };
        let child = upload().spawn().unwrap();
        reached.recv().await.unwrap();
        if stream {
            exam.spooled(film.len()).await;
        }
        kill(child).await;
        let mut again = upload();
        again.stdin(Stdio::null());
        assert!(exam.object(&run(again).await.one()).await == film);
        assert_eq!(exam.recordings().await.len(), 1, "stream: {stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_server_seals_it_fetches_the_receipt() {
    let exam = Exam::start().await;
    let film = noise(PART + 1);
    let path = exam.file("film.webm", &film);
    for way in ["file", "put"] {
        let (held, mut reached) = hold_answer();
        exam.api.script(route("/seal", held).once());
        let upload = || {
            let mut upload = exam.upload();
            upload.args(["--upload", way, "--track", "webcam", text(&path)]);
            upload
        };
        let child = upload().spawn().unwrap();
        reached.recv().await.unwrap();
        kill(child).await;
        exam.api.heal();
        let sent = exam.store.seen().len();
        assert_eq!(run(upload()).await.one()["size"], json!(film.len()));
        assert_eq!(exam.store.seen().len(), sent, "nothing is sent again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_never_send_the_same_recording() {
    let exam = Exam::start().await;
    let path = exam.file("film.webm", &noise(1_000));
    let (hook, mut reached) = hold();
    exam.store.script(part(1, Action::Before(hook)));
    let upload = || {
        let mut upload = exam.upload();
        upload.args(["--track", "webcam", text(&path)]);
        upload
    };
    let first = upload().spawn().unwrap();
    reached.recv().await.unwrap();
    let failure = run(upload()).await.failure();
    assert!(failure.starts_with("another process is sending this recording"), "{failure}");
    kill(first).await;
    exam.store.heal();
    run(upload()).await.one();
}
