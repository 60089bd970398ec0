//! `--compare data-centre=20G,uplink=us`: other scenarios, by what is different from the one that is asked about.

use anyhow::{Context, anyhow, bail};
use handin_plan::Scenario;

use super::units;

/// A scenario beside the one that is asked about, by the words it was given in.
pub struct Variant {
    /// What is different, as it was written.
    pub name: String,
    /// All of it.
    pub scenario: Scenario,
}

/// Reads each `--compare`.
///
/// # Errors
/// When a key or a value is none; the error names it.
pub fn read(given: &[String], base: &Scenario) -> anyhow::Result<Vec<Variant>> {
    given.iter().map(|name| variant(name, base).with_context(|| format!("--compare {name}"))).collect()
}

fn variant(name: &str, base: &Scenario) -> anyhow::Result<Variant> {
    let mut scenario = base.clone();
    for change in name.split(',') {
        let (key, value) = change.split_once('=').context("write what is different like data-centre=20G")?;
        apply(&mut scenario, key, value)?;
    }
    Ok(Variant { name: name.to_owned(), scenario })
}

fn apply(scenario: &mut Scenario, key: &str, value: &str) -> anyhow::Result<()> {
    let wrong = |says: String| anyhow!("{key}: {says}");
    match key {
        "candidates" => {
            let number = value.parse().ok().filter(|number| (1..=500_000).contains(number));
            scenario.candidates = number.context("candidates: write a number from 1 to 500000")?;
        }
        "duration" => scenario.duration_s = units::duration(value).map_err(wrong)?,
        "webcam" | "screen" => {
            let track = scenario.tracks.iter_mut().find(|track| track.track == key);
            track.with_context(|| format!("{key} is not recorded"))?.bits_per_s =
                units::link(value).map_err(wrong)?;
        }
        "live" => scenario.live_bits_per_s = units::rate(value).map_err(wrong)?,
        "uplink" => scenario.uplinks = units::uplinks(value).map_err(wrong)?,
        "data-centre" => scenario.data_centre_bits_per_s = units::link(value).map_err(wrong)?,
        "store" => scenario.store_bits_per_s = units::link(value).map_err(wrong)?,
        "submit-within" => scenario.submit_within_s = units::seconds(value).map_err(wrong)?,
        "request-limit" => scenario.request_limit_s = units::limit(value).map_err(wrong)?,
        "url-life" => scenario.url_life_s = units::seconds(value).map_err(wrong)?,
        "part" => scenario.part_bytes = units::part(value).map_err(wrong)?,
        "outages" => scenario.outages.per_hour = units::per_hour(value).map_err(wrong)?,
        _ => bail!(
            "{key}: compare by candidates, duration, webcam, screen, live, uplink, data-centre, store, \
             submit-within, request-limit, url-life, part or outages"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use handin_plan::Uplinks;

    #[test]
    fn a_variant_differs_in_what_it_names_only() {
        let base = Scenario::usual(100, 1e9, Uplinks::KOREA);
        let given = ["data-centre=20G,uplink=us".to_owned()];
        let read = read(&given, &base).unwrap();
        let expected = Scenario { data_centre_bits_per_s: 20e9, uplinks: Uplinks::US, ..base };
        assert_eq!((read.len(), &read[0].scenario), (1, &expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let base = Scenario::usual(100, 1e9, Uplinks::KOREA);
        for (given, says) in
            [("line=3", "compare by"), ("live", "data-centre=20G"), ("live=fast", "live: write bits")]
        {
            let error = format!("{:#}", read(&[given.to_owned()], &base).err().unwrap());
            assert!(error.contains(says) && error.contains(given), "{error}");
        }
    }
}
