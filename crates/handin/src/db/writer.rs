//! Group commit: writes wait in a bounded queue; a lane drains it into one transaction, commits once, answers all.
//!
//! No timer gathers a group: while one commit is on its way to the disk the next group gathers by itself. A failing
//! write does not hurt its group: everything is rolled back and each is run again alone. SQLite has one lane, for
//! every write; PostgreSQL has two, for opens only. A lane owns its connection and makes a new one when it breaks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyConnection, Connection, Executor};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connect::{Connector, Kind};
use super::recordings::{OpenRequest, Opened, open_all};
use super::{CALL_LIMIT, Change, Error, Settings};

/// The most writes in one transaction. More would only make the first of them wait longer.
const GROUP: usize = 256;
/// Groups on their way at once on PostgreSQL: one gathers and runs while the other waits for the disk.
const POSTGRES_LANES: usize = 2;

/// The way into the lanes.
pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
}

enum Work {
    Open(Box<Waiting<OpenRequest, Opened>>),
    Change(Box<dyn AnyChange>),
    /// Take nothing more, finish what waits, end.
    Close,
}

/// A write, its answer once it has one, and who waits for it.
struct Waiting<W, Out> {
    write: W,
    out: Option<Out>,
    reply: oneshot::Sender<Result<Out, Error>>,
}

type Receiver = Arc<Mutex<mpsc::Receiver<Work>>>;

impl Writer {
    /// Starts the lanes; the first one gets `connection`.
    pub(super) fn start(connector: &Connector, connection: AnyConnection, settings: &Settings) -> Writer {
        let (sender, receiver) = mpsc::channel(settings.queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let lanes = match connector.kind {
            Kind::Sqlite => 1,
            Kind::Postgres => POSTGRES_LANES,
        };
        let limit = settings.acquire_timeout * CALL_LIMIT;
        let mut first = Some(connection);
        let lane = |_| {
            let lane = Lane { connector: connector.clone(), connection: first.take(), limit };
            tokio::spawn(lane.run(receiver.clone()))
        };
        Writer { queue: sender, lanes: Mutex::new((0..lanes).map(lane).collect()) }
    }

    /// Opens a recording in the next group.
    pub(super) async fn open(&self, write: OpenRequest) -> Result<Opened, Error> {
        let (reply, answer) = oneshot::channel();
        self.submit(Work::Open(Box::new(Waiting { write, out: None, reply })))?;
        answer.await.map_err(|_| ended())?
    }

    /// Runs a change in the next group.
    pub(super) async fn change<C: Change>(&self, write: C) -> Result<C::Out, Error> {
        let (reply, answer) = oneshot::channel();
        self.submit(Work::Change(Box::new(Waiting { write, out: None, reply })))?;
        answer.await.map_err(|_| ended())?
    }

    /// How many writes wait to be gathered.
    pub(super) fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Ends the lanes when the queue is empty. Later writes are answered `Unavailable`.
    pub(super) async fn close(&self) {
        // An error means that the lanes have ended already.
        let _ = self.queue.send(Work::Close).await;
        for lane in self.lanes.lock().await.drain(..) {
            let _ = lane.await;
        }
    }

    fn submit(&self, work: Work) -> Result<(), Error> {
        self.queue.try_send(work).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => ended(),
        })
    }
}

fn ended() -> Error {
    Error::unavailable("the database was closed")
}

struct Lane {
    connector: Connector,
    connection: Option<AnyConnection>,
    /// The longest a transaction may take.
    limit: Duration,
}

impl Lane {
    async fn run(mut self, queue: Receiver) {
        loop {
            let group = gather(&queue).await;
            if group.is_empty() {
                break;
            }
            self.settle(group).await;
        }
        if let Some(connection) = self.connection {
            // The work is done; a connection that cannot say goodbye is closed all the same.
            let _ = connection.close().await;
        }
    }

    /// Commits a group, or if that fails each of its writes alone, and answers.
    async fn settle(&mut self, mut group: Vec<Work>) {
        match self.commit(&mut group).await {
            Err(error) if group.len() > 1 && !matches!(error, Error::Unavailable { .. }) => {
                for work in group {
                    let mut alone = [work];
                    let outcome = self.commit(&mut alone).await;
                    answer(alone, &outcome);
                }
            }
            outcome => answer(group, &outcome),
        }
    }

    /// Runs the writes in one transaction; once more if another writer was in the way.
    async fn commit(&mut self, group: &mut [Work]) -> Result<(), Error> {
        match self.within(group).await {
            Err(error) if error.is_conflict() => self.within(group).await,
            outcome => outcome,
        }
    }

    async fn within(&mut self, group: &mut [Work]) -> Result<(), Error> {
        let limit = self.limit;
        let attempt = tokio::time::timeout(limit, self.attempt(group));
        attempt.await.unwrap_or_else(|_| Err(Error::unavailable("no commit in time")))
    }

    /// Whatever happens, a connection that is kept has no transaction open: one that is dropped is rolled back.
    async fn attempt(&mut self, group: &mut [Work]) -> Result<(), Error> {
        let mut connection = self.begin().await?;
        match run(&mut connection, group).await {
            Ok(()) => {
                connection.execute("commit").await?;
            }
            Err(error) => {
                if connection.execute("rollback").await.is_ok() {
                    self.connection = Some(connection);
                }
                return Err(error);
            }
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// A connection with a transaction. One that was lost while nobody used it is replaced without anybody noticing.
    async fn begin(&mut self) -> Result<AnyConnection, Error> {
        let begin = match self.connector.kind {
            Kind::Sqlite => "begin immediate",
            Kind::Postgres => "begin",
        };
        if let Some(mut connection) = self.connection.take() {
            match connection.execute(begin).await {
                Ok(_) => return Ok(connection),
                Err(sqlx::Error::Io(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut connection = self.connector.connect().await?;
        connection.execute(begin).await?;
        Ok(connection)
    }
}

/// Everything that waits, but not more than a group; nothing only at the end. The queue is free for the other lane as
/// soon as this one has its group.
async fn gather(queue: &Receiver) -> Vec<Work> {
    let mut group = Vec::new();
    let mut queue = queue.lock().await;
    queue.recv_many(&mut group, GROUP).await;
    if group.iter().any(|work| matches!(work, Work::Close)) {
        queue.close();
    }
    group
}

async fn run(transaction: &mut AnyConnection, group: &mut [Work]) -> Result<(), Error> {
    let mut opens = Vec::new();
    for work in group {
        match work {
            Work::Open(open) => opens.push(open),
            Work::Change(change) => change.apply(transaction).await?,
            Work::Close => {}
        }
    }
    let requests: Vec<&OpenRequest> = opens.iter().map(|open| &open.write).collect();
    let opened = open_all(transaction, &requests).await?;
    for (open, opened) in opens.into_iter().zip(opened) {
        open.out = Some(opened);
    }
    Ok(())
}

fn answer(group: impl IntoIterator<Item = Work>, outcome: &Result<(), Error>) {
    for work in group {
        match work {
            Work::Open(open) => open.answer(outcome),
            Work::Change(change) => change.answer(outcome),
            Work::Close => {}
        }
    }
}

impl<W, Out> Waiting<W, Out> {
    fn answer(self, outcome: &Result<(), Error>) {
        let answer = match (outcome, self.out) {
            (Ok(()), Some(out)) => Ok(out),
            (Ok(()), None) => Err(Error::unavailable("a write was committed without an answer")),
            (Err(error), _) => Err(error.clone()),
        };
        // Who gave up waiting does not want the answer.
        let _ = self.reply.send(answer);
    }
}

type Applying<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Any change whatever its answer is.
trait AnyChange: Send {
    fn apply<'a>(&'a mut self, tx: &'a mut AnyConnection) -> Applying<'a>;
    fn answer(self: Box<Self>, outcome: &Result<(), Error>);
}

impl<C: Change> AnyChange for Waiting<C, C::Out> {
    fn apply<'a>(&'a mut self, tx: &'a mut AnyConnection) -> Applying<'a> {
        Box::pin(async move {
            self.out = Some(self.write.apply(tx).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, outcome: &Result<(), Error>) {
        Waiting::answer(*self, outcome);
    }
}
