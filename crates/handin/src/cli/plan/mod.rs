//! `handin plan`: the page for management, and the figures behind it.
//!
//! Reads flags, lets `handin-plan` compute, and shows the result on the terminal, as JSON, or as one page of HTML in
//! English or Korean. It refuses to know how anything is computed, and asks no server.
//!
//! Reading order: [`args`] says what is asked, [`computed`] what is answered, [`page`] how it is told.

mod args;
mod units;
mod compare;
mod computed;
mod words;
mod names;
mod assumptions;
mod summary;
mod page;
mod charts;
mod money;
mod tables;

use std::fs;
use std::process::ExitCode;

use anyhow::Context;
use handin_plan::Prices;

use super::output;
pub use args::Args;
use computed::Plan;

/// Runs the command: 0 when all is written, 2 for what cannot be computed or a file of prices that is none.
///
/// # Errors
/// When a file cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let plan = match prepare(args) {
        Ok(plan) => plan,
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            return Ok(ExitCode::from(2));
        }
    };
    let write = |path: &std::path::Path, text: String| {
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
    };
    if let Some(path) = &args.html {
        write(path, page::page(&plan, args.lang))?;
    }
    if let Some(path) = &args.picture {
        write(path, page::picture(&plan, args.lang))?;
    }
    match args.json {
        true => output::say_json(&plan)?,
        false => output::say(&summary::summary(&plan, args.lang))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn prepare(args: &Args) -> anyhow::Result<Plan> {
    let file = args
        .prices
        .as_ref()
        .map(|path| {
            fs::read_to_string(path).with_context(|| format!("--prices {} cannot be read", path.display()))
        })
        .transpose()?;
    let prices = Prices::read(file.as_deref()).with_context(|| match &args.prices {
        Some(path) => format!("--prices {}", path.display()),
        None => "the prices that come along".to_owned(),
    })?;
    let scenario = args.scenario()?;
    let variants = compare::read(&args.compare, &scenario)?;
    Plan::compute(scenario, args.season(), &args.region, prices, &variants)
}
