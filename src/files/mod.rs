//! What lies inside a file: archives, documents and attached messages opened, and every file in
//! them scanned when a rule asks.
//!
//! All work is bounded by [`Budget`], one for all attachments of a message; what lies beyond it is
//! named in [`Exploded::limits_hit`]. The readers of most formats are libraries behind the feature
//! `files`; without it such files are listed, but not opened, and that is named too.

#[cfg(feature = "files")]
mod archive;
mod bytes;
mod calendar;
mod flags;
#[cfg(feature = "files")]
mod guard;
mod iso;
mod listing;
mod lnk;
#[cfg(any(feature = "files", feature = "corpus"))]
pub(crate) mod msg;
mod office;
#[cfg(feature = "files")]
mod ole;
mod oletools;
mod onenote;
#[cfg(feature = "files")]
mod pdf;
mod picture;
#[cfg(feature = "images")]
mod qr;
mod rar;
mod rtf;
mod scan;
mod script;
#[cfg(feature = "files")]
mod seven;
mod smuggling;
mod tnef;
mod vba;
#[cfg(feature = "files")]
mod vba_source;
mod yara;

pub use calendar::{Calendar, Component, Person};
pub use flags::FLAGS;
pub use listing::{Entry, Listing};
pub use lnk::Shortcut;
pub use office::Office;
pub use oletools::{Indicator, Relationship, Risk, Tools};
pub use picture::{Codes, Tag};
pub use rtf::Rich;
pub use scan::{Ole, Pdf};
pub use script::Script;
pub use smuggling::SIGNS;
pub use vba::{Keyword, Macros};
pub use yara::{YaraHits, YaraProblem, YaraRules};

use crate::message::{Limits, Message, Settings, file_extension, mismatched, sniff};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// How much of a file and of what lies in it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Files that are found in others.
    pub files: usize,
    /// Bytes of all files that were unpacked.
    pub bytes: usize,
    /// Archives in archives.
    pub depth: usize,
    /// Pages of a document whose text is read.
    pub pages: usize,
    /// Pixels of all pictures that are looked at.
    pub pixels: usize,
}

impl Budget {
    /// The part of a message's limits that concerns files.
    pub fn of(limits: &Limits) -> Self {
        Self {
            files: limits.files,
            bytes: limits.file_bytes,
            depth: limits.depth.min(16),
            pages: limits.pages,
            pixels: limits.pixels,
        }
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
    /// The content is of another type than name or declaration say.
    pub mismatch: bool,
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// What an archive says of itself.
    pub listing: Option<Listing>,
    /// What the parts of an Office document say.
    pub office: Option<Office>,
    /// What an OLE file says.
    pub ole: Option<Ole>,
    /// What a rich text says.
    pub rich: Option<Rich>,
    /// Pages whose text is read.
    pages: usize,
    /// Its pictures may be looked at: the pixels fit the limit.
    visible: bool,
    scans: scan::Scans,
}

/// A file with everything in it.
#[derive(Debug)]
pub struct Exploded {
    /// The outermost file first, then what lies in it, level by level.
    pub files: Vec<Arc<File>>,
    /// What was not looked at.
    pub limits_hit: Vec<String>,
    /// What the next file of the same message may spend.
    pub left: Budget,
}

/// A file that a reader took out of another.
#[derive(Debug, Default)]
struct Child {
    name: Option<String>,
    declared: Option<String>,
    bytes: Vec<u8>,
}

impl Child {
    fn named(name: &str, declared: &str, bytes: Vec<u8>) -> Self {
        Self { name: Some(name.to_owned()), declared: Some(declared.to_owned()), bytes }
    }
}

/// What a reader found in a container.
#[derive(Default)]
struct Contents {
    listing: Option<Listing>,
    ole: Option<Ole>,
    rich: Option<Rich>,
    pdf: Option<Pdf>,
    children: Vec<Child>,
    limits_hit: Vec<String>,
}

impl Contents {
    fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.children.iter().map(|child| (child.name.as_deref().unwrap_or(""), child.bytes.as_slice()))
    }

    fn failed(limit: String) -> Self {
        Self { limits_hit: vec![limit], ..Self::default() }
    }
}

/// What is left to be spent.
type Left = Budget;

/// Opens a file and everything in it.
pub fn explode(name: Option<&str>, declared: &str, bytes: Arc<[u8]>, budget: Budget) -> Exploded {
    let mut exploded = Exploded { files: Vec::new(), limits_hit: Vec::new(), left: budget };
    let mut pending = VecDeque::from([(File::new(0, "", name, declared, bytes), declared.to_owned())]);
    while let Some((mut file, declared)) = pending.pop_front() {
        if file.depth < budget.depth {
            let contents = open(&file, &declared, &mut exploded.left);
            for child in file.absorb(contents, &mut exploded.limits_hit) {
                let declared = child.declared.unwrap_or_default();
                let inner = File::new(file.depth + 1, &file.path, child.name.as_deref(), &declared, child.bytes.into());
                pending.push_back((inner, declared));
            }
        } else if is_container(file.kind) {
            exploded.limits_hit.push(format!("depth: archives nested deeper than {} were not opened", budget.depth));
        }
        file.pages = budget.pages;
        file.visible = exploded.left.look(&file);
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
            mismatch: mismatched(kind, declared, extension.as_deref()),
            extension: extension.map(Arc::from),
            kind,
            bytes,
            listing: None,
            office: None,
            ole: None,
            rich: None,
            pages: 0,
            visible: false,
            scans: scan::Scans::default(),
        }
    }

    /// Keeps what a reader says of the file; gives the files that it found.
    fn absorb(&mut self, contents: Contents, limits_hit: &mut Vec<String>) -> Vec<Child> {
        self.office = is_office(self.kind).then(|| Office::read(contents.parts()));
        limits_hit.extend(contents.limits_hit);
        self.listing = contents.listing;
        self.ole = contents.ole;
        self.rich = contents.rich;
        if self.kind == "pdf" {
            self.scans.keep_pdf(contents.pdf);
        }
        contents.children
    }
}

/// A file as an RFC 5322 message: those of Outlook are rewritten, others are as they are.
pub fn as_message(bytes: &[u8]) -> Cow<'_, [u8]> {
    #[cfg(feature = "files")]
    if msg::is_msg(bytes)
        && let Some(Ok(message)) = guard::quietly(|| msg::to_message(bytes, 1 << 26))
    {
        return Cow::Owned(message);
    }
    Cow::Borrowed(bytes)
}

/// Types that hold further files.
fn is_container(kind: &str) -> bool {
    is_zip(kind)
        || is_ole(kind)
        || matches!(kind, "gz" | "bz2" | "xz" | "tar" | "eml" | "7z" | "rar" | "iso" | "one" | "tnef" | "rtf" | "pdf")
}

/// Types whose container is a zip archive.
fn is_zip(kind: &str) -> bool {
    kind == "zip" || kind == "jar" || is_office(kind)
}

/// Types whose container is an OLE compound file.
fn is_ole(kind: &str) -> bool {
    matches!(kind, "doc" | "xls" | "ppt" | "msg" | "msi" | "ole")
}

/// Office Open XML and OpenDocument.
fn is_office(kind: &str) -> bool {
    let open_xml = ["docx", "docm", "xlsx", "xlsm", "xlsb", "pptx", "pptm"].contains(&kind);
    open_xml || matches!(kind, "odt" | "ods" | "odp")
}

fn open(file: &File, declared: &str, left: &mut Left) -> Contents {
    match file.kind {
        "eml" => message(&file.bytes, left),
        "tnef" => tnef::open(&file.bytes, left),
        "rar" => rar::open(&file.bytes, left),
        "iso" => iso::open(&file.bytes, left),
        "one" => onenote::open(&file.bytes, left),
        "rtf" => {
            let rich = Rich::read(&file.bytes);
            Contents { rich: Some(rich.clone()), ..rtf::open(&rich, left) }
        }
        _ if declared == "message/rfc822" => message(&file.bytes, left),
        kind if is_container(kind) => library(file, left),
        _ => Contents::default(),
    }
}

/// What only libraries read.
#[cfg(feature = "files")]
fn library(file: &File, left: &mut Left) -> Contents {
    let before = *left;
    let read = || match file.kind {
        "pdf" => pdf::open(&file.bytes, left),
        kind if is_ole(kind) => ole::open(&file.bytes, kind, left),
        _ => archive::open(file, left),
    };
    guard::quietly(read).unwrap_or_else(|| {
        *left = before;
        let pdf = (file.kind == "pdf").then(|| Pdf { damaged: true, ..Pdf::default() });
        Contents { pdf, ..Contents::failed(format!("files: the reader of `{}` failed on a file", file.kind)) }
    })
}

#[cfg(not(feature = "files"))]
fn library(file: &File, _: &mut Left) -> Contents {
    Contents::failed(format!("files: this build does not open `{}`", file.kind))
}

/// The attachments of a message and its bodies.
fn message(bytes: &[u8], left: &mut Left) -> Contents {
    let message = Message::parse(Arc::<[u8]>::from(bytes), Arc::new(Settings::default()));
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

impl Budget {
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

    /// Spends the pixels of a file's pictures; false if there are not so many left.
    fn look(&mut self, file: &File) -> bool {
        let pixels = picture::pixels_of(file);
        let fits = pixels <= self.pixels;
        self.pixels -= if fits { pixels } else { 0 };
        fits
    }
}
