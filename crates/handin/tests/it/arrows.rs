//! The arrows between the modules point down only; reads every `crate::…` path.

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, beside itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    ("report", &[]),
    ("db", &[]),
    ("objects", &[]),
    ("service", &["app", "clock", "db", "objects"]),
    ("app", &["clock", "config", "db", "objects", "service"]),
    ("jobs", &["app", "clock", "db", "service"]),
    ("http", &["app", "clock", "db", "service", "telemetry"]),
    ("cli", &["app", "clock", "config", "db", "objects", "report", "service", "telemetry"]),
    ("lib", &[]),
    ("main", &[]),
];

/// Edges do not use each other, except where a process is put together and where the document is printed.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("cli/serve.rs", "http"),
    ("cli/serve.rs", "jobs"),
    ("cli/embedded.rs", "http"),
    ("cli/maintain.rs", "http"),
];

#[test]
fn arrows_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for file in rust_files(&source) {
        let name = file.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let module = name.split(['/', '.']).next().unwrap();
        let arrow = ARROWS.iter().find(|(from, _)| *from == module);
        let (_, allowed) =
            arrow.unwrap_or_else(|| panic!("{name}: give the module {module} its place in this list"));
        for used in used_modules(&fs::read_to_string(&file).unwrap()) {
            let exception = EXCEPTIONS.contains(&(name.as_str(), used.as_str()));
            assert!(
                used == module || allowed.contains(&used.as_str()) || exception,
                "{name} may not use {used}"
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} arrows were found: the test has gone blind");
}

#[test]
fn the_store_has_never_heard_of_exams_and_the_domain_does_no_input_or_output() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let forbidden = [("handin-store", "handin-core"), ("handin-store", "sqlx"), ("handin-core", "tokio")];
    let forbidden =
        forbidden.iter().chain(&[("handin-core", "serde"), ("handin-s3", "tokio"), ("handin-s3", "reqwest")]);
    for (name, dependency) in forbidden {
        let manifest = fs::read_to_string(crates.join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        let found = dependencies.lines().any(|line| {
            line.starts_with(&format!("{dependency}.")) || line.starts_with(&format!("{dependency} "))
        });
        assert!(!found, "{name} may not depend on {dependency}");
    }
}

#[test]
fn every_metric_of_the_code_is_in_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code: String = rust_files(&source).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let used =
        ["counter!(\"", "gauge!(\"", "histogram!(\""].iter().flat_map(|start| code.split(start).skip(1));
    let used: std::collections::BTreeSet<&str> = used.map(|rest| rest.split('"').next().unwrap()).collect();
    let listed: std::collections::BTreeSet<&str> =
        handin::telemetry::METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(used, listed);
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}

/// The first names after `crate::`, also of a list in braces.
fn used_modules(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

fn first_names(path: &str) -> Vec<String> {
    let identifier =
        |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(list) = path.strip_prefix('{') else { return vec![identifier(path)] };
    let mut depth = 0;
    let mut names = vec![identifier(list.trim_start())];
    for (place, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(identifier(list[place + 1..].trim_start())),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
