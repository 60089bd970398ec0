//! A proxy that stands in front of a real store and fails on command: it answers in the store's place, swallows an
//! answer, hangs, drops the connection, or calls a hook at exactly that moment. It forwards bytes unchanged, `host`
//! header included, so signatures made for the proxy's address hold at the store. Speaks HTTP/1.1 without TLS.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Runs until it is dropped, with all its connections.
pub struct Proxy {
    /// Where it listens; make this the store's endpoint.
    pub address: SocketAddr,
    script: Arc<Script>,
    _accepting: AbortOnDropHandle<()>,
}

/// One request that came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Which call of S3 this is; see [`s3_call`].
    pub call: &'static str,
    /// Bytes of the request's body; 0 when it is chunked.
    pub body: u64,
}

/// What to do with some of the requests.
pub struct Rule {
    matches: Box<dyn Fn(&Seen) -> bool + Send + Sync>,
    times: Range<usize>,
    matched: usize,
    action: Action,
}

/// What becomes of a request. "The store" is whatever stands behind the proxy.
#[derive(Clone)]
pub enum Action {
    /// Answer in the store's place; the store never hears of it.
    Answer(Answer),
    /// Let the store do it, throw its answer away and give this one.
    Replace(Answer),
    /// Close the connection; the store never hears of it.
    Drop,
    /// Let the store do it, throw its answer away and close the connection.
    DropAnswer,
    /// Say nothing until the client gives up; the store never hears of it.
    Hang,
    /// Let the store do it, then say nothing until the client gives up.
    HangAnswer,
    /// Run a hook, then let the request through.
    Before(Hook),
    /// Let the store do it, run a hook, then pass its answer on.
    After(Hook),
}

/// Something to do at a moment of a request's life, such as killing a server. The request waits for it.
pub type Hook = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// An answer made up by the proxy.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Answer {
    /// An S3 error document under any status; a 200 is the kind that hides a failure.
    pub fn error(status: u16, code: &str) -> Answer {
        let body = format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
        );
        Answer { status, headers: String::new(), body }
    }

    /// An XML document.
    pub fn xml(status: u16, body: &str) -> Answer {
        Answer { status, headers: String::new(), body: body.to_owned() }
    }

    /// A JSON document.
    pub fn json(status: u16, body: &serde_json::Value) -> Answer {
        Answer { status, headers: String::new(), body: body.to_string() }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn bytes(&self, to: &Seen) -> Vec<u8> {
        let Answer { status, headers, body } = self;
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/xml\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        let body = if to.method == "HEAD" { "" } else { body };
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

impl Rule {
    /// Does `action` to every request of this S3 call, by its name in [`s3_call`].
    pub fn on(call: &'static str, action: Action) -> Rule {
        Rule::matching(move |seen| seen.call == call, action)
    }

    /// Does `action` to every request for which `matches` holds.
    pub fn matching(matches: impl Fn(&Seen) -> bool + Send + Sync + 'static, action: Action) -> Rule {
        Rule { matches: Box::new(matches), times: 0..usize::MAX, matched: 0, action }
    }

    /// Only to the first one that matches.
    pub fn once(self) -> Rule {
        self.times(0..1)
    }

    /// Only to these of those that match, counted from 0.
    pub fn times(self, times: Range<usize>) -> Rule {
        Rule { times, ..self }
    }
}

/// The S3 call that a request is, by the names of `handin_store_calls_total`; `put_part`, `put` and `get` are what
/// browsers send, and the server too when it mends a head. Of a server's calls only `copy_part` is signed by headers.
pub fn s3_call(method: &str, target: &str) -> &'static str {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let of_bucket = path.trim_matches('/').split('/').count() == 1;
    match method {
        "OPTIONS" => "preflight",
        "POST" if has("uploads") => "create_upload",
        "POST" if has("uploadId") => "complete_upload",
        "DELETE" if has("uploadId") => "abort_upload",
        "GET" if has("uploadId") => "list_parts",
        "GET" if of_bucket && has("uploads") => "list_uploads",
        "GET" if of_bucket && has("versioning") => "get_versioning",
        "GET" if of_bucket && has("versions") => "list_versions",
        "DELETE" if has("versionId") => "delete_version",
        "POST" if of_bucket && has("delete") => "delete_objects",
        "PUT" if has("partNumber") && !has("X-Amz-Signature") => "copy_part",
        "PUT" if has("partNumber") => "put_part",
        _ if of_bucket => "bucket",
        "HEAD" => "head",
        "GET" => "get",
        "PUT" => "put",
        "DELETE" => "delete",
        _ => "other",
    }
}

#[derive(Default)]
struct Script {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    fn note(&self, seen: &Seen) -> Option<Action> {
        self.seen.lock().unwrap().push(seen.clone());
        let mut rules = self.rules.lock().unwrap();
        let mut chosen = None;
        for rule in rules.iter_mut().filter(|rule| (rule.matches)(seen)) {
            let applies = rule.times.contains(&rule.matched);
            rule.matched += 1;
            if applies && chosen.is_none() {
                chosen = Some(rule.action.clone());
            }
        }
        chosen
    }
}

impl Proxy {
    /// Listens on a free port of the loopback address and forwards to `upstream`.
    pub async fn start(upstream: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&script)));
        Proxy { address, script, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// `http://` and the address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. The first rule that applies to a request decides.
    pub fn script(&self, rule: Rule) {
        self.script.rules.lock().unwrap().push(rule);
    }

    /// Forgets all rules.
    pub fn heal(&self) {
        self.script.rules.lock().unwrap().clear();
    }

    /// Every request so far, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }

    /// How many requests of this S3 call came by.
    pub fn count(&self, call: &str) -> usize {
        self.seen().iter().filter(|seen| seen.call == call).count()
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, script: Arc<Script>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let script = Arc::clone(&script);
        connections.spawn(async move {
            // Either side may break off at any time; that is what this proxy is for.
            let _broken = serve(client, upstream, &script).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// One side of a connection.
struct Side {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Side {
    fn new(stream: TcpStream) -> Side {
        let (reader, writer) = stream.into_split();
        Side { reader: BufReader::with_capacity(64 << 10, reader), writer }
    }

    /// Waits until the other end closes, whatever it still sends.
    async fn closed(&mut self) -> io::Result<()> {
        tokio::io::copy_buf(&mut self.reader, &mut tokio::io::sink()).await.map(|_| ())
    }
}

async fn serve(client: TcpStream, upstream: SocketAddr, script: &Script) -> io::Result<()> {
    let mut client = Side::new(client);
    let mut store = None;
    while let Some(request) = Head::read(&mut client.reader).await? {
        let (method, target) = request.method_and_target()?;
        let seen = Seen {
            call: s3_call(method, target),
            method: method.into(),
            target: target.into(),
            body: request.length(),
        };
        if !exchange(&mut client, &mut store, upstream, &request, &seen, script.note(&seen)).await? {
            break;
        }
    }
    Ok(())
}

/// Handles one request; says whether the connection goes on.
async fn exchange(
    client: &mut Side,
    store: &mut Option<Side>,
    upstream: SocketAddr,
    request: &Head,
    seen: &Seen,
    action: Option<Action>,
) -> io::Result<bool> {
    match &action {
        Some(Action::Drop) => return Ok(false),
        Some(Action::Hang) => return client.closed().await.map(|()| false),
        Some(Action::Answer(answer)) => {
            go_ahead(client, request).await?;
            copy_body(request.framing_of_request(), &mut client.reader, &mut tokio::io::sink()).await?;
            return client.writer.write_all(&answer.bytes(seen)).await.map(|()| true);
        }
        Some(Action::Before(hook)) => hook().await,
        _ => {}
    }
    if store.is_none() {
        *store = Some(Side::new(TcpStream::connect(upstream).await?));
    }
    let Some(store) = store else { return Ok(false) };
    match action {
        Some(Action::DropAnswer) => forward(client, store, request, seen, Give::Nothing).await.map(|_| false),
        Some(Action::HangAnswer) => {
            forward(client, store, request, seen, Give::Nothing).await?;
            client.closed().await.map(|()| false)
        }
        Some(Action::Replace(answer)) => {
            let more = forward(client, store, request, seen, Give::Nothing).await?;
            client.writer.write_all(&answer.bytes(seen)).await.map(|()| more)
        }
        Some(Action::After(hook)) => forward(client, store, request, seen, Give::After(hook)).await,
        _ => forward(client, store, request, seen, Give::AsItComes).await,
    }
}

/// What the client gets of the store's answer.
enum Give {
    AsItComes,
    After(Hook),
    Nothing,
}

async fn forward(
    client: &mut Side,
    store: &mut Side,
    request: &Head,
    seen: &Seen,
    give: Give,
) -> io::Result<bool> {
    store.writer.write_all(&request.bytes).await?;
    let (answer, whole) = send_and_hear(client, store, request).await?;
    let mut kept = Vec::new();
    let framing = answer.framing_of_answer(&seen.method);
    match give {
        Give::AsItComes => {
            client.writer.write_all(&answer.bytes).await?;
            copy_body(framing, &mut store.reader, &mut client.writer).await?;
        }
        Give::After(hook) => {
            copy_body(framing, &mut store.reader, &mut kept).await?;
            hook().await;
            client.writer.write_all(&answer.bytes).await?;
            client.writer.write_all(&kept).await?;
        }
        Give::Nothing => copy_body(framing, &mut store.reader, &mut kept).await?,
    }
    if !whole {
        // Closing over unread bytes would reset the connection and could take the answer with it.
        client.writer.shutdown().await?;
        client.closed().await?;
    }
    Ok(whole && framing != Framing::UntilClose && !answer.says_close())
}

/// Passes the body on and reads the head of the answer; says whether the whole body went through. A store that
/// refuses by the head alone answers before the body has come, and may close.
async fn send_and_hear(client: &mut Side, store: &mut Side, request: &Head) -> io::Result<(Head, bool)> {
    let sending = copy_body(request.framing_of_request(), &mut client.reader, &mut store.writer);
    let hearing = first_answer(&mut store.reader, &mut client.writer);
    tokio::pin!(sending, hearing);
    tokio::select! {
        biased;
        sent = &mut sending => match sent {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(error),
            sent => Ok((hearing.await?, sent.is_ok())),
        },
        answer = &mut hearing => Ok((answer?, false)),
    }
}

/// The final answer's head; a `100 Continue` before it is passed on at once, since the client waits for it.
async fn first_answer(store: &mut BufReader<OwnedReadHalf>, client: &mut OwnedWriteHalf) -> io::Result<Head> {
    loop {
        let answer = Head::read(store).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match answer.status() {
            100..=199 => client.write_all(&answer.bytes).await?,
            _ => return Ok(answer),
        }
    }
}

/// Invites a body that its sender holds back.
async fn go_ahead(client: &mut Side, request: &Head) -> io::Result<()> {
    match request.header("expect") {
        Some(_) => client.writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await,
        None => Ok(()),
    }
}

/// How long a body is (RFC 9112, 6.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// The head of a request or an answer, as received.
struct Head {
    bytes: Vec<u8>,
}

impl Head {
    /// Reads up to and with the empty line; `None` when the other end closed instead.
    async fn read(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Head>> {
        let mut bytes = Vec::new();
        loop {
            let line = reader.read_until(b'\n', &mut bytes).await?;
            match line {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ if bytes.ends_with(b"\r\n\r\n") => return Ok(Some(Head { bytes })),
                _ => {}
            }
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    fn method_and_target(&self) -> io::Result<(&str, &str)> {
        let mut words = self.text().split(' ');
        words.next().zip(words.next()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn status(&self) -> u16 {
        self.text().split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        let fields = self.text().split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).next()
    }

    fn length(&self) -> u64 {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }

    fn says_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    }

    fn framing_of_request(&self) -> Framing {
        if self.is_chunked() { Framing::Chunked } else { Framing::Length(self.length()) }
    }

    fn framing_of_answer(&self, method: &str) -> Framing {
        match self.status() {
            204 | 304 => Framing::Length(0),
            _ if method == "HEAD" => Framing::Length(0),
            _ if self.is_chunked() => Framing::Chunked,
            _ if self.header("content-length").is_some() => Framing::Length(self.length()),
            _ => Framing::UntilClose,
        }
    }
}

async fn copy_body(
    framing: Framing,
    from: &mut BufReader<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    match framing {
        Framing::Length(length) => copy_exactly(from, to, length).await,
        Framing::UntilClose => tokio::io::copy_buf(from, to).await.map(|_| ()),
        Framing::Chunked => copy_chunks(from, to).await,
    }
}

async fn copy_exactly(
    from: &mut BufReader<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
    length: u64,
) -> io::Result<()> {
    match tokio::io::copy_buf(&mut from.take(length), to).await? == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

async fn copy_chunks(
    from: &mut BufReader<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line).await?;
        to.write_all(line.as_bytes()).await?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        // The last chunk is followed by trailers and an empty line; without trailers these are two bytes too.
        copy_exactly(from, to, size + 2).await?;
        if size == 0 {
            return Ok(());
        }
    }
}
