//! What a pack is made of, as one number.

use super::archive::{Archive, MAX_ARCHIVE};
use super::files::{self, Store};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// SHA-256 over the paths and contents of what decides: `pack.yaml`, rule files, lists; in
/// hexadecimal. A folder and its archive have the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Of everything.
    pub whole: String,
    /// Of everything but the files in `lists/`: two packs that agree here differ at most in lists.
    pub rules: String,
}

/// The digest of the pack that a path leads to: a folder, an archive, a single rule file.
pub fn digest(path: &Path) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    let (store, single) = open(path)?;
    match single {
        Some(name) => hasher.add(&name, &store.read(&name)?),
        None => {
            for path in store.decisive()? {
                hasher.add(&path, &store.read(&path)?);
            }
        }
    }
    Ok(hasher.finish())
}

/// The files that a path leads to, with the name of the single rule file if it is one.
pub(super) fn open(path: &Path) -> io::Result<(Store, Option<String>)> {
    if path.is_dir() {
        return Ok((Store::Folder(path.to_owned()), None));
    }
    if super::is_archive(path) {
        let bytes = files::read_within(path, MAX_ARCHIVE)?;
        let archive = Archive::read(bytes.into()).map_err(io::Error::other)?;
        return Ok((Store::Archive(Arc::new(archive)), None));
    }
    let parent = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((Store::Folder(parent), Some(name)))
}

#[derive(Default)]
pub(super) struct Hasher {
    whole: Sha256,
    rules: Sha256,
}

impl Hasher {
    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) {
        let add = |hasher: &mut Sha256| {
            hasher.update((path.len() as u64).to_be_bytes());
            hasher.update(path.as_bytes());
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        add(&mut self.whole);
        if !path.starts_with("lists/") {
            add(&mut self.rules);
        }
    }

    pub(super) fn finish(self) -> Digest {
        Digest { whole: hex(&self.whole.finalize()), rules: hex(&self.rules.finalize()) }
    }
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
