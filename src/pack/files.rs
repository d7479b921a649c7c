//! Finds and reads a pack's files within limits, in a folder or in an archive.

use super::archive::{Archive, MAX_ARCHIVE};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest file of a pack, in bytes.
pub(super) const MAX_FILE: u64 = 128 << 20;
/// Most files of a pack.
pub(super) const MAX_FILES: usize = 100_000;
/// Deepest folder of a pack.
const MAX_DEPTH: usize = 16;
/// Longest path in a pack, in bytes.
const MAX_PATH: usize = 255;

/// Why a path was refused.
pub(super) struct Problem(pub(super) &'static str);

/// Where a pack's files are.
#[derive(Clone, Debug)]
pub(super) enum Store {
    /// In memory, without files.
    Nothing,
    /// A folder.
    Folder(PathBuf),
    /// An archive that was read as a whole.
    Archive(Arc<Archive>),
}

impl Store {
    /// The paths that decide what the pack does, `pack.yaml` first, then in their order.
    pub(super) fn decisive(&self) -> io::Result<Vec<String>> {
        let mut paths = self.paths(false)?;
        paths.retain(|path| is_decisive(path));
        paths.sort_by_key(|path| (path != "pack.yaml", path.clone()));
        Ok(paths)
    }

    /// The paths of all files, sorted; test messages only if asked for.
    pub(super) fn paths(&self, cases: bool) -> io::Result<Vec<String>> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::Folder(root) => {
                let mut found = Vec::new();
                collect(root, cases, &mut found)?;
                Ok(found)
            }
            Self::Archive(archive) => {
                let wanted = |path: &&str| cases || !path.starts_with("cases/");
                Ok(archive.paths().filter(wanted).map(str::to_owned).collect())
            }
        }
    }

    /// The content of a file.
    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if !is_inside(path) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leaves the pack"));
        }
        match self {
            Self::Nothing => Err(io::ErrorKind::NotFound.into()),
            Self::Folder(root) => read(&root.join(path)),
            Self::Archive(archive) => {
                let file = archive.file(path.trim_start_matches("./"));
                file.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }
}

/// True for files that decide what a pack does: what its digest is made of.
pub(super) fn is_decisive(path: &str) -> bool {
    path == "pack.yaml" || path.starts_with("lists/") || (is_code(path) && !path.starts_with("cases/"))
}

/// Rules of this language, and YARA's.
fn is_code(path: &str) -> bool {
    is_rule(path) || is_yara(path)
}

/// YARA rules, for the files that messages carry.
pub(super) fn is_yara(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "yar" || extension == "yara")
}

pub(super) fn is_rule(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rule")
}

/// True for files that belong into an archive: what decides, test messages, and what people read.
fn is_packed(path: &str) -> bool {
    const READ: [&str; 5] = ["README", "LICENSE", "LICENCE", "NOTICE", "CHANGELOG"];
    is_decisive(path)
        || path.starts_with("cases/")
        || matches!(path, "baseline.yaml" | "rates.json")
        || (!path.contains('/') && READ.iter().any(|name| path.starts_with(name)))
}

/// What an archive of a folder holds.
pub struct Contents {
    /// The files by their paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that belong to no pack and are left out, sorted.
    pub left_out: Vec<String>,
}

/// Reads the files of a folder that belong into an archive. Links are refused: what they lead to may
/// lie anywhere.
pub fn contents(root: &Path) -> io::Result<Contents> {
    let mut found = Vec::new();
    collect(root, true, &mut found)?;
    let mut contents = Contents { files: BTreeMap::new(), left_out: Vec::new() };
    let mut total = 0;
    for path in found {
        if !is_packed(&path) {
            contents.left_out.push(path);
            continue;
        }
        let refuse = |reason: &str| Err(io::Error::other(format!("`{path}`: {reason}")));
        if let Err(Problem(reason)) = check_path(&path) {
            return refuse(reason);
        }
        if goes_through_link(root, &path)? {
            return refuse("a symbolic link has no place in an archive");
        }
        let bytes = read(&root.join(&path))?;
        total += bytes.len() as u64;
        if total > MAX_ARCHIVE {
            return refuse("the pack is larger than an archive may be");
        }
        contents.files.insert(path, bytes);
    }
    Ok(contents)
}

fn goes_through_link(root: &Path, path: &str) -> io::Result<bool> {
    let mut part = root.to_owned();
    for name in path.split('/') {
        part.push(name);
        if fs::symlink_metadata(&part)?.is_symlink() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A path as archives hold it: relative, `/` between names, nothing hidden, nothing that a system
/// reads as something else.
pub(super) fn check_path(path: &str) -> Result<(), Problem> {
    if path.is_empty() || path.len() > MAX_PATH {
        return Err(Problem("a path has from 1 to 255 bytes"));
    }
    let depth = path.split('/').count();
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    if path.chars().any(odd) {
        return Err(Problem("a character that not every system allows in a name"));
    }
    if depth > MAX_DEPTH || path.split('/').any(|name| name.is_empty() || name.starts_with('.')) {
        return Err(Problem("not a path inside the pack"));
    }
    Ok(())
}

/// The relative paths of all regular files below a folder, sorted, with `/` between names. Hidden
/// files are left out, and the test messages in `cases/` unless asked for.
pub(super) fn collect(root: &Path, cases: bool, found: &mut Vec<String>) -> io::Result<()> {
    let mut pending = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = pending.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let kind = fs::metadata(entry.path())?;
            if kind.is_dir() && (cases || relative != "cases") && depth < MAX_DEPTH {
                pending.push((entry.path(), format!("{relative}/"), depth + 1));
            } else if kind.is_file() {
                found.push(relative);
            }
            if found.len() > MAX_FILES {
                return Err(io::Error::other(format!("more than {MAX_FILES} files")));
            }
        }
    }
    found.sort();
    Ok(())
}

/// Reads a file of at most [`MAX_FILE`] bytes.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_within(path, MAX_FILE)
}

pub(super) fn read_within(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// True for a relative path that stays in its folder.
fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
