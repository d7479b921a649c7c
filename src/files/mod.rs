//! What lies inside a file: archives, documents and attached messages opened, and every file in
//! them scanned when a rule asks.
//!
//! All work is bounded by [`Budget`]; what lies beyond it is named in [`Exploded::limits_hit`]. The
//! readers of archives and PDF documents are libraries behind the feature `files`; without it such
//! files are listed, but not opened, and that is named too.

#[cfg(feature = "files")]
mod archive;
mod calendar;
#[cfg(feature = "files")]
mod guard;
mod office;
#[cfg(feature = "files")]
mod pdf;
mod scan;
mod script;

pub use calendar::{Calendar, Component, Person};
pub use office::Office;
pub use scan::{Pdf, Zip};
pub use script::Script;

use crate::message::{Limits, Message, Settings, file_extension, sniff};
use std::collections::VecDeque;
use std::sync::Arc;

/// How much of a file and of what lies in it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Files, the outermost included.
    pub files: usize,
    /// Bytes of all files that were unpacked.
    pub bytes: usize,
    /// Archives in archives.
    pub depth: usize,
}

impl Budget {
    /// The part of a message's limits that concerns files.
    pub fn of(limits: &Limits) -> Self {
        Self { files: limits.files, bytes: limits.file_bytes, depth: limits.depth.min(16) }
    }
}

/// A file: the outermost, or one that was found in another.
#[derive(Debug)]
pub struct File {
    /// 0 for the outermost.
    pub depth: usize,
    /// Names from the outermost file to this one, joined by `/`.
    pub path: Arc<str>,
    /// Name, without the folders of its archive.
    pub name: Option<Arc<str>>,
    /// After the last dot of the name, lower case.
    pub extension: Option<Arc<str>>,
    /// Type by content, as attachments have it.
    pub kind: &'static str,
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// What an archive says of itself.
    pub zip: Option<Zip>,
    /// What the parts of an Office document say.
    pub office: Option<Office>,
    scans: scan::Scans,
}

/// A file with everything in it.
#[derive(Debug)]
pub struct Exploded {
    /// The outermost file first, then what lies in it, level by level.
    pub files: Vec<Arc<File>>,
    /// What was not looked at.
    pub limits_hit: Vec<String>,
}

/// A file that a reader took out of another.
struct Child {
    name: Option<String>,
    declared: Option<String>,
    bytes: Vec<u8>,
}

/// What a reader found in a container.
#[derive(Default)]
struct Contents {
    zip: Option<Zip>,
    children: Vec<Child>,
    limits_hit: Vec<String>,
}

impl Contents {
    fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.children.iter().map(|child| (child.name.as_deref().unwrap_or(""), child.bytes.as_slice()))
    }
}

/// What is left to be spent.
struct Left {
    files: usize,
    bytes: usize,
}

/// Opens a file and everything in it.
pub fn explode(name: Option<&str>, declared: &str, bytes: Arc<[u8]>, budget: Budget) -> Exploded {
    let mut left = Left { files: budget.files.saturating_sub(1), bytes: budget.bytes };
    let mut exploded = Exploded { files: Vec::new(), limits_hit: Vec::new() };
    let mut pending = VecDeque::from([(File::new(0, "", name, declared, bytes), declared.to_owned())]);
    while let Some((mut file, declared)) = pending.pop_front() {
        if file.depth < budget.depth {
            let contents = open(&file, &declared, &mut left);
            file.office = is_office(file.kind).then(|| Office::read(contents.parts()));
            exploded.limits_hit.extend(contents.limits_hit);
            file.zip = contents.zip;
            for child in contents.children {
                let declared = child.declared.unwrap_or_default();
                let inner = File::new(file.depth + 1, &file.path, child.name.as_deref(), &declared, child.bytes.into());
                pending.push_back((inner, declared));
            }
        } else if is_container(file.kind) {
            exploded.limits_hit.push(format!("depth: archives nested deeper than {} were not opened", budget.depth));
        }
        exploded.files.push(Arc::new(file));
    }
    exploded.limits_hit.sort();
    exploded.limits_hit.dedup();
    exploded
}

impl File {
    fn new(depth: usize, parent: &str, name: Option<&str>, declared: &str, bytes: Arc<[u8]>) -> Self {
        let base = name.map(|name| name.rsplit(['/', '\\']).next().unwrap_or(name));
        let extension = base.and_then(file_extension);
        let kind = sniff(&bytes, declared, extension.as_deref());
        let shown = name.unwrap_or("unnamed");
        let path = if parent.is_empty() { shown.to_owned() } else { format!("{parent}/{shown}") };
        Self {
            depth,
            path: path.into(),
            name: base.map(Arc::from),
            extension: extension.map(Arc::from),
            kind,
            bytes,
            zip: None,
            office: None,
            scans: scan::Scans::default(),
        }
    }
}

/// Types that hold further files.
fn is_container(kind: &str) -> bool {
    is_zip(kind) || matches!(kind, "gz" | "tar" | "eml" | "7z" | "rar")
}

/// Types whose container is a zip archive.
fn is_zip(kind: &str) -> bool {
    matches!(kind, "zip" | "jar" | "docx" | "docm" | "xlsx" | "xlsm" | "pptx" | "pptm" | "odt" | "ods" | "odp")
}

/// Office Open XML documents.
fn is_office(kind: &str) -> bool {
    matches!(kind, "docx" | "docm" | "xlsx" | "xlsm" | "pptx" | "pptm")
}

fn open(file: &File, declared: &str, left: &mut Left) -> Contents {
    match file.kind {
        "eml" => message(file, left),
        _ if declared == "message/rfc822" => message(file, left),
        kind if is_container(kind) => archive(file, left),
        _ => Contents::default(),
    }
}

#[cfg(feature = "files")]
fn archive(file: &File, left: &mut Left) -> Contents {
    guard::quietly(|| archive::open(file, left)).unwrap_or_else(|| Contents {
        limits_hit: vec![format!("files: the reader of `{}` failed on a file", file.kind)],
        ..Contents::default()
    })
}

#[cfg(not(feature = "files"))]
fn archive(file: &File, _: &mut Left) -> Contents {
    let limit = format!("files: this build does not open `{}`", file.kind);
    Contents { limits_hit: vec![limit], ..Contents::default() }
}

/// The attachments of a message and its bodies.
fn message(file: &File, left: &mut Left) -> Contents {
    let message = Message::parse(Arc::clone(&file.bytes), Arc::new(Settings::default()));
    let mut contents = Contents::default();
    for part in message.parts().iter().filter(|part| !part.is_multipart()) {
        let child = Child {
            name: part.file_name.clone(),
            declared: Some(part.content_type.clone()),
            bytes: part.bytes().to_vec(),
        };
        if !left.take(child, &mut contents) {
            break;
        }
    }
    contents.limits_hit.extend(message.limits_hit());
    contents
}

impl Left {
    /// Adds the file to the contents if the budget allows; false when nothing more fits.
    fn take(&mut self, child: Child, contents: &mut Contents) -> bool {
        if self.files == 0 {
            contents.limits_hit.push("files: more files than the limit allows; the rest was not read".into());
            return false;
        }
        if child.bytes.len() > self.bytes {
            contents.limits_hit.push("file_bytes: unpacked files hold more than the limit allows".into());
            return false;
        }
        self.files -= 1;
        self.bytes -= child.bytes.len();
        contents.children.push(child);
        true
    }
}
