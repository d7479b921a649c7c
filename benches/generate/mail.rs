//! Messages to measure with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

/// Messages from all over a folder, or the shipped corpus where none is given: about so many, less than
/// twice as many.
pub(crate) fn messages(folder: Option<OsString>, about: usize) -> Vec<Vec<u8>> {
    let folder = folder.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), PathBuf::from);
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    paths.sort();
    let step = (paths.len() / about.max(1)).max(1);
    paths.iter().step_by(step).filter_map(|path| std::fs::read(path).ok()).collect()
}
