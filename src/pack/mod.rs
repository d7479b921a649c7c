//! What a pack is on disk: the only part of the library that reads files.

mod files;
mod gates;
mod manifest;

pub use gates::{ActionGate, DiffGate, Gates, RuleGate};
pub use manifest::{Manifest, Policy, Requires, TestSettings};

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceId, SourceMap, Span};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the engine, which `requires: engine:` is compared with.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A pack as it was read.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What `pack.yaml` says; for a single rule file only the name.
    pub manifest: Manifest,
    /// The rule files in the order of their paths.
    pub rules: Vec<SourceId>,
    /// The list files by the path that rules name.
    pub lists: BTreeMap<String, SourceId>,
    /// SHA-256 over the paths and bytes of everything that was read, in hexadecimal.
    pub digest: String,
    /// The folder that test messages are read from.
    pub root: PathBuf,
}

impl Pack {
    /// Reads a folder with `pack.yaml`, `*.rule` and `lists/`, or a single rule file. What could
    /// not be read is in the diagnostics; the rest is there.
    pub fn load(path: &Path, sources: &mut SourceMap) -> (Self, Vec<Diagnostic>) {
        let mut loader = Loader { sources, diagnostics: Vec::new(), hasher: Sha256::new() };
        let pack = if path.is_dir() { loader.folder(path) } else { loader.single(path) };
        (pack, loader.diagnostics)
    }

    /// A pack from rule text in memory.
    pub fn from_text(name: &str, text: &str, sources: &mut SourceMap) -> Self {
        let id = sources.add(format!("{name}.rule"), text);
        let digest = hex(&Sha256::digest(text));
        Self { manifest: Manifest::named(name), rules: vec![id], lists: BTreeMap::new(), digest, root: PathBuf::new() }
    }

    /// The folder of another pack that stands beside this one, if its manifest says that name.
    pub fn neighbour(&self, name: &str) -> Option<PathBuf> {
        if self.root.as_os_str().is_empty() || name.is_empty() || !name.bytes().all(manifest::in_name) {
            return None;
        }
        let parent = match self.root.parent() {
            Some(parent) if !parent.as_os_str().is_empty() && self.root.file_name().is_some() => parent.to_owned(),
            _ => self.root.join(".."),
        };
        let path = parent.join(name);
        let text = files::read(&path.join("pack.yaml")).ok()?;
        let manifest = Manifest::parse(std::str::from_utf8(&text).ok()?).ok()?;
        (manifest.name == name).then_some(path)
    }

    /// The messages in the pack's folder `cases/`, by the path that tests write, sorted.
    pub fn cases(&self) -> Vec<String> {
        let mut found = Vec::new();
        let folder = self.root.join("cases");
        // A pack from memory has no folder, and a pack need not have cases.
        if self.root.as_os_str().is_empty() || files::collect(&folder, &mut found).is_err() {
            return Vec::new();
        }
        found.retain(|path| Path::new(path).extension().is_some_and(|kind| kind.eq_ignore_ascii_case("eml")));
        found.into_iter().map(|path| format!("cases/{path}")).collect()
    }

    /// Reads a message of the pack's tests.
    pub fn read_case(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if !files::is_inside(path) {
            let reason = "the path leaves the pack";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason));
        }
        std::fs::read(self.root.join(path))
    }
}

struct Loader<'s> {
    sources: &'s mut SourceMap,
    diagnostics: Vec<Diagnostic>,
    hasher: Sha256,
}

impl Loader<'_> {
    fn folder(&mut self, root: &Path) -> Pack {
        let manifest = self.manifest(root);
        let mut found = Vec::new();
        if let Err(error) = files::collect(root, &mut found) {
            self.unreadable(root, &error.to_string());
        }
        let mut rules = Vec::new();
        let mut lists = BTreeMap::new();
        for relative in found {
            let is_rule = Path::new(&relative).extension().is_some_and(|extension| extension == "rule");
            if !is_rule && !relative.starts_with("lists/") {
                continue;
            }
            let Some(id) = self.read(root, &relative) else { continue };
            if is_rule {
                rules.push(id);
            } else {
                lists.insert(relative, id);
            }
        }
        if rules.is_empty() {
            self.unreadable(root, "the folder holds no `*.rule` file");
        }
        Pack { manifest, rules, lists, digest: self.digest(), root: root.to_owned() }
    }

    fn single(&mut self, path: &Path) -> Pack {
        let root = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let rules = self.read(&root, &file).into_iter().collect();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest = Manifest::named(&name);
        Pack { manifest, rules, lists: BTreeMap::new(), digest: self.digest(), root }
    }

    fn manifest(&mut self, root: &Path) -> Manifest {
        let folder = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !root.join("pack.yaml").is_file() {
            return Manifest::named(&name);
        }
        let Some(id) = self.read(root, "pack.yaml") else { return Manifest::named(&name) };
        let text = self.sources.get(id).map(|source| source.text.to_string()).unwrap_or_default();
        match Manifest::parse(&text) {
            Ok(manifest) => manifest,
            Err(problem) => {
                let at = problem.offset.min(text.len());
                let span = Span::new(id, at, (at + 1).min(text.len()));
                self.diagnostics.push(Diagnostic::new(codes::PACK, problem.message, span, "here"));
                Manifest::named(&name)
            }
        }
    }

    fn read(&mut self, root: &Path, relative: &str) -> Option<SourceId> {
        let path = root.join(relative);
        let bytes = match files::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable(&path, &error.to_string());
                return None;
            }
        };
        self.hasher.update((relative.len() as u64).to_be_bytes());
        self.hasher.update(relative.as_bytes());
        self.hasher.update((bytes.len() as u64).to_be_bytes());
        self.hasher.update(&bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Some(self.sources.add(path.to_string_lossy().into_owned(), text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                self.unreadable(&path, &format!("not UTF-8: the first bad byte is at offset {at}"));
                None
            }
        }
    }

    /// A file without text still gets a source, so that the problem has a place.
    fn unreadable(&mut self, path: &Path, reason: &str) {
        let id = self.sources.add(path.to_string_lossy().into_owned(), "");
        let message = format!("cannot read `{}`: {reason}", path.display());
        self.diagnostics.push(Diagnostic::new(codes::PACK, message, Span::new(id, 0, 0), "not read"));
    }

    fn digest(&mut self) -> String {
        hex(&std::mem::take(&mut self.hasher).finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
