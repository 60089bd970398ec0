//! Where a command finds its configuration: the flags that all of them share, over environment and file.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::clock::Ids;
use crate::config::{Config, Environment, Flags, Secrets};

/// The file that is read when none is named and it is there.
const DEFAULT_FILE: &str = "handin.toml";

/// Flags of every command that needs the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Place {
    /// The folder with everything that must survive a restart [default: ./handin-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration file [default: ./handin.toml if it is there]
    #[arg(long, value_name = "FILE", env = "HANDIN_CONFIG")]
    pub config: Option<PathBuf>,
}

impl Place {
    /// Reads the configuration; `flags` are those of the command itself.
    ///
    /// # Errors
    /// Names every setting that has to be mended.
    pub fn load(&self, mut flags: Flags) -> anyhow::Result<Config> {
        if let Some(data) = &self.data {
            flags.insert("data", data.display().to_string());
        }
        let default = Path::new(DEFAULT_FILE);
        let file = self.config.as_deref().or_else(|| default.exists().then_some(default));
        let environment: Environment = std::env::vars().collect();
        Ok(Config::load(flags, environment, file)?)
    }
}

/// The secrets of a configuration's data folder, made at the first start.
///
/// # Errors
/// When the file cannot be read, written or understood.
pub fn secrets(config: &Config, ids: &Ids) -> anyhow::Result<Secrets> {
    let path = config.secrets_path();
    Secrets::load_or_create(&path, || ids.bytes()).context("the server's secrets")
}
