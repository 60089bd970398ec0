//! What is asked: one bell, as an engineer would describe it. It refuses to know how the figures were written down.

use serde::Serialize;

/// One bell: so many candidates end a subject at the same second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// How many candidates hear it.
    pub candidates: usize,
    /// How long they were recorded, seconds.
    pub duration_s: f64,
    /// The tracks that are recorded.
    pub tracks: Vec<Recorded>,
    /// What a candidate's live call needs, bit/s; 0 without one.
    pub live_bits_per_s: f64,
    /// The lines at their homes.
    pub uplinks: Uplinks,
    /// What the company's data centre takes in, bit/s.
    pub data_centre_bits_per_s: f64,
    /// What the store takes in, bit/s; infinite for a store that no single event fills.
    pub store_bits_per_s: f64,
    /// Submits are spread evenly over so long after the bell, seconds.
    pub submit_within_s: f64,
    /// How long a request for a whole file may take, seconds.
    pub request_limit_s: f64,
    /// How often a whole file is tried in all.
    pub tries: u32,
    /// How long a URL that was signed at the end lives, seconds.
    pub url_life_s: f64,
    /// What is sent at once while recording, bytes.
    pub part_bytes: f64,
    /// Breaks of the candidates' lines.
    pub outages: Outages,
    /// Chooses the sample.
    pub seed: u64,
}

/// One track, and how much its size varies from candidate to candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    /// Its name, such as `webcam`.
    pub track: String,
    /// Its mean bitrate over all candidates, bit/s.
    pub bits_per_s: f64,
    /// σ of the logarithm of its size; sizes are lognormal with the mean kept.
    pub sigma: f64,
}

/// The rates of candidates' lines towards the network: lognormal, clipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uplinks {
    /// What half of them exceed, bit/s.
    pub median_bits_per_s: f64,
    /// σ of the logarithm.
    pub sigma: f64,
    /// The slowest, bit/s; more than 0.
    pub lowest_bits_per_s: f64,
    /// The fastest, bit/s.
    pub highest_bits_per_s: f64,
}

impl Uplinks {
    /// Korean homes: median 90 Mb/s.
    pub const KOREA: Uplinks =
        Uplinks { median_bits_per_s: 90e6, sigma: 1.0, lowest_bits_per_s: 1e6, highest_bits_per_s: 900e6 };

    /// Homes in the United States: median 20 Mb/s; σ is such that 3 % stay below 1 Mb/s.
    pub const US: Uplinks = Uplinks {
        median_bits_per_s: 20e6,
        sigma: 1.593,
        lowest_bits_per_s: 0.25e6,
        highest_bits_per_s: 900e6,
    };
}

/// Breaks of a candidate's own line, at random and independent of each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outages {
    /// How many an hour, on the average.
    pub per_hour: f64,
    /// How long each one lasts, seconds.
    pub length_s: f64,
}

impl Outages {
    /// A line that never breaks.
    pub const NONE: Outages = Outages { per_hour: 0.0, length_s: 0.0 };
}

impl Scenario {
    /// The scenario in which everything but candidates and links has its usual value: an hour of webcam and screen, no live call.
    #[must_use]
    pub fn usual(candidates: usize, data_centre_bits_per_s: f64, uplinks: Uplinks) -> Self {
        let recorded =
            |track: &str, bits_per_s, sigma| Recorded { track: track.to_owned(), bits_per_s, sigma };
        Scenario {
            candidates,
            duration_s: 3_600.0,
            tracks: vec![recorded("webcam", 500e3, 0.35), recorded("screen", 300e3, 0.6)],
            live_bits_per_s: 0.0,
            uplinks,
            data_centre_bits_per_s,
            store_bits_per_s: f64::INFINITY,
            submit_within_s: 30.0,
            request_limit_s: 600.0,
            tries: 3,
            url_life_s: 900.0,
            part_bytes: 8.0 * 1_048_576.0,
            outages: Outages::NONE,
            seed: 9,
        }
    }

    /// Mean bytes of one sitting, all tracks.
    #[must_use]
    pub fn sitting_bytes(&self) -> f64 {
        self.tracks.iter().map(|track| track.bits_per_s).sum::<f64>() * self.duration_s / 8.0
    }

    /// The same bell with at most `most` candidates: links shared by all shrink with the number, so that shares, and with
    /// them every time and every fraction, stay what they were.
    #[must_use]
    pub fn scaled_down(&self, most: usize) -> Scenario {
        if self.candidates <= most {
            return self.clone();
        }
        let factor = most as f64 / self.candidates as f64;
        Scenario {
            candidates: most,
            data_centre_bits_per_s: self.data_centre_bits_per_s * factor,
            store_bits_per_s: self.store_bits_per_s * factor,
            ..self.clone()
        }
    }
}
