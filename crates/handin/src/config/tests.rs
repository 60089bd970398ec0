//! Precedence, refusals and secrecy of the configuration.

use std::fs;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(flags: &[(&'static str, &str)], pairs: &[(&str, &str)], file: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("handin.toml");
    fs::write(&place, file).unwrap();
    let flags = flags.iter().map(|(path, value)| (*path, (*value).to_owned())).collect();
    let shown = |error: BadConfig| error.to_string().replace(&folder.path().display().to_string(), "");
    Config::load(flags, environment(pairs), Some(&place)).map_err(shown)
}

#[test]
fn flags_beat_the_environment_beats_the_file_beats_the_defaults() {
    let file = "[uploads]\nurl_ttl_s = 60";
    let variable = [("HANDIN_UPLOADS_URL_TTL_S", "120")];
    let ttl = |config: Config| config.uploads.url_ttl_s;
    assert_eq!(load(&[], &[], "").map(ttl), Ok(600));
    assert_eq!(load(&[], &[], file).map(ttl), Ok(60));
    assert_eq!(load(&[], &variable, file).map(ttl), Ok(120));
    assert_eq!(load(&[("uploads.url_ttl_s", "240")], &variable, file).map(ttl), Ok(240));
}

#[test]
fn the_example_for_operators_is_one_that_works() {
    let config = load(&[], &[], include_str!("../../../../deploy/handin.toml")).unwrap();
    assert_eq!(config.server.roles, [Role::Api, Role::Worker]);
    assert!(!config.store.is_embedded() && !config.store.path_style);
}

#[test]
fn the_usual_names_of_stores_and_databases_are_read() {
    let config = load(
        &[],
        &[
            ("S3_ENDPOINT", "http://127.0.0.1:9000"),
            ("AWS_REGION", "ap-northeast-2"),
            ("S3_ACCESS_KEY_ID", "AK"),
            ("S3_SECRET_ACCESS_KEY", "shh"),
            ("S3_PATH_STYLE", "false"),
            ("DATABASE_URL", "postgres://u:pw@localhost/x"),
        ],
        "",
    )
    .unwrap();
    assert_eq!(config.store.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!(config.store.region, "ap-northeast-2");
    assert_eq!(config.store.secret_key.unwrap().expose_secret(), "shh");
    assert!(!config.store.path_style);
    assert_eq!(config.database.url.unwrap().expose_secret(), "postgres://u:pw@localhost/x");
}

#[test]
fn our_own_name_beats_the_usual_ones() {
    let pairs = [("AWS_REGION", "a"), ("S3_REGION", "b"), ("HANDIN_STORE_REGION", "c")];
    assert_eq!(load(&[], &pairs, "").unwrap().store.region, "c");
    assert_eq!(load(&[], &pairs[..2], "").unwrap().store.region, "b");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    fs::write(&secret, "from-file\n").unwrap();
    let pairs = [("S3_SECRET_ACCESS_KEY_FILE", secret.to_str().unwrap()), ("S3_ACCESS_KEY_ID", "AK")];
    let config = load(&[], &pairs, "").unwrap();
    assert_eq!(config.store.secret_key.unwrap().expose_secret(), "from-file");
    let absent = [("DATABASE_URL_FILE", "/nowhere/at/all")];
    assert!(load(&[], &absent, "").unwrap_err().contains("DATABASE_URL_FILE: cannot read"));
}

#[test]
fn unknown_keys_are_refused_with_a_hint() {
    let error = load(&[], &[], "[server]\nlisen = \"x\"\n[sever]\n").unwrap_err();
    assert!(error.contains(r#"unknown key "server.lisen": did you mean "listen"?"#), "{error}");
    assert!(error.contains(r#"unknown key or section "sever": did you mean "server"?"#), "{error}");
    let error = load(&[], &[], "[jobs]\nxyz = 1\n").unwrap_err();
    assert!(error.contains("known here are poll_ms, workers"), "{error}");
}

#[test]
fn a_section_may_not_be_a_plain_value() {
    let error = load(&[], &[], "server = 3").unwrap_err();
    assert!(error.contains(r#"unknown key or section "server""#), "{error}");
}

#[test]
fn every_problem_is_reported_with_its_origin() {
    let error = load(
        &[("server.listen", "here")],
        &[("HANDIN_UPLOADS_SIGN_AHEAD", "0"), ("HANDIN_STORE_ACCESS_KEY", "AK")],
        "[log]\nformat = \"xml\"\n[jobs]\nworkers = { a = 1 }",
    )
    .unwrap_err();
    for wanted in [
        r#"the flag for server.listen: "here" is not an address and port"#,
        r#"HANDIN_UPLOADS_SIGN_AHEAD: "0" is not in 1 to 1000"#,
        "store.access_key and store.secret_key: give both or neither",
        r#"/handin.toml: log.format: "xml" is not text or json"#,
        "/handin.toml: jobs.workers: a table cannot stand here",
    ] {
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
}

#[test]
fn secrets_never_print() {
    let pairs = [
        ("S3_ACCESS_KEY_ID", "AKsecret"),
        ("S3_SECRET_ACCESS_KEY", "shh-secret"),
        ("DATABASE_URL", "postgres://u:pw-secret@h/d"),
    ];
    let config = load(&[], &pairs, "").unwrap();
    for shown in [format!("{config:?}"), reference::effective(&config), format!("{:?}", config.settings())] {
        assert!(!shown.contains("-secret") && !shown.contains("AKsecret"), "{shown}");
    }
}

#[test]
fn the_effective_configuration_is_a_configuration_again() {
    let config = load(&[], &[("HANDIN_SERVER_ROLES", "api,worker")], "").unwrap();
    let again = load(&[], &[], &reference::effective(&config)).unwrap();
    assert_eq!(reference::effective(&again), reference::effective(&config));
    assert!(!again.server.runs(Role::Store));
}
