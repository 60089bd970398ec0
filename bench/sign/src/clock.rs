//! CPU time of a call that is repeated for a while.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Calls between two looks at the clock, so that the look costs nothing.
const BATCH: u32 = 50;

/// Nanoseconds of this thread's CPU time per call; `call` runs for at least `long`.
pub fn per_call<Out>(long: Duration, mut call: impl FnMut() -> Out) -> f64 {
    // Caches, the day's key and the branch predictor get ready first.
    let warm = Instant::now();
    while warm.elapsed() < long / 10 {
        black_box(call());
    }
    let (begin, end, mut calls) = (thread_time(), Instant::now() + long, 0_u32);
    while Instant::now() < end {
        for _ in 0..BATCH {
            black_box(call());
        }
        calls += BATCH;
    }
    (thread_time() - begin).as_nanos() as f64 / f64::from(calls)
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("CPU time is not negative");
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).expect("as above"))
}
