//! `handin demo`: the whole way of six recordings, from an empty folder to proved objects, in one command.
//!
//! Everything goes over HTTP, as it would for an exam company and its candidates' browsers. Refuses to know how the
//! server is made: it starts it like `handin serve` does.

mod platform;
mod record;
mod samples;
mod transcript;

use std::path::Path;

use anyhow::ensure;

use crate::clock::{Clock, Ids};

use platform::Platform;
use record::Sat;
use samples::SITTINGS;
use transcript::Paint;

/// What is needed to find the server.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// The API's address.
    pub api: &'a str,
    /// An API key.
    pub api_key: &'a str,
    /// A folder for films on their way, and for what survives a kill.
    pub folder: &'a Path,
}

/// What can be looked at when the demonstration is over.
pub struct Shown {
    /// The exam's id.
    pub exam: String,
    /// Where the first recording can be watched.
    pub watch: String,
    /// Where a candidate's browser records.
    pub page_url: String,
}

/// Sends six recordings, proves them, and prints what it does to stdout.
///
/// # Errors
/// When anything is not as it should be; says what.
pub async fn demonstrate(server: Server<'_>, clock: &Clock, ids: &Ids) -> anyhow::Result<Shown> {
    let paint = Paint::detect();
    let platform = Platform::new(server.api, server.api_key, clock.clone(), ids.clone())?;
    let exam = platform.create_exam().await?;
    platform.put_roster(&exam).await?;
    say(&format!(
        "{}\n",
        paint.bold(&format!("Exam {exam}, {} candidates, a webcam and a screen each", SITTINGS.len()))
    ))?;
    let (mut sittings, mut page_url) = (Vec::new(), String::new());
    for sitting in &SITTINGS {
        let ticket = platform.ticket(&exam, sitting.candidate).await?;
        let time = (clock.clone(), ids.clone());
        let sat = Box::pin(record::sit(sitting, &platform, &server, &ticket.token, time)).await?;
        for kept in &sat.kept {
            say(&transcript::recording(kept, paint))?;
        }
        sittings.push(sat);
        page_url = ticket.page_url;
    }
    say(&transcript::proof(&sittings, paint))?;
    check(&sittings)?;
    let watch =
        sittings.iter().flat_map(|sat| &sat.kept).next().map_or(String::new(), |kept| kept.link.clone());
    Ok(Shown { exam, watch, page_url })
}

/// The proof once more, for the exit code.
fn check(sittings: &[Sat]) -> anyhow::Result<()> {
    let kept: Vec<_> = sittings.iter().flat_map(|sat| &sat.kept).collect();
    let films: usize = SITTINGS.iter().map(|sitting| sitting.films.len()).sum();
    ensure!(kept.len() == films, "{} of {films} recordings were made", kept.len());
    for one in kept {
        let stated = &one.delivered.stated;
        ensure!(stated.state == "sealed", "recording {} is {}", stated.id, stated.state);
        ensure!(one.is_identical(), "the object of recording {} is not what was recorded", stated.id);
    }
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
