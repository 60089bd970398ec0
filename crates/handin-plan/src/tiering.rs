//! Whether it pays to move one object to another class before it is deleted.
//!
//! A move is a copy that the store makes part by part; what it replaces is deleted. Sources of the rules: Amazon's pricing
//! page, "S3 Storage Classes". It refuses to know who decides, and what is done about it.

use crate::GB;
use crate::costs::MONTH_DAYS;
use crate::prices::{Class, RegionPrices};

const KIB: f64 = 1_024.0 / GB;
/// What an object of the infrequent classes is billed for at least, in GB.
const LEAST_SIZE: f64 = 128.0 * KIB;
/// What an archive adds to an object, in GB: its own index, and a name and metadata at the price of Standard.
const ARCHIVE_INDEX: f64 = 32.0 * KIB;
const ARCHIVE_NAME: f64 = 8.0 * KIB;

/// An object that could be moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Bytes.
    pub bytes: u64,
    /// Parts that the copy is made of.
    pub parts: u32,
    /// Where it is.
    pub from: Class,
    /// For how many days it has been there.
    pub days_there: f64,
    /// Where it would go.
    pub to: Class,
    /// After how many days it is deleted.
    pub days_left: f64,
}

/// What a move costs and saves until the object is deleted, US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Worth {
    /// The copy's requests, reading it, and days that are billed although the object is not there any more.
    pub costs: f64,
    /// What keeping it where it is costs above keeping it where it would go.
    pub saves: f64,
}

impl Worth {
    /// Whether more is saved than paid.
    #[must_use]
    pub fn pays(self) -> bool {
        self.saves > self.costs
    }
}

/// What a move is worth.
#[must_use]
pub fn worth(it: &Move, region: &RegionPrices) -> Worth {
    let gb = it.bytes as f64 / GB;
    let (there, here) = (rent(gb, it.to, region), rent(gb, it.from, region));
    let missing = (f64::from(it.from.least_days()) - it.days_there).max(0.0);
    let short = (f64::from(it.to.least_days()) - it.days_left).max(0.0);
    // A create and a complete beside the parts.
    let requests = (2.0 + f64::from(it.parts)) / 1_000.0 * region.put.of(it.to).usd;
    let reading = gb * region.retrieval.of(it.from).usd;
    Worth {
        costs: requests + reading + here * missing + there * short,
        saves: here * it.days_left.max(missing) - there * it.days_left,
    }
}

/// What a day costs, US dollars.
fn rent(gb: f64, class: Class, region: &RegionPrices) -> f64 {
    let price = |class| region.storage.of(class).usd;
    let monthly = match class {
        Class::Standard => gb * price(class),
        Class::Infrequent | Class::Instant => gb.max(LEAST_SIZE) * price(class),
        Class::Flexible | Class::Deep => {
            (gb + ARCHIVE_INDEX) * price(class) + ARCHIVE_NAME * price(Class::Standard)
        }
    };
    monthly / MONTH_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Prices;

    const A_GB: u64 = 1 << 30;

    fn worth_of(it: Move) -> Worth {
        let prices = Prices::read(None).unwrap();
        let worth = worth(&it, &prices.region["ap-northeast-2"]);
        Worth { costs: round(worth.costs), saves: round(worth.saves) }
    }

    /// To a millionth of a dollar.
    fn round(usd: f64) -> f64 {
        (usd * 1e6).round() / 1e6
    }

    const FILM: Move = Move {
        bytes: A_GB,
        parts: 98,
        from: Class::Standard,
        days_there: 14.0,
        to: Class::Instant,
        days_left: 365.25,
    };

    #[test]
    fn a_year_in_the_archive_pays_for_the_copy() {
        // 100 requests at .02 a thousand; twelve months at .025 less twelve at .005.
        let worth = worth_of(FILM);
        assert_eq!(worth, Worth { costs: 0.002, saves: 0.24 });
        assert!(worth.pays());
    }

    #[test]
    fn the_least_time_of_where_it_goes_is_paid() {
        // Ten days at (.025 - .005) / 30.4375 saved; eighty days of .005 / 30.4375 paid for nothing.
        let worth = worth_of(Move { days_left: 10.0, ..FILM });
        assert_eq!(worth, Worth { costs: round(0.002 + 80.0 * 0.005 / 30.4375), saves: 0.006571 });
        assert_eq!(worth.costs, 0.015142);
        assert!(!worth.pays());
    }

    #[test]
    fn the_least_time_of_where_it_is_is_paid_whether_it_stays_or_goes() {
        // After 10 days of 30 in Infrequent, with 5 left: staying is billed for 20 days too.
        let it = Move { from: Class::Infrequent, days_there: 10.0, days_left: 5.0, to: Class::Deep, ..FILM };
        let daily = 0.0138 / 30.4375;
        let there = (0.002 * (1.0 + 32.0 / 1_048_576.0) + 0.025 * 8.0 / 1_048_576.0) / 30.4375;
        // 100 requests at .05, a GB read at .01, 20 days there and 175 of 180 here for nothing.
        let costs = 0.005 + 0.01 + 20.0 * daily + 175.0 * there;
        assert_eq!(worth_of(it), Worth { costs: round(costs), saves: round(20.0 * daily - 5.0 * there) });
    }

    #[test]
    fn what_is_small_is_billed_as_larger_than_it_is() {
        let small = Move { bytes: 16 << 10, parts: 1, ..FILM };
        // 16 KiB at .025 for a year are less than 128 KiB at .005.
        assert!(worth_of(Move { to: Class::Instant, ..small }).saves < 0.0);
        assert!(!worth_of(Move { to: Class::Deep, ..small }).pays());
    }
}
