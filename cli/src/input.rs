//! Messages from files, folders and standard input.

use crate::Exit;
use crate::output::complain;
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

    /// The bytes, or a complaint and the exit code.
    pub(crate) fn read_or_complain(&self) -> Result<Vec<u8>, Exit> {
        self.read().map_err(|error| {
            complain(&format!("{}: {error}", self.name()));
            Exit::Unreadable
        })
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path.to_owned()) }
    }
}

/// What lies below the given paths.
#[derive(Default)]
pub(crate) struct Collected {
    /// Messages, folders recursively in the order of their names.
    pub(crate) inputs: Vec<Input>,
    /// What could not be listed, with the reason.
    pub(crate) problems: Vec<String>,
    /// Files in folders that are no mail.
    pub(crate) skipped: usize,
}

/// All messages below the given paths. A file that is named is read whatever it is.
pub(crate) fn collect(paths: &[PathBuf]) -> Collected {
    let mut collected = Collected::default();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut collected);
        } else {
            collected.inputs.push(Input::from(path.as_path()));
        }
    }
    collected
}

fn walk(root: &Path, collected: &mut Collected) {
    let mut builder = ignore::WalkBuilder::new(root);
    builder.standard_filters(false).sort_by_file_name(std::cmp::Ord::cmp);
    for entry in builder.build() {
        match entry {
            Ok(entry) if entry.path().is_file() => {
                if is_mail(entry.path()) {
                    collected.inputs.push(Input::File(entry.into_path()));
                } else {
                    collected.skipped += 1;
                }
            }
            Ok(_) => {}
            Err(error) => collected.problems.push(error.to_string()),
        }
    }
}

/// In a folder: `.eml` files, files without extension (maildir), and files of any other name that
/// begin like a message. YAML does too, and is none.
fn is_mail(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        _ if name.starts_with('.') => false,
        None | Some("eml") => true,
        Some("yaml" | "yml" | "rule") => false,
        Some(_) => name.contains(":2,") || begins_like_mail(path),
    }
}

fn begins_like_mail(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut start));
    let name = start.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    read.is_ok() && (start.starts_with(b"From ") || (name > 0 && start.get(name) == Some(&b':')))
}
