//! An exam to upload into: a server of its own, reached through proxies that can misbehave, and the uploader.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use handin::clock::Ids;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::proxy::{Action, Hook, Proxy, Rule, Seen};

/// The program under test.
pub const HANDIN: &str = env!("CARGO_BIN_EXE_handin");
/// Bytes of a part.
pub const PART: usize = 5 << 20;
/// The longest wait for something that is on its way.
const LONG: Duration = Duration::from_secs(60);

/// A running exam with one candidate. Everything ends and vanishes with it.
pub struct Exam {
    server: Child,
    ready: Value,
    /// The token of candidate `c` for subject `s`.
    pub token: String,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
    /// Between uploader and API.
    pub api: Proxy,
    /// Between uploader and store.
    pub store: Proxy,
}

impl Exam {
    /// Starts a server and creates the exam `e` on it.
    pub async fn start() -> Exam {
        Exam::with(&[]).await
    }

    /// The same on a server with these settings in its environment.
    pub async fn with(settings: &[(&'static str, &str)]) -> Exam {
        let folder = tempfile::tempdir().unwrap();
        let store_address = free_address();
        let store = Proxy::start(store_address).await;
        let mut settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        settings.push(("HANDIN_SERVER_LISTEN", free_address().to_string()));
        settings.push(("HANDIN_STORE_LISTEN", store_address.to_string()));
        settings.push(("HANDIN_STORE_PUBLIC_ENDPOINT", store.endpoint()));
        let (server, ready) = serve(folder.path(), &settings);
        let api = Proxy::start(address_of(ready["api"].as_str().unwrap())).await;
        let mut exam = Exam { server, ready, token: String::new(), folder, settings, api, store };
        let tracks = ["webcam", "screen"];
        let new = json!({ "id": "e", "title": "t", "tracks": tracks, "subjects": [{ "id": "s" }] });
        exam.platform("POST", "/v1/exams", Some(&new)).await;
        exam.token = exam.token_of("c").await;
        exam
    }

    /// A token of a candidate.
    pub async fn token_of(&self, candidate: &str) -> String {
        let wanted = json!({ "candidate": candidate, "subject": "s" });
        let minted = self.platform("POST", "/v1/exams/e/tokens", Some(&wanted)).await;
        minted["token"].as_str().unwrap().to_owned()
    }

    /// The platform's key.
    pub fn api_key(&self) -> &str {
        self.ready["api_key"].as_str().unwrap()
    }

    /// A call with the platform's key, past the proxy; it must succeed.
    pub async fn platform(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}{path}", self.ready["api"].as_str().unwrap().trim_end_matches('/'));
        let request = client().request(method.parse().unwrap(), url).bearer_auth(self.api_key());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// All recordings of the exam, in the order in which they were opened.
    pub async fn recordings(&self) -> Vec<Value> {
        self.platform("GET", "/v1/exams/e/recordings", None).await["items"].as_array().unwrap().clone()
    }

    /// The object of a recording that the uploader printed, downloaded by link.
    pub async fn object(&self, printed: &Value) -> Vec<u8> {
        let path = format!("/v1/recordings/{}/link", printed["id"].as_str().unwrap());
        let link = self.platform("POST", &path, Some(&json!({}))).await;
        let answer = client().get(link["url"].as_str().unwrap()).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.bytes().await.unwrap().to_vec()
    }

    /// A file in this exam's folder.
    pub fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// `handin upload --json` with what it needs to know; give it tracks.
    pub fn upload(&self) -> Command {
        let mut upload = self.upload_as(&self.token);
        upload.arg("--json");
        upload
    }

    /// The same for another token and for people. It does not know this token's server but for the proxy.
    pub fn upload_as(&self, token: &str) -> Command {
        let mut command = Command::new(HANDIN);
        command
            .args(["upload", "--server", &self.api.endpoint(), "--token", token, "--state"])
            .arg(self.state())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Another command of the program, run as the server's operator does.
    pub fn command(&self, name: &str) -> Command {
        let mut command = operate(self.folder.path(), &self.settings);
        command.arg(name);
        command
    }

    /// Where the uploader keeps what survives a kill.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Kills the server; [`Exam::restart`] brings it back.
    pub fn kill_server(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts the server again, at its old addresses.
    pub fn restart(&mut self) {
        (self.server, self.ready) = serve(self.folder.path(), &self.settings);
    }

    /// The numbers of the parts that the store was sent so far, in the order of arrival.
    pub fn parts_sent(&self) -> Vec<u32> {
        self.store.seen().iter().filter(|seen| seen.call == "put_part").map(part_number).collect()
    }

    /// Waits until the uploader has spooled that many bytes of a stream.
    pub async fn spooled(&self, bytes: usize) {
        let spooled = || {
            let takes = std::fs::read_dir(self.state()).into_iter().flatten();
            let spools = takes.filter_map(|take| std::fs::metadata(take.ok()?.path().join("spool")).ok());
            spools.map(|spool| spool.len()).sum::<u64>()
        };
        let enough = async {
            while spooled() < bytes as u64 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, enough).await.unwrap();
    }
}

impl Drop for Exam {
    fn drop(&mut self) {
        // Both fail only when the server is gone already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn operate(folder: &Path, settings: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(HANDIN);
    command.env("HANDIN_DATA", folder.join("data")).envs(settings.iter().map(|(name, value)| (name, value)));
    command.current_dir(folder);
    command
}

fn serve(folder: &Path, settings: &[(&'static str, String)]) -> (Child, Value) {
    let log = folder.join("server.log");
    let mut server = operate(folder, settings)
        .args(["serve", "--json"])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no server: {}", said()));
    (server, ready)
}

/// Runs a command to its end without keeping the proxies from their work.
pub async fn run(mut command: Command) -> Ended {
    tokio::task::spawn_blocking(move || Ended::of(&command.output().unwrap())).await.unwrap()
}

/// Waits for a child without keeping the proxies from their work.
pub async fn wait(child: Child) -> Ended {
    tokio::task::spawn_blocking(move || Ended::of(&child.wait_with_output().unwrap())).await.unwrap()
}

/// Kills a child like a power cut would: SIGKILL.
pub async fn kill(mut child: Child) {
    child.kill().unwrap();
    let ended = wait(child).await;
    assert_eq!(ended.code, None, "it was not killed: {}", ended.said);
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// What stood on stdout.
    pub printed: String,
    /// What it said on stderr.
    pub said: String,
}

impl Ended {
    fn of(output: &Output) -> Ended {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ended { code: output.status.code(), printed: text(&output.stdout), said: text(&output.stderr) }
    }

    /// What `--json` printed of each track.
    #[track_caller]
    pub fn tracks(&self) -> Vec<Value> {
        let printed: Value = serde_json::from_str(&self.printed).unwrap_or_else(|_| panic!("{self:#?}"));
        printed["recordings"].as_array().unwrap().clone()
    }

    /// The recordings that `--json` printed; all must be sealed.
    #[track_caller]
    pub fn sealed(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{self:#?}");
        let recordings = self.tracks();
        assert!(recordings.iter().all(|one| one["state"] == "sealed"), "{self:#?}");
        recordings
    }

    /// The one recording that was sealed.
    #[track_caller]
    pub fn one(&self) -> Value {
        let recordings = self.sealed();
        assert_eq!(recordings.len(), 1, "{self:#?}");
        recordings[0].clone()
    }

    /// Why the only track failed.
    #[track_caller]
    pub fn failure(&self) -> String {
        assert_eq!(self.code, Some(1), "{self:#?}");
        let tracks = self.tracks();
        assert_eq!((tracks.len(), tracks[0]["state"].as_str()), (1, Some("failed")), "{self:#?}");
        tracks[0]["error"].as_str().unwrap().to_owned()
    }
}

/// A hook that says when a request has come to it, and then holds it for ever.
pub fn hold() -> (Hook, mpsc::UnboundedReceiver<()>) {
    let (reached, waiting) = mpsc::unbounded_channel();
    let hook: Hook = Arc::new(move || {
        // The test may have ended.
        let _ = reached.send(());
        std::future::pending().boxed()
    });
    (hook, waiting)
}

/// A hook that says when a request has come to it, and lets it go on.
pub fn signal() -> (Hook, mpsc::UnboundedReceiver<()>) {
    let (reached, waiting) = mpsc::unbounded_channel();
    let hook: Hook = Arc::new(move || {
        // The test may have ended.
        let _ = reached.send(());
        std::future::ready(()).boxed()
    });
    (hook, waiting)
}

/// Lets the server do it and holds the answer for ever.
pub fn hold_answer() -> (Action, mpsc::UnboundedReceiver<()>) {
    let (hook, waiting) = hold();
    (Action::After(hook), waiting)
}

/// Something to do with one part, by its number.
pub fn part(number: u32, action: Action) -> Rule {
    Rule::matching(move |seen| seen.call == "put_part" && part_number(seen) == number, action)
}

/// Something to do with the calls of the API whose path ends so.
pub fn route(path: &'static str, action: Action) -> Rule {
    Rule::matching(move |seen| seen.target.ends_with(path), action)
}

/// The part number in a presigned URL.
pub fn part_number(seen: &Seen) -> u32 {
    let mut pairs = seen.target.split(['?', '&']);
    pairs.find_map(|pair| pair.strip_prefix("partNumber=")).unwrap().parse().unwrap()
}

/// Bytes that look random but are the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(&mut next).take(length.div_ceil(8)).flatten().collect();
    bytes.truncate(length);
    bytes
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(LONG).no_proxy().build().unwrap()
}

/// An address on which nobody listens: from below the ports that the system gives to others meanwhile.
fn free_address() -> SocketAddr {
    loop {
        let port = 20_000 + u16::from_be_bytes(Ids::system().bytes()) % 12_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn address_of(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}
