//! A node's memory of how fast its senders may go: the policies as they were last seen, what this node has let through,
//! and how many nodes there are. Asks nobody and knows no request; losing it loses nothing but a burst.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use handin_core::pacing::{Asked, Bucket, PacePolicy, Priority, Share, admit};
use handin_core::{ExamId, Group};
use jiff::Timestamp;

use super::handles::Handle;
use crate::db::pace::ExamPace;

/// What a node knows of pace.
pub struct Paces {
    /// This run of this process, among the nodes.
    pub(super) node: String,
    live_nodes: AtomicU32,
    exams: RwLock<HashMap<ExamId, Arc<Paced>>>,
    newest: Mutex<Timestamp>,
    senders: Mutex<HashMap<String, Sender>>,
}

/// An exam with a policy.
pub(super) struct Paced {
    pub(super) policy: PacePolicy,
    /// Outlives a change of the policy: turning the dial gives nobody a full bucket.
    buckets: Arc<Mutex<Buckets>>,
}

#[derive(Default)]
struct Buckets {
    exam: Option<Bucket>,
    groups: HashMap<Group, Bucket>,
}

/// What a recording has asked for of late.
#[derive(Clone, Copy, Default)]
struct Sender {
    /// Since when its URLs are counted.
    began: Timestamp,
    urls: usize,
    /// When it was told to come again.
    turn: Option<Timestamp>,
}

/// URLs are counted over this many seconds, so that a few parts ahead at once are nothing special.
const WINDOW_S: i64 = 10;

impl Paces {
    /// The memory of a node of this id that has not asked anybody yet; it takes itself for the only one.
    pub fn new(node: String) -> Paces {
        Paces {
            node,
            live_nodes: AtomicU32::new(1),
            exams: RwLock::default(),
            newest: Mutex::new(Timestamp::MIN),
            senders: Mutex::default(),
        }
    }

    /// How many nodes share the rates; at least one.
    pub fn live_nodes(&self) -> u32 {
        self.live_nodes.load(Ordering::Relaxed)
    }

    /// What this node's bucket of each exam with a rate holds, in bytes.
    pub fn levels(&self, now: Timestamp) -> Vec<(ExamId, i64)> {
        let exams = self.exams.read().unwrap_or_else(PoisonError::into_inner);
        let level = |(id, paced): (&ExamId, &Arc<Paced>)| {
            let share = Share::of(paced.policy.max_bytes_per_s?, self.live_nodes());
            let level = paced.buckets().exam(&share, now).level(&share, now);
            Some((id.clone(), level))
        };
        exams.iter().filter_map(level).collect()
    }

    pub(super) fn set_live_nodes(&self, nodes: u32) {
        self.live_nodes.store(nodes.max(1), Ordering::Relaxed);
    }

    pub(super) fn of(&self, exam: &ExamId) -> Option<Arc<Paced>> {
        self.exams.read().unwrap_or_else(PoisonError::into_inner).get(exam).cloned()
    }

    /// When the newest policy was set that this node has seen.
    pub(super) fn newest(&self) -> Timestamp {
        *lock(&self.newest)
    }

    /// Takes over what the ledger says.
    pub(super) fn learn(&self, pace: ExamPace) {
        let mut newest = lock(&self.newest);
        *newest = pace.changed_at.max(*newest);
        drop(newest);
        let mut exams = self.exams.write().unwrap_or_else(PoisonError::into_inner);
        if pace.policy.is_empty() {
            exams.remove(&pace.exam);
            return;
        }
        let known = exams.get(&pace.exam);
        if known.is_none_or(|known| known.policy != pace.policy) {
            let buckets = known.map(|known| known.buckets.clone()).unwrap_or_default();
            exams.insert(pace.exam, Arc::new(Paced { policy: pace.policy, buckets }));
        }
    }

    /// Counts part URLs of a recording.
    ///
    /// # Errors
    /// When it has had its fill: how long until it may ask again.
    pub(super) fn count_urls(
        &self,
        handle: &Handle,
        urls: usize,
        per_s: u32,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let most = usize::try_from(per_s).unwrap_or(usize::MAX).saturating_mul(WINDOW_S as usize);
        let mut senders = lock(&self.senders);
        let Some(sender) = senders.get_mut(&handle.recording) else {
            senders.insert(handle.recording.clone(), Sender { began: now, urls, turn: None });
            return Ok(());
        };
        if sender.count_is_over(now) {
            (sender.began, sender.urls) = (now, 0);
        }
        if sender.urls >= most {
            let passed = Duration::try_from(now.duration_since(sender.began)).unwrap_or_default();
            return Err(Duration::from_secs(WINDOW_S as u64).saturating_sub(passed));
        }
        sender.urls += urls;
        Ok(())
    }

    /// The turn that a recording was given last.
    pub(super) fn turn_of(&self, handle: &Handle) -> Option<Timestamp> {
        lock(&self.senders).get(&handle.recording).and_then(|sender| sender.turn)
    }

    /// Remembers a turn, so that a recording whose parts all ask stands in the queue once.
    pub(super) fn give_turn(&self, handle: &Handle, turn: Timestamp) {
        if let Some(sender) = lock(&self.senders).get_mut(&handle.recording) {
            sender.turn = Some(turn);
        }
    }

    /// Forgets what is as if it had never been.
    pub(super) fn forget_idle(&self, now: Timestamp) {
        lock(&self.senders).retain(|_, sender| !sender.count_is_over(now) || sender.turn > Some(now));
        for paced in self.exams.read().unwrap_or_else(PoisonError::into_inner).values() {
            let policy = &paced.policy;
            let full = |(group, bucket): (&Group, &mut Bucket)| {
                let share = policy.rate_of(group).map(|rate| Share::of(rate, self.live_nodes()));
                share.is_none_or(|share| bucket.is_full(&share, now))
            };
            paced.buckets().groups.retain(|group, bucket| !full((group, bucket)));
        }
    }
}

impl Paced {
    /// Lets bytes through the buckets of exam and group, each this node's share; `None` where neither has a limit.
    ///
    /// # Errors
    /// How long it has to wait.
    pub(super) fn through(
        &self,
        live_nodes: u32,
        group: Option<&Group>,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Option<Priority>, Duration> {
        let exam = self.policy.max_bytes_per_s.map(|rate| Share::of(rate, live_nodes));
        let group = group.and_then(|group| {
            let rate = self.policy.rate_of(group)?;
            Some((group, Share::of(rate, live_nodes)))
        });
        let mut buckets = self.buckets();
        let Buckets { exam: whole, groups } = &mut *buckets;
        let whole = exam.map(|share| (whole.get_or_insert_with(|| Bucket::full(&share, now)), share));
        let own = group.map(|(group, share)| {
            let bucket = groups.entry(group.clone()).or_insert_with(|| Bucket::full(&share, now));
            (bucket, share)
        });
        match (whole, own) {
            (None, None) => Ok(None),
            (Some(one), None) | (None, Some(one)) => admit(&mut [one], asked, now).map(Some),
            (Some(whole), Some(own)) => admit(&mut [whole, own], asked, now).map(Some),
        }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        lock(&self.buckets)
    }
}

impl Buckets {
    fn exam(&mut self, share: &Share, now: Timestamp) -> &mut Bucket {
        self.exam.get_or_insert_with(|| Bucket::full(share, now))
    }
}

impl Sender {
    fn count_is_over(&self, now: Timestamp) -> bool {
        now.as_second() - self.began.as_second() >= WINDOW_S
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
