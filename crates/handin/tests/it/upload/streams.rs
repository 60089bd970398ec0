//! Live streams: a recorder piped into the uploader, killed and started again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::exam::{Exam, PART, hold_answer, kill, noise, run, signal, wait};
use super::films::{RATE, announced, can_record, recorder, watch};
use crate::proxy::{Action, Rule};

/// A recorder piped into the uploader, both running.
fn pipe(exam: &Exam, seconds: Option<u32>, video: &str) -> (Child, Child) {
    let mut recorder = recorder(seconds, video).spawn().unwrap();
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", "-"]).stdin(recorder.stdout.take().unwrap());
    (recorder, upload.spawn().unwrap())
}

/// Starts a stream and kills the uploader when one more part is in the store and its recorder still records.
async fn break_off(exam: &Exam, announced: Option<u32>) {
    let (held, mut reached) = hold_answer();
    exam.store.script(Rule::on("put_part", held));
    let (recorder, upload) = pipe(exam, announced, "libvpx");
    reached.recv().await.unwrap();
    kill(upload).await;
    let recorder = wait(recorder).await;
    assert_ne!(recorder.code, Some(0), "the recorder was cut off");
    exam.store.heal();
}

/// When each picture of a sealed recording is shown, in seconds.
async fn pictures(exam: &Exam, printed: &Value) -> Vec<f64> {
    let object = exam.object(printed).await;
    assert_eq!(printed["size"], json!(object.len()));
    watch(&exam.file("object.webm", &object))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_sent_while_it_goes_on() {
    let exam = Exam::start().await;
    let film = noise(PART + 1_000);
    let mut upload = exam.upload();
    let mut child = upload.args(["--track", "webcam", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (hook, mut reached) = signal();
    exam.store.script(Rule::on("put_part", Action::After(hook)));
    stdin.write_all(&film[..PART]).unwrap();
    reached.recv().await.unwrap();
    assert_eq!(exam.recordings().await[0]["state"], "open");
    stdin.write_all(&film[PART..]).unwrap();
    drop(stdin);
    let one = wait(child).await.one();
    assert_eq!((&one["upload"], &one["parts"]), (&json!("stream"), &json!(2)));
    assert!(exam.object(&one).await == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recorder_records_is_what_is_sealed() {
    if !can_record() {
        return;
    }
    let exam = Exam::start().await;
    let (recorder, upload) = pipe(&exam, Some(3), "libvpx");
    let one = wait(upload).await.one();
    assert_eq!(wait(recorder).await.code, Some(0));
    let shown = pictures(&exam, &one).await;
    assert_eq!(shown.len(), 45);
    let recording = exam.recordings().await[0].clone();
    assert_eq!(recording["content_type"], "video/webm");
    let duration_ms = recording["duration_ms"].as_u64().unwrap();
    assert!((2_900..=3_200).contains(&duration_ms), "{duration_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_and_started_again_it_ends_in_one_sealed_playable_recording() {
    if !can_record() {
        return;
    }
    let exam = Exam::start().await;
    break_off(&exam, None).await;
    break_off(&exam, None).await;
    let (recorder, upload) = pipe(&exam, Some(2), "libvpx");
    let one = wait(upload).await.one();
    assert_eq!(wait(recorder).await.code, Some(0));
    assert_eq!(exam.recordings().await.len(), 1);
    let sent = exam.parts_sent();
    let different: BTreeSet<_> = sent.iter().collect();
    assert_eq!(sent.len(), different.len(), "no part is sent twice: {sent:?}");
    assert!(one["resumed_bytes"].as_u64().unwrap() >= 2 * PART as u64, "{one}");

    let shown = pictures(&exam, &one).await;
    let gaps = shown.windows(2).filter(|pair| pair[1] - pair[0] > 1.5 / RATE).count();
    assert!(gaps <= 2, "{gaps} gaps, though it broke off twice");
    assert!(shown.len() > 60, "{} pictures, of which 30 are of the last recorder", shown.len());
    let lasts = shown.last().unwrap() - shown[0];
    assert!(lasts >= (shown.len() - 3) as f64 / RATE, "{} pictures in {lasts} s", shown.len());
    let stated = exam.recordings().await[0]["duration_ms"].as_f64().unwrap() / 1e3;
    assert!(
        (stated - lasts).abs() < 0.5,
        "the recording plays {lasts} s, its duration is stated as {stated} s"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duration_that_was_announced_and_did_not_come_true_is_taken_back() {
    if !can_record() {
        return;
    }
    let exam = Exam::start().await;
    break_off(&exam, Some(600)).await;
    let (_recorder, upload) = pipe(&exam, Some(1), "libvpx");
    let one = wait(upload).await.one();
    let shown = pictures(&exam, &one).await;
    let lasts = announced(&exam.state().with_file_name("object.webm"));
    assert!(lasts.is_none_or(|lasts| lasts < 60.0), "{} pictures are said to last {lasts:?} s", shown.len());
    assert_eq!(exam.parts_sent().iter().filter(|number| **number == 1).count(), 2, "it stood in part 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_with_another_codec_begins_a_new_take() {
    if !can_record() {
        return;
    }
    let exam = Exam::start().await;
    break_off(&exam, None).await;
    let (_recorder, upload) = pipe(&exam, Some(1), "libvpx-vp9");
    let ended = wait(upload).await;
    let sealed = ended.sealed();
    assert_eq!(sealed.iter().map(|one| one["take"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert!(ended.said.contains("a new take begins: the new stream has other tracks"), "{ended:#?}");
    assert_eq!(pictures(&exam, &sealed[1]).await.len(), 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_uploader_spooled_can_be_finished_without_a_stream() {
    let exam = Exam::start().await;
    let film = noise(PART + 100);
    break_off_noise(&exam, &film).await;
    let finish = || {
        let mut finish = exam.upload();
        finish.arg("--finish");
        run(finish)
    };
    assert!(exam.object(&finish().await.one()).await == film);
    assert_eq!(finish().await.sealed(), Vec::<Value>::new(), "nothing is left");
}

/// Kills an uploader that has spooled all of `film` and brought its first part into the store.
async fn break_off_noise(exam: &Exam, film: &[u8]) {
    let (held, mut reached) = hold_answer();
    exam.store.script(Rule::on("put_part", held));
    let mut upload = exam.upload();
    let mut child = upload.args(["--track", "webcam", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    // It stays open: the stream goes on.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(film).unwrap();
    reached.recv().await.unwrap();
    exam.spooled(film.len()).await;
    kill(child).await;
    exam.store.heal();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_film_are_appended_only_when_asked() {
    for append in [false, true] {
        let exam = Exam::start().await;
        let (first, second) = (noise(PART + 100), noise(50));
        break_off_noise(&exam, &first).await;
        let mut again = exam.upload();
        let second_file = File::open(exam.file("second", &second)).unwrap();
        again.args(["--track", "webcam", "-"]).stdin(second_file);
        if append {
            again.arg("--append");
        }
        let mut objects = Vec::new();
        for one in run(again).await.sealed() {
            objects.push(exam.object(&one).await);
        }
        let expected = if append { vec![[first, second].concat()] } else { vec![first, second] };
        assert!(
            objects == expected,
            "append: {append}: {:?}",
            objects.iter().map(Vec::len).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_dies_leaves_a_sealed_recording() {
    let exam = Exam::start().await;
    let film = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/webcam-1.webm")).unwrap();
    let cut = &film[..film.len() * 2 / 3];
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", "-"]).stdin(File::open(exam.file("cut", cut)).unwrap());
    let one = run(upload).await.one();
    assert!(exam.object(&one).await == cut, "kept as it came");
    let stated = exam.recordings().await[0]["duration_ms"].as_u64().unwrap();
    assert!((1_000..12_000).contains(&stated), "{stated} ms of twelve seconds");
}
