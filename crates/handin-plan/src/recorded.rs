//! Part by part while recording: what is left to send when a candidate submits, and how long that takes.
//!
//! Parts of each track become whole one after another and go out in that order over the line, of which the live call has
//! its part first. At the submit each track's last part, which is not full, joins the queue. It refuses to know about
//! requests: a part is sent again until it is in.

use crate::people::People;
use crate::random::Random;
use crate::scenario::{Outages, Scenario};
use crate::share::drain;
use crate::transfer::{Link, Live, Patience, Transfer};
use crate::water::Water;

/// However much a live call wants, recordings get this fraction of the line.
const FLOOR: f64 = 0.1;

/// What is not in so long after the submit is salvaged as it stands, seconds.
const SALVAGE_S: f64 = 86_400.0;

/// The stream of random numbers for outages.
const OUTAGES: u64 = 200;

/// When each candidate's sitting is in, seconds after the bell; `None` if it is salvaged with a part missing.
pub fn while_recording(scenario: &Scenario, people: &People) -> Vec<Option<f64>> {
    let rates = free_rates(scenario, people);
    let level = level_while_recording(scenario, people, &rates);
    let mut random = Random::new(scenario.seed, OUTAGES);
    let queues: Vec<Queue> = (0..scenario.candidates)
        .map(|candidate| {
            let mut queue = Queue::new(rates[candidate].min(level), scenario, &mut random);
            queue.record(people.bits.iter().map(|track| track[candidate]), scenario, &mut random);
            queue
        })
        .collect();
    let took = match scenario.store_bits_per_s.is_finite() {
        true => drained(scenario, people, rates, &queues),
        false => queues.into_iter().map(|queue| queue.empty(scenario.outages, &mut random)).collect(),
    };
    let submits = people.submits_s.iter();
    submits.zip(took).map(|(submit, took)| (took <= SALVAGE_S).then_some(submit + took)).collect()
}

/// What the live call leaves of each line, bit/s.
fn free_rates(scenario: &Scenario, people: &People) -> Vec<f64> {
    let live = scenario.live_bits_per_s;
    people.uplinks.iter().map(|uplink| (uplink - live).max(FLOOR * uplink)).collect()
}

/// The level of the store's link while all record: infinite unless it is narrower than what is recorded.
fn level_while_recording(scenario: &Scenario, people: &People, rates: &[f64]) -> f64 {
    let mut water = Water::new(scenario.store_bits_per_s, scenario.candidates);
    for (candidate, rate) in rates.iter().enumerate() {
        let bits: f64 = people.bits.iter().map(|track| track[candidate]).sum();
        water.set(candidate, 1, rate.min(bits / scenario.duration_s));
    }
    water.settle(&mut Vec::new());
    water.level()
}

/// How long after each submit the rest is in when all share the store's link.
fn drained(scenario: &Scenario, people: &People, uplinks: Vec<f64>, queues: &[Queue]) -> Vec<f64> {
    let submits = people.submits_s.iter().zip(queues).enumerate();
    let rest: Vec<Transfer> = submits
        .map(|(candidate, (start_s, queue))| Transfer { start_s: *start_s, bits: queue.bits, candidate })
        .collect();
    let link = Link {
        bits_per_s: scenario.store_bits_per_s,
        uplinks,
        live: Live::default(),
        outages: Outages::NONE,
        seed: scenario.seed,
    };
    let outcomes = drain(&rest, &link, Patience::ENDLESS).outcomes;
    outcomes.iter().zip(&rest).map(|(outcome, transfer)| outcome.end_s - transfer.start_s).collect()
}

/// What one candidate has still to send.
struct Queue {
    rate: f64,
    part_bits: f64,
    /// Bits in the queue, and, as bits not sent, what is left of an outage.
    bits: f64,
    now: f64,
    next_outage: f64,
    last_outage: f64,
}

impl Queue {
    fn new(rate: f64, scenario: &Scenario, random: &mut Random) -> Self {
        let part_bits = scenario.part_bytes * 8.0;
        let next_outage = wait(scenario.outages, random);
        Queue { rate, part_bits, bits: 0.0, now: 0.0, next_outage, last_outage: 0.0 }
    }

    /// Lets an hour of recording pass, or however long it is; then the last parts join the queue.
    fn record(&mut self, tracks: impl Iterator<Item = f64>, scenario: &Scenario, random: &mut Random) {
        let mut full = Vec::new();
        let mut last = 0.0;
        for bits in tracks {
            let parts = (bits / self.part_bits).ceil() - 1.0;
            let every = scenario.duration_s * self.part_bits / bits;
            full.extend((1..=parts as u32).map(|number| f64::from(number) * every));
            last += bits - parts * self.part_bits;
        }
        full.sort_by(f64::total_cmp);
        for at in full {
            self.pass(at, scenario.outages, random);
            self.bits += self.part_bits;
        }
        self.pass(scenario.duration_s, scenario.outages, random);
        self.bits += last;
    }

    /// How long it takes until nothing is left, seconds; infinite if longer than anybody waits.
    fn empty(mut self, outages: Outages, random: &mut Random) -> f64 {
        let submit = self.now;
        while self.bits > 0.0 {
            let end = self.now + self.bits / self.rate;
            if end <= self.next_outage {
                return end - submit;
            }
            if self.now - submit > SALVAGE_S {
                return f64::INFINITY;
            }
            self.pass(self.next_outage, outages, random);
        }
        0.0
    }

    fn pass(&mut self, until: f64, outages: Outages, random: &mut Random) {
        while self.next_outage <= until {
            self.send(self.next_outage);
            self.break_off(outages);
            self.next_outage = self.now + wait(outages, random);
        }
        self.send(until);
    }

    fn send(&mut self, until: f64) {
        self.bits = (self.bits - self.rate * (until - self.now)).max(0.0);
        self.now = until;
    }

    /// The part in flight is sent again: at most a whole one, and no more than was sent since the last break. The line's
    /// silence counts as the bits it would have carried.
    fn break_off(&mut self, outages: Outages) {
        if self.bits > 0.0 {
            self.bits += self.part_bits.min(self.rate * (self.now - self.last_outage));
        }
        self.bits += self.rate * outages.length_s;
        self.last_outage = self.now;
    }
}

/// How long until the next outage, seconds.
fn wait(outages: Outages, random: &mut Random) -> f64 {
    if outages.per_hour > 0.0 { random.exponential(3_600.0 / outages.per_hour) } else { f64::INFINITY }
}
