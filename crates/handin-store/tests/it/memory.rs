//! Memory stays flat whatever is sent and however many send: 1 GiB as one object, and 1 GiB in parts.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use handin_s3::ops::{CompleteMultipart, CreateMultipart, DeleteObject, HeadObject, UploadPart};
use handin_s3::{Call, Operation};
use http::Method;

use crate::process::Process;
use crate::support::{Reply, bytes, call, client, completed, read, reply};

/// The most bytes of the process that may ever be resident.
const LIMIT: u64 = 200 << 20;
const GIB: usize = 1 << 30;
const CLIENTS: u16 = 64;

/// A megabyte that is sent again and again, so that the sender needs no memory either.
fn piece() -> Bytes {
    bytes(1 << 20, 1).into()
}

/// Sends `length` bytes made of pieces.
async fn give(process: &Process, call: &Call<'_>, piece: &Bytes, length: usize) -> Reply {
    let pieces = vec![piece.clone(); length / piece.len()];
    let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    let request = client().request(call.method.clone(), process.presign(call));
    reply(request.header("content-length", length).body(reqwest::Body::wrap_stream(stream))).await
}

/// Reads an object made of pieces and compares every byte; gives its length.
async fn get(process: &Process, key: &str, piece: &Bytes) -> usize {
    let answer = client().get(process.presign(&call(Method::GET, key))).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let (mut stream, mut length) = (answer.bytes_stream(), 0);
    while let Some(chunk) = stream.next().await {
        let mut chunk = chunk.unwrap();
        while !chunk.is_empty() {
            let from = length % piece.len();
            let same = chunk.split_to(chunk.len().min(piece.len() - from));
            assert!(same == piece[from..][..same.len()], "differs at {length}");
            length += same.len();
        }
    }
    length
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_a_gibibyte_does_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (process, piece) = (Process::start(folder.path()), piece());
    assert_eq!(give(&process, &call(Method::PUT, "large"), &piece, GIB).await.status.as_u16(), 200);
    assert_eq!(get(&process, "large", &piece).await, GIB);
    let peak = process.peak_memory();
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_many_clients_at_once_do_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (process, piece) = (Process::start(folder.path()), piece());
    let upload_id = process.ask(&CreateMultipart { key: "a", ..Default::default() }).await.unwrap().upload_id;
    let size = GIB / usize::from(CLIENTS);
    let sending = (1..=CLIENTS).map(|number| {
        let part = UploadPart { key: "a", upload_id: &upload_id, number, size: size as u64, sha256: None };
        let (process, piece) = (&process, &piece);
        async move {
            let reply = give(process, &part.call(), piece, size).await;
            completed(number, &read(&part, &reply).unwrap())
        }
    });
    let parts = join_all(sending).await;
    let complete = CompleteMultipart { key: "a", upload_id: &upload_id, parts: &parts, ..Default::default() };
    process.ask(&complete).await.unwrap();
    assert_eq!(get(&process, "a", &piece).await, GIB);
    assert_eq!(process.ask(&HeadObject { key: "a", checksums: false }).await.unwrap().size, GIB as u64);
    process.ask(&DeleteObject { key: "a" }).await.unwrap();
    let peak = process.peak_memory();
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
}
