//! The price table: data with a source and a date for each price, overridden by a file of the same shape.
//! It refuses to know what is done with the prices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The table that comes with handin.
const DEFAULT: &str = include_str!("prices.toml");

/// All prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// By the region's id, such as `ap-northeast-2`.
    pub region: BTreeMap<String, RegionPrices>,
    /// What the company runs itself.
    pub own: Own,
}

/// What a cloud's region takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// Where it is, for people.
    pub name: String,
    /// Per GB and month.
    pub storage: ByClass,
    /// Per 1,000 requests that write.
    pub put: ByClass,
    /// Per GB read.
    pub retrieval: ByClass,
    /// What does not depend on the class.
    pub other: Other,
    /// Per GB that leaves to the internet in a month, the first tier first; the last has no end.
    pub internet: Vec<Tier>,
}

/// A price for each storage class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByClass {
    standard: Price,
    infrequent: Price,
    instant: Price,
    flexible: Price,
    deep: Price,
}

/// Prices of a region that do not depend on the class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// 1,000 requests that read.
    pub get_per_1000: Price,
    /// 1,000 objects that change their class.
    pub transition_per_1000: Price,
    /// A GB over a leased line.
    pub direct_connect_per_gb: Price,
}

/// One tier of a price that falls with the amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Where it ends, GB in a month; the last one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_gb: Option<f64>,
    /// A GB within it.
    pub per_gb: Price,
}

/// What the company runs itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// A GB and month on own disks.
    pub disk_per_gb_month: Price,
    /// A Mb/s of the data centre's line and month.
    pub line_per_mbps_month: Price,
}

/// One price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// US dollars.
    pub usd: f64,
    /// Who says so.
    pub source: String,
    /// When it was so, year and month.
    pub date: String,
    /// Whether it is a published list price; else it is an assumption.
    pub list: bool,
}

/// How a cloud keeps an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Standard.
    Standard,
    /// Infrequent access: cheaper to keep, dearer to read.
    Infrequent,
    /// Archive, read at once (Glacier Instant Retrieval).
    Instant,
    /// Archive, read after minutes to hours (Glacier Flexible Retrieval).
    Flexible,
    /// Archive, read after half a day (Glacier Deep Archive).
    Deep,
}

impl Class {
    /// The least days that are billed, by Amazon's pricing page.
    #[must_use]
    pub fn least_days(self) -> u32 {
        match self {
            Class::Standard => 0,
            Class::Infrequent => 30,
            Class::Instant | Class::Flexible => 90,
            Class::Deep => 180,
        }
    }
}

impl ByClass {
    /// The price of one class.
    #[must_use]
    pub fn of(&self, class: Class) -> &Price {
        match class {
            Class::Standard => &self.standard,
            Class::Infrequent => &self.infrequent,
            Class::Instant => &self.instant,
            Class::Flexible => &self.flexible,
            Class::Deep => &self.deep,
        }
    }
}

impl RegionPrices {
    /// What `gb` cost that leave to the internet in one month, US dollars.
    #[must_use]
    pub fn internet_usd(&self, gb: f64) -> f64 {
        let mut from = 0.0;
        let mut usd = 0.0;
        for tier in &self.internet {
            let end = tier.up_to_gb.unwrap_or(f64::INFINITY);
            usd += (gb.min(end) - from).max(0.0) * tier.per_gb.usd;
            from = end;
        }
        usd
    }
}

/// Why a file of prices is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadPrices {
    /// It is not TOML.
    #[error("not valid TOML: {0}")]
    Syntax(toml::de::Error),
    /// A key is unknown or missing, or has a value of the wrong kind.
    #[error("{at}: {what}")]
    Shape {
        /// The key.
        at: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Prices {
    /// The prices that come with handin, with those of a file in their place where it names them. A price may be written
    /// as a bare number; its source is then the file.
    ///
    /// # Errors
    /// [`BadPrices`], naming the line or the key.
    pub fn read(file: Option<&str>) -> Result<Prices, BadPrices> {
        let mut table: Table = DEFAULT.parse().map_err(BadPrices::Syntax)?;
        if let Some(file) = file {
            merge(&mut table, file.parse().map_err(BadPrices::Syntax)?);
        }
        let read: Result<Prices, _> = serde_path_to_error::deserialize(Value::Table(table));
        let prices = read.map_err(|error| BadPrices::Shape {
            at: error.path().to_string(),
            what: error.inner().message().trim().to_owned(),
        })?;
        prices.check()?;
        Ok(prices)
    }

    fn check(&self) -> Result<(), BadPrices> {
        for (id, region) in &self.region {
            let open = region.internet.iter().filter(|tier| tier.up_to_gb.is_none()).count();
            let last = region.internet.last().is_some_and(|tier| tier.up_to_gb.is_none());
            if open != 1 || !last {
                let what = "the last tier, and only that, has no up_to_gb".to_owned();
                return Err(BadPrices::Shape { at: format!("region.{id}.internet"), what });
            }
        }
        Ok(())
    }
}

/// Puts what `given` says in the place of what `table` says; tables are merged key by key.
fn merge(table: &mut Table, given: Table) {
    for (key, value) in given {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (Some(Value::Table(price)), number @ (Value::Float(_) | Value::Integer(_)))
                if price.contains_key("usd") =>
            {
                let usd = number.as_float().or_else(|| number.as_integer().map(|whole| whole as f64));
                price.insert("usd".to_owned(), usd.unwrap_or_default().into());
                price.insert("source".to_owned(), "the file of prices".into());
                price.insert("date".to_owned(), "".into());
                price.insert("list".to_owned(), false.into());
            }
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_comes_along_is_whole() {
        let prices = Prices::read(None).unwrap();
        let seoul = &prices.region["ap-northeast-2"];
        assert_eq!(seoul.storage.of(Class::Standard).usd, 0.025);
        // 10 TB at .126, 40 at .122 and one more at .117.
        let usd = 10_240.0 * 0.126 + 40_960.0 * 0.122 + 1_024.0 * 0.117;
        assert!((seoul.internet_usd(52_224.0) - usd).abs() < 1e-9);
    }

    #[test]
    fn a_file_overrides_what_it_names() {
        let file = "[own]\nline_per_mbps_month = 4\n[region.us-east-1.storage]\ndeep = { usd = 0.002 }\n";
        let prices = Prices::read(Some(file)).unwrap();
        assert_eq!(prices.own.line_per_mbps_month.usd, 4.0);
        assert_eq!(prices.own.line_per_mbps_month.source, "the file of prices");
        assert_eq!(prices.region["us-east-1"].storage.of(Class::Deep).usd, 0.002);
        assert_eq!(prices.own.disk_per_gb_month, Prices::read(None).unwrap().own.disk_per_gb_month);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (file, says) in [
            ("[own", "line 1"),
            ("[own]\nlne = 3\n", "own.lne: unknown field `lne`"),
            ("[own]\nline_per_mbps_month = \"much\"\n", "own.line_per_mbps_month: invalid type"),
            ("[region.mars]\nname = \"Mars\"\n", "region.mars: missing field"),
            (
                "[[region.us-east-1.internet]]\nup_to_gb = 5\nper_gb = { usd = 1.0, source = \"x\", date = \"y\", list = true }\n",
                "region.us-east-1.internet: the last tier",
            ),
        ] {
            let error = Prices::read(Some(file)).unwrap_err().to_string();
            assert!(error.contains(says), "{file}: {error}");
        }
    }
}
