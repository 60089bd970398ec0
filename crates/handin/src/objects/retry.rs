//! When to try again: capped exponential backoff with full jitter inside a budget of time. The one retry layer of
//! server calls; the HTTP client below it repeats nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::Retryable;
use tokio::time::Instant;

use super::{Error, Limits};

/// Makes the delays between tries. Cheap to clone; clones share one stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Retries {
    first: Duration,
    longest: Duration,
    budget: Duration,
    random: Arc<AtomicU64>,
}

impl Retries {
    pub(super) fn new(limits: &Limits, seed: u64) -> Retries {
        Retries {
            first: limits.first_delay,
            longest: limits.longest_delay,
            budget: limits.retry_budget,
            random: Arc::new(AtomicU64::new(seed)),
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or the budget is used up; then the last failure is returned.
    pub(super) async fn run<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + self.budget;
        attempt
            .retry(self.delays())
            .when(Error::is_transient)
            .adjust(move |error: &Error, delay| {
                let delay = delay.max(error.retry_after());
                delay.filter(|delay| Instant::now() + *delay < deadline)
            })
            .notify(|error, delay| tracing::warn!(%error, ?delay, "the store will be called again"))
            .await
    }

    /// Full jitter: each delay is a random share of a ceiling that doubles up to the longest.
    fn delays(&self) -> impl Iterator<Item = Duration> + Send + Sync + Unpin + use<> {
        let (this, mut ceiling) = (self.clone(), self.first);
        std::iter::from_fn(move || {
            let delay = ceiling.mul_f64(this.share());
            ceiling = (ceiling * 2).min(this.longest);
            Some(delay)
        })
    }

    /// A number from 0 up to 1: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), of which the top 53 bits are used.
    fn share(&self) -> f64 {
        let step = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorKind;
    use super::*;

    fn retries() -> Retries {
        let limits = Limits {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(8),
            retry_budget: Duration::from_secs(60),
            ..Limits::default()
        };
        Retries::new(&limits, 7)
    }

    fn slow_down(retry_after: Option<Duration>) -> Error {
        Error { call: "head", kind: ErrorKind::Unavailable { why: "SlowDown".into(), retry_after } }
    }

    #[test]
    fn delays_fill_the_whole_range_below_a_growing_ceiling() {
        let ceilings = [1.0, 2.0, 4.0, 8.0, 8.0, 8.0];
        let runs: Vec<Vec<f64>> = (0..500)
            .scan(retries(), |retries, _| {
                Some(retries.delays().take(6).map(|delay| delay.as_secs_f64()).collect())
            })
            .collect();
        for (place, ceiling) in ceilings.into_iter().enumerate() {
            let shares: Vec<f64> = runs.iter().map(|run| run[place] / ceiling).collect();
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            assert!(shares.iter().all(|share| (0.0..1.0).contains(share)), "{place}");
            assert!((0.45..0.55).contains(&mean), "{place}: {mean}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_within_the_budget_with_the_last_failure() {
        let begun = Instant::now();
        let mut tries = 0;
        let result: Result<(), Error> = retries()
            .run(|| {
                tries += 1;
                async { Err(slow_down(None)) }
            })
            .await;
        assert_eq!(result, Err(slow_down(None)));
        assert!(tries > 5, "{tries}");
        assert!(begun.elapsed() <= Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_the_store_asks() {
        let begun = Instant::now();
        let mut answers = vec![Ok(5), Err(slow_down(Some(Duration::from_secs(30))))];
        let result = retries().run(|| std::future::ready(answers.pop().unwrap())).await;
        assert_eq!(result, Ok(5));
        assert!(begun.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_tried_again() {
        let mut tries = 0;
        let refusal = Error { call: "head", kind: ErrorKind::NoSuchUpload };
        let result: Result<(), Error> = retries()
            .run(|| {
                tries += 1;
                std::future::ready(Err(refusal.clone()))
            })
            .await;
        assert_eq!((result, tries), (Err(refusal), 1));
    }
}
