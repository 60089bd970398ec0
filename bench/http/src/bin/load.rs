//! Sends requests over many kept-alive connections, each of which waits for its answer before it asks again.
//!
//! `bench-load PLAN` reads a JSON file: `{"address", "connections", "seconds" | "once": true, "keep", "requests": [{"head",
//! "body" | "fill"}]}`. `head` is the request's head without `content-length` and the blank line, `body` its text, `fill`
//! a number of bytes instead. With `seconds` the connections go round the requests for that long; with `once` each request
//! is sent one time. It prints one JSON object; with `keep` it has every answer's body and wait, in the order of the
//! requests. One thread, and no HTTP library: it must cost less than what it measures.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The longest answer that is read, in bytes: 100 signed URLs are below 100 KB.
const LONGEST_ANSWER: usize = 1 << 20;
/// What bodies that are given as a number are made of.
static FILLER: [u8; 256 << 10] = [0x5a; 256 << 10];

#[derive(Deserialize)]
struct Plan {
    address: String,
    connections: usize,
    seconds: Option<f64>,
    #[serde(default)]
    once: bool,
    #[serde(default)]
    keep: bool,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    head: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    fill: usize,
}

/// Requests as they go over the wire, and which of them is next.
struct Wire {
    texts: Vec<Vec<u8>>,
    fills: Vec<usize>,
    next: AtomicUsize,
    once: bool,
    keep: bool,
    end: Option<Instant>,
}

/// A request on its way: its place in the order of sending, its text, and how many bytes follow it.
struct Taken<'a> {
    number: usize,
    text: &'a [u8],
    fill: usize,
}

#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u16, usize>,
    waits: Vec<Duration>,
    sent: usize,
    received: usize,
    refused: Option<String>,
    kept: BTreeMap<usize, (Duration, String)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the plan's file")?;
    let plan: Plan = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(run(plan))?;
    println!("{seen}");
    Ok(())
}

async fn run(plan: Plan) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut streams = Vec::new();
    for _ in 0..plan.connections {
        let stream = TcpStream::connect(&plan.address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let begin = Instant::now();
    let wire = Arc::new(Wire::new(&plan, begin));
    let mut connections = JoinSet::new();
    for stream in streams {
        connections.spawn(talk(stream, wire.clone()));
    }
    let mut all = Seen::default();
    for seen in connections.join_all().await {
        all.add(seen?);
    }
    Ok(all.report(begin.elapsed()))
}

impl Wire {
    fn new(plan: &Plan, begin: Instant) -> Wire {
        let text = |request: &Request| {
            let length = request.body.len() + request.fill;
            format!("{}content-length: {length}\r\n\r\n{}", request.head, request.body).into_bytes()
        };
        Wire {
            texts: plan.requests.iter().map(text).collect(),
            fills: plan.requests.iter().map(|request| request.fill).collect(),
            next: AtomicUsize::new(0),
            once: plan.once,
            keep: plan.keep,
            end: plan.seconds.map(|seconds| begin + Duration::from_secs_f64(seconds)),
        }
    }

    /// The next request.
    fn take(&self) -> Option<Taken<'_>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let over = self.end.is_some_and(|end| Instant::now() >= end);
        if over || (self.once && number >= self.texts.len()) {
            return None;
        }
        let of = number % self.texts.len();
        Some(Taken { number, text: &self.texts[of], fill: self.fills[of] })
    }
}

async fn talk(mut stream: TcpStream, wire: Arc<Wire>) -> io::Result<Seen> {
    let (mut seen, mut buffer) = (Seen::default(), Vec::with_capacity(16 << 10));
    while let Some(Taken { number, text, fill }) = wire.take() {
        let begin = Instant::now();
        stream.write_all(text).await?;
        send_filler(&mut stream, fill).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        let wait = begin.elapsed();
        seen.waits.push(wait);
        seen.sent += text.len() + fill;
        seen.received += buffer.len();
        if wire.keep {
            seen.kept.insert(number, (wait, body(&buffer)));
        }
        *seen.statuses.entry(status).or_default() += 1;
        if !(200..300).contains(&status) && seen.refused.is_none() {
            seen.refused = Some(String::from_utf8_lossy(&buffer).into_owned());
        }
    }
    Ok(seen)
}

async fn send_filler(stream: &mut TcpStream, mut left: usize) -> io::Result<()> {
    while left > 0 {
        let now = left.min(FILLER.len());
        stream.write_all(&FILLER[..now]).await?;
        left -= now;
    }
    Ok(())
}

/// Reads one answer into `buffer` and gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 || buffer.len() > LONGEST_ANSWER {
            return Err(io::Error::other("the server closed the connection or does not end its answer"));
        }
        if let Some((status, length)) = head(buffer)?
            && buffer.len() >= length
        {
            return Ok(status);
        }
    }
}

/// The body of a whole answer.
fn body(answer: &[u8]) -> String {
    let begin = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    String::from_utf8_lossy(&answer[begin..]).into_owned()
}

/// Status and whole length of an answer whose head is there.
fn head(buffer: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..end]).map_err(io::Error::other)?;
    let status = text.get(9..12).and_then(|status| status.parse().ok());
    let lengths = text.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = lengths.next().and_then(|(_, length)| length.parse::<usize>().ok());
    match (status, length) {
        (Some(204), _) => Ok(Some((204, end + 4))),
        (Some(status), Some(length)) => Ok(Some((status, end + 4 + length))),
        _ => Err(io::Error::other(format!("an answer without status or length: {text}"))),
    }
}

impl Seen {
    fn add(&mut self, other: Seen) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.waits.extend(other.waits);
        self.sent += other.sent;
        self.received += other.received;
        self.refused = self.refused.take().or(other.refused);
        self.kept.extend(other.kept);
    }

    fn report(mut self, elapsed: Duration) -> serde_json::Value {
        self.waits.sort_unstable();
        let at = |percent: usize| {
            self.waits.get(self.waits.len() * percent / 100).map(|wait| wait.as_secs_f64() * 1e3)
        };
        let kept =
            |(wait, body): (Duration, String)| json!({ "wait_ms": wait.as_secs_f64() * 1e3, "body": body });
        json!({
            "requests": self.waits.len(),
            "seconds": elapsed.as_secs_f64(),
            "per_second": self.waits.len() as f64 / elapsed.as_secs_f64(),
            "statuses": self.statuses,
            "refused": self.refused,
            "wait_ms": at(50),
            "wait_99_ms": at(99),
            "sent": self.sent,
            "received": self.received,
            "kept": self.kept.into_values().map(kept).collect::<Vec<_>>(),
        })
    }
}
