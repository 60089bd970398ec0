//! Who records how much and when: everything that chance decides, decided before the run.
//!
//! Pure: the same settings give the same plan. Time is counted from the start of the run. `--time-scale` shortens the
//! exam and what happens in it; rates are those of a real exam, and so is all that follows the bell.

use std::time::Duration;

use super::content::{BLOCK, CLASSES};
use crate::cli::bench::chance::Chance;

/// What chance is told.
#[derive(Debug, Clone)]
pub struct Exam {
    /// How many candidates.
    pub candidates: u32,
    /// Bits per second of each track.
    pub bitrates: Vec<u64>,
    /// From the start to the bell, in the time of the exam.
    pub duration: Duration,
    /// Within which time after the start candidates arrive, in the time of the exam.
    pub arrivals: Duration,
    /// How many seconds of the exam pass in one of the run.
    pub time_scale: f64,
    /// Within which time after the bell candidates submit.
    pub ramp: Duration,
    /// How often in an hour of the exam a line is down.
    pub outages_per_hour: f64,
    /// What lines carry.
    pub uplink: Uplink,
    /// What the live call takes of each line, in bits per second.
    pub live: u64,
    /// The seed of all chance.
    pub seed: u64,
}

/// What candidates' lines carry.
#[derive(Debug, Clone, PartialEq)]
pub enum Uplink {
    /// Lognormal, in bits per second, cut off at both ends.
    Lognormal {
        /// Half of the lines carry more.
        median: f64,
        /// The deviation of the logarithm.
        sigma: f64,
        /// The slowest and the fastest.
        range: (f64, f64),
    },
    /// One of these at random, in bits per second.
    Measured(Vec<u64>),
}

impl Uplink {
    /// Korean homes: median 90 Mb/s.
    pub const KOREA: Uplink = Uplink::Lognormal { median: 90e6, sigma: 1.0, range: (1e6, 900e6) };
    /// Homes in the United States: median 20 Mb/s, three in a hundred below 1 Mb/s.
    pub const US: Uplink = Uplink::Lognormal { median: 20e6, sigma: 1.593, range: (0.3e6, 900e6) };

    fn draw(&self, chance: &mut Chance) -> u64 {
        match self {
            Uplink::Lognormal { median, sigma, range } => {
                (median * (sigma * chance.normal()).exp()).clamp(range.0, range.1) as u64
            }
            Uplink::Measured(lines) => lines[(chance.next() % lines.len().max(1) as u64) as usize],
        }
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// When the bell rings.
    pub bell: Duration,
    /// One for each candidate.
    pub lives: Vec<Life>,
}

/// One candidate's part in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// From 0.
    pub number: u32,
    /// When they begin to record.
    pub begins: Duration,
    /// When they submit, and recording ends.
    pub submits: Duration,
    /// What the line leaves to recordings, in bits per second.
    pub uplink: u64,
    /// When the line is down: from, until.
    pub outages: Box<[(Duration, Duration)]>,
    /// One for each track.
    pub takes: Box<[Take]>,
}

/// One recording to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// Its length in bytes, a multiple of [`BLOCK`].
    pub bytes: u64,
    /// Bits per second.
    pub bitrate: u64,
    /// What it holds.
    pub class: u8,
}

/// How long a line is down on average, in seconds of the exam.
const OUTAGE_S: f64 = 45.0;
/// What the live call leaves to recordings even on the slowest line, in bits per second.
const LEAST_UPLINK: u64 = 200_000;

impl Plan {
    /// Draws everything.
    pub fn draw(exam: &Exam) -> Plan {
        let bell = exam.duration.div_f64(exam.time_scale);
        let lives = (0..exam.candidates).map(|number| exam.life(number, bell)).collect();
        Plan { bell, lives }
    }

    /// How many recordings there will be.
    pub fn recordings(&self) -> usize {
        self.lives.iter().map(|life| life.takes.len()).sum()
    }

    /// How many bytes they will have.
    pub fn bytes(&self) -> u64 {
        self.lives.iter().flat_map(|life| &life.takes).map(|take| take.bytes).sum()
    }

    /// How many bytes have been recorded at a time of the run.
    pub fn recorded(&self, at: Duration) -> u64 {
        let of = |life: &Life| {
            let so_far = at.min(life.submits).saturating_sub(life.begins).as_secs_f64();
            let bytes = |take: &Take| ((take.bitrate as f64 * so_far / 8.0) as u64).min(take.bytes);
            life.takes.iter().map(bytes).sum::<u64>()
        };
        self.lives.iter().map(of).sum()
    }
}

impl Exam {
    fn life(&self, number: u32, bell: Duration) -> Life {
        let mut chance = Chance::of(self.seed, number);
        let begins = self.arrivals.div_f64(self.time_scale).mul_f64(chance.unit());
        let submits = bell + self.ramp.mul_f64(chance.unit());
        let uplink = self.uplink.draw(&mut chance).saturating_sub(self.live).max(LEAST_UPLINK);
        let outages = self.outages(&mut chance, bell);
        let take = |bitrate: &u64| {
            let bytes = (*bitrate as f64 * (submits - begins).as_secs_f64() / 8.0) as u64;
            let class = (chance.next() % u64::from(CLASSES)) as u8;
            Take { bytes: (bytes / BLOCK).max(1) * BLOCK, bitrate: *bitrate, class }
        };
        let takes = self.bitrates.iter().map(take).collect();
        Life { number, begins, submits, uplink, outages, takes }
    }

    /// Outages come at any time before the bell; each is over before the next begins.
    fn outages(&self, chance: &mut Chance, bell: Duration) -> Box<[(Duration, Duration)]> {
        let between = 3_600.0 / self.time_scale / self.outages_per_hour;
        let (mut outages, mut at) = (Vec::new(), 0.0);
        while between.is_finite() {
            let from = at + chance.wait(between);
            if from >= bell.as_secs_f64() {
                break;
            }
            at = from + chance.wait(OUTAGE_S / self.time_scale);
            outages.push((Duration::from_secs_f64(from), Duration::from_secs_f64(at)));
        }
        outages.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exam(candidates: u32, time_scale: f64, outages_per_hour: f64, uplink: Uplink) -> Exam {
        let duration = Duration::from_secs(3_600);
        let ramp = Duration::from_secs(30);
        let bitrates = vec![500_000, 300_000];
        Exam {
            candidates,
            bitrates,
            duration,
            arrivals: duration / 5,
            time_scale,
            ramp,
            outages_per_hour,
            uplink,
            live: 800_000,
            seed: 1,
        }
    }

    #[test]
    fn an_hour_at_sixtyfold_speed_is_a_minute_of_the_same_rates() {
        let plan = Plan::draw(&exam(500, 60.0, 0.5, Uplink::KOREA));
        assert_eq!((plan.bell, plan.recordings()), (Duration::from_secs(60), 1_000));
        // A minute, less half of the arrivals, plus half of the ramp: 69 s of 800 kb/s.
        let each = plan.bytes() as f64 / 500.0;
        assert!((each / 6.9e6 - 1.0).abs() < 0.03, "{each}");
        let outages: usize = plan.lives.iter().map(|life| life.outages.len()).sum();
        assert!((200..300).contains(&outages), "half an outage for each of 500 candidates, not {outages}");
    }

    #[test]
    fn lines_are_those_of_their_country() {
        let lives = |uplink| Plan::draw(&Exam { live: 0, ..exam(4_000, 60.0, 0.0, uplink) }).lives;
        let median = |uplink| {
            let mut lines: Vec<u64> = lives(uplink).iter().map(|life| life.uplink).collect();
            lines.sort_unstable();
            lines[lines.len() / 2] as f64
        };
        assert!((median(Uplink::KOREA) / 90e6 - 1.0).abs() < 0.08);
        assert!((median(Uplink::US) / 20e6 - 1.0).abs() < 0.08);
        let slow = lives(Uplink::US).iter().filter(|life| life.uplink < 1_000_000).count();
        assert!((80..160).contains(&slow), "three in a hundred are slow, not {slow} of 4,000");
        assert!(lives(Uplink::Measured(vec![7_000_000])).iter().all(|life| life.uplink == 7_000_000));
    }

    proptest! {
        #[test]
        fn plans_repeat_and_keep_to_their_bounds(candidates in 1u32..40, scale in 1f64..600.0, outages in 0f64..9.0) {
            let exam = exam(candidates, scale, outages, Uplink::KOREA);
            let plan = Plan::draw(&exam);
            prop_assert_eq!(&plan, &Plan::draw(&exam));
            prop_assert_eq!(plan.recorded(plan.bell + exam.ramp + Duration::from_secs(60)) <= plan.bytes(), true);
            for life in &plan.lives {
                prop_assert!(life.begins < plan.bell && life.submits >= plan.bell);
                prop_assert!(life.outages.windows(2).all(|pair| pair[0].1 <= pair[1].0));
                prop_assert!(life.takes.iter().all(|take| take.bytes > 0 && take.bytes % BLOCK == 0));
            }
        }

        #[test]
        fn one_candidate_more_changes_nothing_for_the_others(candidates in 1u32..20) {
            let (less, more) = (exam(candidates, 60.0, 1.0, Uplink::US), exam(candidates + 1, 60.0, 1.0, Uplink::US));
            let shared = candidates as usize;
            prop_assert_eq!(&Plan::draw(&less).lives[..], &Plan::draw(&more).lives[..shared]);
        }
    }
}
