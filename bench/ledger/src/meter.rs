//! CPU time, of this process and of PostgreSQL's processes apart.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Clock ticks per second in `/proc/PID/stat` (`USER_HZ`, 100 on every Linux we run on; proc(5)).
const TICKS: u64 = 100;

/// Reads both clocks.
pub struct Meter {
    postmaster: Option<u32>,
}

/// What was used between two readings.
#[derive(Clone, Copy)]
pub struct Used {
    /// By this process.
    pub here: Duration,
    /// By PostgreSQL.
    pub postgres: Duration,
}

impl Meter {
    /// A meter of this process, and of PostgreSQL if its first process is given.
    pub fn new(postmaster: Option<u32>) -> Meter {
        Meter { postmaster }
    }

    /// Whether there is a PostgreSQL to be measured.
    pub fn has_postgres(&self) -> bool {
        self.postmaster.is_some()
    }

    /// CPU time used so far.
    pub fn read(&self) -> Used {
        let here = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(here.tv_sec).unwrap_or_default();
        let nanoseconds = u32::try_from(here.tv_nsec).unwrap_or_default();
        Used { here: Duration::new(seconds, nanoseconds), postgres: self.postgres() }
    }

    /// Of the postmaster, its children that live, and those that have ended.
    fn postgres(&self) -> Duration {
        let Some(postmaster) = self.postmaster else { return Duration::ZERO };
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let ticks = pids.filter_map(|pid| {
            let stat = Stat::of(pid)?;
            (pid == postmaster || stat.parent == postmaster).then_some(stat.ticks)
        });
        Duration::from_millis(ticks.sum::<u64>() * 1_000 / TICKS)
    }
}

impl Used {
    /// What was used since `earlier`.
    pub fn since(self, earlier: Used) -> Used {
        Used { here: self.here - earlier.here, postgres: self.postgres.saturating_sub(earlier.postgres) }
    }
}

struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    /// Fields 4 and 14 to 17 of proc(5); the name before them may hold anything, so reading starts behind it.
    fn of(pid: u32) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
    }
}
