//! `[log]`: what is written to standard error.

use super::section::{Value, section};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Value for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("text or json".to_owned()),
        }
    }

    fn show(&self) -> String {
        if *self == LogFormat::Json { "json" } else { "text" }.to_owned()
    }
}

section! {
    /// What is written to standard error.
    Log "log" {
        /// Which lines are written: a level, or `target=level` pairs with commas.
        filter: String = "info".to_owned(), env "RUST_LOG";
        /// How lines look: `text` or `json`.
        format: LogFormat = LogFormat::Text;
    }
}
