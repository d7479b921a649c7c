//! Finds messages below paths, in the order of their names.

use super::container::{self, Kind};
use super::item::{Content, Item};
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether to go on.
pub type Flow = ControlFlow<()>;

/// How far a walk has come. Shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of files that were passed.
    pub bytes: AtomicU64,
    /// Bytes of all files.
    pub total: AtomicU64,
}

impl Progress {
    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// How messages are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// By the path as it was given, with what lies below it.
    AsGiven,
    /// By the path below the one that was given: the same wherever a corpus lies.
    Below,
}

/// Walks paths.
#[derive(Debug)]
pub struct Walker<'p> {
    /// How messages are named.
    pub names: Names,
    /// The field of JSON lines that holds the message; by default one of the usual names.
    pub json_field: Option<String>,
    /// Where to count.
    pub progress: Option<&'p Progress>,
    /// Files of folders and archives that are no mail.
    pub skipped: u64,
}

impl<'p> Walker<'p> {
    /// A walker.
    pub fn new(names: Names, progress: Option<&'p Progress>) -> Self {
        Self { names, json_field: None, progress, skipped: 0 }
    }

    /// Hands every message below a path to `sink`; what cannot be read too, with the reason. `-`
    /// is standard input. A file that is named is read whatever it is; of folders and archives
    /// only what looks like mail.
    pub fn walk(&mut self, path: &Path, sink: &mut dyn FnMut(Item) -> Flow) -> Flow {
        if path.as_os_str() == "-" {
            return self.stream("-", "-", &mut std::io::stdin().lock(), sink);
        }
        if path.is_dir() {
            return self.folder(path, sink);
        }
        let shown = path.to_string_lossy();
        let id = match self.names {
            Names::AsGiven => shown.into_owned(),
            Names::Below => path.file_name().map_or(shown, |name| name.to_string_lossy()).into_owned(),
        };
        self.file(path, &id, true, sink)
    }

    fn folder(&mut self, root: &Path, sink: &mut dyn FnMut(Item) -> Flow) -> Flow {
        for entry in entries(root) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    sink(Item::unreadable(root.to_string_lossy(), error))?;
                    continue;
                }
            };
            let path = entry.path();
            if !path.is_file() {
                continue;
            }
            let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
            let id = match self.names {
                Names::AsGiven => path.to_string_lossy().into_owned(),
                Names::Below => below,
            };
            self.file(path, &id, false, sink)?;
        }
        ControlFlow::Continue(())
    }

    fn file(&mut self, path: &Path, id: &str, named: bool, sink: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let (mut file, head) = match open(path) {
            Ok(opened) => opened,
            Err(error) => return sink(Item::unreadable(id, error)),
        };
        match container::kind(id, &head, named) {
            None => {
                self.skipped += 1;
                self.count(&file);
                ControlFlow::Continue(())
            }
            Some(Kind::Message) => {
                self.count(&file);
                sink(Item::new(id, Content::File(path.to_owned())))
            }
            Some(Kind::Zip) => {
                let flow = container::zip::read(self, id, &mut file, 0, sink);
                self.count(&file);
                flow
            }
            Some(kind) => {
                let mut counted = Counted { file, progress: self.progress };
                container::read(self, kind, id, id, &mut counted, 0, sink)
            }
        }
    }

    /// Reads a stream, which tells by its first bytes what it is.
    pub fn stream(&mut self, id: &str, name: &str, reader: &mut dyn Read, sink: &mut dyn FnMut(Item) -> Flow) -> Flow {
        container::sniffed(self, id, name, reader, 0, true, sink)
    }

    fn count(&self, file: &File) {
        if let (Some(progress), Ok(metadata)) = (self.progress, file.metadata()) {
            progress.add(metadata.len());
        }
    }

    /// Adds up the bytes of all files below a path, for the time that is left.
    pub fn measure(path: &Path, progress: &Progress) {
        let files = entries(path).filter_map(Result::ok).filter_map(|entry| entry.metadata().ok());
        let bytes: u64 = files.filter(std::fs::Metadata::is_file).map(|metadata| metadata.len()).sum();
        progress.total.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Everything below a path, sorted by name. Links to folders are not followed.
fn entries(root: &Path) -> impl Iterator<Item = Result<ignore::DirEntry, ignore::Error>> + use<> {
    let mut builder = ignore::WalkBuilder::new(root);
    builder.standard_filters(false).sort_by_file_name(std::cmp::Ord::cmp).build()
}

/// Opens a file and looks at its first bytes.
fn open(path: &Path) -> std::io::Result<(File, Vec<u8>)> {
    use std::io::Seek;
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(container::HEAD).read_to_end(&mut head)?;
    file.rewind()?;
    Ok((file, head))
}

struct Counted<'p> {
    file: File,
    progress: Option<&'p Progress>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        if let Some(progress) = self.progress {
            progress.add(read as u64);
        }
        Ok(read)
    }
}
