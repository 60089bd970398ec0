//! Files that survive: written whole under another name, synced, renamed, and the folder synced too.
//!
//! It knows nothing of what the files mean.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The ending of files that were never finished. Whatever carries it is removed at the next start.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// Makes the names in `folder` durable. Renames and removals are not on the disk before this returns.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes `bytes` beside `path` and syncs them. [`publish`] makes them appear under `path`.
pub(crate) fn stage(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let staged = unfinished(path);
    let written = File::create(&staged).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        remove(&staged);
        return Err(error);
    }
    Ok(staged)
}

/// Renames a staged file to `path`, replacing what was there. It is durable after [`sync_folder`].
pub(crate) fn publish(staged: &Path, path: &Path) -> io::Result<()> {
    fs::rename(staged, path).inspect_err(|_| remove(staged))
}

/// Writes a whole file durably, replacing what was there.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staged = stage(path, bytes)?;
    publish(&staged, path)?;
    sync_folder(parent(path))
}

/// Removes a file or a whole folder. A failure is logged and no more: the next start tries again.
pub(crate) fn remove(path: &Path) {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "cannot remove; the next start will try again");
        }
        _ => {}
    }
}

/// The folder a file of ours lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}
