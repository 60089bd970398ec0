//! How often senders are heard of between their parts: the more there are, the less often, so that a node spends its
//! time on parts.
//!
//! What several nodes hear goes to one ledger, so each has its share. Behind a load balancer each hears of every recording,
//! and so asks more seldom than it would have to.

use std::time::Duration;

/// So many heartbeats all nodes together want to answer in a second.
const MOST_PER_S: u64 = 500;
/// As often senders are heard of unless they are told otherwise.
pub const USUAL_HEARTBEAT: Duration = Duration::from_secs(15);
/// Nobody is left alone for longer: who died is missed after so long at the latest.
const LONGEST: Duration = Duration::from_secs(300);

/// How often one of so many nodes (at least one), which knows so many open recordings, wants to hear of each; `None` is as
/// often as usual.
pub fn heartbeat(recordings: usize, nodes: u32) -> Option<Duration> {
    let recordings = (recordings as u64).saturating_mul(u64::from(nodes));
    let every = Duration::from_secs(recordings.div_ceil(MOST_PER_S)).min(LONGEST);
    (every > USUAL_HEARTBEAT).then_some(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_told_no_more_than_they_want_to_hear() {
        let seconds = |recordings, nodes| heartbeat(recordings, nodes).map(|every| every.as_secs());
        assert_eq!([0, 1, 7_500].map(|recordings| seconds(recordings, 1)), [None; 3]);
        let many = [7_501, 100_000, 10_000_000].map(|recordings| seconds(recordings, 1));
        assert_eq!(many, [Some(16), Some(200), Some(300)]);
        assert_eq!([seconds(3_750, 2), seconds(50_000, 2)], [None, Some(200)]);
    }
}
