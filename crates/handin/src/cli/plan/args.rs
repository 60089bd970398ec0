//! What is asked of the planner on the command line.

use std::path::PathBuf;

use anyhow::ensure;
use clap::value_parser;
use handin_plan::{Outages, Recorded, Scenario, Season, Uplinks};

use super::units;
use super::words::Lang;

/// Flags of `handin plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Candidates who hear one bell
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = value_parser!(u32).range(1..=500_000))]
    candidates: u32,
    /// Bells on an exam day
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=20))]
    subjects: u32,
    /// How long each subject is recorded
    #[arg(long, value_name = "TIME", default_value = "60m", value_parser = units::duration)]
    duration: f64,
    /// Mean bitrate of the webcam's recording; 0 for none
    #[arg(long, value_name = "RATE", default_value = "500k", value_parser = units::rate)]
    webcam: f64,
    /// Mean bitrate of the screen's recording; 0 for none
    #[arg(long, value_name = "RATE", default_value = "300k", value_parser = units::rate)]
    screen: f64,
    /// What a candidate's live call needs; 0 without one
    #[arg(long, value_name = "RATE", default_value = "0", value_parser = units::rate)]
    live: f64,
    /// Candidates' lines: korea, us, a median, or a median and σ like 50M:1.2
    #[arg(long, value_name = "LINES", default_value = "korea", value_parser = units::uplinks)]
    uplink: Uplinks,
    /// What the company's data centre takes in
    #[arg(long, value_name = "RATE", default_value = "5G", value_parser = units::link)]
    data_centre: f64,
    /// What the store takes in, if that is a limit
    #[arg(long, value_name = "RATE", value_parser = units::link)]
    store: Option<f64>,
    /// Within how long after the bell all submit
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::seconds)]
    submit_within: f64,
    /// How long a request for a whole file may take, or none
    #[arg(long, value_name = "TIME", default_value = "600s", value_parser = units::limit)]
    request_limit: f64,
    /// How often a whole file is tried in all
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    tries: u32,
    /// How long a URL lives that is signed at the end
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = units::seconds)]
    url_life: f64,
    /// Size of a part that is sent while recording
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = units::part)]
    part: f64,
    /// How often a candidate's line breaks
    #[arg(long, value_name = "RATE", default_value = "0/h", value_parser = units::per_hour)]
    outages: f64,
    /// How long it is broken then
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::seconds)]
    outage_length: f64,
    /// How long the season lasts
    #[arg(long, value_name = "WEEKS", default_value_t = 4, value_parser = value_parser!(u32).range(1..=52))]
    season_weeks: u32,
    /// Exam days in a week of the season
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=7))]
    exams_per_week: u32,
    /// How long recordings are kept
    #[arg(long, value_name = "DAYS", default_value = "180d", value_parser = units::days)]
    retention: u32,
    /// How long after the exam retention begins to count, such as at the hiring decision
    #[arg(long, value_name = "DAYS", default_value = "0d", value_parser = units::days)]
    decision_after: u32,
    /// Share of the recordings that somebody watches
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = units::share)]
    reviewed: f64,
    /// The cloud's region, as in the prices
    #[arg(long, value_name = "REGION", default_value = "ap-northeast-2")]
    pub region: String,
    /// A TOML file with prices of your own, in the place of those that come along
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Another scenario beside this one, by what is different: data-centre=20G,uplink=us; repeat it
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub compare: Vec<String>,
    /// Chooses the sample; the same seed gives the same figures
    #[arg(long, value_name = "N", default_value_t = 9)]
    seed: u64,
    /// Language of summary and page
    #[arg(long, value_enum, default_value_t = Lang::En)]
    pub lang: Lang,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the one picture that tells the story, as SVG
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// σ of the logarithm of a recording's size: faces differ less than screens.
const WEBCAM_SIGMA: f64 = 0.35;
const SCREEN_SIGMA: f64 = 0.6;

impl Args {
    /// The bell that is asked about.
    ///
    /// # Errors
    /// When nothing is recorded.
    pub fn scenario(&self) -> anyhow::Result<Scenario> {
        let recorded =
            |track: &str, bits_per_s, sigma| Recorded { track: track.to_owned(), bits_per_s, sigma };
        let mut tracks = vec![
            recorded("webcam", self.webcam, WEBCAM_SIGMA),
            recorded("screen", self.screen, SCREEN_SIGMA),
        ];
        tracks.retain(|track| track.bits_per_s > 0.0);
        ensure!(!tracks.is_empty(), "--webcam 0 --screen 0: nothing is recorded");
        Ok(Scenario {
            candidates: self.candidates as usize,
            duration_s: self.duration,
            tracks,
            live_bits_per_s: self.live,
            uplinks: self.uplink.clone(),
            data_centre_bits_per_s: self.data_centre,
            store_bits_per_s: self.store.unwrap_or(f64::INFINITY),
            submit_within_s: self.submit_within,
            request_limit_s: self.request_limit,
            tries: self.tries,
            url_life_s: self.url_life,
            part_bytes: self.part,
            outages: Outages { per_hour: self.outages, length_s: self.outage_length },
            seed: self.seed,
        })
    }

    /// The season that is asked about.
    pub fn season(&self) -> Season {
        Season {
            weeks: self.season_weeks,
            exams_per_week: self.exams_per_week,
            subjects: self.subjects,
            clock_starts_after_days: self.decision_after,
            retention_days: self.retention,
            reviewed: self.reviewed,
        }
    }
}
