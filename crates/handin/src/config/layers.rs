//! The layers a setting may come from: flags over environment over `handin.toml` over defaults.
//!
//! Takes the environment as a map, so that nothing here reads the process's own. Refuses file keys it does not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::nearest::nearest;
use super::section::{Setting, Spec, path};

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// Settings given on the command line, by path (`server.listen`).
pub type Flags = BTreeMap<&'static str, String>;

/// A value found in one of the layers.
pub struct Found {
    /// The value as text.
    pub text: String,
    /// Where it was found, for error messages.
    pub origin: String,
}

/// Everything a configuration is read from, and what was wrong with it.
pub struct Layers {
    flags: Flags,
    environment: Environment,
    file: Option<(PathBuf, toml::Table)>,
    problems: Vec<String>,
}

impl Layers {
    /// Gathers the layers; a file that cannot be read or is no TOML becomes a problem.
    pub fn new(flags: Flags, environment: Environment, file: Option<&Path>) -> Layers {
        let mut layers = Layers { flags, environment, file: None, problems: Vec::new() };
        if let Some(place) = file {
            match read_table(place) {
                Ok(table) => layers.file = Some((place.to_owned(), table)),
                Err(problem) => layers.problem(problem),
            }
        }
        layers
    }

    /// Notes something the user has to mend.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The setting's text from the strongest layer that has it.
    pub fn find(&mut self, spec: &Spec, secret: bool) -> Option<Found> {
        self.in_flags(spec).or_else(|| self.in_environment(spec, secret)).or_else(|| self.in_file(spec))
    }

    /// The tables of the file under a name: `[archive.nas]` is one under `archive`.
    pub fn names_under(&self, name: &str) -> Vec<String> {
        let tables = self.file.as_ref().and_then(|(_, table)| table.get(name)?.as_table());
        tables.map(|tables| tables.keys().cloned().collect()).unwrap_or_default()
    }

    /// Ends the reading: complains of unknown file keys, and gives back all problems.
    pub fn finish(mut self, known: &[Setting]) -> Vec<String> {
        if let Some((place, table)) = self.file.take() {
            let unknown = unknown_keys(&table, known);
            self.problems.extend(unknown.into_iter().map(|what| format!("{}: {what}", place.display())));
        }
        self.problems
    }

    fn in_flags(&self, spec: &Spec) -> Option<Found> {
        let path = path(spec.section, spec.name);
        let text = self.flags.get(path.as_str())?.clone();
        Some(Found { text, origin: format!("the flag for {path}") })
    }

    fn in_environment(&mut self, spec: &Spec, secret: bool) -> Option<Found> {
        for name in spec.variables() {
            if let Some(text) = self.environment.get(&name) {
                return Some(Found { text: text.clone(), origin: name });
            }
            let file_name = format!("{name}_FILE");
            if let Some(place) = self.environment.get(&file_name).filter(|_| secret) {
                return self.in_secret_file(&file_name, &PathBuf::from(place));
            }
        }
        None
    }

    fn in_secret_file(&mut self, variable: &str, place: &Path) -> Option<Found> {
        match fs::read_to_string(place) {
            // Editors and `echo` end a file with a line break that is not part of the secret.
            Ok(text) => {
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                Some(Found { text, origin: variable.to_owned() })
            }
            Err(error) => {
                self.problem(format!("{variable}: cannot read {}: {error}", place.display()));
                None
            }
        }
    }

    fn in_file(&mut self, spec: &Spec) -> Option<Found> {
        let (place, table) = self.file.as_ref()?;
        let value = match spec.section {
            "" => table.get(spec.name)?,
            section => section
                .split('.')
                .try_fold(table, |table, name| table.get(name)?.as_table())?
                .get(spec.name)?,
        };
        let origin = format!("{}: {}", place.display(), path(spec.section, spec.name));
        let Some(text) = as_text(value) else {
            self.problem(format!("{origin}: a {} cannot stand here", value.type_str()));
            return None;
        };
        Some(Found { text, origin })
    }
}

fn read_table(place: &Path) -> Result<toml::Table, String> {
    let text =
        fs::read_to_string(place).map_err(|error| format!("cannot read {}: {error}", place.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", place.display()))
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(as_text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        _ => None,
    }
}

fn unknown_keys(table: &toml::Table, known: &[Setting]) -> Vec<String> {
    let mut unknown = Vec::new();
    let tables = table.iter().flat_map(|(key, value)| match value {
        // Of sections whose names are given by the file each is looked at by itself.
        toml::Value::Table(inner) if is_family(key, known) => {
            inner.iter().map(|(name, value)| (format!("{key}.{name}"), value)).collect()
        }
        _ => vec![(key.clone(), value)],
    });
    for (key, value) in tables {
        let key = &key;
        let names: Vec<&str> = known.iter().filter(|it| it.section == key).map(|it| it.name).collect();
        match value {
            toml::Value::Table(inner) if !names.is_empty() => {
                let strange = inner.keys().filter(|name| !names.contains(&name.as_str()));
                unknown.extend(strange.map(|name| unknown_key("key", &path(key, name), name, &names)));
            }
            _ => {
                let top = known.iter().map(|it| if it.section.is_empty() { it.name } else { it.section });
                let top: Vec<&str> = top.collect();
                if !known.iter().any(|it| it.section.is_empty() && it.name == key) {
                    unknown.push(unknown_key("key or section", key, key, &top));
                }
            }
        }
    }
    unknown
}

/// Whether there are sections `key.…`.
fn is_family(key: &str, known: &[Setting]) -> bool {
    known.iter().any(|it| it.section.split_once('.').is_some_and(|(family, _)| family == key))
}

fn unknown_key(what: &str, shown: &str, given: &str, known: &[&str]) -> String {
    match nearest(given, known) {
        Some(meant) => format!("unknown {what} {shown:?}: did you mean {meant:?}?"),
        None => format!("unknown {what} {shown:?}: known here are {}", list(known)),
    }
}

fn list(known: &[&str]) -> String {
    let mut names = known.to_vec();
    names.dedup();
    names.join(", ")
}
