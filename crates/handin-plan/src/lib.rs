//! What a bell does to links, recordings and bills: the model behind `handin plan`.
//!
//! From a [`Scenario`] (so many candidates, such recordings, such lines) and a seed it computes how three ways of bringing
//! recordings in would go ([`ways()`]), and from a [`Season`] and [`Prices`] what keeping them costs ([`costs()`]). Pure
//! functions: the same arguments give the same figures, whoever asks and however often. The crate refuses to know about I/O, clocks,
//! languages and the rest of handin. Formulae and their limits: `docs/reference/planner.md`.
//!
//! Units, unless a name says otherwise: seconds after the bell, bits, bit/s; sizes at rest in bytes; money in US dollars.

mod scenario;
mod people;
mod random;
mod transfer;
mod water;
mod plans;
mod share;
mod load;
mod figures;
mod before;
mod recorded;
mod ways;
mod bigger_line;
mod sensitivity;
mod season;
mod prices;
mod routes;
mod costs;
mod tiering;

pub use bigger_line::{BiggerLine, bigger_line};
pub use costs::{Bill, Costs, Item, MONTH_DAYS, break_even_months, costs};
pub use figures::{Curve, Quantiles};
pub use load::Load;
pub use people::{People, people};
pub use prices::{BadPrices, ByClass, Class, Other, Own, Price, Prices, RegionPrices, Tier};
pub use random::{Random, normal_quantile};
pub use routes::{Carrier, Route};
pub use scenario::{Outages, Recorded, Scenario, Uplinks};
pub use season::{Season, stored};
pub use sensitivity::{Case, Short, sensitivity, shortened};
pub use share::drain;
pub use tiering::{Move, Worth, worth};
pub use transfer::{Drained, Link, Live, Outcome, Patience, Transfer};
pub use ways::{Way, Ways, ways};

/// Bytes of a gigabyte as clouds bill it, 2^30.
pub const GB: f64 = 1_073_741_824.0;
