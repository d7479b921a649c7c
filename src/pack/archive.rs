//! A pack in one file: an uncompressed `ustar` archive (POSIX.1-1988) of which every byte is
//! determined by the names and contents of its files.
//!
//! There is one archive for given contents, and what is not that archive is refused: files are
//! sorted, owners, times and modes fixed, padding zero, nothing follows the end. So nothing can hide
//! between files, no entry is a link, a device or a second file of the same name, and no size is
//! larger than what is there. It compresses well on its way; it is stored, so that no archive is
//! larger in memory than on disk.

use super::files::{MAX_FILE, MAX_FILES, Problem};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const BLOCK: usize = 512;
/// Largest archive, in bytes.
pub(super) const MAX_ARCHIVE: u64 = 256 << 20;

/// The files of an archive by their paths; contents are parts of the archive's bytes.
#[derive(Clone, Debug)]
pub struct Archive {
    bytes: Arc<[u8]>,
    files: BTreeMap<String, Range<usize>>,
}

impl Archive {
    /// Reads an archive; the reason if it is not a canonical one.
    pub fn read(bytes: Arc<[u8]>) -> Result<Self, String> {
        if bytes.len() as u64 > MAX_ARCHIVE {
            return Err(format!("larger than {MAX_ARCHIVE} bytes"));
        }
        let mut files = BTreeMap::new();
        let mut last: Option<String> = None;
        let mut at = 0;
        loop {
            let block = bytes.get(at..at + BLOCK).ok_or("it ends in the middle of a file")?;
            if block.iter().all(|byte| *byte == 0) {
                break;
            }
            let (path, content) = file(&bytes, at)?;
            if last.as_ref().is_some_and(|last| *last >= path) {
                return Err(format!(
                    "`{}` is not in its place: files are sorted, each stands once",
                    path.escape_debug()
                ));
            }
            at = padded(content.end);
            files.insert(path.clone(), content);
            last = Some(path);
            if files.len() > MAX_FILES {
                return Err(format!("more than {MAX_FILES} files"));
            }
        }
        let end = bytes.get(at..).unwrap_or_default();
        if end.len() != 2 * BLOCK || end.iter().any(|byte| *byte != 0) {
            return Err("something follows the last file".into());
        }
        Ok(Self { bytes, files })
    }

    /// Writes an archive of files with their paths, in any order.
    pub fn build(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for (path, content) in files {
            bytes.extend(header(path, content.len() as u64)?);
            bytes.extend(content);
            bytes.resize(padded(bytes.len()), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        if bytes.len() as u64 > MAX_ARCHIVE || files.len() > MAX_FILES {
            return Err(format!("a pack has at most {MAX_FILES} files and {MAX_ARCHIVE} bytes"));
        }
        Ok(bytes)
    }

    /// The whole archive.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The paths of its files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The content of a file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.bytes.get(self.files.get(path)?.clone())
    }
}

/// Path and content of the file whose header stands at `at`. The header is what we would write, or
/// it is refused.
fn file(bytes: &[u8], at: usize) -> Result<(String, Range<usize>), String> {
    let block = bytes.get(at..at + BLOCK).ok_or("it ends in the middle of a file")?;
    let name = text(&block[..100])?;
    let prefix = text(&block[345..500])?;
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    let size = text(&block[124..136])?;
    let size = u64::from_str_radix(size, 8).map_err(|_| format!("`{}` has no size", path.escape_debug()))?;
    if header(&path, size)? != block {
        let shown = path.escape_debug();
        return Err(format!("the entry `{shown}` is not written as `ruleeval pack build` writes it"));
    }
    let start = at + BLOCK;
    let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size)).ok_or("it has no end")?;
    let padding = bytes.get(end..padded(end)).ok_or("it ends in the middle of a file")?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(format!("something stands behind `{}`", path.escape_debug()));
    }
    Ok((path, start..end))
}

fn padded(length: usize) -> usize {
    length.div_ceil(BLOCK) * BLOCK
}

/// The text before the first NUL.
fn text(field: &[u8]) -> Result<&str, String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).map_err(|_| "the name of a file is not UTF-8".into())
}

/// The header of a regular file: mode 644, no owner, 1970.
fn header(path: &str, size: u64) -> Result<[u8; BLOCK], String> {
    super::files::check_path(path).map_err(|Problem(reason)| format!("`{}`: {reason}", path.escape_debug()))?;
    if size > MAX_FILE {
        return Err(format!("`{path}` is larger than {MAX_FILE} bytes"));
    }
    let (prefix, name) = split(path).ok_or_else(|| format!("`{path}` is too long for an archive"))?;
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Folder and name in the fields of a header: the folder is empty where all of it fits in one.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= 100 {
        return Some(("", path));
    }
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let at = slashes.find(|at| path.len() - at - 1 <= 100)?;
    (at <= 155).then(|| (&path[..at], &path[at + 1..]))
}
