//! Whether anything below some paths has changed, test messages and signatures too: a digest of the
//! contents, and a stamp that does not read them.

use super::digest::hex;
use super::files;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// SHA-256 of the names and contents of some files, and of all files below some folders, in
/// hexadecimal.
pub fn content_digest(paths: &[PathBuf]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    for path in paths {
        for file in below(path).map_err(|error| at(path, &error))? {
            let bytes = files::read_within(&file, super::archive::MAX_ARCHIVE).map_err(|error| at(&file, &error))?;
            put(&mut hasher, file.to_string_lossy().as_bytes());
            put(&mut hasher, &bytes);
        }
    }
    Ok(hex(&hasher.finalize()))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Changes when names, sizes or times of files do, or when something cannot be read any more.
pub fn stamp(paths: &[PathBuf]) -> String {
    let mut hasher = Sha256::new();
    for file in paths.iter().flat_map(|path| below(path).unwrap_or_default()) {
        put(&mut hasher, file.to_string_lossy().as_bytes());
        if let Ok(facts) = fs::metadata(&file) {
            let time = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            put(&mut hasher, &facts.len().to_be_bytes());
            put(&mut hasher, &time.as_nanos().to_be_bytes());
        }
    }
    hex(&hasher.finalize())
}

/// The path itself if it is a file, else all files below it, sorted; and its signature.
fn below(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    if fs::metadata(path)?.is_dir() {
        let mut found = Vec::new();
        files::collect(path, true, &mut found)?;
        all.extend(found.into_iter().map(|name| path.join(name)));
    } else {
        all.push(path.to_owned());
    }
    all.extend(Some(super::signature_path(path)).filter(|signature| signature.is_file()));
    Ok(all)
}

fn put(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}
