//! Finds and reads a pack's files within limits.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path};

/// Largest file of a pack, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// Most files of a pack.
const MAX_FILES: usize = 100_000;
/// Deepest folder of a pack.
const MAX_DEPTH: usize = 16;

/// The relative paths of all regular files below a folder, sorted, with `/` between names. Hidden
/// files and the test messages in `cases/` are left out.
pub(super) fn collect(root: &Path, found: &mut Vec<String>) -> io::Result<()> {
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
            if kind.is_dir() && relative != "cases" && depth < MAX_DEPTH {
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
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("larger than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

/// True for a relative path that stays in its folder.
pub(super) fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
