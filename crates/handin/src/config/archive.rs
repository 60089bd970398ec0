//! `[archive.NAME]`: where recordings can be drained to. Any number of them, each a folder or any S3.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use super::layers::Layers;
use super::section::{Setting, Spec, Value};

/// A second home for recordings: a folder that this process serves as it does its own store, or any S3.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The folder; the embedded store serves it, with the key pair of the first one.
    pub folder: Option<PathBuf>,
    /// Where the embedded store listens for this folder.
    pub listen: SocketAddr,
    /// The S3 endpoint that the server calls.
    pub endpoint: Option<String>,
    /// The S3 endpoint that browsers reach, if it is another one.
    pub public_endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The access key id.
    pub access_key: Option<SecretString>,
    /// The secret key that belongs to it.
    pub secret_key: Option<SecretString>,
    /// Whether the bucket is named in the path.
    pub path_style: bool,
}

/// Archives by name.
pub type Archives = BTreeMap<String, Archive>;

impl Default for Archive {
    fn default() -> Archive {
        Archive {
            folder: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8782)),
            endpoint: None,
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            bucket: "handin".to_owned(),
            access_key: None,
            secret_key: None,
            path_style: true,
        }
    }
}

/// Where an archive's settings stand. The few sections that a process reads live as long as it does.
fn section(name: &str) -> &'static str {
    Box::leak(format!("archive.{name}").into_boxed_str())
}

/// Every archive that the file names.
pub(super) fn read(layers: &mut Layers) -> Archives {
    let names = layers.names_under("archive");
    names.into_iter().map(|name| (name.clone(), Archive::read(layers, &name))).collect()
}

/// Every setting of every archive.
pub(super) fn settings(archives: &Archives) -> Vec<Setting> {
    archives.iter().flat_map(|(name, archive)| archive.settings(name)).collect()
}

/// The settings of any archive, for the reference.
pub(super) fn described() -> Vec<Setting> {
    Archive::default().settings("NAME")
}

impl Archive {
    fn read(layers: &mut Layers, name: &str) -> Archive {
        let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !plain || name.len() > 32 {
            layers.problem(format!("archive.{name}: name an archive with 1 to 32 small letters and digits"));
        }
        let section = section(name);
        let normal = Archive::default();
        let archive = Archive {
            folder: one(layers, section, "folder", normal.folder),
            listen: one(layers, section, "listen", normal.listen),
            endpoint: one(layers, section, "endpoint", normal.endpoint),
            public_endpoint: one(layers, section, "public_endpoint", normal.public_endpoint),
            region: one(layers, section, "region", normal.region),
            bucket: one(layers, section, "bucket", normal.bucket),
            access_key: one(layers, section, "access_key", normal.access_key),
            secret_key: one(layers, section, "secret_key", normal.secret_key),
            path_style: one(layers, section, "path_style", normal.path_style),
        };
        if archive.folder.is_none() && archive.endpoint.is_none() {
            layers.problem(format!("archive.{name}: give folder or endpoint"));
        }
        if archive.access_key.is_some() != archive.secret_key.is_some() {
            layers.problem(format!("archive.{name}: give both access_key and secret_key, or neither"));
        }
        archive
    }

    fn settings(&self, name: &str) -> Vec<Setting> {
        let section = section(name);
        let spec = |name| Spec { section, name, also: &[] };
        vec![
            spec("folder").setting(
                &self.folder,
                &["The folder that recordings go to. The process with the role `store` serves it as it does its own store, with the same key pair; nothing else may write to it."],
                None,
            ),
            spec("listen").setting(
                &self.listen,
                &["The address and port that the folder is served on; each archive needs its own."],
                None,
            ),
            spec("endpoint").setting(
                &self.endpoint,
                &["The S3 endpoint that the server calls, instead of a folder; with a folder, where nodes without the role `store` reach it."],
                None,
            ),
            spec("public_endpoint").setting(
                &self.public_endpoint,
                &["The S3 endpoint that browsers reach, if it is another one."],
                None,
            ),
            spec("region").setting(&self.region, &["The region that requests are signed for."], None),
            spec("bucket").setting(&self.bucket, &["The bucket that recordings go to."], None),
            spec("access_key").setting(
                &self.access_key,
                &["The access key id; without it credentials come from the standard AWS chain."],
                None,
            ),
            spec("secret_key").setting(
                &self.secret_key,
                &["The secret key that belongs to `access_key`."],
                None,
            ),
            spec("path_style").setting(
                &self.path_style,
                &["Whether the bucket is named in the path (`true`) or in the host name (`false`)."],
                None,
            ),
        ]
    }
}

fn one<T: Value>(layers: &mut Layers, section: &'static str, name: &'static str, normal: T) -> T {
    Spec { section, name, also: &[] }.read(layers, normal, |_| Ok(()))
}
