//! Lists the files of the pages, so that the binary carries whatever stands under `assets/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=assets");
    let root = Path::new("assets");
    let mut files = Vec::new();
    gather(root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let place = fs::canonicalize(file)?;
        let name =
            file.strip_prefix(root).map_err(io::Error::other)?.iter().map(|part| part.to_string_lossy());
        let name = name.collect::<Vec<_>>().join("/");
        writeln!(list, "    ({name:?}, include_bytes!({place:?}).as_slice()),").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("Cargo sets OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("assets.rs"), list)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => gather(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
