//! The store as a process of its own, to be killed, starved or measured.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use handin_s3::{Bucket, Call, Credentials, Expiry, Operation, Signer, Style};

use crate::support::{BUCKET, Reply, client, read};

/// A running `examples/serve.rs`. Dropping it kills it.
pub struct Process {
    child: Mutex<Child>,
    client: reqwest::Client,
    signer: Signer,
}

/// Where cargo puts the example beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples/serve");
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace --examples` first",
        program.display()
    );
    program
}

impl Process {
    /// Serves `folder`.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(program());
        command.arg(folder).arg(BUCKET);
        Self::spawn(command)
    }

    /// Runs `script` in a shell, whose `"$@"` is the command that serves `folder`.
    pub fn start_in_shell(mut shell: Command, script: &str, folder: &Path) -> Self {
        shell.args(["sh", "-c", script, "sh"]).arg(program()).arg(folder).arg(BUCKET);
        Self::spawn(shell)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(!address.is_empty(), "the store did not start: {:?}", child.wait());
        let bucket = Bucket::new(&format!("http://{address}"), "us-east-1", BUCKET, Style::Path).unwrap();
        let signer = Signer::new(Credentials::new("id", "secret"), bucket);
        Self { child: Mutex::new(child), client: client(), signer }
    }

    /// Kills the process at once, as `kill -9` does, and waits until it is gone.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The most memory that the process has had resident, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.lock().unwrap().id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Signs a call by the machine's clock.
    pub fn presign(&self, call: &Call<'_>) -> String {
        let now = (handin_store::Config::new("", "", Vec::new()).clock)() / 1000;
        call.presign(&self.signer, now, Expiry::from_secs(600).unwrap())
    }

    /// Signs and sends a call; `None` when the process is gone before it has answered.
    pub async fn send(&self, call: &Call<'_>, body: impl Into<reqwest::Body>) -> Option<Reply> {
        let mut request = self.client.request(call.method.clone(), self.presign(call)).body(body);
        for (name, value) in call.headers.iter().filter(|(name, _)| name != "content-length") {
            request = request.header(name.as_ref(), value.as_ref());
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Some(Reply { status, headers, body: response.bytes().await.ok()?.to_vec() })
    }

    /// Makes a call that brings no bytes of its own, and reads the answer; `None` when the process is gone.
    pub async fn ask<O: Operation>(&self, operation: &O) -> Option<O::Answer> {
        self.give(operation, operation.call().body.clone()).await
    }

    /// Makes a call with `body` and reads the answer; `None` when the process is gone.
    pub async fn give<O: Operation>(&self, operation: &O, body: Vec<u8>) -> Option<O::Answer> {
        let reply = self.send(&operation.call(), body).await?;
        Some(read(operation, &reply).unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.child.get_mut().unwrap().kill();
        let _ = self.child.get_mut().unwrap().wait();
    }
}
