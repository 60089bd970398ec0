//! How often senders are heard of between their parts: the more there are, the less often, so that a node spends its
//! time on parts.
//!
//! Behind a load balancer each of several nodes hears of every recording, and asks as seldom as if it were alone.

use std::time::Duration;

/// So many heartbeats a node wants to answer in a second.
const MOST_PER_S: u64 = 500;
/// As often senders are heard of unless they are told otherwise.
pub const USUAL_HEARTBEAT: Duration = Duration::from_secs(15);
/// Nobody is left alone for longer: who died is missed after so long at the latest.
const LONGEST: Duration = Duration::from_secs(300);

/// How often a node that knows so many open recordings wants to hear of each; `None` is as often as usual.
pub fn heartbeat(recordings: usize) -> Option<Duration> {
    let every = Duration::from_secs((recordings as u64).div_ceil(MOST_PER_S)).min(LONGEST);
    (every > USUAL_HEARTBEAT).then_some(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_asked_for_no_more_than_it_wants() {
        assert_eq!([0, 1, 7_500].map(heartbeat), [None; 3]);
        let seconds = |recordings| heartbeat(recordings).map(|every| every.as_secs());
        assert_eq!([7_501, 100_000, 10_000_000].map(seconds), [Some(16), Some(200), Some(300)]);
    }
}
