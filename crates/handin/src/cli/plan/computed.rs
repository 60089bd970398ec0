//! All that the planner answers: what `--json` prints and the page is drawn from.

use anyhow::Context;
use handin_plan::{
    BiggerLine, Carrier, Case, Costs, Prices, RegionPrices, Scenario, Season, Ways, bigger_line,
    break_even_months, costs, sensitivity, shortened, stored, ways,
};
use serde::Serialize;

use super::assumptions::{Assumption, assumptions};
use super::compare::Variant;
use super::words::Lang;

/// The answer. Units as in `handin-plan`: bits per second, seconds, bytes, US dollars.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// What was asked: the bell.
    pub scenario: Scenario,
    /// What was asked: the season.
    pub season: Season,
    /// The cloud's region.
    pub region: String,
    /// How the bell goes.
    pub ways: Ways,
    /// The line that the way through the data centre would need.
    pub bigger_line: BiggerLine,
    /// How the outcome moves with the assumptions.
    pub sensitivity: Vec<Case>,
    /// The scenarios of `--compare`.
    pub compare: Vec<Case>,
    /// What is kept at the end of each day of the season and after it, bytes.
    pub stored_bytes: Vec<f64>,
    /// What keeping costs on each route.
    pub costs: Costs,
    /// For how many months a GB must be kept until draining it was cheaper than Standard; none if it never is.
    pub break_even_months: BreakEven,
    /// What all of it rests on, in English.
    pub assumptions: Vec<Assumption>,
    #[serde(skip)]
    pub prices: Prices,
}

/// Months until draining was cheaper.
#[derive(Debug, Serialize)]
pub struct BreakEven {
    /// Over the internet.
    pub internet: Option<f64>,
    /// Over a leased line.
    pub direct_connect: Option<f64>,
}

impl Plan {
    /// Computes everything; bell and variations side by side.
    ///
    /// # Errors
    /// When the region has no prices.
    pub fn compute(
        scenario: Scenario,
        season: Season,
        region: &str,
        prices: Prices,
        variants: &[Variant],
    ) -> anyhow::Result<Plan> {
        let place = prices.region.get(region).with_context(|| unknown_region(region, &prices))?;
        let (ways, others) = std::thread::scope(|threads| {
            let others = threads.spawn(|| {
                let compare = variants
                    .iter()
                    .map(|variant| Case { name: variant.name.clone(), short: shortened(&variant.scenario) });
                (bigger_line(&scenario, &prices), sensitivity(&scenario), compare.collect())
            });
            (ways(&scenario), others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (bigger_line, sensitivity, compare) = others;
        Ok(Plan {
            ways: ways.context("nobody is recorded")?,
            bigger_line,
            sensitivity,
            compare,
            stored_bytes: stored(&season, &scenario),
            costs: costs(&season, &scenario, place, &prices),
            break_even_months: break_even(place, &prices),
            assumptions: assumptions(&scenario, &season, place, &prices, Lang::En),
            region: region.to_owned(),
            scenario,
            season,
            prices,
        })
    }

    /// The prices of its region.
    pub fn place(&self) -> &RegionPrices {
        &self.prices.region[&self.region]
    }

    /// Recordings of one bell.
    pub fn recordings(&self) -> f64 {
        (self.scenario.candidates * self.scenario.tracks.len()) as f64
    }
}

fn break_even(place: &RegionPrices, prices: &Prices) -> BreakEven {
    BreakEven {
        internet: break_even_months(Carrier::Internet, place, prices),
        direct_connect: break_even_months(Carrier::DirectConnect, place, prices),
    }
}

fn unknown_region(region: &str, prices: &Prices) -> String {
    let known: Vec<&str> = prices.region.keys().map(String::as_str).collect();
    format!("--region {region} has no prices; there are {}, and --prices can add others", known.join(", "))
}
