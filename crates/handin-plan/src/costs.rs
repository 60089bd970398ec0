//! What a season costs on each route, month by month, from the first exam until the last recording is gone.
//!
//! Each exam day's recordings are followed from upload to deletion, and each dollar is put into the month in which it
//! falls due. It refuses to know about links and candidates' lines.

use serde::Serialize;

use crate::GB;
use crate::prices::{Class, Prices, RegionPrices};
use crate::routes::{Carrier, Route};
use crate::scenario::Scenario;
use crate::season::Season;

/// Days of a mean month.
pub const MONTH_DAYS: f64 = 365.25 / 12.0;

/// When recordings are watched, days after the upload.
const REVIEW_DAY: u32 = 7;

/// What each route costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// One for each of [`Route::ALL`], in that order.
    pub bills: Vec<Bill>,
}

/// What one route costs, US dollars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// The route.
    pub route: Route,
    /// What falls due in each month from the season's first day on.
    pub months: Vec<f64>,
    /// Where it goes to.
    pub items: Vec<(Item, f64)>,
    /// All of it.
    pub total: f64,
    /// After how many months it has cost less than keeping everything in Standard has by then; none if it never does.
    pub cheaper_from_month: Option<usize>,
}

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Keeping in the cloud.
    Storage,
    /// Requests: parts, creates, completes, reads.
    Requests,
    /// Changes of class.
    Transitions,
    /// Reading from a class that takes money for it.
    Retrieval,
    /// What leaves the cloud.
    Egress,
    /// Keeping on own disks.
    OwnDisks,
}

const ITEMS: [Item; 6] =
    [Item::Storage, Item::Requests, Item::Transitions, Item::Retrieval, Item::Egress, Item::OwnDisks];

/// Computes the bill of every route.
#[must_use]
pub fn costs(season: &Season, scenario: &Scenario, region: &RegionPrices, prices: &Prices) -> Costs {
    let mut bills: Vec<Bill> = Route::ALL
        .into_iter()
        .map(|route| Ledger::new(season, scenario, region, prices).bill(route))
        .collect();
    let reference = bills[0].months.clone();
    for bill in bills.iter_mut().skip(1) {
        bill.cheaper_from_month = overtakes(&bill.months, &reference);
    }
    Costs { bills }
}

/// For how long a GB must be kept, months, until draining it has cost less than keeping it in Standard; none if own
/// disks are not cheaper.
#[must_use]
pub fn break_even_months(by: Carrier, region: &RegionPrices, prices: &Prices) -> Option<f64> {
    let saved = region.storage.of(Class::Standard).usd - prices.own.disk_per_gb_month.usd;
    let out = match by {
        Carrier::Internet => region.internet[0].per_gb.usd,
        Carrier::DirectConnect => region.other.direct_connect_per_gb.usd,
    };
    (saved > 0.0).then_some(out / saved)
}

/// The first month, counted from 1, by whose end all that `months` cost so far is less than what `reference` did, and stays so.
fn overtakes(months: &[f64], reference: &[f64]) -> Option<usize> {
    let length = months.len().max(reference.len());
    let sum = |bill: &[f64], to: usize| bill.iter().take(to).sum::<f64>();
    let cheaper = |to: &usize| sum(months, *to) < sum(reference, *to);
    let lasting = (1..=length).rev().take_while(cheaper).count();
    (lasting > 0).then(|| length - lasting + 1)
}

/// What falls due, by day.
struct Ledger<'a> {
    season: &'a Season,
    region: &'a RegionPrices,
    prices: &'a Prices,
    gb: f64,
    recordings: f64,
    puts: f64,
    due: Vec<(u32, Item, f64)>,
    /// GB that leave over the internet, by day; their price depends on the month's sum.
    internet: Vec<(u32, f64)>,
}

impl<'a> Ledger<'a> {
    fn new(season: &'a Season, scenario: &Scenario, region: &'a RegionPrices, prices: &'a Prices) -> Self {
        let sittings = season.day_sittings(scenario);
        let parts = scenario.tracks.iter().map(|track| {
            // A create, a complete, and the parts of a recording of mean size.
            2.0 + (track.bits_per_s * scenario.duration_s / 8.0 / scenario.part_bytes).ceil()
        });
        Ledger {
            season,
            region,
            prices,
            gb: season.day_bytes(scenario) / GB,
            recordings: sittings * scenario.tracks.len() as f64,
            puts: sittings * parts.sum::<f64>(),
            due: Vec::new(),
            internet: Vec::new(),
        }
    }

    fn bill(mut self, route: Route) -> Bill {
        for day in self.season.exam_days() {
            self.upload(day, route.written_to());
            match route {
                Route::Keep { class } => self.keep(day, day + self.season.life_days(), class),
                Route::Tier { after_days } => self.tier(day, after_days),
                Route::Drain { after_days, by } => self.drain(day, after_days, by),
            }
            self.review(day, route.written_to());
        }
        self.charge_internet();
        self.sum_up(route)
    }

    fn upload(&mut self, day: u32, class: Class) {
        self.due.push((day, Item::Requests, self.puts / 1_000.0 * self.region.put.of(class).usd));
    }

    /// Each day's rent, and at the end what is missing of the class's least time.
    fn keep(&mut self, from: u32, to: u32, class: Class) {
        let daily = self.gb * self.region.storage.of(class).usd / MONTH_DAYS;
        self.due.extend((from..to).map(|day| (day, Item::Storage, daily)));
        let short = class.least_days().saturating_sub(to - from);
        if short > 0 {
            self.due.push((to, Item::Storage, daily * f64::from(short)));
        }
    }

    fn tier(&mut self, day: u32, after_days: u32) {
        let end = day + self.season.life_days();
        let moved = (day + after_days).min(end);
        self.keep(day, moved, Class::Standard);
        if moved < end {
            let fee = self.recordings / 1_000.0 * self.region.other.transition_per_1000.usd;
            self.due.push((moved, Item::Transitions, fee));
            self.keep(moved, end, Class::Instant);
        }
    }

    fn drain(&mut self, day: u32, after_days: u32, by: Carrier) {
        let end = day + self.season.life_days();
        let out = (day + after_days).min(end);
        self.keep(day, out, Class::Standard);
        if out == end {
            return;
        }
        let reads = self.recordings / 1_000.0 * self.region.other.get_per_1000.usd;
        self.due.push((out, Item::Requests, reads));
        match by {
            Carrier::Internet => self.internet.push((out, self.gb)),
            Carrier::DirectConnect => {
                self.due.push((out, Item::Egress, self.gb * self.region.other.direct_connect_per_gb.usd));
            }
        }
        let daily = self.gb * self.prices.own.disk_per_gb_month.usd / MONTH_DAYS;
        self.due.extend((out..end).map(|day| (day, Item::OwnDisks, daily)));
    }

    /// Reviewers watch over the internet.
    fn review(&mut self, day: u32, class: Class) {
        let (day, gb) = (day + REVIEW_DAY, self.gb * self.season.reviewed);
        let reads = self.recordings * self.season.reviewed / 1_000.0 * self.region.other.get_per_1000.usd;
        self.due.push((day, Item::Requests, reads));
        self.due.push((day, Item::Retrieval, gb * self.region.retrieval.of(class).usd));
        self.internet.push((day, gb));
    }

    fn charge_internet(&mut self) {
        let last = self.internet.iter().map(|(day, _)| month(*day)).max().unwrap_or(0);
        for number in 0..=last {
            let days = self.internet.iter().filter(|(day, _)| month(*day) == number);
            let gb: f64 = days.clone().map(|(_, gb)| gb).sum();
            if let Some((day, _)) = days.min_by_key(|(day, _)| *day) {
                self.due.push((*day, Item::Egress, self.region.internet_usd(gb)));
            }
        }
    }

    fn sum_up(self, route: Route) -> Bill {
        let last = self.due.iter().map(|(day, ..)| month(*day)).max().unwrap_or(0);
        let mut months = vec![0.0; last + 1];
        for (day, _, usd) in &self.due {
            months[month(*day)] += usd;
        }
        let of = |item: Item| self.due.iter().filter(|due| due.1 == item).map(|due| due.2).sum::<f64>();
        let items: Vec<(Item, f64)> = ITEMS.into_iter().map(|item| (item, of(item))).collect();
        let total = items.iter().map(|(_, usd)| usd).sum();
        Bill { route, months, items, total, cheaper_from_month: None }
    }
}

fn month(day: u32) -> usize {
    (f64::from(day) / MONTH_DAYS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Uplinks;

    fn bills(retention_days: u32) -> Vec<Bill> {
        let scenario = Scenario { candidates: 1_000, ..Scenario::usual(1, 1e9, Uplinks::KOREA) };
        let season = Season {
            weeks: 1,
            exams_per_week: 1,
            subjects: 1,
            clock_starts_after_days: 0,
            retention_days,
            reviewed: 0.0,
        };
        let prices = Prices::read(None).unwrap();
        costs(&season, &scenario, &prices.region["ap-northeast-2"], &prices).bills
    }

    #[test]
    fn a_month_in_standard_costs_what_the_list_says() {
        let bill = &bills(30)[0];
        let gb = 360e9 / GB;
        let parts = 2.0 + 27.0 + 2.0 + 17.0;
        let expected = gb * 0.025 * 30.0 / MONTH_DAYS + 1_000.0 * parts / 1_000.0 * 0.0045;
        assert!((bill.total - expected).abs() < 1e-9, "{} {expected}", bill.total);
        assert!((bill.months.iter().sum::<f64>() - bill.total).abs() < 1e-9);
    }

    #[test]
    fn a_class_bills_its_least_time_and_no_more() {
        let storage = |bill: &Bill| bill.items[0].1;
        let gb = 360e9 / GB;
        for (retention, days) in [(30, 180.0), (180, 180.0), (365, 365.0)] {
            let deep = &bills(retention)[7];
            assert!((storage(deep) - gb * 0.002 * days / MONTH_DAYS).abs() < 1e-9, "{retention}");
        }
    }

    #[test]
    fn draining_pays_only_after_the_months_that_egress_costs() {
        let prices = Prices::read(None).unwrap();
        let months = break_even_months(Carrier::Internet, &prices.region["ap-northeast-2"], &prices).unwrap();
        assert!((months - 0.126 / 0.015).abs() < 1e-9);
        let drained = |retention| bills(retention)[2].cheaper_from_month;
        assert_eq!(drained(180), None);
        // The drain is half a month after the upload, and months are counted when they are over.
        assert_eq!(drained(730), Some(9));
    }

    #[test]
    fn what_was_cheaper_for_a_while_only_does_not_count() {
        assert_eq!(overtakes(&[1.0, 9.0], &[2.0, 2.0]), None);
        assert_eq!(overtakes(&[5.0, 0.0, 0.0], &[2.0, 2.0, 2.0]), Some(3));
        assert_eq!(overtakes(&[1.0], &[2.0, 2.0]), Some(1));
    }
}
