//! Stores and networks that misbehave: nothing is lost, one part never holds up the others, and people are told.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::exam::{Ended, Exam, PART, hold, noise, part, part_number, route, run, signal, text, wait};
use crate::proxy::{Action, Answer, Rule};

async fn upload(exam: &Exam, film: &[u8], more: &[&str]) -> Ended {
    let path = exam.file("film.webm", film);
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&path)]).args(more);
    run(upload).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_again_and_again_never_holds_up_the_others() {
    let exam = Exam::start().await;
    let others = Arc::new(Mutex::new(BTreeSet::new()));
    // Part 1 fails for as long as any other part has not come.
    let refuse = Rule::matching(
        move |seen| {
            let mut others = others.lock().unwrap();
            match (seen.call, seen.call == "put_part" && part_number(seen) == 1) {
                ("put_part", false) => {
                    others.insert(part_number(seen));
                    false
                }
                (_, first) => first && others.len() < 4,
            }
        },
        Action::Answer(Answer::error(503, "SlowDown")),
    );
    exam.store.script(refuse);
    let film = noise(5 * PART);
    let ended = upload(&exam, &film, &["--parallel", "1"]).await;
    assert!(exam.object(&ended.one()).await == film);
    assert_eq!((exam.parts_sent().first(), exam.parts_sent().last()), (Some(&1), Some(&1)));
    assert!(
        ended.said.contains("webcam: part 1: the store answered 503 SlowDown by the proxy\n"),
        "{ended:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_passing_failure_is_survived() {
    let exam = Exam::start().await;
    let faults = [
        (Action::Drop, "no answer from the store"),
        (Action::DropAnswer, "no answer from the store"),
        (Action::Answer(Answer::error(400, "RequestTimeout")), "the store answered 400 RequestTimeout"),
        (Action::Answer(Answer::error(403, "AccessDenied")), "the store answered 403 AccessDenied"),
        (Action::Replace(Answer::error(500, "InternalError")), "the store answered 500 InternalError"),
        (Action::Answer(Answer::error(400, "BadDigest")), "the store answered 400 BadDigest"),
    ];
    for (number, (fault, _)) in (1..).zip(&faults) {
        exam.store.script(part(number, fault.clone()).once());
    }
    let film = noise(5 * PART + 9);
    let ended = upload(&exam, &film, &[]).await;
    assert!(exam.object(&ended.one()).await == film);
    let mut sent = exam.parts_sent();
    sent.sort_unstable();
    assert_eq!(sent, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    for (number, (_, said)) in (1..).zip(faults) {
        assert!(ended.said.contains(&format!("webcam: part {number}: {said}")), "{said}: {ended:#?}");
    }
    assert!(!ended.said.contains("X-Amz-Signature"), "URLs are secrets: {}", ended.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_vanishes_in_a_black_hole_is_sent_again() {
    let exam = Exam::start().await;
    exam.store.script(part(1, Action::Hang).once());
    exam.store.script(part(2, Action::HangAnswer).once());
    let film = noise(PART + 9);
    let ended = upload(&exam, &film, &["--stall", "4"]).await;
    assert!(exam.object(&ended.one()).await == film);
    for number in [1, 2] {
        let said = format!("webcam: part {number}: the store took nothing for 4 s\n");
        assert!(ended.said.contains(&said), "{ended:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_refused_whenever_it_is_signed_is_given_up() {
    let exam = Exam::start().await;
    exam.store.script(Rule::on("put_part", Action::Answer(Answer::error(403, "AccessDenied"))));
    let failure = upload(&exam, b"film", &[]).await.failure();
    assert_eq!(failure, "part 1 could not be sent: the store answered 403 AccessDenied by the proxy");
    let signed = exam.api.seen().iter().filter(|seen| seen.target.ends_with("/sign")).count();
    assert_eq!((exam.parts_sent(), signed), (vec![1; 4], 4), "each attempt has a URL of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_the_server_misses_are_sent_again() {
    let exam = Exam::start().await;
    // The store never hears of it, though the sender is told that all is well.
    exam.store.script(part(2, Action::Answer(Answer::error(200, "Lie"))).once());
    let film = noise(2 * PART + 1);
    let ended = upload(&exam, &film, &["--parallel", "1"]).await;
    assert!(exam.object(&ended.one()).await == film);
    assert_eq!(exam.parts_sent(), [1, 2, 3, 2]);
    assert!(ended.said.contains("sending parts [2] again"), "{ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_for_a_while_is_waited_for() {
    let exam = Exam::start().await;
    for call in ["/v1/recordings", "/sign", "/seal", "/.well-known/jwks.json"] {
        exam.api.script(route(call, Action::Drop).times(0..2));
    }
    let ended = upload(&exam, &noise(10), &[]).await;
    assert_eq!(ended.one()["size"], json!(10));
    let troubles = ended.said.matches("no answer from http://127.0.0.1:").count();
    assert_eq!(troubles, 8, "whoever waits is told why: {ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_in_the_middle_is_found_again_when_it_is_back() {
    let mut exam = Exam::start().await;
    let film = noise(3 * PART + 1);
    let path = exam.file("film.webm", &film);
    let (hook, mut reached) = hold();
    exam.store.script(part(2, Action::Before(hook)).once());
    let mut upload = exam.upload();
    upload.args(["--parallel", "1", "--stall", "4", "--track", "webcam", text(&path)]);
    let child = upload.spawn().unwrap();
    reached.recv().await.unwrap();
    exam.kill_server();
    // The part comes back from the black hole and meets nobody.
    let missed = async {
        while exam.parts_sent().len() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), missed).await.unwrap();
    exam.restart();
    let one = wait(child).await.one();
    assert!(exam.object(&one).await == film);
    assert_eq!(exam.recordings().await.len(), 1);
    assert_eq!(exam.parts_sent().iter().filter(|number| **number == 1).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_is_given_up_and_a_later_run_carries_on() {
    let exam = Exam::start().await;
    exam.store.script(part(2, Action::Drop));
    let film = noise(PART + 1);
    let failure = upload(&exam, &film, &["--give-up-after", "2"]).await.failure();
    assert!(failure.starts_with("part 2 could not be sent: no answer from the store"), "{failure}");
    exam.store.heal();
    let path = exam.state().with_file_name("film.webm");
    let mut again = exam.upload();
    again.args(["--track", "webcam", text(&path)]);
    let one = run(again).await.one();
    assert_eq!(one["resumed_bytes"], json!(PART));
    assert!(exam.object(&one).await == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_is_given_up() {
    let exam = Exam::start().await;
    exam.api.script(Rule::matching(|_| true, Action::Drop));
    let failure = upload(&exam, b"film", &["--give-up-after", "1"]).await.failure();
    let (begins, ends) = ("no recording could be opened: gave up after", "error sending request");
    assert!(failure.starts_with(begins) && failure.contains(ends), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_from_the_first_to_the_last_byte_of_a_stream_is_given_up_and_the_spool_kept() {
    let mut exam = Exam::start().await;
    let (refused, mut refusals) = signal();
    exam.api.script(Rule::matching(|_| true, Action::Before(refused)).times(1..2));
    exam.kill_server();
    let mut upload = exam.upload();
    upload.args(["--give-up-after", "1", "--track", "webcam", "-"]).stdin(Stdio::piped());
    let mut child = upload.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"a film").unwrap();
    // The second attempt is made while the stream goes on.
    refusals.recv().await.unwrap();
    exam.spooled(6).await;
    drop(stdin);
    let failure = wait(child).await.failure();
    assert!(
        failure.starts_with("what is spooled is kept; send it with `handin upload --finish`"),
        "{failure}"
    );
    exam.restart();
    let mut finish = exam.upload();
    finish.arg("--finish");
    assert!(exam.object(&run(finish).await.one()).await == b"a film");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_carried_on_is_sent_again_as_a_new_take() {
    let exam = Exam::start().await;
    exam.store.script(part(2, Action::Drop));
    let film = noise(PART + 1);
    upload(&exam, &film, &["--give-up-after", "1"]).await.failure();
    let id = exam.recordings().await[0]["id"].as_str().unwrap().to_owned();
    exam.platform("DELETE", &format!("/v1/recordings/{id}"), None).await;
    exam.store.heal();
    let mut finish = exam.upload();
    finish.arg("--finish");
    let ended = run(finish).await;
    let one = ended.one();
    assert!(one["id"] != json!(id) && one["take"] == json!(2), "{one}");
    assert!(exam.object(&one).await == film);
    assert!(ended.said.contains(&format!("recording {id} is abandoned")), "{ended:#?}");
}
