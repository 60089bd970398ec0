//! Where recordings of an older system lie: a folder, or an archive of the configuration.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use secrecy::SecretString;

use crate::app::App;
use crate::cli::place;
use crate::clock::{Clock, Ids};
use crate::config::Config;
use crate::objects::{Listed, Objects, Piece};

/// What is imported from.
pub enum Source {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A store, and what keys begin with.
    Store(Objects, String),
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path below the source, with `/`.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

impl Source {
    /// Reads `archive:NAME[/PREFIX]`, or the path of a folder.
    ///
    /// # Errors
    /// When there is no such archive, or it cannot be reached.
    pub async fn open(from: &str, config: &Config, clock: &Clock, ids: &Ids) -> anyhow::Result<Source> {
        let Some(named) = from.strip_prefix("archive:") else {
            ensure!(Path::new(from).is_dir(), "{from} is not a folder; of a store write archive:NAME");
            return Ok(Source::Folder(from.into()));
        };
        let (name, prefix) = named.split_once('/').unwrap_or((named, ""));
        let archive = config.archives.get(name).with_context(|| format!("there is no [archive.{name}]"))?;
        let mut archive = archive.clone();
        if archive.folder.is_some() {
            let secrets = place::secrets(config, ids)?;
            archive.endpoint.get_or_insert_with(|| format!("http://{}", archive.listen));
            archive.access_key = Some(SecretString::from(secrets.store.access_key.clone()));
            archive.secret_key = Some(secrets.store.secret_key);
        }
        let objects = App::connect_archive(config, &archive, clock, ids).await?;
        Ok(Source::Store(objects, prefix.to_owned()))
    }

    /// Every file, by name.
    ///
    /// # Errors
    /// When one of its folders cannot be read, or the store does not answer.
    pub async fn list(&self) -> anyhow::Result<Vec<Found>> {
        let mut found = match self {
            Source::Folder(folder) => walk(folder)?,
            Source::Store(objects, prefix) => list(objects, prefix).await?,
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// The file as one of this machine; of a store it is fetched to `scratch` first.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub async fn file(&self, found: &Found, scratch: &Path) -> anyhow::Result<PathBuf> {
        let (objects, prefix) = match self {
            Source::Folder(folder) => return Ok(folder.join(&found.name)),
            Source::Store(objects, prefix) => (objects, prefix),
        };
        let mut file = std::fs::File::create(scratch)?;
        let mut written = Ok(());
        let piece = Piece { key: &format!("{prefix}{}", found.name), first: 0, size: found.size };
        let take = |bytes: &[u8]| {
            if written.is_ok() {
                written = file.write_all(bytes);
            }
        };
        objects.read(piece, take).await?;
        written.with_context(|| scratch.display().to_string())?;
        Ok(scratch.to_owned())
    }
}

fn walk(root: &Path) -> anyhow::Result<Vec<Found>> {
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => folders.push(path),
                (_, true) => {
                    let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                    found.push(Found { name, size: entry.metadata()?.len() });
                }
                // A link could lead anywhere.
                _ => {}
            }
        }
    }
    Ok(found)
}

async fn list(objects: &Objects, prefix: &str) -> anyhow::Result<Vec<Found>> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let page = objects.list(prefix, next.as_deref()).await?;
        let below = |object: Listed| Found { name: object.key[prefix.len()..].to_owned(), size: object.size };
        found.extend(page.objects.into_iter().map(below));
        next = page.next;
        if next.is_none() {
            return Ok(found);
        }
    }
}
