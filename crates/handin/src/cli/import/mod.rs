//! `handin import`: adopts recordings of an older system. Each goes in as a candidate's file would, by the same protocol, and
//! becomes an ordinary sealed recording with a receipt. What was adopted before is known by its bytes.

mod source;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use base64::Engine as _;
use handin_core::{Mapped, Mapping, Sha256, SubjectId, Track, hash_of_part_hashes_input};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::output::{complain, say, say_json};
use super::platform::{Body, Platform, Server};
use super::quantity::show_size;
use super::upload::{self, Bringing};
use crate::clock::{Clock, Ids};

use source::{Found, Source};

/// Flags of `handin import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exam that adopts them
    #[arg(long)]
    exam: String,
    /// Where they lie: a folder, or archive:NAME[/PREFIX] as the configuration names it
    #[arg(long, value_name = "SOURCE")]
    from: String,
    /// How names tell whose they are, such as {track}/{candidate}/{subject}.webm; {any} is passed over
    #[arg(long, value_name = "MAPPING")]
    map: String,
    /// The subject of all, where names do not tell
    #[arg(long)]
    subject: Option<SubjectId>,
    /// The track of all, where names do not tell
    #[arg(long)]
    track: Option<Track>,
    /// Adopt them; without this nothing is changed
    #[arg(long)]
    confirm: bool,
    /// Where to keep what survives a kill [default: import-state in the data folder]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// What is to be done.
#[derive(Debug, Default)]
struct Plan {
    adopt: Vec<(Found, Mapped)>,
    /// Adopted before.
    known: Vec<String>,
    /// Names that do not fit the mapping.
    unmapped: Vec<String>,
    /// Several for one track of one sitting; none of them is taken.
    doubles: Vec<String>,
}

/// Runs the command: 0 when everything that fits is adopted, or would be; 1 when something is left out.
///
/// # Errors
/// When source or server cannot be reached.
pub async fn run(args: Args, clock: Clock, ids: Ids) -> anyhow::Result<ExitCode> {
    let mapping = Mapping::new(&args.map, args.subject.clone(), args.track.clone())?;
    let config = args.server.config()?;
    let source = Source::open(&args.from, &config, &clock, &ids).await?;
    let platform = args.server.connect()?;
    let state = args.state.clone().unwrap_or_else(|| config.data().join("import-state"));
    std::fs::create_dir_all(&state).with_context(|| state.display().to_string())?;
    let scratch = state.join("fetched");
    let plan = plan(&args.exam, &source, &mapping, &platform, &scratch).await?;
    let (mut adopted, mut failed) = (Vec::new(), Vec::new());
    for (found, mapped) in plan.adopt.iter().filter(|_| args.confirm) {
        let file = source.file(found, &scratch).await?;
        match adopt(&args.exam, mapped, &file, &platform, &state, (clock.clone(), ids.clone())).await {
            Ok(id) => adopted.push(json!({ "name": found.name, "recording": id })),
            Err(error) => {
                complain(&format!("{}: {error:#}", found.name));
                failed.push(found.name.clone());
            }
        }
    }
    // There is none where nothing was fetched.
    let _ = std::fs::remove_file(&scratch);
    match args.server.json {
        true => say_json(&plan.value(&adopted, &failed))?,
        false => say(&plan.describe(args.confirm, adopted.len()))?,
    }
    let left_out = !failed.is_empty() || !plan.unmapped.is_empty() || !plan.doubles.is_empty();
    Ok(if left_out { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn plan(
    exam: &str,
    source: &Source,
    mapping: &Mapping,
    platform: &Platform,
    scratch: &Path,
) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    let mut of: BTreeMap<Mapped, Vec<Found>> = BTreeMap::new();
    for found in source.list().await? {
        match mapping.read(&found.name) {
            Some(mapped) => of.entry(mapped).or_default().push(found),
            None => plan.unmapped.push(found.name),
        }
    }
    let path = format!("/v1/exams/{exam}/recordings?state=sealed");
    let sealed = platform.pages(&path).await?;
    for (mapped, mut files) in of {
        if files.len() > 1 {
            plan.doubles.extend(files.into_iter().map(|found| found.name));
            continue;
        }
        let Some(found) = files.pop() else { continue };
        match is_known(&mapped, &found, &sealed, source, platform, scratch).await? {
            true => plan.known.push(found.name),
            false => plan.adopt.push((found, mapped)),
        }
    }
    Ok(plan)
}

/// Whether a sealed recording of the sitting and track has these bytes; only one of the same length is looked into.
async fn is_known(
    mapped: &Mapped,
    found: &Found,
    sealed: &[Value],
    source: &Source,
    platform: &Platform,
    scratch: &Path,
) -> anyhow::Result<bool> {
    let same = sealed.iter().filter(|one| {
        one["candidate"] == mapped.candidate.as_str()
            && one["subject"] == mapped.subject.as_str()
            && one["track"] == mapped.track.as_str()
            && one["sealed_size"] == found.size
    });
    for one in same {
        let id = one["id"].as_str().unwrap_or_default();
        let shown = platform.call(Method::GET, &format!("/v1/recordings/{id}"), None).await?;
        let whole = one["upload"] == "put";
        let part = if whole { found.size } else { one["part_size"].as_u64().unwrap_or(found.size) };
        let file = source.file(found, scratch).await?;
        if stated_digest(&shown).is_some_and(|stated| digest(&file, part).is_ok_and(|mine| mine == stated)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `sha256_parts` of a recording's receipt, which the server has just given us itself.
fn stated_digest(shown: &Value) -> Option<String> {
    let payload = shown["receipt"].as_str()?.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let stated: Value = serde_json::from_slice(&payload).ok()?;
    Some(stated["sha256_parts"].as_str()?.to_owned())
}

/// The digest over the digests of a file's parts, in hex, as receipts have it.
fn digest(file: &Path, part: u64) -> anyhow::Result<String> {
    let mut file = std::fs::File::open(file)?;
    let mut digests: Vec<Sha256> = Vec::new();
    loop {
        let mut hash = sha2::Sha256::new();
        if std::io::copy(&mut file.by_ref().take(part.max(1)), &mut HashWriter(&mut hash))? == 0 {
            let over = sha2::Sha256::digest(hash_of_part_hashes_input(&digests));
            return Ok(hex::encode(over));
        }
        digests.push(hash.finalize().into());
    }
}

struct HashWriter<'a>(&'a mut sha2::Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sends a file as its candidate would; gives the recording's id.
async fn adopt(
    exam: &str,
    mapped: &Mapped,
    file: &Path,
    platform: &Platform,
    state: &Path,
    (clock, ids): (Clock, Ids),
) -> anyhow::Result<String> {
    let wanted = json!({ "candidate": mapped.candidate.as_str(), "subject": mapped.subject.as_str() });
    let path = format!("/v1/exams/{exam}/tokens");
    let minted = platform.call(Method::POST, &path, Some(Body::json(&wanted))).await?;
    let one = Bringing {
        server: platform.address(),
        token: minted["token"].as_str().unwrap_or_default(),
        track: mapped.track.as_str(),
        file,
        state,
    };
    upload::bring(one, clock, ids).await
}

impl Plan {
    fn value(&self, adopted: &[Value], failed: &[String]) -> Value {
        let adopt: Vec<&str> = self.adopt.iter().map(|(found, _)| found.name.as_str()).collect();
        json!({ "fits": adopt, "known": self.known, "unmapped": self.unmapped, "doubles": self.doubles,
            "adopted": adopted, "failed": failed })
    }

    fn describe(&self, confirmed: bool, adopted: usize) -> String {
        let mut lines = Vec::new();
        let bytes = self.adopt.iter().map(|(found, _)| found.size).sum();
        if !confirmed {
            let line = |(found, mapped): &(Found, Mapped)| {
                let Mapped { candidate, subject, track } = mapped;
                format!("would adopt  {}  as {track} of {candidate} in {subject}", found.name)
            };
            lines.extend(self.adopt.iter().map(line));
        }
        lines.extend(self.unmapped.iter().map(|name| format!("does not fit  {name}")));
        lines.extend(self.doubles.iter().map(|name| format!("is not the only one  {name}")));
        let known = self.known.len();
        lines.push(match confirmed {
            true => format!("adopted {adopted} of {}; {known} were adopted before", self.adopt.len()),
            false => format!(
                "{} recordings, {}, would be adopted; {known} were adopted before. With --confirm they are",
                self.adopt.len(),
                show_size(bytes)
            ),
        });
        lines.join("\n")
    }
}
