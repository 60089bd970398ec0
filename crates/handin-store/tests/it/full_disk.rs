//! A disk that is full: refused with 507, nothing stored earlier is lost, and the space comes back.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use handin_s3::Operation;
use handin_s3::ops::{CompleteMultipart, CreateMultipart, DeleteObject, ListObjectsV2, UploadPart};
use http::Method;

use crate::process::Process;
use crate::support::{PART, Reply, bytes, call, completed};

const MIB: usize = 1 << 20;
const MOUNT: &str = r#"mount -t tmpfs -o size=16m tmpfs "$2""#;

/// Serves a folder on a file system of 16 MiB of its own, which goes when the process goes. `None`, which is said
/// aloud, where nothing may be mounted.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn on_a_small_disk(folder: &Path) -> Option<Process> {
    let may_mount = unshare().args(["sh", "-c", MOUNT, "sh", "store"]).arg(folder).output().unwrap();
    if !may_mount.status.success() {
        let said = String::from_utf8_lossy(&may_mount.stderr);
        let all = std::env::var("HANDIN_TEST_ALL").is_ok_and(|all| all == "1");
        assert!(!all, "HANDIN_TEST_ALL is set, but nothing may be mounted: {said}");
        println!("left out: nothing may be mounted here: {said}");
        return None;
    }
    Some(Process::start_in_shell(unshare(), &format!(r#"{MOUNT} && exec "$@""#), folder))
}

/// Begins a name space for mounts. Root may; anybody else may as the root of a name space of users.
fn unshare() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--map-root-user"]);
    unshare
}

async fn put(process: &Process, key: &str, content: Vec<u8>) -> Reply {
    process.send(&call(Method::PUT, key), content).await.unwrap()
}

async fn get(process: &Process, key: &str) -> Reply {
    process.send(&call(Method::GET, key), "").await.unwrap()
}

/// Puts what has room as soon as the space of a refused request is back: it goes behind the refusal.
async fn put_soon(process: &Process, key: &str, content: Vec<u8>) {
    let attempt = async {
        while put(process, key, content.clone()).await.status.as_u16() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), attempt).await.unwrap();
}

async fn keys(process: &Process) -> Vec<String> {
    let listed = process.ask(&ListObjectsV2::default()).await.unwrap();
    listed.objects.into_iter().map(|object| object.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let Some(process) = on_a_small_disk(folder.path()) else { return };
    assert_eq!(put(&process, "first", bytes(5 * MIB, 1)).await.status.as_u16(), 200);
    // Each of these would fill the disk for good if its space did not come back.
    for _ in 0..4 {
        put(&process, "large", bytes(14 * MIB, 2)).await.expect(507, "InsufficientStorage");
        get(&process, "large").await.expect(404, "NoSuchKey");
    }
    // An object whose successor does not fit stays.
    put(&process, "first", bytes(14 * MIB, 3)).await.expect(507, "InsufficientStorage");
    assert!(get(&process, "first").await.body == bytes(5 * MIB, 1));
    put_soon(&process, "second", bytes(5 * MIB, 4)).await;
    process.ask(&DeleteObject { key: "first" }).await.unwrap();
    put_soon(&process, "third", bytes(8 * MIB, 5)).await;
    assert_eq!(keys(&process).await, ["second", "third"]);
    assert!(get(&process, "second").await.body == bytes(5 * MIB, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_filled_to_its_last_block_has_every_object_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(process) = on_a_small_disk(folder.path()) else { return };
    let mut kept = BTreeMap::new();
    // Ever smaller ones, so that at last there is no room for a description of nothing.
    for (size, seed) in [(3 * MIB, 0), (MIB / 4, 1_000), (5_000, 2_000), (0, 3_000)] {
        for seed in seed.. {
            let key = format!("{size}/{seed}");
            let reply = put(&process, &key, bytes(size, seed)).await;
            if reply.status.as_u16() != 200 {
                reply.expect(507, "InsufficientStorage");
                break;
            }
            kept.insert(key, bytes(size, seed));
        }
    }
    assert!(kept.len() > 4 && !kept.contains_key("0/3999"), "{:?}", kept.keys());
    let begun = process.send(&CreateMultipart { key: "a", ..Default::default() }.call(), "").await.unwrap();
    begun.expect(507, "InsufficientStorage");
    assert_eq!(keys(&process).await, kept.keys().cloned().collect::<Vec<_>>());
    for (key, content) in &kept {
        assert!(get(&process, key).await.body == *content, "{key}");
    }
    for key in kept.keys() {
        process.ask(&DeleteObject { key }).await.unwrap();
    }
    put_soon(&process, "whole", bytes(14 * MIB, 1)).await;
    assert!(get(&process, "whole").await.body == bytes(14 * MIB, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(process) = on_a_small_disk(folder.path()) else { return };
    assert_eq!(put(&process, "in the way", bytes(8 * MIB, 1)).await.status.as_u16(), 200);
    let create = CreateMultipart { key: "a", ..Default::default() };
    let upload_id = process.ask(&create).await.unwrap().upload_id;
    let part =
        |number| UploadPart { key: "a", upload_id: &upload_id, number, size: PART as u64, sha256: None };
    let first = process.give(&part(1), bytes(PART, 1)).await.unwrap();
    for _ in 0..3 {
        let refused = process.send(&part(2).call(), bytes(PART, 2)).await.unwrap();
        refused.expect(507, "InsufficientStorage");
    }
    process.ask(&DeleteObject { key: "in the way" }).await.unwrap();
    put_soon(&process, "there is room", bytes(5 * MIB, 3)).await;
    let second = process.give(&part(2), bytes(PART, 2)).await.unwrap();
    let parts = [completed(1, &first), completed(2, &second)];
    let complete = CompleteMultipart { key: "a", upload_id: &upload_id, parts: &parts, ..Default::default() };
    process.ask(&complete).await.unwrap();
    let whole = [bytes(PART, 1), bytes(PART, 2)].concat();
    assert!(get(&process, "a").await.body == whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_file_sizes_is_a_full_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    // In blocks of 512 bytes; the signal that would end the process is ignored.
    let script = r#"trap "" XFSZ; ulimit -f 4096; exec "$@""#;
    let process = Process::start_in_shell(Command::new("env"), script, folder.path());
    put(&process, "large", bytes(3 * MIB, 1)).await.expect(507, "InsufficientStorage");
    assert_eq!(put(&process, "small", bytes(MIB, 2)).await.status.as_u16(), 200);
    assert!(get(&process, "small").await.body == bytes(MIB, 2));
}
