//! The configuration for people: the generated reference page, and the effective configuration as TOML.

use std::fmt::Write as _;

use super::Config;
use super::section::Setting;

const INTRODUCTION: &str = "\
# Configuration

Generated (`handin config --reference`); a test fails when it is stale.

Every setting has a default. `handin.toml` in the working directory (or the file named with `--config` or in
`HANDIN_CONFIG`) overrides it, the environment overrides the file, and flags override everything. A key the program
does not know is refused. A secret may be given as a file too: `NAME_FILE=/run/secrets/x` instead of `NAME=…`.
Lists are written with commas in the environment and as arrays in the file. `handin config` prints what is in effect.

Without any configuration the embedded store and SQLite keep everything in the data folder.
";

/// The reference page, in Markdown.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, settings) in by_section(&every_setting()) {
        let heading =
            if heading.is_empty() { "Above all sections".to_owned() } else { format!("`[{heading}]`") };
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {heading}\n");
        settings.iter().for_each(|setting| describe(&mut page, setting));
    }
    page
}

fn every_setting() -> Vec<Setting> {
    [Config::default().settings(), super::archive::described()].concat()
}

/// The effective configuration as TOML, secrets masked.
pub fn effective(config: &Config) -> String {
    let mut text = String::new();
    for (section, settings) in by_section(&config.settings()) {
        if !section.is_empty() {
            let _ = write!(text, "\n[{section}]\n");
        }
        for setting in settings {
            let _ = match setting.shown.is_empty() {
                true => writeln!(text, "# {} is not set", setting.name),
                false => writeln!(text, "{} = {}", setting.name, literal(&setting.shown)),
            };
        }
    }
    text
}

fn by_section(settings: &[Setting]) -> Vec<(&'static str, Vec<&Setting>)> {
    let mut sections: Vec<(&'static str, Vec<&Setting>)> = Vec::new();
    for setting in settings {
        match sections.last_mut() {
            Some((section, list)) if *section == setting.section => list.push(setting),
            _ => sections.push((setting.section, vec![setting])),
        }
    }
    sections
}

fn describe(page: &mut String, setting: &Setting) {
    let secret = if setting.secret { " A secret." } else { "" };
    let range = setting.range.as_ref().map(|range| format!(" Allowed: {range}.")).unwrap_or_default();
    let default = match setting.shown.as_str() {
        "" => "Not set by default.".to_owned(),
        shown => format!("Default: `{shown}`."),
    };
    let variables: Vec<String> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
    let _ = write!(
        page,
        "\n### `{}`\n\n{}{secret} {default}{range} Environment: {}.\n",
        setting.path(),
        setting.doc,
        variables.join(", ")
    );
}

fn literal(shown: &str) -> String {
    let bare = shown.parse::<i64>().is_ok() || shown.parse::<bool>().is_ok();
    if bare { shown.to_owned() } else { format!("{shown:?}") }
}
