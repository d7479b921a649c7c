//! Messages from files, folders and standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest message that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Where a message comes from.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The name that output shows.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "-".into(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// The bytes.
    pub(crate) fn read(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::Stdin => std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
            Self::File(path) => std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
        };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(std::io::Error::other(format!("larger than {MAX_BYTES} bytes")));
        }
        Ok(bytes)
    }
}

/// All messages below the given paths, folders recursively in the order of their names. Files
/// that cannot be listed are given with the reason. In a folder only mail is read: `.eml` files,
/// and files without an extension (maildir).
pub(crate) fn collect(paths: &[PathBuf]) -> (Vec<Input>, Vec<String>) {
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Input::Stdin);
        } else if path.is_dir() {
            walk(path, &mut inputs, &mut problems);
        } else {
            inputs.push(Input::File(path.clone()));
        }
    }
    (inputs, problems)
}

fn walk(root: &Path, inputs: &mut Vec<Input>, problems: &mut Vec<String>) {
    let mut builder = ignore::WalkBuilder::new(root);
    builder.standard_filters(false).sort_by_file_name(std::cmp::Ord::cmp);
    for entry in builder.build() {
        match entry {
            Ok(entry) if entry.path().is_file() && is_mail(entry.path()) => inputs.push(Input::File(entry.into_path())),
            Ok(_) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
}

fn is_mail(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let maildir = name.contains(":2,");
    maildir || matches!(extension.as_deref(), Some("eml")) || (extension.is_none() && !name.starts_with('.'))
}
