//! The server's wishes are obeyed. Time is measured from below only: a slow machine changes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::json;
use tokio::sync::mpsc;

use super::exam::{Exam, PART, noise, part, route, run, text};
use crate::proxy::{Action, Answer, Hook, Rule};

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_waited_for_whoever_asks_for_it() {
    let exam = Exam::start().await;
    let busy = json!({ "code": "unavailable", "detail": "the database is away" });
    exam.api.script(
        route("/v1/recordings", Action::Answer(Answer::json(503, &busy).header("retry-after", "2"))).once(),
    );
    let slow_down = Answer::error(503, "SlowDown").header("retry-after", "2");
    exam.store.script(part(1, Action::Answer(slow_down)).once());
    let path = exam.file("film.webm", b"film");
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&path)]);
    let began = Instant::now();
    run(upload).await.one();
    // A first pause of our own would be half a second at most.
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_and_bytes_per_second_are_what_the_server_asks() {
    let settings = [("HANDIN_UPLOADS_PARALLEL", "1"), ("HANDIN_UPLOADS_MAX_BYTES_PER_S", "5000000")];
    let exam = Arc::new(Exam::with(&settings).await);
    let (answered, mut answers) = mpsc::unbounded_channel();
    let weak = Arc::downgrade(&exam);
    let hook: Hook = Arc::new(move || {
        let sent = weak.upgrade().map_or(0, |exam| exam.parts_sent().len());
        // The test may have ended.
        let _ = answered.send(sent);
        std::future::ready(()).boxed()
    });
    exam.store.script(Rule::on("put_part", Action::After(hook)));
    let film = noise(3 * PART);
    let path = exam.file("film.webm", &film);
    let mut upload = exam.upload();
    upload.args(["--parallel", "4", "--track", "webcam", text(&path)]);
    let began = Instant::now();
    let one = run(upload).await.one();
    let least = Duration::from_secs_f64((film.len() - (128 << 10)) as f64 / 5_000_000.0);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    let mut begun = Vec::new();
    while let Ok(sent) = answers.try_recv() {
        begun.push(sent);
    }
    assert_eq!(begun, [1, 2, 3], "no part begins before the one before is answered");
    assert!(exam.object(&one).await == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_its_time() {
    let exam = Exam::start().await;
    let now = handin::clock::Clock::system().now();
    let wish = json!({ "code": "unavailable", "pace": { "not_before": now + Duration::from_secs(3) } });
    exam.api.script(route("/v1/recordings", Action::Answer(Answer::json(503, &wish))).once());
    let path = exam.file("film.webm", b"film");
    let mut upload = exam.upload();
    upload.args(["--track", "webcam", text(&path)]);
    let opened = exam.recordings().await;
    run(upload).await.one();
    let passed = handin::clock::Clock::system().now().duration_since(now);
    assert!(opened.is_empty() && passed >= jiff::SignedDuration::from_secs(3), "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_waited_for_however_short_the_patience_is() {
    let exam = Exam::start().await;
    let paced = json!({ "code": "paced", "detail": "others go first" });
    let held = Answer::json(429, &paced).header("retry-after", "1");
    exam.api.script(route("/sign", Action::Answer(held)).times(0..3));
    let path = exam.file("film.webm", b"film");
    let mut upload = exam.upload();
    upload.args(["--give-up-after", "1", "--track", "webcam", text(&path)]);
    let began = Instant::now();
    run(upload).await.one();
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
}
