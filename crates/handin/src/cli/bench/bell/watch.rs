//! A look at everything twice a second: how much is recorded and stored, what the server's process needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, interval};

use super::candidate::Run;
use super::plan::Plan;

/// How things stood at one time.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Sample {
    /// Seconds from the bell, negative before it.
    pub at_s: f64,
    /// Bytes that were recorded so far.
    pub recorded: u64,
    /// Bytes that the store has confirmed.
    pub stored: u64,
    /// Recordings that are done.
    pub done: u64,
    /// Calls that were answered so far.
    pub answered: u64,
    /// CPU time of the server so far, in seconds; of all its processes, where it was killed.
    pub cpu_s: f64,
    /// Its memory, in bytes.
    pub rss: u64,
}

/// How often.
const EVERY: Duration = Duration::from_millis(500);
/// Linux counts CPU time in these (`USER_HZ`), in seconds.
const TICK: f64 = 0.01;

/// Samples until it is dropped; `see` gets each.
pub async fn watch(run: Arc<Run>, plan: Arc<Plan>, pid: Arc<AtomicU32>, mut see: impl FnMut(Sample)) {
    let mut ticks = interval(EVERY);
    let (mut last, mut before, mut process) = (0.0, 0.0, 0);
    loop {
        ticks.tick().await;
        let now = pid.load(Ordering::Relaxed);
        if now != process {
            // A new process counts its CPU time from 0.
            (before, last, process) = (before + last, 0.0, now);
        }
        let (cpu, rss) = needs(process);
        last = cpu.unwrap_or(last);
        see(sample(&run, &plan, before + last, rss.unwrap_or_default()));
    }
}

fn sample(run: &Run, plan: &Plan, cpu_s: f64, rss: u64) -> Sample {
    let at = Instant::now().saturating_duration_since(run.started);
    Sample {
        at_s: at.as_secs_f64() - plan.bell.as_secs_f64(),
        recorded: plan.recorded(at),
        stored: run.measure.stored.load(Ordering::Relaxed),
        done: run.measure.done.load(Ordering::Relaxed),
        answered: run.measure.answered(),
        cpu_s,
        rss,
    }
}

/// CPU time in seconds and memory in bytes of a process on this machine.
fn needs(pid: u32) -> (Option<f64>, Option<u64>) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    (read("stat").and_then(|stat| cpu_s(&stat)), read("status").and_then(|status| rss(&status)))
}

/// User and system time: fields 14 and 15 of proc(5)'s `stat`, counted behind the name, which may have blanks in it.
fn cpu_s(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) as f64 * TICK)
}

fn rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_files_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 9 1 1";
        assert_eq!(cpu_s(stat), Some(3.0));
        assert_eq!(rss("Name:\ta\nVmRSS:\t    2048 kB\n"), Some(2 << 20));
        let (cpu, rss) = needs(std::process::id());
        assert!(cpu.is_some() && rss > Some(1 << 20), "{cpu:?} {rss:?}");
    }
}
