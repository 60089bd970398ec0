//! `secrets.toml`: what the server must keep to itself and find again after a restart.
//!
//! Made at the first start, readable by its owner alone. Several nodes share one copy of the file. Takes its
//! randomness from the caller.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// Everything in `secrets.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The first signs, all verify: so that a key can be rotated while what it signed is still alive.
    pub signing: Vec<SigningSecret>,
    /// The embedded store's key pair.
    pub store: StoreKeys,
    /// What the first caller shows.
    pub bootstrap: Bootstrap,
}

/// 32 secret bytes that handles, tokens and receipts are signed with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningSecret {
    /// Names the secret in what it signed.
    pub id: String,
    secret: SecretString,
}

/// The embedded store's key pair.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreKeys {
    /// The access key id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: SecretString,
}

/// What the first caller shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// An API key of the platform, `hk_…`.
    pub api_key: SecretString,
}

/// Why the secrets cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file or its folder cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what we wrote.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never quotes a value.
        what: String,
    },
}

impl SigningSecret {
    /// The 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        // Checked when the file was read or the secret made.
        decode(self.secret.expose_secret()).unwrap_or_default()
    }
}

impl Secrets {
    /// Makes new secrets; every call of `random` must give 32 fresh random bytes.
    pub fn generate(random: impl Fn() -> [u8; 32]) -> Secrets {
        let secret_key = STANDARD.encode(&random()[..30]);
        let api_key = format!("hk_{}", URL_SAFE_NO_PAD.encode(random()));
        let access_key = format!("HK{}", hex::encode_upper(&random()[..9]));
        Secrets {
            signing: vec![signing_secret(&random)],
            store: StoreKeys { access_key, secret_key: secret_key.into() },
            bootstrap: Bootstrap { api_key: api_key.into() },
        }
    }

    /// Reads the file, or makes it at the first start. Of two processes that start at once one makes it and both read it.
    pub fn load_or_create(path: &Path, random: impl Fn() -> [u8; 32]) -> Result<Secrets, SecretsError> {
        match Secrets::load(path) {
            Err(SecretsError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let suffix = hex::encode(&random()[..8]);
                publish(path, &suffix, &Secrets::generate(random).to_toml())
                    .map_err(|source| io_error(path, source))?;
                Secrets::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the file.
    pub fn load(path: &Path) -> Result<Secrets, SecretsError> {
        let text = fs::read_to_string(path).map_err(|source| io_error(path, source))?;
        let damaged = |what: String| SecretsError::Damaged { path: path.to_owned(), what };
        // The message alone: toml's full error quotes the line, and the line is a secret.
        let secrets: Secrets = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        if secrets.signing.is_empty() {
            return Err(damaged("it has no [[signing]] secret".to_owned()));
        }
        match secrets.signing.iter().find(|it| decode(it.secret.expose_secret()).is_none()) {
            Some(bad) => Err(damaged(format!("signing secret {:?} is not 32 bytes in base64", bad.id))),
            None => Ok(secrets),
        }
    }

    /// Puts a new signing secret in front of the others, which go on verifying, and writes the file in one step.
    /// Running servers read it at their next start. Gives back the new secret's id.
    pub fn rotate(path: &Path, random: impl Fn() -> [u8; 32]) -> Result<String, SecretsError> {
        let mut secrets = Secrets::load(path)?;
        secrets.signing.insert(0, signing_secret(&random));
        let temporary = path.with_extension(hex::encode(&random()[..8]));
        let write = || {
            write_private(&temporary, &secrets.to_toml())?;
            fs::rename(&temporary, path)?;
            sync_folder(path)
        };
        write().map_err(|source| io_error(path, source))?;
        Ok(secrets.signing[0].id.clone())
    }

    fn to_toml(&self) -> String {
        let file = SecretsFile::from(self);
        // Plain tables of strings always have a TOML form.
        let body = toml::to_string(&file).unwrap_or_default();
        format!(
            "# Secrets of this handin. Keep them private, and keep them: tokens, handles and receipts depend on them.\n{body}"
        )
    }
}

/// The file as it is written; the one place where the secrets leave their wrapping.
#[derive(Serialize)]
struct SecretsFile<'a> {
    signing: Vec<SigningFile<'a>>,
    store: StoreFile<'a>,
    bootstrap: BootstrapFile<'a>,
}

#[derive(Serialize)]
struct SigningFile<'a> {
    id: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct StoreFile<'a> {
    access_key: &'a str,
    secret_key: &'a str,
}

#[derive(Serialize)]
struct BootstrapFile<'a> {
    api_key: &'a str,
}

impl<'a> From<&'a Secrets> for SecretsFile<'a> {
    fn from(it: &'a Secrets) -> Self {
        let signing = it.signing.iter();
        SecretsFile {
            signing: signing
                .map(|it| SigningFile { id: &it.id, secret: it.secret.expose_secret() })
                .collect(),
            store: StoreFile {
                access_key: &it.store.access_key,
                secret_key: it.store.secret_key.expose_secret(),
            },
            bootstrap: BootstrapFile { api_key: it.bootstrap.api_key.expose_secret() },
        }
    }
}

fn signing_secret(random: &impl Fn() -> [u8; 32]) -> SigningSecret {
    SigningSecret { id: hex::encode(&random()[..4]), secret: STANDARD.encode(random()).into() }
}

fn decode(secret: &str) -> Option<[u8; 32]> {
    STANDARD.decode(secret).ok()?.try_into().ok()
}

fn io_error(path: &Path, source: io::Error) -> SecretsError {
    SecretsError::Io { path: path.to_owned(), source }
}

/// Writes beside the file and links it into place, which fails if somebody else was first; that one's file then counts.
fn publish(path: &Path, suffix: &str, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(suffix);
    write_private(&temporary, text)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn counting() -> impl Fn() -> [u8; 32] {
        let next = Cell::new(0);
        move || {
            next.set(next.get() + 1);
            [next.get(); 32]
        }
    }

    #[test]
    fn the_first_start_makes_a_private_file_that_later_starts_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secrets.toml");
        let made = Secrets::load_or_create(&path, counting()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Secrets::load_or_create(&path, || panic!("made twice")).unwrap();
        assert_eq!(read.signing[0].bytes(), made.signing[0].bytes());
        assert!(read.bootstrap.api_key.expose_secret().starts_with("hk_"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn rotation_keeps_the_old_secret_behind_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        let before = Secrets::load_or_create(&path, counting()).unwrap();
        let random = || [200; 32];
        let id = Secrets::rotate(&path, random).unwrap();
        let after = Secrets::load(&path).unwrap();
        assert_eq!(after.signing.len(), 2);
        assert_eq!(after.signing[0].id, id);
        assert_eq!(after.signing[0].bytes(), [200; 32]);
        assert_eq!(after.signing[1].bytes(), before.signing[0].bytes());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn damage_is_named_without_quoting_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        Secrets::load_or_create(&path, counting()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let secret = STANDARD.encode([6; 32]);
        assert!(text.contains(&secret), "{text}");
        for damaged in [text.replace(&secret, "c2hvcnQtc2VjcmV0"), text.replace("[store]", "[stor]")] {
            fs::write(&path, damaged).unwrap();
            let error = Secrets::load(&path).unwrap_err().to_string();
            assert!(error.contains("damaged"), "{error}");
            assert!(!error.contains("c2hvcnQtc2VjcmV0") && !error.contains(&secret), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let secrets = Secrets::generate(counting());
        let shown = format!("{secrets:?}");
        assert!(!shown.contains(secrets.bootstrap.api_key.expose_secret()), "{shown}");
        assert!(!shown.contains(secrets.store.secret_key.expose_secret()), "{shown}");
    }
}
