//! What a durable open and a durable seal cost in the ledger: the product's own database layer and schema, no HTTP.
//!
//! `bench-ledger URL MILLISECONDS [POSTMASTER]` runs every case for that long against an empty database and prints one
//! JSON object: case → calls per second, and microseconds of CPU per call in this process (SQLite runs in it) and in
//! PostgreSQL, whose first process is POSTMASTER. It knows nothing of rounds and medians.

mod callers;
mod meter;
mod rows;
mod writes;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use handin::db::{Db, Settings};
use serde_json::{Map, Value};

use crate::callers::{Case, Turns};
use crate::meter::Meter;
use crate::writes::Writes;

/// How many ask at once.
const CALLERS: [usize; 3] = [1, 64, 512];
/// The number at which one by one is compared with groups.
const MIDDLE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("give the database's URL")?;
    let long = Duration::from_millis(arguments.next().ok_or("give the milliseconds of a case")?.parse()?);
    let meter = Meter::new(arguments.next().map(|postmaster| postmaster.parse()).transpose()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{}", Value::Object(runtime.block_on(run(url, long, meter))?));
    Ok(())
}

async fn run(url: String, long: Duration, meter: Meter) -> Result<Map<String, Value>, Box<dyn Error>> {
    let acquire_timeout = Duration::from_secs(10);
    let db = Db::connect(&Settings { url, max_connections: 16, acquire_timeout, queue: 4_096 }).await?;
    db.migrate().await?;
    let writes = Arc::new(Writes::new(db.clone()));
    let mut results = Map::new();
    for case in cases(long) {
        results.insert(case.to_string(), callers::measure(&case, &writes, &meter).await?);
    }
    db.close().await;
    Ok(results)
}

/// Opens first: what they open is what the seals seal.
fn cases(long: Duration) -> Vec<Case> {
    let mut cases = Vec::new();
    for call in ["open", "seal"] {
        cases.push(Case { call, callers: MIDDLE, turns: Turns::OneByOne, long });
        cases.extend(CALLERS.map(|callers| Case { call, callers, turns: Turns::Together, long }));
        if call == "open" {
            cases.push(Case { call: "open with its reads", callers: MIDDLE, turns: Turns::Together, long });
        }
    }
    cases
}
