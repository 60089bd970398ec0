//! `kill -9` under load: what was acknowledged is whole, what was not is whole or absent.
//!
//! Every worker has keys of its own and remembers what it was told. The process is killed at an acknowledgement to one
//! of them, wherever the others are in their puts, parts, completions and deletions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use handin_s3::Digest;
use handin_s3::ops::{
    AbortMultipart, ChecksumAlgorithm, CompleteMultipart, CreateMultipart, DeleteObject,
    ListMultipartUploads, ListObjectsV2, ListParts, PutObject, StoredPart, UploadPart,
};
use tokio::sync::Notify;

use crate::process::Process;
use crate::support::{BUCKET, PART, TestStore, bytes, completed, files};

const WORKERS: u64 = 8;
const ROUNDS: u64 = 8;

/// Of every size: empty, small, some slices of the receiver, and a part that others can follow.
const LENGTHS: [usize; 6] = [0, 10, 3_000, 300_000, 1_500_000, PART];

/// The seeds from which the pieces of an object grow; `None` is no object.
type Content = Option<Vec<u64>>;

/// Cut out of noise that is made once, at a place and with a beginning of the seed's own.
fn grown(seed: u64) -> Vec<u8> {
    static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| bytes(2 * PART, 1));
    let place = usize::try_from(seed).unwrap();
    let length = LENGTHS[place % LENGTHS.len()];
    let mut grown = NOISE[place % PART..][..length].to_vec();
    if let Some(beginning) = grown.get_mut(..8) {
        beginning.copy_from_slice(&seed.to_be_bytes());
    }
    grown
}

/// The next seed from which a whole part grows.
fn large(seed: u64) -> u64 {
    seed / 6 * 6 + 5
}

/// What a worker knows of one key: the last acknowledged content, and one that was on its way.
#[derive(Clone, Debug, Default)]
struct Knowledge {
    acknowledged: Content,
    attempted: Option<Content>,
}

/// What a worker knows of its unfinished upload.
#[derive(Debug)]
struct Upload {
    key: String,
    id: String,
    /// The seed of each part, by number.
    acknowledged: BTreeMap<u16, u64>,
    attempted: Option<(u16, u64)>,
}

#[derive(Default)]
struct Worker {
    keys: BTreeMap<String, Knowledge>,
    upload: Option<Upload>,
}

/// Counts acknowledgements, and says when it is time to kill.
struct Trap<'a> {
    process: &'a Process,
    left: AtomicUsize,
    sprung: Notify,
}

impl Trap<'_> {
    fn acknowledge(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.sprung.notify_one();
        }
    }
}

impl Worker {
    /// Works until the process is gone: each step gives `None` then.
    async fn work(&mut self, trap: &Trap<'_>, name: u64, mut state: u64) {
        loop {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let seed = state >> 33;
            let key = format!("{name}/{}", seed / 10 % 4);
            let step = match seed % 10 {
                0..5 => self.put(trap, key, seed).await,
                5..7 => self.delete(trap, key).await,
                _ => self.upload(trap, key, seed).await,
            };
            if step.is_none() {
                return;
            }
        }
    }

    async fn put(&mut self, trap: &Trap<'_>, key: String, seed: u64) -> Option<()> {
        let known = self.keys.entry(key.clone()).or_default();
        known.attempted = Some(Some(vec![seed]));
        trap.process.give(&PutObject { key: &key, ..Default::default() }, grown(seed)).await?;
        *known = Knowledge { acknowledged: Some(vec![seed]), attempted: None };
        trap.acknowledge();
        Some(())
    }

    async fn delete(&mut self, trap: &Trap<'_>, key: String) -> Option<()> {
        let known = self.keys.entry(key.clone()).or_default();
        known.attempted = Some(None);
        trap.process.ask(&DeleteObject { key: &key }).await?;
        *known = Knowledge::default();
        trap.acknowledge();
        Some(())
    }

    /// Two parts, the first of them sent twice, and a completion.
    async fn upload(&mut self, trap: &Trap<'_>, key: String, seed: u64) -> Option<()> {
        let checksum = Some(ChecksumAlgorithm::Sha256);
        let create = CreateMultipart { key: &key, checksum, ..Default::default() };
        let id = trap.process.ask(&create).await?.upload_id;
        let upload = Upload { key: key.clone(), id, acknowledged: BTreeMap::new(), attempted: None };
        let upload = self.upload.insert(upload);
        let seeds = [large(seed), seed + 7];
        upload.send(trap, 1, large(seed) + 6).await?;
        let first = upload.send(trap, 1, seeds[0]).await?;
        let second = upload.send(trap, 2, seeds[1]).await?;
        let known = self.keys.entry(key.clone()).or_default();
        known.attempted = Some(Some(seeds.to_vec()));
        let parts = [completed(1, &first), completed(2, &second)];
        let upload_id = &upload.id;
        let complete = CompleteMultipart { key: &key, upload_id, parts: &parts, ..Default::default() };
        trap.process.ask(&complete).await?;
        *known = Knowledge { acknowledged: Some(seeds.to_vec()), attempted: None };
        self.upload = None;
        trap.acknowledge();
        Some(())
    }

    /// Compares the store with what is known, and learns which of two possible contents it is.
    async fn verify(&mut self, store: &TestStore) {
        for (key, known) in &mut self.keys {
            let found = content_of(store, key).await;
            let possible = [Some(known.acknowledged.clone()), known.attempted.clone()];
            let actual = possible.into_iter().flatten().find(|content| found == bytes_of(content));
            let size = found.map(|bytes| bytes.len());
            let actual = actual.unwrap_or_else(|| panic!("{key} is none of {known:?}: {size:?} bytes"));
            if let Some(upload) =
                self.upload.take_if(|upload| upload.key == *key && known.attempted.is_some())
            {
                // Its completion was on its way: it is an object, or it is an upload still.
                let finished = known.attempted.as_ref() == Some(&actual);
                assert_eq!(upload.is_there(store).await, !finished, "{upload:?}");
            }
            *known = Knowledge { acknowledged: actual, attempted: None };
        }
        if let Some(upload) = self.upload.take()
            && let Some(seeds) = upload.finish(store).await
        {
            self.keys.insert(upload.key, Knowledge { acknowledged: Some(seeds), attempted: None });
        }
    }
}

impl Upload {
    async fn send(&mut self, trap: &Trap<'_>, number: u16, seed: u64) -> Option<StoredPart> {
        self.attempted = Some((number, seed));
        let bytes = grown(seed);
        let (key, upload_id, size) = (&self.key, &self.id, bytes.len() as u64);
        let stored =
            trap.process.give(&UploadPart { key, upload_id, number, size, sha256: None }, bytes).await?;
        self.acknowledged.insert(number, seed);
        self.attempted = None;
        trap.acknowledge();
        Some(stored)
    }

    async fn is_there(&self, store: &TestStore) -> bool {
        let list = ListParts { key: &self.key, upload_id: &self.id, ..Default::default() };
        store.ask(&list).await.is_ok()
    }

    /// Makes an object of the parts that are there, which must be what was sent. Gives the seeds of its bytes.
    async fn finish(&self, store: &TestStore) -> Option<Vec<u64>> {
        let list = ListParts { key: &self.key, upload_id: &self.id, ..Default::default() };
        let listed = store.ask(&list).await.unwrap().parts;
        let mut seeds = Vec::new();
        let mut parts = Vec::new();
        for part in listed {
            let possible = [self.acknowledged.get(&part.number).copied(), self.attempt(part.number)];
            let digest = |seed: &u64| Some(Digest::of(&grown(*seed))) == part.sha256;
            let seed = possible.into_iter().flatten().find(digest);
            seeds.push(seed.unwrap_or_else(|| panic!("part {} of {self:?} is another", part.number)));
            parts.push(completed(part.number, &StoredPart { etag: part.etag, sha256: part.sha256 }));
        }
        let numbers: BTreeSet<u16> = parts.iter().map(|part| part.number).collect();
        assert!(self.acknowledged.keys().all(|number| numbers.contains(number)), "{self:?} has {numbers:?}");
        if parts.is_empty() {
            return None;
        }
        store.complete(&self.key, &self.id, &parts).await.unwrap();
        assert!(content_of(store, &self.key).await == bytes_of(&Some(seeds.clone())), "{self:?}");
        Some(seeds)
    }

    fn attempt(&self, number: u16) -> Option<u64> {
        self.attempted.filter(|(attempted, _)| *attempted == number).map(|(_, seed)| seed)
    }
}

async fn content_of(store: &TestStore, key: &str) -> Option<Vec<u8>> {
    let found = store.get(key).await;
    match found.status.as_u16() {
        200 => Some(found.body),
        _ => {
            found.expect(404, "NoSuchKey");
            None
        }
    }
}

fn bytes_of(content: &Content) -> Option<Vec<u8>> {
    Some(content.as_ref()?.iter().map(|seed| grown(*seed)).collect::<Vec<_>>().concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_half_written_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| Worker::default()).collect();
    for round in 0..ROUNDS {
        let process = Process::start(folder.path());
        work_until_killed(&process, &mut workers, round).await;
        drop(process);

        let store = TestStore::over(folder.path()).await;
        join_all(workers.iter_mut().map(|worker| worker.verify(&store))).await;
        nothing_else_is_listed(&store, &workers).await;
        store.stop().await;
    }
    nothing_is_left_over(folder.path()).await;
}

async fn work_until_killed(process: &Process, workers: &mut [Worker], round: u64) {
    let left = AtomicUsize::new(usize::try_from(5 + 11 * round).unwrap());
    let trap = Trap { process, left, sprung: Notify::new() };
    let seeds = (0..).map(|name| 97 * round + name);
    let working = (0..).zip(workers).zip(seeds).map(|((name, worker), seed)| worker.work(&trap, name, seed));
    let killing = async {
        trap.sprung.notified().await;
        process.kill();
    };
    tokio::join!(join_all(working), killing);
}

async fn nothing_else_is_listed(store: &TestStore, workers: &[Worker]) {
    let objects = store.ask(&ListObjectsV2::default()).await.unwrap().objects;
    let listed: BTreeMap<String, u64> = objects.into_iter().map(|object| (object.key, object.size)).collect();
    let known = workers.iter().flat_map(|worker| &worker.keys);
    let size = |content: &Content| bytes_of(content).map(|bytes| bytes.len() as u64);
    let expected: BTreeMap<String, u64> =
        known.filter_map(|(key, known)| Some((key.clone(), size(&known.acknowledged)?))).collect();
    assert_eq!(listed, expected);
}

/// Once everything is deleted, no data is left: nothing was forgotten on the way.
async fn nothing_is_left_over(folder: &Path) {
    let store = TestStore::over(folder).await;
    for object in store.ask(&ListObjectsV2::default()).await.unwrap().objects {
        store.ask(&DeleteObject { key: &object.key }).await.unwrap();
    }
    for upload in store.ask(&ListMultipartUploads::default()).await.unwrap().uploads {
        let abort = AbortMultipart { key: &upload.key, upload_id: &upload.upload_id };
        store.ask(&abort).await.unwrap();
    }
    store.stop().await;
    TestStore::over(folder).await.stop().await;
    let bucket = folder.join("buckets").join(BUCKET);
    for shelf in ["objects", "data", "uploads"] {
        assert_eq!(files(&bucket.join(shelf)), Vec::<std::path::PathBuf>::new());
    }
}
