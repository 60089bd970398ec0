//! The smallest experiment: real packets over shaped links between namespaces.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::upload::exam::{HANDIN, run};

/// Whether this process may make network namespaces; says so when it may not.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn may_make_namespaces() -> bool {
    let name = format!("handin-probe-{}", std::process::id());
    let ip = |verb: &str| Command::new("ip").args(["netns", verb, &name]).output();
    let made = ip("add").is_ok_and(|said| said.status.success());
    let _ = ip("delete");
    let shapes = Command::new("tc").arg("-V").output().is_ok();
    let all = std::env::var("HANDIN_TEST_ALL").is_ok_and(|all| all == "1");
    assert!(
        made && shapes || !all,
        "HANDIN_TEST_ALL is set, but there are no network namespaces (root, iproute2)"
    );
    if !(made && shapes) {
        eprintln!("left out: no network namespaces (needs root and iproute2)");
    }
    made && shapes
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_old_way_carries_recordings_over_the_data_centre_link() {
    if !may_make_namespaces() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("page.html");
    let mut command = Command::new(HANDIN);
    command.args(["bench", "data-centre", "--candidates", "4", "--rounds", "1", "--time-scale", "1200"]);
    command.args(["--live", "400k", "--data-centre", "6M", "--storage", "50M", "--ramp", "500ms"]);
    // Nobody gives up here: what is compared are the bytes on the links.
    command.args(["--client-limit", "20h", "--json", "-", "--html"]).arg(&html).stdin(Stdio::null());
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let figures: Value = serde_json::from_str(&ended.printed).unwrap_or_else(|_| panic!("{ended:#?}"));
    let rounds = figures["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), 3);
    // 4 candidates, 800 kb/s, 3 s less up to a fifth of them: at least 2.4 s.
    let least = 4.0 * 800e3 / 8.0 * 2.4 * 0.9;
    for round in rounds {
        // Live packets only go inward, so whatever goes outward are recordings and answers.
        let carried = round["data_centre_link"]["outward"].as_f64().unwrap();
        let way = round["way"].as_str().unwrap();
        match way {
            "before" => assert!(carried > least, "{way}: {carried} of {least}"),
            _ => assert!(carried < least / 2.0, "{way}: {carried} of {least}"),
        }
        assert_eq!((&round["expected"], &round["lost"]), (&Value::from(8), &Value::from(0)), "{way}");
        assert!(
            round["live_at_the_bell"]["sent"].as_u64().unwrap() > 500,
            "{way}: {}",
            round["live_at_the_bell"]
        );
    }
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("Load on the data-centre link") && !page.contains("http://"));
    let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let left = String::from_utf8_lossy(&left.stdout).into_owned();
    let net = figures["net"].as_str().unwrap();
    assert!(!left.contains(net), "{net} is left in {left}");
}
