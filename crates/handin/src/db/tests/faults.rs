//! A database that is away: every call is answered in time, and the first one after its return works.

use std::time::Instant;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::api_keys;
use super::super::recordings::get;
use super::*;

/// Stands between us and PostgreSQL, to stop it or to silence it.
struct Wire {
    address: std::net::SocketAddr,
    server: String,
    silent: watch::Sender<bool>,
    running: Option<JoinHandle<()>>,
}

impl Wire {
    async fn to(server: String) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, _) = watch::channel(false);
        let running = Some(tokio::spawn(carry(listener, server.clone(), silent.subscribe())));
        Wire { address, server, silent, running }
    }

    /// Closes every connection; further ones are refused.
    async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.abort();
        let _ = running.await;
    }

    async fn start(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.running = Some(tokio::spawn(carry(listener, self.server.clone(), self.silent.subscribe())));
    }
}

async fn carry(listener: TcpListener, server: String, silent: watch::Receiver<bool>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry_one(client, server.clone(), silent.clone()));
    }
}

/// Once silenced, a connection stays open and carries nothing for ever, as a cut cable does.
async fn carry_one(mut client: TcpStream, server: String, mut silent: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let silenced = async { drop(silent.wait_for(|silent| *silent).await) };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = silenced => std::future::pending().await,
    }
}

/// Long enough to connect on a machine that runs every other test as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// The host and port of a URL.
fn server_of(url: &str) -> &str {
    url.split_once('@').unwrap().1.split_once('/').unwrap().0
}

async fn behind_a_wire(test: &TestDb) -> (Wire, Db) {
    let server = server_of(&test.settings.url);
    let wire = Wire::to(server.to_owned()).await;
    let url = test.settings.url.replace(server, &wire.address.to_string());
    let db =
        Db::connect(&Settings { url, acquire_timeout: PATIENCE, ..test.settings.clone() }).await.unwrap();
    (wire, db)
}

/// A read, a change and an open, all answered `Unavailable` and none of them late.
async fn assert_unavailable(db: &Db, n: u32) {
    let asked = Instant::now();
    let one = id(1);
    let (read, change, open) =
        futures_util::join!(get(db, &one), db.change(key(n)), open(db, new_recording(n), Caused::default()));
    assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
    assert!(matches!(change, Err(Error::Unavailable { .. })), "{change:?}");
    assert!(matches!(open, Err(Error::Unavailable { .. })), "{open:?}");
    assert!(asked.elapsed() < 8 * PATIENCE, "{:?}", asked.elapsed());
}

async fn assert_available(db: &Db, n: u32) {
    assert!(db.change(key(n)).await.unwrap());
    assert!(open(db, new_recording(n), Caused::default()).await.unwrap().fresh);
    assert!(get(db, &id(n)).await.unwrap().is_some());
}

#[tokio::test]
async fn postgres_stops_and_comes_back() {
    on_postgres(|test| async move {
        let (mut wire, db) = behind_a_wire(&test).await;
        for round in 0..2 {
            assert_available(&db, round * 10 + 1).await;
            wire.stop().await;
            assert_unavailable(&db, round * 10 + 2).await;
            assert_unavailable(&db, round * 10 + 3).await;
            wire.start().await;
        }
        assert_available(&db, 100).await;
        let written = api_keys::list(&test.db).await.unwrap().len();
        assert_eq!(written, 3, "what was answered `Unavailable` here was not written");
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn postgres_goes_silent_in_the_middle_and_comes_back() {
    on_postgres(|test| async move {
        let (mut wire, db) = behind_a_wire(&test).await;
        assert_available(&db, 1).await;
        wire.silent.send_replace(true);
        assert_unavailable(&db, 2).await;
        wire.stop().await;
        wire.silent.send_replace(false);
        wire.start().await;
        assert_available(&db, 4).await;
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_was_never_there_is_unavailable() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    let url = format!("postgres://handin:secret@{address}/handin");
    let settings = Settings { acquire_timeout: Duration::from_millis(300), ..settings(url) };
    let silent = Db::connect(&settings).await;
    assert!(matches!(silent, Err(Error::Unavailable { .. })));
    drop(nobody);
    let refused = Db::connect(&settings).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn sqlite_locked_by_another_program_is_unavailable_and_then_works() {
    on_sqlite(|test| async move {
        let acquire_timeout = Duration::from_millis(300);
        let db = Db::connect(&Settings { acquire_timeout, ..test.settings.clone() }).await.unwrap();
        let lock = test.lock().await;
        let (change, open) =
            futures_util::join!(db.change(key(1)), open(&db, new_recording(1), Caused::default()));
        assert!(matches!(change, Err(Error::Unavailable { .. })), "{change:?}");
        assert!(matches!(open, Err(Error::Unavailable { .. })), "{open:?}");
        assert_eq!(get(&db, &id(1)).await.unwrap(), None, "reads go on");
        lock.close().await.unwrap();
        assert_available(&db, 1).await;
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn sqlite_readers_cannot_write_and_every_commit_is_on_the_disk() {
    on_sqlite(|test| async move {
        const WRITE: &str = "update recording set take = take";
        assert!(test.db.all(super::super::statement::query(WRITE)).await.is_err());
        let mut writer = test.db.inner.connector.connect().await.unwrap();
        for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1), ("query_only", 0)] {
            let row =
                sqlx::query(AssertSqlSafe(format!("pragma {pragma}"))).fetch_one(&mut writer).await.unwrap();
            assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), expected, "{pragma}");
        }
        let row = sqlx::query("pragma journal_mode").fetch_one(&mut writer).await.unwrap();
        assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "wal");
    })
    .await;
}

#[tokio::test]
async fn wrong_urls_are_refused_as_wrong() {
    for url in ["mysql://x/y", "sqlite::memory:", "sqlite://x?mode=memory", "nothing"] {
        let outcome = Db::connect(&settings(url.to_owned())).await;
        assert!(matches!(outcome, Err(Error::Other(_))), "{url}");
    }
}

#[tokio::test]
async fn a_value_we_never_write_is_named() {
    on_each(|test| async move {
        opened(&test.db, 1).await;
        run(&test.settings.url, "update recording set track = 'no track!'".to_owned()).await;
        let error = get(&test.db, &id(1)).await.unwrap_err();
        assert!(matches!(&error, Error::Corrupt { what } if what.contains("recording.track")), "{error}");
    })
    .await;
}
