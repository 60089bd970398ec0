//! Writing a key once and no more.

use futures_util::future;

use super::{Bench, Finding, Untried};

const WRITERS: u8 = 8;

pub(super) async fn second_write(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("second-write");
    let signed = bench.object(&key, 5, None)?;
    bench.put(&signed, &[], b"first").await?.expect_success("the first write")?;
    Ok(Finding::refused(&bench.put(&signed, &[], b"again").await?))
}

pub(super) async fn race(bench: &Bench) -> Result<Finding, Untried> {
    let key = bench.key("write-race");
    // Long enough that the writers overlap.
    let bodies: Vec<Vec<u8>> = (0..WRITERS).map(|writer| vec![writer; 256 << 10]).collect();
    let signed = bench.object(&key, 256 << 10, None)?;
    let replies = future::try_join_all(bodies.iter().map(|body| bench.put(&signed, &[], body))).await?;
    let winners = replies.iter().filter(|reply| !reply.is_refusal()).count();
    Ok(Finding::new(winners == 1, format!("{winners} of {WRITERS} won")))
}
