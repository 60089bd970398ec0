//! Transfers that share one link, from the first byte to the last: exact, from event to event.
//!
//! Between two events (a transfer begins, ends, breaks, or the level passes its cap) all rates stand still, so there is no
//! time step to choose. Transfers at the level are counted in **served** bits, which one such transfer has got since
//! the beginning; a transfer at the level ends when that count reaches a number that never changes, so that a change of
//! the level touches none of them. An event costs the logarithm of the number of transfers.
//! It refuses to know what is sent and where the figures come from.

use crate::plans::Plans;
use crate::random::Random;
use crate::transfer::{Drained, Link, Outcome, Patience, Transfer};
use crate::water::Water;

/// The stream of random numbers for outages.
const OUTAGES: u64 = 100;

/// Lets all transfers run to their ends.
#[must_use]
pub fn drain(transfers: &[Transfer], link: &Link, patience: Patience) -> Drained {
    let mut run = Run::new(transfers, link, patience);
    while let Some((at, event)) = run.next() {
        run.advance(at);
        run.happen(event);
        run.settle();
    }
    run.drained
}

/// What happens next, and to which transfer or, for an outage, candidate.
#[derive(Debug, Clone, Copy)]
enum Event {
    Begin(usize),
    End(usize),
    TimeOut(usize),
    Outage(usize),
}

/// One transfer on its way.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// What was missing when its rate last changed, bits.
    missing: f64,
    /// When that was: seconds at its cap, served bits at the level.
    since: f64,
    levelled: bool,
    /// Counts the changes, so that a plan made before the last one is known to be void.
    change: u32,
    tries: u32,
    active: bool,
}

struct Run<'a> {
    transfers: &'a [Transfer],
    link: &'a Link,
    patience: Patience,
    water: Water,
    now: f64,
    served: f64,
    ways: Vec<Way>,
    /// Which transfers each candidate has on the way.
    active: Vec<Vec<usize>>,
    begins: Plans,
    ends_at_cap: Plans,
    ends_at_level: Plans,
    limits: Plans,
    outages: Plans,
    outage_planned: Vec<bool>,
    random: Random,
    moved: Vec<usize>,
    drained: Drained,
}

impl<'a> Run<'a> {
    fn new(transfers: &'a [Transfer], link: &'a Link, patience: Patience) -> Self {
        let candidates = link.uplinks.len();
        let mut water = Water::new(link.bits_per_s, candidates + 1);
        water.set(candidates, link.live.streams, link.live.bits_per_s);
        let mut run = Run {
            transfers,
            link,
            patience,
            water,
            now: 0.0,
            served: 0.0,
            ways: vec![Way::default(); transfers.len()],
            active: vec![Vec::new(); candidates],
            begins: Plans::default(),
            ends_at_cap: Plans::default(),
            ends_at_level: Plans::default(),
            limits: Plans::default(),
            outages: Plans::default(),
            outage_planned: vec![false; candidates],
            random: Random::new(link.seed, OUTAGES),
            moved: Vec::new(),
            drained: Drained::none(transfers.len()),
        };
        for (one, transfer) in transfers.iter().enumerate() {
            run.begins.add(transfer.start_s, one, 0);
        }
        run.settle();
        run
    }

    /// The group that holds the live streams, behind those of the candidates.
    fn live_group(&self) -> usize {
        self.active.len()
    }

    fn next(&mut self) -> Option<(f64, Event)> {
        let ways = &self.ways;
        let unchanged = |one: usize, change| ways[one].active && ways[one].change == change;
        let same_try = |one: usize, tries| ways[one].active && ways[one].tries == tries;
        let level = self.water.level();
        let served = self.served;
        let now = self.now;
        let events = [
            self.ends_at_cap.soonest(unchanged).map(|(at, one)| (at, Event::End(one))),
            self.ends_at_level
                .soonest(unchanged)
                .map(|(count, one)| (now + (count - served) / level, Event::End(one))),
            self.begins.soonest(|_, _| true).map(|(at, one)| (at, Event::Begin(one))),
            self.limits.soonest(same_try).map(|(at, one)| (at, Event::TimeOut(one))),
            self.outages.soonest(|_, _| true).map(|(at, candidate)| (at, Event::Outage(candidate))),
        ];
        let soonest = events.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
        soonest.map(|(at, event)| (at.max(now), event))
    }

    /// Lets time pass in which nothing changes.
    fn advance(&mut self, at: f64) {
        let passed = at - self.now;
        if passed <= 0.0 {
            return;
        }
        let rate = self.water.rate() - self.advance_live(at);
        if self.water.level().is_finite() {
            self.served += self.water.level() * passed;
        }
        if rate > 0.0 {
            self.drained.carried_bits += rate * passed;
            self.drained.load.add(self.now, at, rate);
        }
        self.now = at;
    }

    /// Gives what all live streams together get, bit/s.
    fn advance_live(&mut self, at: f64) -> f64 {
        let live = self.link.live;
        if live.streams == 0 {
            return 0.0;
        }
        let got = self.water.share(self.live_group());
        if self.water.is_levelled(self.live_group()) {
            self.drained.starved_s += at - self.now;
            self.drained.live_at_worst = self.drained.live_at_worst.min(got / live.bits_per_s);
        }
        let all = live.streams as f64 * got;
        self.drained.live.add(self.now, at, all);
        all
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Begin(one) => {
                self.begins.done();
                self.begin(one);
            }
            Event::End(one) => self.leave(one, true),
            Event::TimeOut(one) => self.fail(one, self.now),
            Event::Outage(candidate) => {
                self.outages.done();
                self.outage_planned[candidate] = false;
                for one in self.active[candidate].clone() {
                    self.fail(one, self.now + self.link.outages.length_s);
                }
            }
        }
    }

    fn begin(&mut self, one: usize) {
        let candidate = self.transfers[one].candidate;
        self.settle_accounts(candidate);
        self.active[candidate].push(one);
        self.ways[one].active = true;
        self.try_it(one);
        self.plan_outage(candidate);
        self.change_members(candidate);
    }

    /// From the first byte on.
    fn try_it(&mut self, one: usize) {
        let way = &mut self.ways[one];
        way.missing = self.transfers[one].bits;
        way.tries = way.tries.saturating_add(1);
        if self.patience.request_limit_s.is_finite() {
            self.limits.add(self.now + self.patience.request_limit_s, one, way.tries);
        }
    }

    /// A Poisson process forgets, so that it is enough to plan the next outage of a candidate who is sending.
    fn plan_outage(&mut self, candidate: usize) {
        let per_hour = self.link.outages.per_hour;
        if per_hour > 0.0 && !self.outage_planned[candidate] {
            let wait = self.random.exponential(3_600.0 / per_hour);
            self.outages.add(self.now + wait, candidate, 0);
            self.outage_planned[candidate] = true;
        }
    }

    /// What was sent of it is void; the next try may begin at `again_s`.
    fn fail(&mut self, one: usize, again_s: f64) {
        let last = self.transfers[one].start_s + self.patience.may_begin_for_s;
        let again = self.ways[one].tries < self.patience.tries && again_s <= last;
        if again && again_s <= self.now {
            // It keeps its place, so that nobody's share changes.
            self.settle_accounts(self.transfers[one].candidate);
            self.try_it(one);
            return self.plan_ends(self.transfers[one].candidate);
        }
        self.leave(one, false);
        if again {
            self.begins.add(again_s, one, 0);
        }
    }

    fn leave(&mut self, one: usize, arrived: bool) {
        let candidate = self.transfers[one].candidate;
        self.settle_accounts(candidate);
        self.ways[one].active = false;
        self.active[candidate].retain(|other| *other != one);
        self.drained.outcomes[one] = Outcome { end_s: self.now, arrived };
        self.change_members(candidate);
    }

    /// Gives the candidate's transfers an even share of the uplink.
    fn change_members(&mut self, candidate: usize) {
        let members = self.active[candidate].len();
        self.water.set(candidate, members, self.link.uplinks[candidate] / members.max(1) as f64);
        self.plan_ends(candidate);
    }

    /// Takes what the candidate's transfers have sent since their rate last changed off what is missing.
    fn settle_accounts(&mut self, candidate: usize) {
        let cap = self.water.cap(candidate);
        for one in &self.active[candidate] {
            let way = &mut self.ways[*one];
            let (sent, since) = match way.levelled {
                true => (self.served - way.since, self.served),
                false => ((self.now - way.since) * cap, self.now),
            };
            way.missing = (way.missing - sent).max(0.0);
            way.since = since;
        }
    }

    /// Plans the ends of the candidate's transfers anew, on the side where they are now.
    fn plan_ends(&mut self, candidate: usize) {
        let levelled = self.water.is_levelled(candidate);
        let cap = self.water.cap(candidate);
        for one in &self.active[candidate] {
            let way = &mut self.ways[*one];
            way.change += 1;
            way.levelled = levelled;
            way.since = if levelled { self.served } else { self.now };
            match levelled {
                true => self.ends_at_level.add(way.since + way.missing, *one, way.change),
                false => self.ends_at_cap.add(way.since + way.missing / cap, *one, way.change),
            }
        }
    }

    /// Lets the level find its height, and moves the transfers whose side has changed.
    fn settle(&mut self) {
        let (mut moved, candidates) = (std::mem::take(&mut self.moved), self.active.len());
        self.water.settle(&mut moved);
        for candidate in moved.drain(..).filter(|group| *group < candidates) {
            self.settle_accounts(candidate);
            self.plan_ends(candidate);
        }
        self.moved = moved;
    }
}
