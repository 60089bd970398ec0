//! The processes of the experiment: each runs in its network and ends with its handle.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::call::Seconds;
use super::net::{DATA_CENTRE, Net, Place, STORE};

/// A process that was started here.
pub struct Member {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Member {
    fn start(command: &mut Command, log: &Path) -> anyhow::Result<Member> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().context("a process of the experiment")?;
        let stdout = child.stdout.take().context("it has no standard output")?;
        Ok(Member { child, stdout: BufReader::new(stdout) })
    }

    fn line(&mut self, log: &Path) -> anyhow::Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        ensure!(!line.is_empty(), "a process of the experiment has ended: {}", said());
        Ok(line)
    }

    /// Closes its standard input and gives what it prints then.
    fn finish(mut self) -> anyhow::Result<Seconds> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        self.stdout.read_to_string(&mut text)?;
        serde_json::from_str(&text).context("what an end of the live call has counted")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Store, server and proxy.
pub struct Servers {
    /// An API key of the server.
    pub api_key: String,
    _members: Vec<Member>,
}

/// Where the API listens in the data centre.
pub fn api() -> String {
    format!("http://{DATA_CENTRE}:8780")
}

/// Where the proxy of the old way listens.
pub fn proxy() -> String {
    format!("http://{DATA_CENTRE}:8790")
}

const CALL_PORT: u16 = 9_000;

/// This program at a place, without the settings of whoever runs it.
pub fn handin(net: &Net, place: Place, folder: &Path) -> anyhow::Result<Command> {
    launched(net, place, folder, &[])
}

/// The same for what measures: it runs before everything else on this machine, so that the packets it misses are those
/// that the links have dropped.
fn instrument(net: &Net, place: Place, folder: &Path) -> anyhow::Result<Command> {
    launched(net, place, folder, &["chrt", "--fifo", "1"])
}

fn launched(net: &Net, place: Place, folder: &Path, launcher: &[&str]) -> anyhow::Result<Command> {
    let exe = std::env::current_exe().context("this program's own path")?;
    let exe = exe.to_string_lossy();
    let mut words = launcher.iter().copied().chain([&*exe]);
    let mut command = net.command(place, words.next().unwrap_or_default());
    command.args(words);
    let ours = |name: &String| {
        ["HANDIN_", "S3_", "AWS_", "DATABASE_URL"].iter().any(|start| name.starts_with(start))
    };
    for name in std::env::vars().map(|(name, _)| name).filter(ours) {
        command.env_remove(name);
    }
    command.current_dir(folder);
    Ok(command)
}

impl Servers {
    /// Starts all three, with their data in `folder`.
    ///
    /// # Errors
    /// When one does not come up; says what it said.
    pub fn start(net: &Net, folder: &Path) -> anyhow::Result<Servers> {
        let log = folder.join("servers.log");
        let mut command = handin(net, Place::Store, folder)?;
        command.args(["serve", "--role", "store", "--json", "--data", "store"]);
        command.args(["--store-listen", &format!("{STORE}:8781")]);
        let mut store = Member::start(&mut command, &log)?;
        let ready: Value = serde_json::from_str(&store.line(&log)?)?;
        let word = |ready: &Value, name: &str| ready[name].as_str().unwrap_or_default().to_owned();

        let mut command = handin(net, Place::DataCentre, folder)?;
        command.args(["serve", "--role", "api,worker", "--json", "--data", "api"]);
        command.args(["--listen", &format!("{DATA_CENTRE}:8780")]);
        for (name, field) in [
            ("S3_ENDPOINT", "store"),
            ("S3_BUCKET", "bucket"),
            ("S3_REGION", "region"),
            ("S3_ACCESS_KEY_ID", "access_key"),
            ("S3_SECRET_ACCESS_KEY", "secret_key"),
        ] {
            command.env(name, word(&ready, field));
        }
        let mut server = Member::start(&mut command, &log)?;
        let ready: Value = serde_json::from_str(&server.line(&log)?)?;

        let mut command = handin(net, Place::DataCentre, folder)?;
        command.args(["bench", "carry", "--server", &api(), "--listen", &format!("{DATA_CENTRE}:8790")]);
        let mut carrier = Member::start(&mut command, &log)?;
        carrier.line(&log)?;
        Ok(Servers { api_key: word(&ready, "api_key"), _members: vec![carrier, server, store] })
    }
}

/// Both ends of the live calls.
pub struct Call {
    source: Member,
    sink: Member,
}

impl Call {
    /// Begins to send.
    ///
    /// # Errors
    /// When one end does not come up.
    pub fn start(net: &Net, folder: &Path, calls: u32, rate: u64) -> anyhow::Result<Call> {
        let log = folder.join("call.log");
        let to = format!("{DATA_CENTRE}:{CALL_PORT}");
        let mut command = instrument(net, Place::DataCentre, folder)?;
        command.args(["bench", "call-sink", "--listen", &to]).stdin(Stdio::piped());
        let mut sink = Member::start(&mut command, &log)?;
        sink.line(&log)?;
        let mut command = instrument(net, Place::Candidates, folder)?;
        command.args(["bench", "call-source", "--to", &to]).stdin(Stdio::piped());
        command.args(["--calls", &calls.to_string(), "--rate", &rate.to_string()]);
        Ok(Call { source: Member::start(&mut command, &log)?, sink })
    }

    /// Ends the calls; gives what was sent and what arrived.
    ///
    /// # Errors
    /// When an end has died.
    pub fn finish(self) -> anyhow::Result<Seconds> {
        let mut seconds = self.source.finish()?;
        // What is still under way arrives within the longest queue of the links; the sink has it by then.
        std::thread::sleep(std::time::Duration::from_millis(500));
        for (second, arrived) in self.sink.finish()? {
            let entry = seconds.entry(second).or_default();
            (entry.received, entry.late, entry.jitter_ms) =
                (arrived.received, arrived.late, arrived.jitter_ms);
        }
        Ok(seconds)
    }
}
