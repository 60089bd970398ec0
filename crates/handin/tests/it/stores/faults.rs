//! The store failing at every call: what is tried again, what must not be, and how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, future, stream};
use handin::objects::{CreateUpload, Error, ErrorKind, Limits, Objects, PartToSign, http_client};
use handin_core::StoredPart;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::{TestStore, new_bucket, real_time};
use crate::proxy::{Action, Answer, Hook, Proxy, Rule};

const KEY: &str = "webcam/faulty.webm";
const TTL: Duration = Duration::from_secs(60);

/// A store behind a proxy with an open upload of one part.
struct Scene {
    proxy: Proxy,
    objects: Objects,
    /// Gives up early; for a store that hangs.
    hasty: Objects,
    upload_id: String,
    parts: Vec<StoredPart>,
    _store: TestStore,
}

fn limits() -> Limits {
    Limits {
        call: Duration::from_secs(60),
        retry_budget: Duration::from_secs(60),
        first_delay: Duration::from_millis(10),
        longest_delay: Duration::from_millis(50),
        ..Limits::default()
    }
}

fn create() -> CreateUpload<'static> {
    CreateUpload {
        content_type: "video/webm",
        write_token: "token",
        declare_sha256: false,
        storage_class: Default::default(),
    }
}

impl Scene {
    async fn new(limits: Limits) -> Scene {
        let store = TestStore::embedded().await;
        let proxy = Proxy::start(store.address()).await;
        let mut settings = store.settings(&proxy.endpoint(), &new_bucket());
        settings.limits = limits;
        let objects = Objects::start(settings.clone()).await.unwrap();
        settings.limits.call = Duration::from_secs(3);
        let hasty = Objects::start(settings).await.unwrap();
        objects.ensure_bucket().await.unwrap();
        let upload_id = objects.create_upload(KEY, create()).await.unwrap();
        let part = PartToSign { number: 1, size: 5, sha256: None };
        let signed = objects.sign_parts(KEY, &upload_id, &[part], real_time()(), TTL).unwrap().remove(0);
        let put = http_client(&limits).unwrap().put(&signed.url).body("hello");
        assert_eq!(put.send().await.unwrap().status(), 200);
        let parts = objects.list_parts(KEY, &upload_id).await.unwrap();
        Scene { proxy, objects, hasty, upload_id, parts, _store: store }
    }

    /// Makes one call by its name, with the patience that a failure asks for.
    async fn call(&self, name: &str, failure: &Failure) -> Result<(), Error> {
        let objects = if failure.hangs { &self.hasty } else { &self.objects };
        let upload_id = &self.upload_id;
        match name {
            "create_upload" => objects.create_upload("webcam/other.webm", create()).await.map(|_| ()),
            "list_parts" => {
                objects.list_parts(KEY, upload_id).await.map(|parts| assert_eq!(parts, self.parts))
            }
            "list_uploads" => objects.list_uploads("", None).await.map(|_| ()),
            "head" => objects.head("absent").await.map(|head| assert_eq!(head, None)),
            "delete" => objects.delete("absent").await,
            "abort_upload" => objects.abort(KEY, upload_id).await,
            "complete_upload" => objects.complete(KEY, upload_id, &self.parts, 5).await,
            other => panic!("no call named {other}"),
        }
    }
}

/// A way to fail that may pass.
struct Failure {
    name: &'static str,
    action: Action,
    /// Whether the store did its work all the same.
    done: bool,
    hangs: bool,
}

impl Failure {
    fn new(name: &'static str, action: Action, done: bool) -> Failure {
        let hangs = matches!(action, Action::Hang | Action::HangAnswer);
        Failure { name, action, done, hangs }
    }

    fn answer(status: u16, code: &'static str) -> Failure {
        Failure::new(code, Action::Answer(Answer::error(status, code)), false)
    }
}

fn failures() -> Vec<Failure> {
    vec![
        Failure::answer(503, "SlowDown"),
        Failure::answer(500, "InternalError"),
        Failure::answer(400, "RequestTimeout"),
        Failure::answer(429, "TooManyRequests"),
        Failure::new("503 over a success", Action::Replace(Answer::error(503, "SlowDown")), true),
        Failure::new("drop", Action::Drop, false),
        Failure::new("drop the answer", Action::DropAnswer, true),
        Failure::new("hang", Action::Hang, false),
        Failure::new("hang with the answer", Action::HangAnswer, true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_but_complete_is_tried_again() {
    let calls = ["create_upload", "list_parts", "list_uploads", "head", "delete", "abort_upload"];
    future::join_all(calls.map(is_tried_again)).await;
}

async fn is_tried_again(call: &'static str) {
    let scene = Scene::new(limits()).await;
    for failure in failures() {
        let name = failure.name;
        // A HEAD has no body, so the code of a 400 cannot be told.
        if (call, name) == ("head", "RequestTimeout") {
            continue;
        }
        let before = scene.proxy.count(call);
        scene.proxy.script(Rule::on(call, failure.action.clone()).once());
        scene.call(call, &failure).await.unwrap_or_else(|error| panic!("{call}, {name}: {error}"));
        let tries = scene.proxy.count(call) - before;
        // On a busy machine the second try may be cut short too.
        assert!(tries == 2 || (failure.hangs && tries > 2), "{call}, {name}: {tries}");
        scene.proxy.heal();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_hides_an_error_is_tried_again() {
    let scene = Scene::new(limits()).await;
    for call in ["create_upload", "list_parts", "list_uploads"] {
        let failure = Failure::answer(200, "InternalError");
        let before = scene.proxy.count(call);
        scene.proxy.script(Rule::on(call, failure.action.clone()).once());
        scene.call(call, &failure).await.unwrap_or_else(|error| panic!("{call}: {error}"));
        assert_eq!(scene.proxy.count(call) - before, 2, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_is_sent_once_and_what_became_of_it_is_left_open() {
    let over_success = Action::Replace(Answer::error(200, "InternalError"));
    let hiding = [
        Failure::answer(200, "InternalError"),
        Failure::new("hidden error over a success", over_success, true),
    ];
    stream::iter(failures().into_iter().chain(hiding)).for_each_concurrent(3, is_left_open).await;
}

async fn is_left_open(failure: Failure) {
    let (scene, name) = (Scene::new(limits()).await, failure.name);
    scene.proxy.script(Rule::on("complete_upload", failure.action.clone()).once());
    let error = scene.call("complete_upload", &failure).await.unwrap_err();
    assert!(error.is_unavailable(), "{name}: {error}");
    assert_eq!(scene.proxy.count("complete_upload"), 1, "{name}");
    let head = scene.objects.head(KEY).await.unwrap();
    let ours = head.is_some_and(|head| head.write_token.as_deref() == Some("token"));
    assert_eq!(ours, failure.done, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_has_taken_effect_before_its_answer_comes() {
    let scene = Scene::new(limits()).await;
    let (note, mut stood) = mpsc::unbounded_channel();
    let objects = scene.objects.clone();
    let look: Hook = Arc::new(move || {
        let (objects, note) = (objects.clone(), note.clone());
        async move { note.send(objects.head(KEY).await.unwrap().is_some()).unwrap() }.boxed()
    });
    scene.proxy.script(Rule::on("complete_upload", Action::After(look)).once());
    scene.objects.complete(KEY, &scene.upload_id, &scene.parts, 5).await.unwrap();
    assert_eq!(stood.recv().await, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_tried_again() {
    for (status, code) in [(403, "AccessDenied"), (400, "InvalidRequest"), (501, "NotImplemented")] {
        let scene = Scene::new(limits()).await;
        let before = scene.proxy.count("list_parts");
        let failure = Failure::answer(status, code);
        scene.proxy.script(Rule::on("list_parts", failure.action.clone()));
        let error = scene.call("list_parts", &failure).await.unwrap_err();
        assert!(!error.is_unavailable(), "{error}");
        assert_eq!(scene.proxy.count("list_parts") - before, 1, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_ends_the_retries() {
    let scene = Scene::new(Limits { retry_budget: Duration::from_millis(400), ..limits() }).await;
    let failure = Failure::answer(503, "SlowDown");
    scene.proxy.script(Rule::on("list_parts", failure.action.clone()));
    let begun = Instant::now();
    let error = scene.call("list_parts", &failure).await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Unavailable { why, .. } if why.contains("SlowDown")), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(scene.proxy.count("list_parts") > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_the_store_asks_for_is_kept() {
    let scene = Scene::new(limits()).await;
    let answer = Answer::error(503, "SlowDown").header("Retry-After", "1");
    scene.proxy.script(Rule::on("list_parts", Action::Answer(answer)).once());
    let begun = Instant::now();
    scene.objects.list_parts(KEY, &scene.upload_id).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_tells_no_secret() {
    let scene = Scene::new(Limits { retry_budget: Duration::from_millis(100), ..limits() }).await;
    let Scene { proxy, objects, upload_id, _store, .. } = scene;
    drop(proxy);
    let error = objects.list_parts(KEY, &upload_id).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("X-Amz") && !shown.contains(KEY), "a URL is a secret: {shown}");
}

/// Lets requests through one by one and notes how many are inside.
struct Gate {
    permits: Arc<Semaphore>,
    released: Arc<AtomicUsize>,
    inside: mpsc::UnboundedReceiver<usize>,
    hook: Hook,
}

impl Gate {
    fn new() -> Gate {
        let (permits, released) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (note, inside) = mpsc::unbounded_channel();
        let (arrived, gate, gone) = (AtomicUsize::new(0), Arc::clone(&permits), Arc::clone(&released));
        let hook: Hook = Arc::new(move || {
            let arrived = arrived.fetch_add(1, Ordering::SeqCst) + 1;
            note.send(arrived - gone.load(Ordering::SeqCst)).unwrap();
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.unwrap().forget() }.boxed()
        });
        Gate { permits, released, inside, hook }
    }

    fn release_one(&self) {
        self.released.fetch_add(1, Ordering::SeqCst);
        self.permits.add_permits(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_than_allowed_are_in_flight() {
    const CALLS: usize = 6;
    let limits = Limits { concurrent: 2, ..limits() };
    let scene = Scene::new(limits).await;
    let mut gate = Gate::new();
    scene.proxy.script(Rule::on("head", Action::Before(Arc::clone(&gate.hook))));
    let one = |_| {
        let objects = scene.objects.clone();
        tokio::spawn(async move { objects.head("absent").await })
    };
    let calls: Vec<_> = (0..CALLS).map(one).collect();
    for _ in 0..CALLS {
        let inside = gate.inside.recv().await.unwrap();
        assert!(inside <= 2, "{inside} at once");
        gate.release_one();
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), None);
    }
}
