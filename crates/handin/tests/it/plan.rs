//! `handin plan` as it is called: exit codes, what it prints, and a page that stands alone.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a run ended with.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    printed: String,
    said: String,
}

fn plan(flags: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_handin")).arg("plan").args(flags).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), printed: text(output.stdout), said: text(output.stderr) }
}

fn answer(flags: &[&str]) -> Value {
    let ended = plan(&[flags, &["--json"]].concat());
    assert_eq!((ended.code, ended.said.as_str()), (Some(0), ""), "{ended:#?}");
    serde_json::from_str(&ended.printed).unwrap()
}

/// The keys of a value, nested, with one element for each list and the kind for each leaf.
fn shape(value: &Value, at: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                shape(value, &format!("{at}.{key}"), lines);
            }
        }
        Value::Array(items) => match items.first() {
            Some(first) => shape(first, &format!("{at}[]"), lines),
            None => lines.push(format!("{at}[]")),
        },
        Value::Null => lines.push(format!("{at}: null")),
        Value::Bool(_) => lines.push(format!("{at}: bool")),
        Value::Number(_) => lines.push(format!("{at}: number")),
        Value::String(_) => lines.push(format!("{at}: text")),
    }
}

#[test]
fn the_known_bell_is_computed_from_the_command_line() {
    let answer = answer(&["--candidates", "500", "--data-centre", "1G"]);
    let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_f64).unwrap();
    for (pointer, known, tolerance) in [
        ("/ways/before_patient_s/p50", 1_260.0, 25.0),
        ("/ways/before_patient_s/p99", 1_450.0, 29.0),
        ("/ways/before/lost_recordings", 0.81, 0.016),
        ("/ways/before/carried_per_useful", 18.8, 0.38),
        ("/ways/handin/finish_s/p50", 0.7, 2.0),
        ("/ways/handin/lost_recordings", 0.0, 0.0),
    ] {
        let got = number(pointer);
        assert!((got - known).abs() <= tolerance, "{pointer}: {got}, known {known}");
    }
}

#[test]
fn the_shape_of_the_answer_does_not_change_unseen() {
    let small = ["--candidates", "200", "--data-centre", "400M", "--live", "800k", "--compare", "uplink=us"];
    let mut lines = Vec::new();
    shape(&answer(&small), "", &mut lines);
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(answer(&small), answer(&small));
}

#[test]
fn a_page_stands_alone_in_either_language() {
    let folder = tempfile::tempdir().unwrap();
    for (language, heading) in [("en", "When the bell rings"), ("ko", "시험 종료 종이 울릴 때")] {
        let path = folder.path().join(language);
        let flags =
            ["--candidates", "200", "--data-centre", "400M", "--live", "800k", "--lang", language, "--html"];
        let ended = plan(&[&flags[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(page.contains(&format!("<html lang=\"{language}\">")) && page.contains(heading));
        assert_eq!(page.matches("<figure>").count(), 8);
        for outside in ["http:", "https:", "src=", "href=", "<script", "@import", "url(", "NaN"] {
            assert!(!page.contains(outside), "{language}: {outside}");
        }
    }
}

#[test]
fn the_picture_in_the_documents_is_what_the_command_draws() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bell.svg");
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("bell.svg");
    let flags = ["--candidates", "5000", "--live", "800k", "--data-centre", "5G", "--picture"];
    let ended = plan(&[&flags[..], &[drawn.to_str().unwrap()]].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let drawn = std::fs::read_to_string(drawn).unwrap();
    if std::env::var_os("HANDIN_UPDATE_REFERENCE").is_some() {
        std::fs::write(&committed, &drawn).unwrap();
    }
    let hint = "run `HANDIN_UPDATE_REFERENCE=1 cargo test -p handin --test it plan`";
    assert!(
        std::fs::read_to_string(committed).unwrap_or_default() == drawn,
        "docs/bell.svg is stale: {hint}"
    );
}

#[test]
fn own_prices_take_the_place_of_those_that_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.toml");
    std::fs::write(&file, "[own]\nline_per_mbps_month = 5\n").unwrap();
    let small = ["--candidates", "200", "--data-centre", "100M"];
    let month = |flags: &[&str]| answer(flags)["bigger_line"]["usd_per_month"].as_f64().unwrap();
    let own = month(&[&small[..], &["--prices", file.to_str().unwrap()]].concat());
    assert!((own / month(&small) - 2.0).abs() < 1e-9);
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.toml");
    std::fs::write(&file, "[own]\nline = 5\n").unwrap();
    let file = file.to_str().unwrap();
    for (flags, said) in [
        (vec!["--webcam", "fast"], "500k"),
        (vec!["--data-centre", "0"], "carries nothing"),
        (vec!["--webcam", "0", "--screen", "0"], "nothing is recorded"),
        (vec!["--candidates", "0"], "--candidates"),
        (vec!["--uplink", "mars"], "korea"),
        (vec!["--region", "mars"], "ap-northeast-2, us-east-1"),
        (vec!["--compare", "weather=bad"], "compare by candidates"),
        (vec!["--prices", "/nowhere"], "/nowhere cannot be read"),
        (vec!["--prices", file], "own.line: unknown field"),
        (vec!["--part", "1MiB"], "5MiB"),
    ] {
        let ended = plan(&flags);
        assert_eq!((ended.code, ended.printed.as_str()), (Some(2), ""), "{flags:?}: {ended:#?}");
        assert!(ended.said.contains(said), "{flags:?}: {ended:#?}");
    }
}

#[test]
fn a_page_that_cannot_be_written_ends_with_1() {
    let ended = plan(&["--candidates", "50", "--html", "/nowhere/page.html"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.said.contains("/nowhere/page.html cannot be written"), "{ended:#?}");
}
